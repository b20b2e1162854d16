import type { Fragment, Payload, PayloadReading } from "../../lib/part.ts";
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { FragmentRun } from "../../lib/ingest/fragment_run.ts";
import { concat, join, writeMdatHeader } from "../../lib/mp4/box.ts";
import { BufferLane, BufferPool } from "../../lib/source/buffer_pool.ts";
import { PieceReader } from "../../lib/source/piece_reader.ts";
import { pattern } from "../helpers/boxes.ts";
import { failure, fragment } from "../helpers/parts.ts";
import { sameBytes } from "../helpers/same_bytes.ts";

/** Of a fragment that is not put together with others. */
const LARGE_BYTES = 200_000;

/** A payload of two pieces that are at hand, and tell so. */
class PromptPayload implements Payload {
  readonly size: number;
  readonly bytes: Uint8Array;
  ended = 0;

  constructor(n: number, size = LARGE_BYTES) {
    this.size = size;
    this.bytes = pattern(size, n);
  }

  read(): PayloadReading & AsyncIterator<Uint8Array> {
    const half = this.size / 2;
    const left = [this.bytes.subarray(0, half), this.bytes.subarray(half)];
    const next = () => {
      const value = left.shift();
      return Promise.resolve(value ? { done: false, value } : { done: true, value });
    };
    const reading = {
      nextNow: () => left.shift(),
      get isAtEnd() {
        return left.length === 0;
      },
      next: next as AsyncIterator<Uint8Array>["next"],
      return: () => {
        this.ended++;
        return Promise.resolve({ done: true as const, value: undefined });
      },
      [Symbol.asyncIterator]: () => reading,
    };
    return reading;
  }
}

/** What one fragment is on the wire. */
async function wireBytes({ moof, payload }: Fragment): Promise<Uint8Array> {
  const pieces: Uint8Array[] = [];
  for await (const piece of payload.read()) pieces.push(piece);
  return concat(moof, writeMdatHeader(payload.size), ...pieces);
}

/** A run over fragments, and what it told. */
function runOf(
  fragments: readonly Fragment[],
  isWanted = (_: Fragment) => true,
  isPrompt = true,
) {
  const taken: number[] = [];
  const [first, ...left] = fragments;
  const more = () => left.shift();
  const onTaken = ({ index }: Fragment) => taken.push(index);
  const pool = new BufferPool();
  const lane = new BufferLane(pool, { isPrompt });
  return { run: new FragmentRun(first!, { more, lane, isWanted, onTaken }), taken, left, pool };
}

function takeNow(run: FragmentRun): Uint8Array[] {
  const pieces: Uint8Array[] = [];
  for (let piece = run.nextNow(); piece; piece = run.nextNow()) pieces.push(piece.slice());
  return pieces;
}

const test = suite("FragmentRun");

const prompt = (...sizes: readonly number[]) =>
  sizes.map((size, index) => fragment({ index, payload: new PromptPayload(index, size) }));
const large = (count: number) => prompt(...new Array<number>(count).fill(LARGE_BYTES));
const slow = (count: number) => Array.from({ length: count }, (_, n) => fragment({ index: n }));

for (const [name, make] of [["at hand", large], ["waited for", slow]] as const) {
  test(`gives the bytes of fragments that are ${name}, one behind the other`, async () => {
    const fragments = make(3);
    const { run, taken } = runOf(fragments);
    const pieces = takeNow(run);
    for await (const piece of run) pieces.push(piece);
    sameBytes(join(pieces), join(await Promise.all(make(3).map(wireBytes))));
    assert.equal(taken, [0, 1, 2]);
    assert.ok(run.isAtEnd);
  });
}

test("waits for nothing between fragments that are at hand", () => {
  const { run, taken } = runOf(large(3));
  assert.is(takeNow(run).length, 9);
  assert.equal(taken, [0, 1, 2]);
  assert.ok(run.isAtEnd);
});

test("takes a fragment, and the next one, when what follows it is asked for", () => {
  const { run, taken, left } = runOf(large(2));
  for (const _ of [1, 2, 3]) run.nextNow();
  assert.equal(taken, []);
  assert.is(left.length, 1);
  run.nextNow();
  assert.equal(taken, [0]);
  assert.is(left.length, 0);
  assert.not.ok(run.isAtEnd);
});

test("begins again with the fragment that was not taken whole", async () => {
  const fragments = large(2);
  const { run, taken } = runOf(fragments);
  for (const _ of [1, 2, 3, 4, 5]) run.nextNow();
  await run.return();
  const payload = fragments[1]!.payload as PromptPayload;
  assert.is(payload.ended, 1);
  assert.not.ok(run.isAtEnd);
  sameBytes(join(takeNow(run)), await wireBytes(large(2)[1]!));
  assert.equal(taken, [0, 1]);
});

