import { suite } from "uvu";
import * as assert from "uvu/assert";
import { concat, join } from "../../lib/mp4/box.ts";
import { BufferLane, BufferPool, LARGE_PIECE_BYTES } from "../../lib/source/buffer_pool.ts";
import { LateReader } from "../../lib/source/late_reader.ts";
import { pattern } from "../helpers/boxes.ts";
import { failure } from "../helpers/parts.ts";
import { sameBytes } from "../helpers/same_bytes.ts";

const BYTES = pattern(3 * LARGE_PIECE_BYTES + 777);

/** Reads from memory, at once or not. */
class Source {
  readonly pool = new BufferPool();
  readonly lane = new BufferLane(this.pool, { isLate: true, isPrompt: true });
  isQuick = true;
  fills = 0;
  failure: Error | undefined;

  read(size = BYTES.length, signal?: AbortSignal): LateReader {
    const fill = (bytes: Uint8Array, from: number) => {
      this.fills++;
      if (this.failure) throw this.failure;
      bytes.set(BYTES.subarray(from, from + bytes.length));
    };
    return new LateReader({
      size,
      lane: this.lane,
      fill: async (bytes, from) => await fill(bytes, from),
      fillNow: (bytes, from) => {
        if (this.isQuick) fill(bytes, from);
        return this.isQuick;
      },
      signal,
    });
  }
}

/** Takes all that is at hand. */
function takeNow(reader: LateReader): Uint8Array[] {
  const pieces: Uint8Array[] = [];
  for (let piece = reader.nextNow(); piece; piece = reader.nextNow()) pieces.push(piece.slice());
  return pieces;
}

const test = suite("LateReader");

const head = pattern(600).reverse();
for (const size of [64 * 1024, LARGE_PIECE_BYTES - 4096, LARGE_PIECE_BYTES, BYTES.length]) {
  test(`reads ${size} bytes, with and without a wait and something in front`, async () => {
    const source = new Source();
    for (const isQuick of [true, false]) {
      source.isQuick = isQuick;
      for (const heads of [[], [head.subarray(0, 200), head.subarray(200)]]) {
        const reader = source.read(size);
        if (heads.length > 0) assert.ok(reader.putInFront(...heads));
        const pieces: Uint8Array[] = takeNow(reader);
        assert.is(pieces.length > 0, isQuick);
        for await (const piece of reader) pieces.push(piece.slice());
        sameBytes(join(pieces), concat(...heads, BYTES.subarray(0, size)));
        assert.ok(pieces.every(({ length }) => length >= 64 * 1024), "none is small");
        assert.ok(reader.isAtEnd);
        assert.is(source.pool.lentBytes, 0);
      }
    }
  });
}

test("has room in front once, not for too much, and not once it has begun", () => {
  const source = new Source();
  const reader = source.read();
  assert.not.ok(reader.putInFront(new Uint8Array(5000)));
  assert.ok(reader.putInFront(head));
  assert.not.ok(reader.putInFront(head));
  const begun = source.read();
  begun.nextNow();
  assert.not.ok(begun.putInFront(head));
});

test("takes the same memory for all pieces, and gives it back when what follows the last one is asked for", () => {
  const source = new Source();
  const { pool } = source;
  const reader = source.read();
  const pieces = [1, 2, 3, 4].map(() => reader.nextNow()!);
  assert.is(new Set(pieces.map(({ buffer }) => buffer)).size, 1);
  assert.ok(pool.lentBytes > 0);
  assert.not.ok(reader.isAtEnd, "the client still has the last one");
  assert.is(reader.nextNow(), undefined);
  assert.ok(reader.isAtEnd);
  assert.is(pool.lentBytes, 0);
});

test("reads nothing before it is asked", () => {
  const source = new Source();
  source.read();
  assert.is(source.fills, 0);
  assert.is(source.pool.lentBytes, 0);
});

test("lets go of its memory where it is told to stop, and of none that somebody may look at", async () => {
  const source = new Source();
  const reader = source.read();
  const piece = reader.nextNow()!;
  await reader.return();
  assert.is(source.pool.lentBytes, 0);
  assert.is.not(source.pool.take(LARGE_PIECE_BYTES).buffer, piece.buffer);
  assert.is(reader.nextNow(), undefined);
  assert.ok((await reader.next()).done);
});

test("ends with the reason of its signal", async () => {
  const source = new Source();
  const abort = new AbortController();
  const reader = source.read(BYTES.length, abort.signal);
  assert.ok(reader.nextNow());
  const reason = new Error("enough");
  abort.abort(reason);
  assert.is(reader.nextNow(), undefined);
  assert.is(await failure(reader.next()), reason);
  assert.is(source.pool.lentBytes, 0);
});

test("fails by what cannot be read", async () => {
  const source = new Source();
  source.failure = new Error("unreadable");
  assert.is(await failure(() => source.read().nextNow()), source.failure);
  source.isQuick = false;
  assert.is(await failure(source.read().next()), source.failure);
  assert.is(source.pool.lentBytes, 0);
});

test.run();
