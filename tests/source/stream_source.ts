import { suite } from "uvu";
import * as assert from "uvu/assert";
import { InputError } from "../../lib/errors.ts";
import { readMoov } from "../../lib/mp4/moov.ts";
import { openFile } from "../../lib/source/file_access.ts";
import { MediaFile } from "../../lib/source/media_file.ts";
import { streamParts, streamSource } from "../../lib/source/stream_source.ts";
import { type FileFragment, makeFile, makeMoov, pattern } from "../helpers/boxes.ts";
import { MemoryAccess } from "../helpers/memory_access.ts";
import { bytesOf, collect, end, fragmentsOf } from "../helpers/parts.ts";
import { parseParts } from "../helpers/pieces.ts";
import { readSample, samplePath } from "../helpers/sample.ts";
import { sameBytes } from "../helpers/same_bytes.ts";
import { settle } from "../helpers/settle.ts";

const test = suite("streamSource");

const TRACKS = [{ trackId: 1 }, { trackId: 2, timescale: 48_000 }];

/** A fragment of `seconds` at a time in seconds; track 2 counts otherwise. */
function at(trackId: number, time: number, seconds: number): FileFragment {
  const timescale = trackId === 1 ? 10_000_000 : 48_000;
  return {
    trackId,
    sampleDuration: seconds * timescale / 2,
    tfxd: { time: BigInt(time * timescale), duration: BigInt(seconds * timescale) },
  };
}

const open = (bytes: Uint8Array) => MediaFile.open(new MemoryAccess(bytes));

test("gives a header, fragments and an end", async () => {
  const file = await open(makeFile());
  const parts = await collect(streamSource({ file, trackIds: [1] }));
  assert.equal(parts.map(({ type }) => type), [
    "header",
    "fragment",
    "fragment",
    "fragment",
    "end",
  ]);
  const found = fragmentsOf(parts);
  assert.equal(
    found.map(({ index, pass, sequence, decodeTime, duration, timescale }) => ({
      index,
      pass,
      sequence,
      decodeTime,
      duration,
      timescale,
    })),
    [0, 1, 2].map((n) => ({
      index: n,
      pass: 0,
      sequence: n + 1,
      decodeTime: BigInt(n) * 20_000_000n,
      duration: 20_000_000n,
      timescale: 10_000_000,
    })),
  );
  for (const [n, { payload }] of found.entries()) {
    sameBytes(await bytesOf(payload), pattern(100, n));
  }
});

const orders: readonly {
  readonly name: string;
  readonly fragments: readonly FileFragment[];
  readonly order: readonly number[];
}[] = [
  {
    name: "alternating",
    fragments: [at(1, 0, 2), at(2, 0, 2.5), at(1, 2, 2), at(2, 2.5, 2)],
    order: [1, 2, 1, 2],
  },
  {
    name: "one track behind the other",
    fragments: [at(1, 0, 2), at(1, 2, 2), at(1, 4, 2), at(2, 0, 3), at(2, 3, 3)],
    order: [1, 2, 1, 1, 2],
  },
  {
    name: "a long one that begins first and ends last",
    fragments: [at(2, 0, 10), at(1, 1, 2), at(1, 3, 2)],
    order: [1, 1, 2],
  },
];
for (const { name, fragments, order } of orders) {
  test(`gives the fragments of two tracks in the order in which they end: ${name}`, async () => {
    const file = await open(makeFile({ moov: makeMoov({ tracks: TRACKS }), fragments }));
    const parts = fragmentsOf(await collect(streamSource({ file, trackIds: [1, 2] })));
    assert.equal(parts.map(({ trackId }) => trackId), order);
    assert.equal(parts.map(({ sequence }) => sequence), order.map((_, n) => n + 1));
  });
}

