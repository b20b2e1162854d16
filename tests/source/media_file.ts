import { suite } from "uvu";
import * as assert from "uvu/assert";
import { InputError, Mp4SyntaxError } from "../../lib/errors.ts";
import { concat, fromHex, join, uint32, writeBox } from "../../lib/mp4/box.ts";
import { LIVE_FTYP, writeFtyp } from "../../lib/mp4/ftyp.ts";
import { writeLiveServerManifestBox, writeStreamManifestBox } from "../../lib/mp4/manifest_box.ts";
import { type Mfra, writeEndOfStream, writeMfra } from "../../lib/mp4/mfra.ts";
import { readMoof } from "../../lib/mp4/moof.ts";
import type { TfraEntry } from "../../lib/mp4/tfra_table.ts";
import { BufferLane } from "../../lib/source/buffer_pool.ts";
import { MediaFile, type MediaFileOptions } from "../../lib/source/media_file.ts";
import {
  ascii,
  type FileFragment,
  makeFile,
  makeMoof,
  makeMoov,
  mdat,
  patched,
  pattern,
  walkBoxes,
  widen,
} from "../helpers/boxes.ts";
import { MemoryAccess, PromptAccess } from "../helpers/memory_access.ts";
import { bytesOf, failure, fragmentsOf } from "../helpers/parts.ts";
import { parseParts } from "../helpers/pieces.ts";
import { readSample, SAMPLE_FILES } from "../helpers/sample.ts";
import { sameBytes } from "../helpers/same_bytes.ts";
import { hasVectors, readVector } from "../helpers/vectors.ts";

const lane = new BufferLane();

function open(bytes: Uint8Array, options?: MediaFileOptions): Promise<MediaFile> {
  return MediaFile.open(new MemoryAccess(bytes), options);
}

const indexTest = suite("MediaFile");

/** Compares what a file gives when read by its index and when it is taken apart as a stream. */
async function checkAgainstStream(bytes: Uint8Array): Promise<void> {
  for (const Access of [MemoryAccess, PromptAccess]) {
    await checkFile(bytes, await MediaFile.open(new Access(bytes)));
  }
}

async function checkFile(bytes: Uint8Array, file: MediaFile): Promise<void> {
  const parts = fragmentsOf(parseParts(bytes));
  await file.complete();
  assert.is(file.error, undefined);
  assert.ok(parts.length > 0);
  for (const { trackId } of file.tracks) {
    const own = parts.filter((it) => it.trackId === trackId);
    assert.is(file.count(trackId), own.length);
    for (const [n, part] of own.entries()) {
      const row = (await file.fragment(trackId, n))!;
      assert.is(row.index, n);
      assert.is(row.duration, part.duration);
      if (readMoof(part.moof, 0).tfxd) assert.is(row.start, part.decodeTime);
      assert.equal(file.fragmentNow(trackId, n), row);
      sameBytes(await file.readMoof(row), part.moof);
      const now = file.moofNow(row);
      if (now) sameBytes(now, part.moof);
      const payload = file.payload(row, lane);
      assert.is(payload.size, part.payload.size);
      const expected = await bytesOf(part.payload);
      sameBytes(await bytesOf(payload), expected);
      sameBytes(await bytesOf(payload), expected, "read again");
    }
  }
}

for (const name of SAMPLE_FILES) {
  indexTest(`finds every fragment of ${name}`, async () => {
    await checkAgainstStream(await readSample(name));
  });
}
const vectors = [
  "ffmpeg-live-capture/body.bin",
  "ffmpeg-livearchive/arch_v.ismv",
  "ffmpeg-muxed/mux_200.ismv",
  "mp4ff/sample_short.ismt",
  "mp4ff/bbb5s_aac.isma",
  "usp-ingest/scte35.ismv",
  "usp-ingest/scte-35.cmfm",
];
for (const name of hasVectors ? vectors : []) {
  indexTest(`finds every fragment of ${name}`, async () => {
    await checkAgainstStream(await readVector(name));
  });
}

const ftyp = writeFtyp(LIVE_FTYP);
const moov = makeMoov();
const moof = makeMoof();
const payload = pattern(100);
const free = writeBox("free", pattern(20));
const end = writeEndOfStream();

