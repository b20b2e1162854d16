import { suite } from "uvu";
import * as assert from "uvu/assert";
import { readableFrom } from "../lib/readable.ts";
import { collect, failure } from "./helpers/parts.ts";
import { settle } from "./helpers/settle.ts";

const test = suite("readableFrom");

test("gives values in order, of both kinds of iterables", async () => {
  async function* later() {
    yield* [1, 2, 3];
  }
  assert.equal(await collect(readableFrom([1, 2, 3])), [1, 2, 3]);
  assert.equal(await collect(readableFrom(later())), [1, 2, 3]);
});

test("takes a value only when it is asked for one", async () => {
  let taken = 0;
  const reader = readableFrom((function* () {
    while (true) yield ++taken;
  })()).getReader();
  await settle();
  assert.is(taken, 0);
  assert.is((await reader.read()).value, 1);
  await settle();
  assert.is(taken, 1);
});

test("tells the source when it is cancelled", async () => {
  let isOver = false;
  const reader = readableFrom((async function* () {
    try {
      while (true) yield 1;
    } finally {
      isOver = true;
    }
  })()).getReader();
  await reader.read();
  await reader.cancel();
  assert.ok(isOver);
});

test("fails with the source", async () => {
  const reason = new Error("broken");
  const stream = readableFrom((function* () {
    yield 1;
    throw reason;
  })());
  assert.is(await failure(collect(stream)), reason);
});

test.run();