test("gives the wanted tracks alone, and a header of theirs", async () => {
  const fragments = [at(1, 0, 2), at(2, 0, 2), at(1, 2, 2), at(2, 2, 2)];
  const file = await open(makeFile({ moov: makeMoov({ tracks: TRACKS }), fragments }));
  const parts = await collect(streamSource({ file, trackIds: [2] }));
  const [header] = parts;
  if (header!.type !== "header") return assert.unreachable();
  assert.equal(header!.tracks.map(({ trackId }) => trackId), [2]);
  assert.equal(readMoov(header!.boxes[1]!, 0).tracks.map(({ trackId }) => trackId), [2]);
  assert.equal(
    fragmentsOf(parts).map(({ trackId, index, sequence }) => [trackId, index, sequence]),
    [[2, 0, 1], [2, 1, 2]],
  );
});

test("goes through the file again and again, and counts on", async () => {
  const file = await open(makeFile());
  const parts = await collect(streamSource({ file, trackIds: [1], passes: 3 }));
  assert.is(parts.length, 1 + 9 + 1);
  assert.equal(
    fragmentsOf(parts).map(({ pass, index, sequence }) => [pass, index, sequence]),
    Array.from({ length: 9 }, (_, n) => [Math.floor(n / 3), n % 3, n + 1]),
  );
  const times = fragmentsOf(parts).map(({ decodeTime }) => decodeTime);
  assert.equal(times.slice(3, 6), times.slice(0, 3));
});

test("goes on for ever until it is stopped, and then ends in order", async () => {
  const file = await open(makeFile());
  const stop = new AbortController();
  const stream = streamSource({ file, trackIds: [1], passes: Infinity, stop: stop.signal });
  const reader = stream.getReader();
  for (let n = 0; n < 100; n++) await reader.read();
  stop.abort();
  const left = [];
  for (let it = await reader.read(); !it.done; it = await reader.read()) left.push(it.value);
  assert.ok(left.length <= 2);
  assert.equal(left.at(-1), end());
});

test("ends in order at once where it is stopped before it begins", async () => {
  const file = await open(makeFile());
  const parts = await collect(streamSource({ file, trackIds: [1], stop: AbortSignal.abort() }));
  assert.equal(parts.map(({ type }) => type), ["header", "end"]);
});

test("reads a fragment when it is told to", async () => {
  const access = new MemoryAccess(makeFile());
  const file = await MediaFile.open(access);
  const asked: [number, bigint, number, number][] = [];
  let go = () => {};
  const parts = streamParts({
    ...{ file, trackIds: [1], passes: 2 },
    whenToRead: ({ index, start }, timescale, pass) => {
      asked.push([index, start, timescale, pass]);
      return asked.length === 2 ? new Promise<void>((resolve) => go = resolve) : undefined;
    },
  });
  for (let n = 0; n < 2; n++) await parts.next();
  const before = access.reads.length;
  const ready = parts.ready!()!;
  let isReady = false;
  ready.then(() => isReady = true);
  await settle();
  assert.not.ok(isReady);
  assert.is(access.reads.length, before);
  go();
  await ready;
  assert.equal(asked, [[0, 0n, 10_000_000, 0], [1, 20_000_000n, 10_000_000, 0]]);
  assert.is(fragmentsOf([(await parts.next()).value])[0]?.index, 1);
  const left = [];
  for await (const part of parts) left.push(part);
  assert.equal(left.map(({ type }) => type), [...Array(4).fill("fragment"), "end"]);
  assert.is(parts.ready!(), undefined);
});

test("ends in order where it is stopped while a fragment is not to be read yet", async () => {
  const file = await open(makeFile());
  const stop = new AbortController();
  const { signal } = stop;
  const whenToRead = () =>
    new Promise<void>((resolve) => signal.addEventListener("abort", () => resolve()));
  const parts = streamParts({ file, trackIds: [1], stop: signal, whenToRead });
  await parts.next();
  const next = parts.next();
  await settle();
  stop.abort();
  assert.equal(await next, { done: false, value: end() });
  assert.is((await parts.next()).done, true);
});

test("does not wait with what is far away", async () => {
  const file = await MediaFile.open(new MemoryAccess(makeFile(), { isLocal: false }));
  const whenToRead = () => new Promise<void>(() => {});
  const parts = streamParts({ file, trackIds: [1], whenToRead });
  const types = [];
  for await (const { type } of parts) types.push(type);
  assert.equal(types, ["header", "fragment", "fragment", "fragment", "end"]);
});