const shapes = [
  { name: "64-bit sizes", bytes: join([ftyp, moov, moof, mdat(payload)].map(widen)) },
  {
    name: "a last mdat of size 0",
    bytes: join([ftyp, moov, moof, uint32(0), ascii("mdat"), payload]),
  },
  {
    name: "boxes that mean nothing in every place",
    bytes: join([free, ftyp, free, moov, free, moof, free, mdat(payload), free, end, free]),
  },
  { name: "no ftyp", bytes: join([moov, moof, mdat(payload)]) },
  {
    name: "two moovs, of which the first counts",
    bytes: join([ftyp, moov, makeMoov({ tracks: [{ trackId: 9 }] }), moof, mdat(payload)]),
  },
  {
    name: "payloads without a moof",
    bytes: join([ftyp, moov, mdat(payload), moof, mdat(payload), mdat(payload)]),
  },
];
for (const { name, bytes } of shapes) {
  indexTest(`reads a file with ${name}`, () => checkAgainstStream(bytes));
}

indexTest("warns where there are fewer fragments than its own index lists", async () => {
  const bytes = makeFile();
  const moofs = walkBoxes(bytes).filter(({ path }) => path === "moof");
  const entries = moofs.map(({ start }, n) => ({
    time: BigInt(20_000_000 * n),
    moofOffset: start,
  }));
  const whole = makeFile({ mfra: { tracks: [{ trackId: 1, entries }] } });
  const damaged = patched(whole, moofs[1]!.start + 4, new TextEncoder().encode("free"));
  for (const [file, count] of [[whole, 3], [damaged, 2]] as const) {
    const told: string[] = [];
    const opened = await MediaFile.open(new PromptAccess(file), {
      onWarning: (message) => told.push(message),
    });
    await opened.complete();
    assert.is(opened.count(1), count);
    const warning =
      `${opened.name}: track 1 has 2 fragments, the index at its end lists 3; the former count`;
    assert.equal(told, count === 3 ? [] : [warning]);
  }
});

indexTest("reads once what is asked for at once", async () => {
  const bytes = makeFile();
  const access = new PromptAccess(bytes);
  const file = await MediaFile.open(access);
  const reads = access.reads.length;
  const rows = [0, 1, 2].map((n) => file.fragmentNow(1, n, true)!);
  const moofs = rows.map((row) => file.moofNow(row)!);
  assert.is(access.reads.length - reads, 3);
  for (const [n, row] of rows.entries()) {
    sameBytes(moofs[n]!, await file.readMoof(row));
    sameBytes(file.moofNow(row)!, moofs[n]!, "and again where it is asked for again");
  }
});

indexTest("waits for nothing that is at hand", async () => {
  const access = new PromptAccess(makeFile());
  const file = await MediaFile.open(access);
  const waits = access.waits;
  const row = (await file.fragment(1, 2))!;
  assert.ok(file.moofNow(row));
  assert.is(access.waits, waits);
  assert.is(file.fragmentNow(1, 3), undefined);
  assert.is((await open(makeFile())).moofNow(row), undefined);
});

indexTest("says what is wrong with a moof that has changed since it was found", async () => {
  const bytes = makeFile();
  const file = await MediaFile.open(new PromptAccess(bytes));
  const row = (await file.fragment(1, 0))!;
  bytes.fill(0, row.moofOffset, row.moofOffset + row.moofSize);
  assert.throws(() => file.moofNow(row), (error: Error) => error instanceof InputError);
});

indexTest("hands out what it has taken apart once, for the very bytes", async () => {
  const file = await MediaFile.open(new PromptAccess(makeFile()));
  const bytes = file.moofNow((await file.fragment(1, 0))!)!;
  assert.is(file.parsed.take(1, bytes.slice()), undefined);
  assert.equal(file.parsed.take(1, bytes), readMoof(bytes, 0));
  assert.is(file.parsed.take(1, bytes), undefined);
});

indexTest("ends at an index, as a stream does", async () => {
  for (const bytes of [join([ftyp, moov, end, moof, mdat(payload)]), join([ftyp, moov, end])]) {
    const file = await open(bytes);
    await file.complete();
    assert.is(file.count(1), 0);
    assert.is(file.error, undefined);
    assert.is(file.size, bytes.length);
  }
});

