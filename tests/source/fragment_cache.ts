import { suite } from "uvu";
import * as assert from "uvu/assert";
import { InputError } from "../../lib/errors.ts";
import { BufferLane } from "../../lib/source/buffer_pool.ts";
import { FragmentCache } from "../../lib/source/fragment_cache.ts";
import type { RandomAccess } from "../../lib/source/random_access.ts";
import { Presentation } from "../../lib/source/presentation.ts";
import { pattern } from "../helpers/boxes.ts";
import { MemoryAccess } from "../helpers/memory_access.ts";
import { bytesOf, failure } from "../helpers/parts.ts";
import { sameBytes } from "../helpers/same_bytes.ts";
import { SAMPLE_ISM } from "../helpers/sample.ts";

const test = suite("FragmentCache");

const BYTES = pattern(100_000);

function setUp(maxBytes?: number) {
  const access = new MemoryAccess(BYTES);
  const cache = new FragmentCache(maxBytes);
  const cached = cache.wrap(access) as RandomAccess & Required<Pick<RandomAccess, "once">>;
  const payload = (offset: number, size: number) => ({
    size,
    read: (signal?: AbortSignal) => cached.stream(offset, size, new BufferLane(), signal),
  });
  return { access, cache, cached, payload };
}

test("gives the bytes of the file, and reads them once for all who ask", async () => {
  const { access, payload } = setUp();
  const readers = Array.from({ length: 3 }, () => bytesOf(payload(5000, 30_000)));
  for (const bytes of await Promise.all(readers)) sameBytes(bytes, BYTES.slice(5000, 35_000));
  sameBytes(await bytesOf(payload(5000, 30_000)), BYTES.slice(5000, 35_000));
  assert.is(access.reads.length, 1);
});

test("gives all who ask the same memory", async () => {
  const { payload } = setUp();
  const pieces = await Promise.all([1, 2].map(async () => {
    for await (const piece of payload(0, 1000).read()) return piece;
  }));
  assert.is(pieces[0]!.buffer, pieces[1]!.buffer);
});

test("makes something of bytes once for all who ask, and again after a failure", async () => {
  const { access, cached, cache } = setUp();
  let made = 0;
  const make = (bytes: Uint8Array) => ({ first: bytes[0], made: ++made });
  const all = await Promise.all([cached.once(100, 500, make), cached.once(100, 500, make)]);
  assert.is(all[0], all[1]);
  assert.is(cached.once(100, 500, make), all[0], "at once where it is at hand");
  assert.equal(all[0], { first: BYTES[100], made: 1 });
  assert.is(cache.bytes, 500);
  const fail = () => {
    throw new Error("not this");
  };
  assert.is((await failure(Promise.resolve(cached.once(0, 10, fail)))).message, "not this");
  assert.is((await cached.once(0, 10, make)).made, 2);
  assert.is(access.reads.length, 3);
});

test("gives pieces that are at hand without a wait, until it is stopped", async () => {
  const { payload } = setUp();
  const before = payload(0, 1000).read();
  assert.is(before.nextNow!(), undefined, "on its way");
  await before[Symbol.asyncIterator]().return!();
  await bytesOf(payload(0, 1000));
  const abort = new AbortController();
  const [pieces, stopped] = [payload(0, 1000).read(), payload(0, 1000).read(abort.signal)];
  sameBytes(pieces.nextNow!()!, BYTES.slice(0, 1000));
  assert.is(pieces.nextNow!(), undefined);
  abort.abort(new Error("enough"));
  assert.is(stopped.nextNow!(), undefined);
  assert.is((await failure(stopped[Symbol.asyncIterator]().next())).message, "enough");
});

test("gives each reader of bytes a copy of its own", async () => {
  const { access, cached } = setUp();
  const first = await cached.read(100, 500);
  first.fill(0);
  sameBytes(await cached.read(100, 500), BYTES.slice(100, 600));
  assert.is(access.reads.length, 1);
});

test("keeps no look around for boxes", async () => {
  const { access, cached, cache } = setUp();
  await cached.read(0, 4096);
  await cached.read(0, 4096);
  assert.is(access.reads.length, 2);
  assert.is(cache.bytes, 0);
});

test("lets go of what was used longest ago", async () => {
  const { access, cache, payload } = setUp(25_000);
  await bytesOf(payload(0, 10_000));
  await bytesOf(payload(10_000, 10_000));
  await bytesOf(payload(0, 10_000));
  await bytesOf(payload(20_000, 10_000));
  assert.is(cache.bytes, 20_000);
  await bytesOf(payload(0, 10_000));
  assert.is(access.reads.length, 3, "the first one was used since");
  await bytesOf(payload(10_000, 10_000));
  assert.is(access.reads.length, 4);
});

test("keeps one that is larger than all it may keep, for as long as it is the last one", async () => {
  const { access, cache, payload } = setUp(1000);
  await Promise.all([bytesOf(payload(0, 50_000)), bytesOf(payload(0, 50_000))]);
  assert.is(access.reads.length, 1);
  await bytesOf(payload(50_000, 100));
  assert.is(cache.bytes, 100);
});

test("tells two files apart", async () => {
  const cache = new FragmentCache();
  const [a, b] = [pattern(100, 1), pattern(100, 2)].map((bytes) =>
    cache.wrap(new MemoryAccess(bytes))
  );
  sameBytes(await a!.read(0, 100), pattern(100, 1));
  sameBytes(await b!.read(0, 100), pattern(100, 2));
});

test("tries again after a failure", async () => {
  const { cached, payload, cache } = setUp();
  const error = await failure(bytesOf(payload(99_990, 100)));
  assert.instance(error, InputError);
  assert.match(error.message, "as the file has become shorter: current value is 10 bytes");
  assert.is(cache.bytes, 0);
  assert.is((await failure(cached.read(99_990, 100))).name, "InputError");
});

test("stops one reader and not the others", async () => {
  const { access, payload } = setUp();
  const abort = new AbortController();
  const stopped = failure(bytesOf(payload(0, 1000), abort.signal));
  const other = bytesOf(payload(0, 1000));
  abort.abort(new Error("enough"));
  assert.is((await stopped).message, "enough");
  sameBytes(await other, BYTES.slice(0, 1000));
  assert.is(access.reads.length, 1);
});

test("begins to read at once, before the first piece is asked for", async () => {
  const { access, payload } = setUp();
  const pieces = payload(0, 1000).read()[Symbol.asyncIterator]();
  assert.is(access.reads.length, 1);
  await pieces.return?.();
  assert.is((await pieces.next()).done, true);
});

test("stands between a presentation and its files", async () => {
  const cache = new FragmentCache();
  const presentation = await Presentation.open(SAMPLE_ISM, { cache });
  try {
    const { file, track } = presentation.wantedTracks[0]!;
    const row = (await file.fragment(track.trackId, 0))!;
    const before = cache.bytes;
    await bytesOf(file.payload(row, new BufferLane()));
    await bytesOf(file.payload(row, new BufferLane()));
    assert.is(cache.bytes, before + row.payloadSize);
  } finally {
    await presentation.close();
  }
});

test.run();