test("does not loop for ever over a track without fragments", async () => {
  const file = await open(makeFile({ moov: makeMoov({ tracks: TRACKS }) }));
  const parts = await collect(streamSource({ file, trackIds: [2], passes: Infinity }));
  assert.equal(parts.map(({ type }) => type), ["header", "end"]);
});

test("reads no payload, and no further than it is asked to", async () => {
  const fragments = Array.from({ length: 100 }, (): FileFragment => ({
    sizes: [10_000],
    payload: pattern(10_000),
  }));
  const access = new MemoryAccess(makeFile({ fragments }), { windowBytes: 64 });
  const reader = streamSource({ file: await MediaFile.open(access), trackIds: [1] }).getReader();
  for (let n = 0; n < 3; n++) await reader.read();
  assert.ok(access.reads.length < 40, `${access.reads.length} reads`);
  await reader.cancel();
  assert.is(access.streams.length, 0);
});

const cuts = [
  { name: "in the first payload", keep: 0, passes: 1 },
  { name: "in the third payload", keep: 2, passes: 1 },
  { name: "in the third payload, in a loop", keep: 2, passes: Infinity },
];
for (const { name, keep, passes } of cuts) {
  test(`ends with what is wrong, after what was whole: a file cut ${name}`, async () => {
    const whole = makeFile();
    const bytes = keep === 0
      ? makeFile({ fragments: [{}] }).subarray(0, -1)
      : whole.subarray(0, -1);
    const file = await open(bytes);
    const parts = await collect(streamSource({ file, trackIds: [1], passes }));
    assert.is(fragmentsOf(parts).length, keep);
    const last = parts.at(-1)!;
    if (last.type !== "end") return assert.unreachable();
    assert.instance(last.error, InputError);
    assert.match(last.error!.message, /^memory: Cannot read box/);
  });
}

test("ends with what is wrong when the file fails while it is read", async () => {
  const access = new MemoryAccess(makeFile(), { windowBytes: 64 });
  const file = await MediaFile.open(access);
  const reader = streamSource({ file, trackIds: [1] }).getReader();
  await reader.read();
  await reader.read();
  const error = new InputError("Cannot read it: gone", "memory");
  access.read = () => Promise.reject(error);
  const left = [];
  for (let it = await reader.read(); !it.done; it = await reader.read()) left.push(it.value);
  const last = left.at(-1)!;
  assert.is(last.type === "end" && last.error, error);
});

test("fails over a defect that is none of the file", async () => {
  const access = new MemoryAccess(makeFile(), { windowBytes: 64 });
  const file = await MediaFile.open(access);
  const defect = new TypeError("no");
  access.read = () => Promise.reject(defect);
  try {
    await collect(streamSource({ file, trackIds: [1] }));
  } catch (error) {
    assert.is(error, defect);
    return;
  }
  assert.unreachable();
});

const refused = [
  { trackIds: [9], given: "9" },
  { trackIds: [1, 9], given: "9" },
  { trackIds: [], given: "none" },
];
for (const { trackIds, given } of refused) {
  test(`does not take the tracks ${JSON.stringify(trackIds)}`, async () => {
    const file = await open(makeFile({ moov: makeMoov({ tracks: TRACKS }) }));
    assert.throws(
      () => streamSource({ file, trackIds }),
      (error: unknown) =>
        error instanceof RangeError &&
        error.message ===
          `Cannot read tracks of "memory" as there must be some, each one of the file's (1, 2): current value is ${given}`,
    );
  });
}

test("gives the parts of a file of the sample as the demuxer does", async () => {
  const name = "sample_560.ismv";
  const file = await MediaFile.open(await openFile(samplePath(name)));
  const parts = fragmentsOf(await collect(streamSource({ file, trackIds: [1, 2] })));
  const expected = fragmentsOf(parseParts(await readSample(name)));
  assert.is(parts.length, expected.length);
  for (const part of parts) {
    const same = expected.find((it) => it.trackId === part.trackId && it.index === part.index)!;
    sameBytes(part.moof, same.moof);
    sameBytes(await bytesOf(part.payload), await bytesOf(same.payload));
  }
  await file.close();
});

test.run();
