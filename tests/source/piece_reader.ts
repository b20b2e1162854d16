import { suite } from "uvu";
import * as assert from "uvu/assert";
import { concat, join } from "../../lib/mp4/box.ts";
import { BufferLane, BufferPool, PIECE_BYTES } from "../../lib/source/buffer_pool.ts";
import { PieceReader } from "../../lib/source/piece_reader.ts";
import { pattern } from "../helpers/boxes.ts";
import { failure } from "../helpers/parts.ts";
import { sameBytes } from "../helpers/same_bytes.ts";
import { settle } from "../helpers/settle.ts";

const BYTES = pattern(3 * PIECE_BYTES + 777);

/** Reads from memory and notes how. */
class Source {
  readonly fills: ("now" | "later")[] = [];
  isQuick = true;

  fill = (bytes: Uint8Array, from: number): Promise<void> => {
    this.fills.push("later");
    bytes.set(BYTES.subarray(from, from + bytes.length));
    return Promise.resolve();
  };

  fillNow = (bytes: Uint8Array, from: number): boolean => {
    if (!this.isQuick) return false;
    this.fills.push("now");
    bytes.set(BYTES.subarray(from, from + bytes.length));
    return true;
  };

  read(size: number, lane: BufferLane, signal?: AbortSignal): PieceReader {
    return new PieceReader({ size, lane, fill: this.fill, fillNow: this.fillNow, signal });
  }
}

async function copies(reader: PieceReader): Promise<Uint8Array[]> {
  const pieces: Uint8Array[] = [];
  for await (const piece of reader) pieces.push(piece.slice());
  return pieces;
}

const test = suite("PieceReader");

const head = pattern(600).reverse();
const lanes = [
  { name: "ahead", options: {} },
  { name: "ahead, for a reader that is prompt", options: { isPrompt: true } },
  { name: "late", options: { isLate: true } },
  { name: "late, for a reader that is prompt", options: { isLate: true, isPrompt: true } },
];
for (const { name, options } of lanes) {
  for (const size of [1, 5000, 70_000, PIECE_BYTES, BYTES.length]) {
    test(`reads ${size} bytes ${name}, with and without something in front`, async () => {
      const lane = new BufferLane(new BufferPool(), options);
      const source = new Source();
      sameBytes(join(await copies(source.read(size, lane))), BYTES.subarray(0, size));
      const reader = source.read(size, lane);
      assert.ok(reader.putInFront(head));
      assert.not.ok(reader.putInFront(head), "once");
      const pieces = await copies(reader);
      sameBytes(join(pieces), concat(head, BYTES.subarray(0, size)));
      sameBytes(pieces[0]!.subarray(0, head.length), head, "in one piece with what follows");
    });
  }
}

test("has no room in front of nothing, for too much, or once it has begun", async () => {
  const lane = new BufferLane(new BufferPool());
  const source = new Source();
  assert.not.ok(source.read(0, lane).putInFront(head));
  assert.not.ok(source.read(10, lane).putInFront(new Uint8Array(5000)));
  const begun = source.read(BYTES.length, lane);
  await begun.next();
  assert.not.ok(begun.putInFront(head));
  await begun.return();
});

test("reads nothing before it is asked, and nothing ahead, in a lane that is late", async () => {
  const source = new Source();
  const reader = source.read(BYTES.length, new BufferLane(new BufferPool(), { isLate: true }));
  await settle();
  assert.equal(source.fills, []);
  await reader.next();
  await settle();
  assert.equal(source.fills, ["now"]);
  await reader.return();
});

test("reads the first piece early, and what follows when it is asked for", async () => {
  const source = new Source();
  const reader = source.read(BYTES.length, new BufferLane(new BufferPool()));
  assert.equal(source.fills, ["later"]);
  await reader.next();
  await settle();
  assert.equal(source.fills, ["later"]);
  await reader.next();
  await settle();
  assert.equal(source.fills, ["later", "now"]);
  await reader.return();
});

test("reads one piece ahead as soon as the file is slow", async () => {
  const source = new Source();
  source.isQuick = false;
  const reader = source.read(BYTES.length, new BufferLane(new BufferPool()));
  await reader.next();
  assert.equal(source.fills, ["later"]);
  await reader.next();
  assert.equal(source.fills, ["later", "later", "later"]);
  sameBytes(join(await copies(reader)).slice(-777), BYTES.slice(-777));
});

