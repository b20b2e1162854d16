import { suite } from "uvu";
import * as assert from "uvu/assert";
import {
  BufferLane,
  type BufferLaneOptions,
  BufferPool,
  LARGE_PIECE_BYTES,
  MIN_POOLED_BYTES,
  type Piece,
  PIECE_BYTES,
} from "../../lib/source/buffer_pool.ts";
import { Random } from "../helpers/random.ts";

const poolTest = suite("BufferPool");

poolTest("gives out what it was given back", () => {
  const pool = new BufferPool();
  const first = pool.take();
  const second = pool.take();
  assert.is.not(first, second);
  assert.is(first.length, PIECE_BYTES);
  pool.give(first);
  assert.is(pool.take(), first);
  assert.is.not(pool.take(), first);
});

/** How many of the buffers a pool still has: it is asked for as many as they are. */
function countKept(pool: BufferPool, buffers: readonly Uint8Array[]): number {
  const again = new Set(buffers.map(() => pool.take()));
  return buffers.filter((buffer) => again.has(buffer)).length;
}

function takeMany(pool: BufferPool, count: number): Uint8Array[] {
  return Array.from({ length: count }, () => pool.take());
}

poolTest("keeps whatever a time of much work needs", () => {
  const pool = new BufferPool();
  const held = pool.take();
  const buffers = takeMany(pool, 300);
  for (const buffer of buffers) pool.give(buffer);
  assert.is(countKept(pool, buffers), 300);
  pool.give(held);
});

poolTest("keeps no more than may be lent", () => {
  const pool = new BufferPool({ maxBytes: 100 * PIECE_BYTES });
  const held = pool.take();
  const buffers = takeMany(pool, 300);
  for (const buffer of buffers) pool.give(buffer);
  assert.is(countKept(pool, buffers), 99);
  pool.give(held);
});

poolTest("keeps a few while it is full", () => {
  const pool = new BufferPool({ maxBytes: 0 });
  const small = 1;
  const buffers = [pool.take(small), pool.take(small)];
  const held = pool.take();
  for (const buffer of buffers) pool.give(buffer);
  const again = new Set([pool.take(small), pool.take(small)]);
  assert.equal(again, new Set(buffers));
  pool.give(held);
});

poolTest("keeps what was needed when all have come back, and a few when a stream has ended", () => {
  const pool = new BufferPool();
  const buffers = takeMany(pool, 300);
  for (const buffer of buffers) pool.give(buffer);
  const again = takeMany(pool, 300);
  assert.equal(new Set(again), new Set(buffers));
  for (const buffer of again) pool.give(buffer);
  pool.rest();
  assert.is(countKept(pool, buffers), 64);
});

poolTest("keeps what was needed last when all have come back again and again", () => {
  const pool = new BufferPool();
  const buffers = takeMany(pool, 300);
  for (const buffer of buffers) pool.give(buffer);
  for (const buffer of takeMany(pool, 100)) pool.give(buffer);
  assert.is(countKept(pool, buffers), 100);
});

poolTest("keeps what is lent to another stream when one has ended", () => {
  const pool = new BufferPool();
  const buffers = takeMany(pool, 300);
  const held = buffers.pop()!;
  for (const buffer of buffers) pool.give(buffer);
  new BufferLane(pool).close();
  assert.is(countKept(pool, buffers), 299);
  pool.give(held);
});

poolTest("keeps fewer of large ones", () => {
  const pool = new BufferPool();
  const buffers = Array.from({ length: 50 }, () => pool.take(LARGE_PIECE_BYTES));
  for (const buffer of buffers) pool.give(buffer);
  pool.rest();
  const known = new Set(buffers);
  const kept = buffers.map(() => pool.take(LARGE_PIECE_BYTES)).filter((it) => known.has(it));
  assert.is(kept.length, Math.floor(32 * 2 ** 20 / LARGE_PIECE_BYTES));
});

poolTest("lets go of what was not needed for long", () => {
  const pool = new BufferPool();
  const held = pool.take();
  const buffers = takeMany(pool, 300);
  for (const buffer of buffers) pool.give(buffer);
  // A stream or two go on.
  for (let n = 0; n < 100_000; n++) pool.give(pool.take());
  assert.is(countKept(pool, buffers) < 10, true);
  pool.give(held);
});

const laneTest = suite("BufferLane");

laneTest("takes small pieces from nowhere and large ones from the pool", () => {
  const lane = new BufferLane(new BufferPool());
  for (const size of [0, 1, MIN_POOLED_BYTES - 1]) {
    const { bytes, buffer } = lane.take(size);
    assert.is(bytes.length, size);
    assert.is(bytes.buffer.byteLength, size);
    assert.is(buffer, undefined);
  }
  for (const size of [MIN_POOLED_BYTES, PIECE_BYTES]) {
    const { bytes, buffer } = lane.take(size);
    assert.is(bytes.length, size);
    assert.is(bytes.buffer, buffer!.buffer);
  }
});