indexTest("keeps the boxes in front of the first fragment", async () => {
  const live = writeLiveServerManifestBox("<smil/>");
  const streams = writeStreamManifestBox("<smil/>");
  const { boxes } = await open(join([ftyp, streams, live, moov, moof, mdat(payload), end]));
  sameBytes(boxes.ftyp!, ftyp);
  sameBytes(boxes.moov, moov);
  sameBytes(boxes.liveServerManifest!, live);
  sameBytes(boxes.streamManifest!, streams);
});

indexTest("reads only what it is asked for, and never a payload", async () => {
  const fragments = Array.from({ length: 50 }, (): FileFragment => ({
    payload: pattern(20_000),
    sizes: [20_000],
  }));
  const access = new MemoryAccess(makeFile({ fragments }), { windowBytes: 256 });
  const file = await MediaFile.open(access);
  await file.fragment(1, 0);
  assert.ok(access.reads.every(({ offset }) => offset < 21_500 || offset > 1_000_000));
  await file.complete();
  assert.ok(access.bytesRead < 60_000, `${access.bytesRead} bytes`);
  assert.is(access.streams.length, 0);
});

indexTest("lets many ask at the same time and reads once", async () => {
  const access = new MemoryAccess(makeFile(), { windowBytes: 64 });
  const file = await MediaFile.open(access);
  const rows = await Promise.all([2, 0, 1, 2, 3].map((n) => file.fragment(1, n)));
  assert.equal(rows.map((row) => row?.index), [2, 0, 1, 2, undefined]);
  const before = access.reads.length;
  await Promise.all([file.complete(), file.fragment(1, 99)]);
  assert.is(access.reads.length, before);
});

indexTest("does not stop for the others when one is told to stop", async () => {
  const file = await open(makeFile());
  const reason = new Error("enough");
  const stopped = failure(file.fragment(1, 2, AbortSignal.abort(reason)));
  const others = Promise.all([file.fragment(1, 2), file.complete()]);
  assert.is(await stopped, reason);
  assert.is((await others)[0]?.index, 2);
});

indexTest("closes its file", async () => {
  const access = new MemoryAccess(makeFile());
  const file = await MediaFile.open(access);
  await file.close();
  assert.ok(access.isClosed);
});

const timeTest = suite("MediaFile, times");

/** An index for each fragment of a file, whose times begin at `start`. */
function indexOf(bytes: Uint8Array, start: bigint, trackId = 1): Mfra {
  const moofs = walkBoxes(bytes).filter(({ path }) => path === "moof");
  const entries = moofs.map((box, n) => ({
    time: start + 20_000_000n * BigInt(n),
    moofOffset: box.start,
  }));
  return { tracks: [{ trackId, entries }] };
}

const starts = async (file: MediaFile) => {
  await file.complete();
  const rows = Array.from({ length: file.count(1) }, (_, n) => file.fragment(1, n));
  return (await Promise.all(rows)).map((row) => row!.start);
};

timeTest("takes times from the client manifest before the index", async () => {
  const bytes = makeFile({ mfra: indexOf(makeFile(), 70n) });
  const manifest = [5n, 25n].map((start) => ({ start, duration: 20n }));
  const listed = await open(bytes, { times: () => ({ manifest, manifestTimescale: 10_000_000 }) });
  assert.equal(await starts(listed), [5n, 25n, 40_000_070n]);
  assert.equal(await starts(await open(bytes)), [70n, 20_000_070n, 40_000_070n]);
  assert.equal(await starts(await open(makeFile())), [0n, 20_000_000n, 40_000_000n]);
});