test("reads one piece ahead of what cannot be read at once", async () => {
  const { fill, fills } = new Source();
  const lane = new BufferLane(new BufferPool());
  const reader = new PieceReader({ size: BYTES.length, lane, fill, signal: undefined });
  assert.equal(fills, ["later"]);
  await reader.next();
  assert.equal(fills, ["later", "later"]);
  await reader.return();
});

test("reads ahead in a lane that is late as soon as the file is slow", async () => {
  const source = new Source();
  source.isQuick = false;
  const reader = source.read(BYTES.length, new BufferLane(new BufferPool(), { isLate: true }));
  await reader.next();
  assert.equal(source.fills, ["later", "later"]);
  sameBytes(join(await copies(reader)).slice(-777), BYTES.slice(-777));
});

test("takes a single buffer round and round where the reader is prompt and the lane late", async () => {
  const lane = new BufferLane(new BufferPool(), { isLate: true, isPrompt: true });
  const reader = new Source().read(BYTES.length, lane);
  const buffers = new Set<ArrayBufferLike>();
  for await (const piece of reader) buffers.add(piece.buffer);
  assert.is(buffers.size, 1);
});

for (const options of [{}, { isLate: true }]) {
  test(`gives its buffer back when it is told to stop, ${JSON.stringify(options)}`, async () => {
    const pool = new BufferPool();
    const lane = new BufferLane(pool, { ...options, isPrompt: true });
    const reason = new Error("enough");
    const reader = new Source().read(BYTES.length, lane, AbortSignal.abort(reason));
    assert.is(await failure(reader.next()), reason);
    const buffer = pool.take(lane.pieceBytes);
    sameBytes(buffer.subarray(4096, 4196), BYTES.subarray(0, 100), "it was filled");
    assert.ok((await reader.next()).done);
  });
}

test("reads little, and nothing ahead, while its pool is full", async () => {
  const pool = new BufferPool({ maxBytes: 3 * PIECE_BYTES });
  const hogs = [0, 1, 2].map(() => pool.take());
  assert.ok(pool.isFull);
  const source = new Source();
  const lane = new BufferLane(pool, { isPrompt: true });
  const reader = source.read(BYTES.length, lane);
  assert.equal(source.fills, [], "not before it is asked");
  const most = { piece: 0, lent: 0 };
  const pieces: Uint8Array[] = [];
  for await (const piece of reader) {
    assert.is(source.fills.length, pieces.length + 1, "none ahead");
    pieces.push(piece.slice());
    most.piece = Math.max(most.piece, piece.length);
    most.lent = Math.max(most.lent, pool.lentBytes - hogs.length * PIECE_BYTES);
  }
  sameBytes(join(pieces), BYTES);
  assert.ok(most.piece <= 64 * 1024, `${most.piece} bytes`);
  assert.ok(most.lent <= 2 * 68 * 1024, `${most.lent} bytes`);
  hogs.forEach((buffer) => pool.give(buffer));
  assert.not.ok(pool.isFull);
  const [large] = await copies(source.read(BYTES.length, lane));
  assert.ok(large!.length > 256 * 1024, "as before");
});

test("keeps many readers that are stuck within the limit and a small buffer for each", async () => {
  const maxBytes = 4 * PIECE_BYTES;
  const pool = new BufferPool({ maxBytes });
  const source = new Source();
  const readers = Array.from({ length: 50 }, () => {
    const lane = new BufferLane(pool);
    return { lane, reader: source.read(BYTES.length, lane) };
  });
  // Each has asked for a few pieces, and asks no more.
  for (let n = 0; n < 3; n++) await Promise.all(readers.map(({ reader }) => reader.next()));
  assert.ok(pool.isFull);
  assert.ok(pool.lentBytes <= maxBytes + 50 * 3 * 132 * 1024, `${pool.lentBytes} bytes`);
  for (const { lane, reader } of readers) {
    await reader.return();
    lane.close();
  }
  await settle();
  assert.is(pool.lentBytes, 0);
});

test("gives back what could not be filled", async () => {
  const pool = new BufferPool();
  const reason = new Error("unreadable");
  const reader = new PieceReader({
    size: PIECE_BYTES,
    lane: new BufferLane(pool),
    fill: () => Promise.reject(reason),
    signal: undefined,
  });
  assert.is(await failure(reader.next()), reason);
  assert.is(pool.lentBytes, 0);
});

test.run();
