import { suite } from "uvu";
import * as assert from "uvu/assert";
import { truncate } from "node:fs/promises";
import { join as joinPath } from "node:path";
import { InputError } from "../../lib/errors.ts";
import { join } from "../../lib/mp4/box.ts";
import { BufferLane, BufferPool, PIECE_BYTES } from "../../lib/source/buffer_pool.ts";
import { openFile } from "../../lib/source/file_access.ts";
import type { RandomAccess } from "../../lib/source/random_access.ts";
import { pattern } from "../helpers/boxes.ts";
import { failure } from "../helpers/parts.ts";
import { Random } from "../helpers/random.ts";
import { sameBytes } from "../helpers/same_bytes.ts";
import { settle } from "../helpers/settle.ts";
import { withFolder } from "../helpers/temp_folder.ts";
import { until } from "../helpers/until.ts";

const SIZE = 4 * PIECE_BYTES + 12_345;
const BYTES = pattern(SIZE);

/** Opens a file of known bytes. */
function withFile(
  work: (access: RandomAccess, path: string) => Promise<void>,
  bytes = BYTES,
): () => Promise<void> {
  return () =>
    withFolder({ "file.bin": bytes }, async (folder) => {
      const path = joinPath(folder, "file.bin");
      const access = await openFile(path);
      try {
        await work(access, path);
      } finally {
        await access.close();
      }
    });
}

const openTest = suite("openFile");

openTest(
  "tells name and size",
  withFile((access, path) => {
    assert.is(access.name, path);
    assert.is(access.size, SIZE);
    assert.ok(access.isLocal);
    return Promise.resolve();
  }),
);

openTest(
  "opens an empty file",
  withFile(async (access) => {
    assert.is(access.size, 0);
    assert.is((await access.read(0, 10)).length, 0);
  }, new Uint8Array(0)),
);

const refused = [
  { name: "nothing.bin", message: "Cannot find it: there is no such file" },
  { name: ".", message: "Cannot read it as it must be a file: current value is a folder" },
  { name: "file.bin/x.bin", message: "Cannot find it: part of its path is no folder" },
  { name: "x".repeat(300), message: "Cannot find it: its path is too long" },
];
for (const { name, message } of refused) {
  openTest(
    `says why it cannot open ${name.slice(0, 20)}`,
    () =>
      withFolder({ "file.bin": "x" }, async (folder) => {
        const path = joinPath(folder, name);
        const error = await failure(openFile(path));
        assert.instance(error, InputError);
        assert.is((error as InputError).input, path);
        assert.is(error.message, `${path}: ${message}`);
      }),
  );
}

const readTest = suite("FileAccess.read");

const ranges = [
  { offset: 0, size: 10, found: 10 },
  { offset: SIZE - 10, size: 10, found: 10 },
  { offset: SIZE - 10, size: 100, found: 10 },
  { offset: SIZE - 10, size: 2 ** 50, found: 10 },
  { offset: SIZE, size: 5, found: 0 },
  { offset: SIZE + 2 ** 40, size: 5, found: 0 },
  { offset: 5, size: 0, found: 0 },
];
for (const { offset, size, found } of ranges) {
  readTest(
    `reads ${found} bytes of ${size} at ${offset}`,
    withFile(async (access) => {
      sameBytes(await access.read(offset, size), BYTES.subarray(offset, offset + found));
    }),
  );
}

readTest(
  "ends with the reason of its signal",
  withFile(async (access) => {
    const reason = new Error("enough");
    assert.is(await failure(access.read(0, 1, AbortSignal.abort(reason))), reason);
  }),
);

readTest("says that a file is closed", () =>
  withFolder({ "file.bin": "x" }, async (folder) => {
    const access = await openFile(joinPath(folder, "file.bin"));
    await access.close();
    assert.instance(await failure(access.read(0, 1)), InputError);
  }));

for (const { offset, size, found } of ranges.filter(({ size }) => size < 1000)) {
  readTest(
    `reads ${found} bytes of ${size} at ${offset} at once`,
    withFile((access) => {
      const bytes = new Uint8Array(size);
      assert.is(access.readNow!(bytes, offset), found);
      sameBytes(bytes.subarray(0, found), BYTES.subarray(offset, offset + found));
      return Promise.resolve();
    }),
  );
}

readTest(
  "does not wait for the next reads of a file that turns out to be slow, and tries again later",
  withFile(async (access) => {
    const bytes = new Uint8Array(10);
    const { now } = performance;
    let timeMs = 0;
    let readMs = 3;
    performance.now = () => timeMs += readMs;
    /** How many reads are to be waited for until one is tried again. */
    const countWaits = () => {
      let count = 0;
      while (access.readNow!(bytes, 0) === undefined) count++;
      return count;
    };
    try {
      assert.is(access.readNow!(bytes, 0), 10, "nobody knows before");
      const waits = [1, 2, 3, 4, 5].map(countWaits);
      assert.equal(waits, [8, 32, 128, 256, 256], "the longer it is slow");
      readMs = 1;
      assert.is(countWaits(), 256);
      assert.is(countWaits(), 0);
      readMs = 3;
      assert.is(countWaits(), 0);
      assert.is(countWaits(), 64, "two were quick");
      readMs = 1;
      for (let n = 0; n < 100; n++) countWaits();
      readMs = 3;
      assert.is(countWaits(), 0);
      assert.is(countWaits(), 8, "many were quick");
      readMs = 1;
      countWaits();
    } finally {
      performance.now = now;
    }
    assert.is(access.readNow!(bytes, 0), 10);
    sameBytes(bytes, BYTES.subarray(0, 10));
    assert.is(access.readNow!(bytes, 30), 10);
    sameBytes(bytes, BYTES.subarray(30, 40));
    sameBytes(await access.read(50, 10), BYTES.subarray(50, 60));
  }),
);