test("does not take for sent what was let go while it was waited for", async () => {
  let answer!: (result: IteratorResult<Uint8Array>) => void;
  const payload: Payload = {
    size: 10,
    read: () => ({
      [Symbol.asyncIterator]: () => ({ next: () => new Promise((resolve) => answer = resolve) }),
    }),
  };
  const { run, taken } = runOf([fragment({ payload })]);
  await run.next(); // moof
  const pending = run.next();
  await run.return();
  answer({ done: true, value: undefined });
  assert.ok((await pending).done);
  assert.equal(taken, []);
  assert.not.ok(run.isAtEnd);
});

test("passes over what is not wanted", () => {
  const isWanted = ({ index }: Fragment) => index === 1;
  const { run, taken } = runOf(large(4), isWanted);
  assert.is(takeNow(run).length, 3);
  assert.equal(taken, [1]);
  assert.ok(run.isAtEnd);
});

test("lets a reading know that its last piece was taken, so that no memory is kept until the next fragment", async () => {
  const pool = new BufferPool();
  const lane = new BufferLane(pool, { isPrompt: true });
  const size = 400_000;
  const fill = () => Promise.resolve();
  const payload: Payload = {
    size,
    read: () => new PieceReader({ size, lane, fill, fillNow: () => true, signal: undefined }),
  };
  const { run, taken } = runOf([fragment({ payload })]);
  assert.ok((await run.next()).value);
  assert.ok(pool.lentBytes > 0);
  assert.is(run.nextNow(), undefined);
  assert.equal(taken, [0]);
  assert.is(pool.lentBytes, 0);
});

test("puts small fragments together that are at hand, and no large ones", async () => {
  const sizes = [1000, 2000, LARGE_BYTES, 3000, 60_000, 60_000, 60_000, 60_000, 60_000, 10];
  const { run, taken } = runOf(prompt(...sizes));
  const pieces: Uint8Array[] = [];
  const counts: number[] = [];
  for (let piece = run.nextNow(); piece; piece = run.nextNow()) {
    pieces.push(piece.slice());
    counts.push(taken.length);
  }
  sameBytes(join(pieces), join(await Promise.all(prompt(...sizes).map(wireBytes))));
  // What stands in front of a large payload is small, and what follows does not fit beside it.
  const wires = await Promise.all(prompt(...sizes).map(wireBytes));
  const [a, b] = [wires[0]!.length + wires[1]!.length, wires[2]!.length - LARGE_BYTES];
  assert.equal(pieces.slice(0, 4).map(({ length }) => length), [a, b, 100_000, 100_000]);
  assert.is(pieces.length, 6);
  assert.ok(pieces.every(({ length }) => length <= 256 * 1024));
  assert.equal(counts, [0, 2, 2, 2, 3, 7]);
  assert.equal(taken, sizes.map((_, n) => n));
});

test("puts nothing together for a client that gathers by itself", async () => {
  const { run, taken } = runOf(prompt(1000, 2000), undefined, false);
  const pieces = takeNow(run);
  sameBytes(join(pieces), join(await Promise.all(prompt(1000, 2000).map(wireBytes))));
  assert.is(pieces.length, 6);
  assert.equal(taken, [0, 1]);
});

test("begins again with all that was handed out together and not taken", async () => {
  const sizes = [1000, 2000, 3000];
  const { run, taken, pool } = runOf(prompt(...sizes));
  const piece = run.nextNow()!;
  await run.return();
  assert.equal(taken, []);
  assert.is(pool.lentBytes, 0);
  sameBytes(join(takeNow(run)), piece.slice());
  assert.equal(taken, [0, 1, 2]);
});

test("puts no more together than is at hand", async () => {
  const fragments = [...prompt(1000, 2000), fragment({ index: 2 }), ...prompt(1000)];
  const { run, taken } = runOf(fragments);
  const pieces = takeNow(run);
  assert.is(pieces.length, 1);
  assert.equal(taken, [0, 1]);
  for await (const piece of run) pieces.push(piece.slice());
  const wires = [...prompt(1000, 2000), fragment({ index: 2 }), ...prompt(1000)].map(wireBytes);
  sameBytes(join(pieces), join(await Promise.all(wires)));
});

test("fails by what cannot be read", async () => {
  const reason = new Error("unreadable");
  const payload: Payload = {
    size: 10,
    read: () => ({ [Symbol.asyncIterator]: () => ({ next: () => Promise.reject(reason) }) }),
  };
  const { run, taken } = runOf([fragment({ payload })]);
  await run.next();
  assert.is(await failure(run.next()), reason);
  assert.equal(taken, []);
});

test.run();