const orders: readonly {
  readonly name: string;
  readonly reorder: (entries: readonly TfraEntry[]) => readonly TfraEntry[];
  readonly expected: readonly bigint[];
}[] = [
  {
    name: "stands in another order than the file",
    reorder: (entries) => entries.toReversed(),
    expected: [70n, 20_000_070n, 40_000_070n],
  },
  {
    name: "has several entries of a fragment: the last one counts",
    reorder: (entries) => entries.flatMap((it) => [{ ...it, time: 1n }, it]),
    expected: [70n, 20_000_070n, 40_000_070n],
  },
  {
    name: "leaves a fragment out, which goes on from the one in front",
    reorder: (entries) => [entries[0]!, entries[2]!],
    expected: [70n, 20_000_070n, 40_000_070n],
  },
  {
    name: "points beside each fragment",
    reorder: (entries) => entries.map((it) => ({ ...it, moofOffset: it.moofOffset + 1 })),
    expected: [0n, 20_000_000n, 40_000_000n],
  },
];
for (const { name, reorder, expected } of orders) {
  timeTest(`takes times from an index that ${name}`, async () => {
    const entries = reorder([...indexOf(makeFile(), 70n).tracks[0]!.entries]);
    const file = await open(makeFile({ mfra: { tracks: [{ trackId: 1, entries }] } }));
    assert.equal(await starts(file), expected);
    assert.equal([...file.mfra!.tracks[0]!.entries], entries);
  });
}

timeTest("tells what does not fit together, with the name of the file", async () => {
  const told: string[] = [];
  const manifest = [{ start: 10n ** 12n, duration: 1n }];
  const fragments = [{ tfxd: { time: 0n, duration: 20_000_000n } }];
  const file = await open(makeFile({ fragments }), {
    times: () => ({ manifest, manifestTimescale: 10_000_000 }),
    onWarning: (message) => told.push(message),
  });
  await file.complete();
  assert.equal(told, [
    "memory: track 1: fragment 0 starts at 0 by its tfxd, at 1000000000000 by the client manifest; the former counts",
  ]);
});

const lies = [
  { name: "is cut", mfra: fromHex("00000020 6d667261") },
  { name: "is no mfra", mfra: pattern(40) },
  { name: "has a size past the file", mfra: new Uint8Array(0), size: 2 ** 31 },
  { name: "has a size of its last box alone", mfra: new Uint8Array(0), size: 16 },
  { name: "has a size of 0", mfra: new Uint8Array(0), size: 0 },
];
for (const { name, mfra, size = mfra.length + 16 } of lies) {
  timeTest(`does without an index that ${name}`, async () => {
    const mfro = fromHex(`00000010 6d66726f 00000000 ${size.toString(16).padStart(8, "0")}`);
    const file = await open(concat(makeFile(), end, mfra, mfro));
    assert.is(file.mfra?.tracks.length ?? 0, 0);
    assert.equal(await starts(file), [0n, 20_000_000n, 40_000_000n]);
    assert.is(file.error, undefined);
  });
}

const lastTest = suite("MediaFile.lastFragment");

function remote(bytes: Uint8Array): MemoryAccess {
  return new MemoryAccess(bytes, { isLocal: false, windowBytes: 64 });
}

const many = Array.from({ length: 40 }, (): FileFragment => ({}));
const plain = makeFile({ fragments: many });
const lastStart = 39n * 20_000_000n;

lastTest(
  "is found by the index of a file that is far away, without reading through it",
  async () => {
    const access = remote(makeFile({ fragments: many, mfra: indexOf(plain, 0n) }));
    const file = await MediaFile.open(access);
    const before = access.reads.length;
    const row = await file.lastFragment(1);
    assert.is(row?.start, lastStart);
    assert.is(row?.index, 39);
    assert.ok(access.reads.length - before < 10);
    assert.is(file.count(1), 0);
  },
);

const entries = indexOf(plain, 0n).tracks[0]!.entries;
const indexes: readonly { readonly name: string; readonly mfra: Mfra | undefined }[] = [
  { name: "without an index", mfra: undefined },
  { name: "whose index has no entry", mfra: { tracks: [{ trackId: 1, entries: [] }] } },
  { name: "whose index is of another track", mfra: { tracks: [{ trackId: 2, entries }] } },
  {
    name: "whose index leaves the last one out",
    mfra: { tracks: [{ trackId: 1, entries: [...entries].slice(0, -1) }] },
  },
  {
    name: "whose index points into a payload",
    mfra: { tracks: [{ trackId: 1, entries: [{ time: 9n, moofOffset: plain.length - 50 }] }] },
  },
  {
    name: "whose index points past the file",
    mfra: { tracks: [{ trackId: 1, entries: [{ time: 9n, moofOffset: 2 ** 50 }] }] },
  },
];
for (const { name, mfra } of indexes) {
  lastTest(`is found in a file ${name}`, async () => {
    const access = remote(makeFile({ fragments: many, ...(mfra && { mfra }) }));
    const file = await MediaFile.open(access);
    const row = await file.lastFragment(1);
    assert.is(row?.start, lastStart);
    assert.is(row?.index, 39);
  });
}

