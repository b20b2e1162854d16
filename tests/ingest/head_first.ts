import { suite } from "uvu";
import * as assert from "uvu/assert";
import type { PayloadReading } from "../../lib/part.ts";
import { HeadFirst } from "../../lib/ingest/head_first.ts";
import { pattern } from "../helpers/boxes.ts";

const test = suite("HeadFirst");

const HEAD = pattern(10);
const REST = [pattern(20), pattern(30)];

/** Pieces with or without a wait, and whether they were let go. */
function reading(isAtHand: boolean) {
  const left = [...REST];
  const it = {
    isLetGo: false,
    ...(isAtHand && { nextNow: () => left.shift() }),
    next: () => {
      const value = left.shift();
      return Promise.resolve(value ? { done: false, value } : { done: true, value: undefined });
    },
    return() {
      it.isLetGo = true;
      return Promise.resolve({ done: true, value: undefined });
    },
    [Symbol.asyncIterator]: () => it,
  };
  return it as typeof it & PayloadReading;
}

test("gives the head, then what follows it", async () => {
  const pieces: Uint8Array[] = [];
  for await (const piece of new HeadFirst(HEAD, reading(false))) pieces.push(piece);
  assert.equal(pieces, [HEAD, ...REST]);
});

test("waits for nothing that is at hand", () => {
  const pieces = new HeadFirst(HEAD, reading(true));
  assert.equal([1, 2, 3, 4].map(() => pieces.nextNow()), [HEAD, ...REST, undefined]);
});

test("gives the head at once where what follows takes a while", async () => {
  const pieces = new HeadFirst(HEAD, reading(false));
  assert.is(pieces.nextNow(), HEAD);
  assert.is(pieces.nextNow(), undefined);
  assert.is((await pieces.next()).value, REST[0]);
});

test("lets go of what follows with the head not taken", async () => {
  const rest = reading(true);
  const pieces = new HeadFirst(HEAD, rest);
  await pieces.return();
  assert.ok(rest.isLetGo);
  assert.is.not(pieces.nextNow(), HEAD);
});

test.run();