const streamTest = suite("FileAccess.stream");

/** A pool that counts. */
class CountingPool extends BufferPool {
  taken = 0;
  given = 0;

  override take(): Uint8Array {
    this.taken++;
    return super.take();
  }

  override give(buffer: Uint8Array): void {
    this.given++;
    super.give(buffer);
  }
}

const streams = [
  { offset: 0, size: SIZE },
  { offset: 1, size: SIZE - 1 },
  { offset: 7, size: PIECE_BYTES },
  { offset: 7, size: PIECE_BYTES + 1 },
  { offset: 100, size: 64 * 1024 },
  { offset: 100, size: 64 * 1024 - 1 },
  { offset: SIZE - 1, size: 1 },
  { offset: 0, size: 0 },
];
for (const { offset, size } of streams) {
  streamTest(
    `yields ${size} bytes from ${offset}, and again`,
    withFile(async (access) => {
      const lane = new BufferLane(new BufferPool());
      for (let again = 0; again < 2; again++) {
        const pieces: Uint8Array[] = [];
        for await (const piece of access.stream(offset, size, lane)) {
          assert.ok(piece.length <= PIECE_BYTES);
          pieces.push(piece.slice());
        }
        sameBytes(join(pieces), BYTES.subarray(offset, offset + size));
      }
    }),
  );
}

streamTest(
  "keeps pieces unchanged for as long as it must, over many fragments in one lane",
  withFile(async (access) => {
    const random = new Random(3);
    const pool = new CountingPool();
    const lane = new BufferLane(pool);
    const held: { readonly bytes: Uint8Array; readonly expected: Uint8Array }[] = [];
    for (let n = 0; n < 60; n++) {
      const size = Math.floor((2 * PIECE_BYTES) ** random.fraction());
      const offset = random.below(SIZE - size);
      let at = offset;
      for await (const bytes of access.stream(offset, size, lane)) {
        held.push({ bytes, expected: BYTES.subarray(at, at + bytes.length) });
        at += bytes.length;
        await settle(); // the next piece is on its way into some buffer
        let later = 0;
        for (let k = held.length - 1; k >= 0; k--) {
          if (k < held.length - 3) later += held[k + 1]!.bytes.length;
          if (later >= 64 * 1024) {
            held.splice(0, k + 1);
            break;
          }
          sameBytes(held[k]!.bytes, held[k]!.expected);
        }
      }
      assert.is(at, offset + size);
    }
    assert.ok(pool.given > 0 && pool.taken - pool.given <= 6, "buffers go round");
  }),
);

for (const pieces of [0, 1, 2, 3, 4]) {
  streamTest(
    `gives a buffer back that was filled when it is left after ${pieces} pieces`,
    withFile(
      async (access) => {
        const pool = new CountingPool();
        const reading = access.stream(0, SIZE, new BufferLane(pool))[Symbol.asyncIterator]();
        for (let n = 0; n < pieces; n++) await reading.next();
        await reading.return!();
        // All but those that had not settled.
        await until(() => pool.taken - pool.given === Math.min(pieces, 3), "giving back");
        assert.ok(pool.taken === pieces || pool.taken === pieces + 1, "at most one ahead");
        assert.ok((await reading.next()).done);
      },
    ),
  );

  streamTest(
    `gives a buffer back that was filled when it is told to stop after ${pieces} pieces`,
    withFile(
      async (access) => {
        const pool = new CountingPool();
        const abort = new AbortController();
        const lane = new BufferLane(pool);
        const reading = access.stream(0, SIZE, lane, abort.signal)[Symbol.asyncIterator]();
        for (let n = 0; n < pieces; n++) await reading.next();
        const reason = new Error("enough");
        abort.abort(reason);
        assert.is(await failure(reading.next()), reason);
        await settle();
        assert.is(pool.given, 1 + Math.max(0, pieces - 2));
        assert.ok((await reading.next()).done);
      },
    ),
  );
}

streamTest(
  "begins to read before it is asked",
  withFile(async (access) => {
    const pool = new CountingPool();
    const reading = access.stream(0, SIZE, new BufferLane(pool));
    assert.is(pool.taken, 1);
    await reading[Symbol.asyncIterator]().return!();
  }),
);

streamTest(
  "says that a file has become shorter",
  () =>
    withFolder({ "file.bin": BYTES }, async (folder) => {
      const path = joinPath(folder, "file.bin");
      const access = await openFile(path);
      await truncate(path, 1000);
      const reading = access.stream(500, 2000, new BufferLane(new BufferPool()));
      const error = await failure(reading[Symbol.asyncIterator]().next());
      await access.close();
      assert.instance(error, InputError);
      assert.is(
        error.message,
        `${path}: Cannot read 2000 bytes at byte 500 as the file has become shorter: current value is 500 bytes`,
      );
    }),
);

openTest.run();
readTest.run();
streamTest.run();