lastTest("is found for each track of a file that is far away", async () => {
  const tracks = [{ trackId: 1 }, { trackId: 2 }];
  const fragments = [1, 2, 1, 2, 1].map((trackId): FileFragment => ({ trackId }));
  const bare = makeFile({ moov: makeMoov({ tracks }), fragments });
  const moofs = walkBoxes(bare).filter(({ path }) => path === "moof").map(({ start }) => start);
  const entriesOf = (places: number[]) =>
    places.map((place, n) => ({ time: BigInt(n) * 20_000_000n, moofOffset: moofs[place]! }));
  const mfra = {
    tracks: [
      { trackId: 1, entries: entriesOf([0, 2, 4]) },
      { trackId: 2, entries: entriesOf([1, 3]) },
    ],
  };
  const file = await MediaFile.open(remote(concat(bare, writeMfra(mfra))));
  assert.is((await file.lastFragment(1))?.start, 40_000_000n);
  assert.is((await file.lastFragment(2))?.start, 20_000_000n);
  assert.is(file.count(1), 0, "neither was looked for by reading through the file");
});

lastTest("is none where a track has none", async () => {
  const moovOfTwo = makeMoov({ tracks: [{ trackId: 1 }, { trackId: 2 }] });
  for (const isLocal of [true, false]) {
    const file = await MediaFile.open(new MemoryAccess(makeFile({ moov: moovOfTwo }), { isLocal }));
    assert.is(await file.lastFragment(2), undefined);
    assert.is(await file.fragment(2, 0), undefined);
    assert.is((await file.lastFragment(1))?.index, 2);
  }
});

const openTest = suite("MediaFile.open");