laneTest("gives a piece back at once that nobody was handed", () => {
  const pool = new BufferPool();
  const lane = new BufferLane(pool);
  const piece = lane.take(PIECE_BYTES);
  lane.drop(piece);
  assert.is(pool.take(), piece.buffer);
  lane.drop(lane.take(5));
});

/** Bytes a piece must keep: enough of it to notice that somebody wrote into it. */
class Kept {
  readonly piece: Piece;
  readonly #mark: number;

  constructor(piece: Piece, mark: number) {
    this.piece = piece;
    this.#mark = mark & 0xff;
    piece.bytes.fill(this.#mark);
  }

  get isUnchanged(): boolean {
    const { bytes } = this.piece;
    const places = [0, bytes.length >> 1, bytes.length - 1];
    return places.every((place) => bytes.length === 0 || bytes[place] === this.#mark);
  }
}

const SETTLED_BYTES = 64 * 1024;

const mixes: readonly { readonly name: string; readonly sizes: (random: Random) => number }[] = [
  { name: "large pieces", sizes: (random) => random.between(MIN_POOLED_BYTES, PIECE_BYTES) },
  { name: "pieces at the limit", sizes: (random) => MIN_POOLED_BYTES + random.between(-1, 1) },
  { name: "small pieces", sizes: (random) => random.between(0, 2000) },
  {
    name: "pieces of every size",
    sizes: (random) => Math.floor(PIECE_BYTES ** random.fraction()),
  },
];
for (const { name, sizes } of mixes) {
  for (const ahead of [0, 1]) {
    laneTest(`keeps ${name} unchanged for as long as it must, reading ${ahead} ahead`, () => {
      const random = new Random(7 + ahead);
      const pool = new BufferPool();
      const lane = new BufferLane(pool);
      const buffers = new Set<Uint8Array>();
      const handed: Kept[] = [];
      const started: Kept[] = [];
      let mark = 0;
      for (let n = 0; n < 1500; n++) {
        while (started.length <= ahead) {
          const piece = lane.take(sizes(random));
          if (piece.buffer) buffers.add(piece.buffer);
          started.push(new Kept(piece, mark++));
        }
        const next = started.shift()!;
        lane.hand(next.piece);
        handed.push(next);
        // What is read ahead now may use memory that the hand has freed.
        const piece = lane.take(sizes(random));
        if (piece.buffer) buffers.add(piece.buffer);
        started.push(new Kept(piece, mark++));
        // The two pieces that were asked for last do not count as later than the others.
        let later = 0;
        for (let k = handed.length - 1; k >= 0; k--) {
          if (k < handed.length - 3) later += handed[k + 1]!.piece.bytes.length;
          if (later >= SETTLED_BYTES) {
            handed.splice(0, k + 1);
            break;
          }
          assert.ok(handed[k]!.isUnchanged, `piece ${n}, ${handed.length - 1 - k} before it`);
        }
      }
      assert.ok(buffers.size <= 10 + ahead, `${buffers.size} buffers`);
    });
  }
}

laneTest("frees three large pieces back", () => {
  const pool = new BufferPool();
  const lane = new BufferLane(pool);
  const pieces = [0, 1, 2, 3].map(() => lane.take(PIECE_BYTES));
  for (const piece of pieces.slice(0, 3)) lane.hand(piece);
  const other = pool.take();
  assert.is.not(other, pieces[0]!.buffer, "the client may still hold on to it");
  lane.hand(pieces[3]!);
  assert.is(pool.take(), pieces[0]!.buffer);
  const next = pool.take();
  assert.is.not(next, pieces[1]!.buffer, "the client may not have begun with the one behind it");
  lane.settle();
  assert.is(pool.take(), pieces[1]!.buffer, "another one is asked for");
  assert.is.not(pool.take(), pieces[2]!.buffer);
});

laneTest(
  "frees a piece when the next one, or the end, is asked for by a reader that is prompt",
  () => {
    const pool = new BufferPool();
    const lane = new BufferLane(pool, { isPrompt: true });
    const [first, second] = [lane.take(PIECE_BYTES), lane.take(PIECE_BYTES)];
    lane.hand(first);
    const other = pool.take();
    assert.is.not(other, first.buffer, "it is being sent");
    lane.hand(second);
    assert.is(pool.take(), first.buffer);
    lane.settle();
    assert.is(pool.take(), second.buffer);
    lane.settle();
    assert.is.not(pool.take(), second.buffer, "it is given back once");
  },
);

laneTest("keeps small pieces for a reader that is prompt until there are 64 KiB of them", () => {
  const pool = new BufferPool();
  const lane = new BufferLane(pool, { isPrompt: true });
  const pieces = [0, 1, 2, 3].map(() => lane.take(30_000));
  for (const piece of pieces.slice(0, 3)) lane.hand(piece);
  const other = pool.take(30_000);
  assert.not.ok(pieces.some(({ buffer }) => buffer === other), "two of them are below 64 KiB");
  lane.hand(pieces[3]!);
  assert.is(pool.take(30_000), pieces[0]!.buffer);
  const next = pool.take(30_000);
  assert.not.ok(pieces.some(({ buffer }) => buffer === next));
  assert.is(lane.take(1000).buffer, undefined, "tiny ones are not worth a buffer");
});

laneTest("makes room in front of a piece, which stays small if it is small without", () => {
  const lane = new BufferLane(new BufferPool());
  const small = lane.take(MIN_POOLED_BYTES - 1, 100);
  assert.is(small.bytes.length, MIN_POOLED_BYTES + 99);
  assert.is(small.buffer, undefined);
  const large = lane.take(MIN_POOLED_BYTES, 100);
  assert.is(large.bytes.length, MIN_POOLED_BYTES + 100);
  assert.ok(large.buffer);
});

laneTest("has larger pieces where a reader is prompt and waits for nothing", () => {
  const bytesOf = (options: BufferLaneOptions, pool = new BufferPool()) =>
    new BufferLane(pool, options).pieceBytes;
  const both = { isPrompt: true, isLate: true };
  assert.is(bytesOf({}), PIECE_BYTES);
  assert.is(bytesOf({ isPrompt: true }), PIECE_BYTES);
  assert.is(bytesOf({ isLate: true }), PIECE_BYTES);
  assert.is(bytesOf(both), LARGE_PIECE_BYTES);
  assert.ok(bytesOf(both, new BufferPool({ maxBytes: 0 })) < PIECE_BYTES, "the pool is full");
});

/** The sizes of the pieces of a payload. */
function sizesOf(lane: BufferLane, size: number): number[] {
  const sizes: number[] = [];
  for (let from = 0; from < size; from += sizes.at(-1)!) {
    sizes.push(lane.nextSize(size, from, HEAD_ROOM));
    assert.ok(sizes.at(-1)! > 0 && sizes.at(-1)! + HEAD_ROOM <= lane.pieceBytes);
  }
  return sizes;
}

const HEAD_ROOM = 4096;
const KIB = 1024;

laneTest("divides a payload into pieces of one size", () => {
  const lanes = [{ isPrompt: true }, { isLate: true }, { isPrompt: true, isLate: true }];
  for (const options of lanes) {
    const lane = new BufferLane(new BufferPool(), options);
    for (const size of [1, 70_000, PIECE_BYTES, 1_250_000, 5_000_001]) {
      const sizes = sizesOf(lane, size);
      assert.is(sizes.reduce((sum, it) => sum + it, 0), size);
      assert.ok(sizes[0]! - sizes.at(-1)! < sizes.length, `${sizes}`);
    }
  }
});

laneTest("ends a payload with small pieces where the end may be kept for long", () => {
  const lane = new BufferLane(new BufferPool());
  const total = (sizes: readonly number[]) => sizes.reduce((sum, it) => sum + it, 0);
  for (const size of [136 * KIB + 1, PIECE_BYTES, 1_250_000, 5_000_001]) {
    const sizes = sizesOf(lane, size);
    assert.is(total(sizes), size);
    assert.equal(sizes.slice(-2), [64 * KIB, 8 * KIB]);
  }
  for (const size of [64 * KIB, 72 * KIB, 73 * KIB, 136 * KIB]) {
    assert.equal(sizesOf(lane, size), [size - 8 * KIB, 8 * KIB]);
  }
  for (const size of [1, 16 * KIB, 64 * KIB - 1]) assert.equal(sizesOf(lane, size), [size]);
  const full = new BufferLane(new BufferPool({ maxBytes: 0 }));
  const sizes = sizesOf(full, 1_250_000);
  assert.is(total(sizes), 1_250_000);
  assert.equal(sizes.slice(-2), [64 * KIB, 8 * KIB]);
  assert.ok(sizes.slice(0, -1).every((it) => it >= MIN_POOLED_BYTES), "each is from the pool");
});

laneTest("holds little between two payloads, whoever reads", () => {
  for (const isPrompt of [false, true]) {
    const pool = new BufferPool();
    const lane = new BufferLane(pool, { isPrompt });
    for (let n = 0; n < 3; n++) {
      const size = 1_250_000;
      for (let from = 0; from < size;) {
        const piece = lane.take(lane.nextSize(size, from, HEAD_ROOM));
        from += piece.bytes.length;
        lane.hand(piece);
      }
      lane.settle();
      assert.ok(pool.lentBytes < 70 * KIB, `${pool.lentBytes} bytes`);
    }
  }
});

poolTest.run();
laneTest.run();