const refused = [
  {
    name: "an empty file",
    bytes: new Uint8Array(0),
    message:
      "memory: Cannot read it as it must be a fragmented MP4: current value is an empty file",
  },
  {
    name: "a file of other bytes",
    bytes: new Uint8Array(1000).fill(9),
    message:
      /^memory: Cannot read box "\\x09\\x09\\x09\\x09" as its 151587081 bytes must be in the file: current value is 1000: the box starts at byte 0$/,
  },
  {
    name: "a file of small boxes that are none",
    bytes: fromHex("00000009 00000000 00"),
    message:
      'memory: Cannot read it as a fragmented MP4 must start with a box, such as "ftyp": current value is "\\x00\\x00\\x00\\x00": the box starts at byte 0',
  },
  {
    name: "a progressive MP4",
    bytes: join([ftyp, mdat(payload), makeMoov({ isProgressive: true })]),
    message:
      `memory: Cannot push it as it must have fragments ("moof" boxes): current value is a progressive MP4, which has none; make it a fragmented one first: the box starts at byte ${
        ftyp.length + 108
      }`,
  },
  {
    name: "a progressive MP4 with its moov in front",
    bytes: join([ftyp, makeMoov({ isProgressive: true }), mdat(payload)]),
    message:
      `memory: Cannot push it as it must have fragments ("moof" boxes): current value is a progressive MP4, which has none; make it a fragmented one first: the box starts at byte ${ftyp.length}`,
  },
  {
    name: "a progressive MP4 that ends with an mdat of size 0",
    bytes: join([ftyp, makeMoov({ isProgressive: true }), uint32(0), ascii("mdat"), payload]),
    message: /^memory: Cannot push it as it must have fragments/,
  },
  {
    name: "a moov without fragments for ever",
    bytes: join([ftyp, makeMoov({ isProgressive: true })]),
    message: /^memory: Cannot push it as it must have fragments/,
  },
  {
    name: "an ftyp alone",
    bytes: ftyp,
    message:
      'memory: Cannot read it as a fragmented MP4 must have "moov" in front of its fragments: current value is the end of the file: the box starts at byte 0',
  },
  {
    name: "a payload alone",
    bytes: mdat(payload),
    message:
      'memory: Cannot read it as a fragmented MP4 must have "moov" in front of its fragments: current value is an "mdat" box alone: the box starts at byte 0',
  },
  {
    name: "fragments without a moov",
    bytes: join([ftyp, moof, mdat(payload)]),
    message:
      `memory: Cannot read it as a fragmented MP4 must have "moov" in front of its fragments: current value is a "moof" box: the box starts at byte ${ftyp.length}`,
  },
  {
    name: "a file cut in its moov",
    bytes: join([ftyp, moov]).subarray(0, -1),
    message:
      `memory: Cannot read box "moov" as its ${moov.length} bytes must be in the file: current value is ${
        moov.length - 1
      }: the box starts at byte ${ftyp.length}`,
  },
  {
    name: "a moov of size 0",
    bytes: patched(makeFile(), ftyp.length, uint32(0)),
    message:
      `memory: Cannot read box "moov" as only the last mdat may go on to the end of the file: current value is size 0: the box starts at byte ${ftyp.length}`,
  },
  {
    name: "an ftyp of size 0",
    bytes: patched(makeFile(), 0, uint32(0)),
    message:
      'memory: Cannot read box "ftyp" as only the last mdat may go on to the end of the file: current value is size 0: the box starts at byte 0',
  },
  {
    name: "a timescale of 0",
    bytes: makeFile({ moov: makeMoov({ tracks: [{ timescale: 0 }] }) }),
    message:
      /^memory: Cannot read box "moov\/trak\/mdia\/mdhd" as its timescale must be above 0: current value is 0/,
  },
  {
    name: "nothing but boxes that mean nothing",
    bytes: join(Array.from({ length: 100_002 }, () => fromHex("00000008 66726565"))),
    message:
      /^memory: Cannot read it as a fragment must come within 100000 boxes: current value is none/,
  },
];
for (const { name, bytes, message } of refused) {
  openTest(`says why it does not take ${name}`, async () => {
    const error = await failure(open(bytes));
    assert.instance(error, InputError);
    assert.is((error as InputError).input, "memory");
    if (typeof message === "string") assert.is(error.message, message);
    else assert.match(error.message, message);
  });
}

openTest("passes the reason of its signal through", async () => {
  const reason = new Error("enough");
  const signal = AbortSignal.abort(reason);
  assert.is(await failure(open(makeFile(), { signal })), reason);
});

const brokenTest = suite("MediaFile, broken files");

const file = makeFile();
const at = (path: string, nth: number) =>
  walkBoxes(file).filter((it) => it.path === path)[nth]!.start;
const second = at("moof", 1);

const broken = [
  {
    name: "cut in a moof",
    bytes: file.subarray(0, second + 30),
    offset: second,
    message:
      `Cannot read box "moof" as its ${moof.length} bytes must be in the file: current value is 30`,
  },
  {
    name: "cut in the header of a moof",
    bytes: file.subarray(0, second + 7),
    offset: second,
    message:
      "Cannot read a box as it must have a whole header: current value is 7 bytes to the end of the file",
  },
  {
    name: "cut behind a moof",
    bytes: file.subarray(0, at("mdat", 1)),
    offset: second,
    message:
      'Cannot read box "moof" as it must be followed by its "mdat": current value is the end of the file',
  },
  {
    name: "cut in an mdat",
    bytes: file.subarray(0, at("mdat", 1) + 58),
    offset: at("mdat", 1),
    message: 'Cannot read box "mdat" as its 108 bytes must be in the file: current value is 58',
  },
  {
    name: "garbage in the middle",
    bytes: concat(file.subarray(0, second), fromHex("00000003 ffffffff"), file.subarray(second)),
    offset: second,
    message:
      'Cannot read box "\\xff\\xff\\xff\\xff" as its size must cover its own header: current value is 3',
  },
  {
    name: "a moof without mdat",
    bytes: concat(file.subarray(0, at("mdat", 1)), file.subarray(at("moof", 2))),
    offset: second,
    message: 'Cannot read box "moof" as it must be followed by its "mdat": current value is "moof"',
  },
  {
    name: "a moof of size 0",
    bytes: patched(file, second, uint32(0)),
    offset: second,
    message:
      'Cannot read box "moof" as only the last mdat may go on to the end of the file: current value is size 0',
  },
  {
    name: "an mdat of size 0",
    bytes: patched(file, at("mdat", 1), uint32(0)),
    offset: at("mdat", 1),
    message:
      `Cannot read box "mdat" as only the last one may have size 0 and go on to the end of the file: current value is ${
        file.length - at("mdat", 1) - 8
      } bytes for 100 bytes of samples`,
  },
  ...["free", "mfra"].map((type) => ({
    name: `a box "${type}" of size 0`,
    bytes: concat(file.subarray(0, second), uint32(0), ascii(type), file.subarray(second)),
    offset: second,
    message:
      `Cannot read box "${type}" as only the last mdat may go on to the end of the file: current value is size 0`,
  })),
  {
    name: "more boxes that mean nothing than a file has",
    bytes: join([
      file.subarray(0, second),
      ...Array.from({ length: 100_002 }, () => fromHex("00000008 66726565")),
    ]),
    offset: second + 8 * 100_001,
    message: "Cannot read it as a fragment must come within 100000 boxes: current value is none",
  },
  {
    name: "samples that are longer than the payload",
    bytes: patched(file, at("moof/traf/trun", 1) + 24, uint32(61)),
    offset: at("moof/traf/trun", 1),
    message:
      'Cannot read box "moof/traf/trun" as its samples must fit into the 100 bytes of "mdat": current value is 101 bytes',
  },
  {
    name: "a track that moov does not have",
    bytes: patched(file, at("moof/traf/tfhd", 1) + 12, uint32(9)),
    offset: at("moof/traf/tfhd", 1),
    message:
      'Cannot read box "moof/traf/tfhd" as its track_ID must be one of "moov" (1): current value is 9',
  },
];
for (const { name, bytes, offset, message } of broken) {
  brokenTest(`keeps what is whole in front of what is not: ${name}`, async () => {
    for (const windowBytes of [32, 4096]) {
      const found = await MediaFile.open(new MemoryAccess(bytes, { windowBytes }));
      assert.is(found.error, undefined);
      assert.is((await found.fragment(1, 0))?.payloadSize, 100);
      assert.is(await found.fragment(1, 1), undefined);
      assert.is(found.count(1), 1);
      const { error } = found;
      assert.instance(error, InputError);
      assert.is(error!.message, `memory: ${message}: the box starts at byte ${offset}`);
      assert.is((error!.cause as Mp4SyntaxError).offset, offset);
      await found.complete();
      assert.is(await found.fragment(1, 1), undefined);
    }
  });
}

brokenTest("holds a fragment to its limit, which the file cannot raise", async () => {
  const limits = [
    { maxFragmentBytes: moof.length + 108, count: 3 },
    { maxFragmentBytes: moof.length + 107, count: 0 },
    { maxFragmentBytes: moof.length - 1, count: 0 },
  ];
  for (const { maxFragmentBytes, count } of limits) {
    const found = await open(file, { maxFragmentBytes });
    await found.complete();
    assert.is(found.count(1), count);
    if (count > 0) assert.is(found.error, undefined);
    else {
      assert.match(
        found.error!.message,
        new RegExp(`as a fragment must have at most ${maxFragmentBytes} bytes`),
      );
    }
  }
});

brokenTest("names the file when a moof is no longer what it was", async () => {
  const access = new MemoryAccess(file);
  const found = await MediaFile.open(access);
  const row = (await found.fragment(1, 1))!;
  const error = await failure(found.readMoof({ ...row, moofOffset: row.moofOffset + 4 }));
  assert.instance(error, InputError);
  assert.ok(error.message.startsWith("memory: Cannot read "), error.message);
});

indexTest.run();
timeTest.run();
lastTest.run();
openTest.run();
brokenTest.run();
