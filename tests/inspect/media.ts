import type { OddityKind } from "../../lib/inspect/oddity_log.ts";
import type { FileFragment } from "../helpers/boxes.ts";
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { concat, join, uint32, writeBox, writeFullBox } from "../../lib/mp4/box.ts";
import { LIVE_FTYP, writeFtyp } from "../../lib/mp4/ftyp.ts";
import {
  makeEdts,
  makeFile,
  makeMoof,
  makeMoov,
  mdat,
  patched,
  pattern,
  startOf,
  THREE_FRAGMENTS,
  widen,
} from "../helpers/boxes.ts";
import { indexedFile, inspectBytes, kindsOf, textOf, withIndex } from "../helpers/inspect_bytes.ts";

const at = (...times: readonly bigint[]): FileFragment[] =>
  times.map((time, n) => ({ sequenceNumber: n + 1, tfxd: { time, duration: 20_000_000n } }));

const mediaTest = suite("inspect, a media file");

mediaTest("finds nothing odd in a plain one", async () => {
  const inspection = await inspectBytes(indexedFile());
  assert.equal(inspection.oddities, []);
  assert.is(inspection.kind, "media");
  const [media] = inspection.files;
  assert.equal(
    media?.boxes.map(({ type, count }) => [type, count]),
    [["ftyp", 1], ["moov", 1], ["moof", 3], ["mdat", 3], ["mfra", 1]],
  );
  assert.is(media?.boxes.reduce((sum, { bytes }) => sum + bytes, 0), media?.size);
  assert.equal(media?.headers[0]?.ftyp?.compatibleBrands, ["piff", "iso2"]);
});

const starts: { source: string; fragments: FileFragment[]; first: bigint }[] = [
  { source: "tfxd", fragments: at(5n, 20_000_005n), first: 5n },
  {
    source: "tfdt",
    fragments: [{ tfdt: [{ baseMediaDecodeTime: 7n }] }],
    first: 7n,
  },
  { source: "sum", fragments: [{}], first: 0n },
];
for (const { source, fragments, first } of starts) {
  mediaTest(`takes the start from ${source}`, async () => {
    const { files } = await inspectBytes(makeFile({ fragments }));
    const { summary } = files[0]!.tracks[0]!;
    assert.is(summary?.start, first);
    assert.equal(summary?.startsFrom, { [source]: fragments.length });
  });
}

mediaTest("takes the start from the index where the fragments do not tell", async () => {
  const { files } = await inspectBytes(withIndex(makeFile(), [50n, 20_000_050n, 40_000_050n]));
  assert.equal(files[0]?.tracks[0]?.summary?.startsFrom, { tfra: 3 });
  assert.is(files[0]?.tracks[0]?.summary?.start, 50n);
});

const trun = (size: number, dataOffset?: number) => ({
  version: 0,
  dataOffset,
  samples: [{ duration: 10_000_000, size }],
});
const UNKNOWN = writeBox("xyz ", uint32(1));
const tail = (bytes: Uint8Array) => bytes.subarray(0, startOf(bytes, "mfra"));

const oddFiles: { name: string; bytes: Uint8Array; kind: OddityKind; text?: RegExp }[] = [
  {
    name: "a gap",
    bytes: indexedFile(at(0n, 20_000_000n, 45_000_000n)),
    kind: "gap",
    text: /^Fragment 2 of track 1 starts 0\.500 s after the end of fragment 1$/,
  },
  {
    name: "an overlap",
    bytes: indexedFile(at(0n, 15_000_000n)),
    kind: "overlap",
    text: /^Fragment 1 of track 1 starts 0\.500 s before the end of fragment 0$/,
  },
  {
    name: "sound that begins before 0",
    bytes: indexedFile(at(-213_333n, 19_786_667n)),
    kind: "negative-start",
    text: /starts before 0, at -0\.021 s, as sound does that begins with samples to prime/,
  },
  {
    name: "a picture that begins before 0",
    bytes: indexedFile(at(-400_000n, 19_600_000n), {
      tracks: [{ handler: "vide", stsd: noStsd() }],
    }),
    kind: "negative-start",
    text: /starts before 0, at -0\.040 s$/,
  },
  {
    name: "two times that differ",
    bytes: indexedFile([{
      tfdt: [{ baseMediaDecodeTime: 9000n }],
      tfxd: { time: 0n, duration: 20_000_000n },
    }]),
    kind: "tfxd-tfdt",
    text: /starts at 0 by its tfxd, at 9000 by its tfdt/,
  },
  {
    name: "two durations that differ",
    bytes: indexedFile([{ tfxd: { time: 0n, duration: 19_000_000n } }]),
    kind: "tfxd-duration",
  },
  {
    name: "a base-data-offset",
    bytes: indexedFile([{ tfhd: { baseDataOffset: 500n } }]),
    kind: "base-data-offset",
  },
  {
    name: "several runs",
    bytes: indexedFile([{ truns: [trun(60, 152), trun(40, 212)] }]),
    kind: "several-truns",
    text: /has 2 trun boxes/,
  },
  {
    name: "no run",
    bytes: indexedFile([{ truns: [], tfxd: { time: 0n, duration: 20_000_000n } }]),
    kind: "no-trun",
  },
  {
    name: "a data offset in front of the payload",
    bytes: indexedFile([{ truns: [trun(100, 40)] }]),
    kind: "data-offset",
    text: /has a stale data_offset \(40\): it points \d+ bytes in front of the payload/,
  },
  {
    name: "a data offset behind the payload",
    bytes: indexedFile([{ truns: [trun(100, 4000)] }]),
    kind: "data-offset",
    text: /bytes behind the payload/,
  },
  { name: "no data offset", bytes: indexedFile([{ truns: [trun(100)] }]), kind: "data-offset" },
  {
    name: "bytes that belong to no sample",
    bytes: indexedFile([{ payload: pattern(107) }]),
    kind: "payload-left-over",
    text: /has 7 bytes in its mdat/,
  },
  {
    name: "sequence numbers that stand still",
    bytes: indexedFile([{ sequenceNumber: 4 }, { sequenceNumber: 4 }]),
    kind: "sequence",
    text: /Fragment 1 of track 1 has the sequence number 4 in mfhd, which must grow: it follows 4/,
  },
  {
    name: "fragments that last no time",
    bytes: indexedFile([{ sampleDuration: 0 }]),
    kind: "no-duration",
  },
  {
    name: "a box of unknown type in moof",
    bytes: indexedFile([{ boxes: [UNKNOWN] }]),
    kind: "unknown-box",
  },
  {
    name: "a box of unknown type in moov",
    bytes: indexedFile(undefined, { boxes: [UNKNOWN] }),
    kind: "unknown-box",
    text: /^The box "moov\/xyz " is not known$/,
  },
  {
    name: "a box of unknown type at the top",
    bytes: concat(
      tail(indexedFile()),
      UNKNOWN,
      indexedFile().subarray(startOf(indexedFile(), "mfra")),
    ),
    kind: "unknown-box",
  },
  { name: "a missing index", bytes: makeFile(), kind: "no-index" },
  {
    name: "an index that leaves out fragments",
    bytes: withIndex(makeFile(), [0n, 20_000_000n]),
    kind: "index-entries",
    text: /^The index has entries for 2 of the 3 fragments of track 1$/,
  },
  {
    name: "an index with other times",
    bytes: withIndex(makeFile({ fragments: at(0n, 20_000_000n) }), [0n, 20_000_100n]),
    kind: "index-times",
  },
  {
    name: "an index that is damaged",
    bytes: patched(indexedFile(), indexedFile().length - 4, uint32(4000)),
    kind: "index-damaged",
  },
  { name: "no ftyp", bytes: indexedFile().subarray(24), kind: "no-ftyp" },
  {
    name: "an edit list",
    bytes: indexedFile(undefined, {
      tracks: [{ boxes: [makeEdts([{ duration: 0n, mediaTime: 2048n }])] }],
    }),
    kind: "edit-list",
    text: /Track 1 has an edit list that moves its times by -2048 ticks/,
  },
  {
    name: "a track without fragments",
    bytes: indexedFile(undefined, { tracks: [{}, { trackId: 2 }] }),
    kind: "track-without-fragments",
  },
  {
    name: "header boxes alone",
    bytes: makeFile({ fragments: [] }),
    kind: "no-fragments",
  },
  {
    name: "a progressive MP4",
    bytes: join([writeFtyp(LIVE_FTYP), mdat(pattern(50)), makeMoov({ isProgressive: true })]),
    kind: "not-fragmented",
    text: /^This is a progressive MP4: it has no fragments/,
  },
  {
    name: "fragments without mvex",
    bytes: indexedFile(undefined, { isProgressive: true }),
    kind: "not-fragmented",
  },
  {
    name: "an mdat with a 64-bit size",
    bytes: join([
      writeFtyp(LIVE_FTYP),
      makeMoov(),
      makeMoof({ sizes: [100] }),
      widen(mdat(pattern(100))),
    ]),
    kind: "mdat-64-bit",
  },
  {
    name: "an mdat that goes on to the end",
    bytes: join([
      writeFtyp(LIVE_FTYP),
      makeMoov(),
      makeMoof(),
      patched(mdat(pattern(100)), 0, uint32(0)),
    ]),
    kind: "mdat-open",
  },
  {
    name: "an mdat without moof",
    bytes: concat(
      tail(indexedFile()),
      mdat(pattern(10)),
      indexedFile().subarray(startOf(indexedFile(), "mfra")),
    ),
    kind: "mdat-without-moof",
  },
];

function noStsd(): Uint8Array {
  return writeFullBox("stsd", 0, 0, uint32(0));
}

for (const { name, bytes, kind, text } of oddFiles) {
  mediaTest(`notes ${name}`, async () => {
    const inspection = await inspectBytes(bytes);
    assert.ok(kindsOf(inspection).includes(kind), `${kind} in ${kindsOf(inspection)}`);
    if (text) assert.match(textOf(inspection, kind)!, text);
    assert.equal(inspection.errors, []);
  });
}

mediaTest("counts what is odd in the same way many times", async () => {
  const fragments = THREE_FRAGMENTS.map((it) => ({ ...it, tfhd: { baseDataOffset: 500n } }));
  const { oddities } = await inspectBytes(indexedFile(fragments));
  const [found] = oddities.filter(({ kind }) => kind === "base-data-offset");
  assert.is(found?.count, 3);
  assert.is(found?.offset, startOf(indexedFile(), "moof"));
});

mediaTest("lets text come now and then", async () => {
  const moov = { tracks: [{ handler: "text", stsd: noStsd() }] };
  const inspection = await inspectBytes(indexedFile(at(0n, 90_000_000n, 100_000_000n), moov));
  assert.equal(inspection.oddities, []);
  const back = await inspectBytes(indexedFile(at(0n, 90_000_000n, 70_000_000n), moov));
  assert.equal(kindsOf(back), ["overlap"]);
});

mediaTest("reads a moof with several tracks", async () => {
  const first = makeMoof({ sizes: [60] });
  const second = makeMoof({ trackId: 2, sizes: [40] });
  const traf = (moof: Uint8Array) => moof.subarray(startOf(moof, "moof/traf"));
  const moof = writeBox("moof", first.subarray(8, 24), traf(first), traf(second));
  const moov = makeMoov({ tracks: [{}, { trackId: 2 }] });
  const bytes = join([writeFtyp(LIVE_FTYP), moov, moof, mdat(pattern(100))]);
  const inspection = await inspectBytes(bytes);
  assert.ok(kindsOf(inspection).includes("several-trafs"));
  assert.equal(
    inspection.files[0]?.tracks.map(({ summary }) => [summary?.count, summary?.bytes]),
    [[1, 60], [1, 40]],
  );
});

mediaTest("shows fragments without a header in ticks", async () => {
  const bytes = concat(makeMoof({ trackId: 9 }), mdat(pattern(100)));
  const inspection = await inspectBytes(bytes);
  assert.equal(kindsOf(inspection), ["no-moov"]);
  const [track] = inspection.files[0]!.tracks;
  assert.equal([track?.trackId, track?.timescale, track?.header], [9, undefined, undefined]);
  assert.is(track?.summary?.duration, 20_000_000n);
});

const cuts: { name: string; size: number; fragments: number; error: RegExp }[] = [
  {
    name: "in an mdat",
    size: indexedFile().indexOf(0x6d, startOf(indexedFile(), "mfra") - 60) > 0
      ? startOf(indexedFile(), "mfra") - 5
      : 0,
    fragments: 2,
    error: /Cannot read box "mdat" as its 108 bytes must be in the file: current value is 103/,
  },
  {
    name: "in a moof",
    size: startOf(indexedFile(), "moof") + 20,
    fragments: 0,
    error: /Cannot read box "moof" as its \d+ bytes must be in the file/,
  },
  {
    name: "behind a moof",
    size: startOf(indexedFile(), "mdat"),
    fragments: 0,
    error: /Cannot read box "moof" as it must be followed by its "mdat": .* the end of the file/,
  },
  {
    name: "in a box header",
    size: startOf(indexedFile(), "mdat") + 3,
    fragments: 0,
    error: /Cannot read a box as it must have a whole header/,
  },
];
for (const { name, size, fragments, error } of cuts) {
  mediaTest(`lists what is whole in a file that is cut ${name}`, async () => {
    const { errors, files } = await inspectBytes(indexedFile().subarray(0, size));
    assert.match(errors[0]!, error);
    assert.match(errors[0]!, /: the box starts at byte \d+$/);
    assert.is(files[0]?.tracks[0]?.summary?.count ?? 0, fragments);
    assert.is(files[0]?.tracks[0]?.timescale, 10_000_000);
  });
}

const wrongFiles: { name: string; bytes: Uint8Array; fragments: number; error: RegExp }[] = [
  {
    name: "a damaged box in a moof",
    bytes: patched(indexedFile(), startOf(indexedFile(), "moof/traf/tfhd"), uint32(5000)),
    fragments: 2,
    error: /Cannot read box "moof\/traf\/tfhd"/,
  },
  {
    name: "more samples than payload",
    bytes: indexedFile([{ payload: pattern(50) }]),
    fragments: 1,
    error: /Cannot read box "moof\/traf\/trun" as its samples must fit into the 50 bytes of "mdat"/,
  },
  {
    name: "a track that moov does not have",
    bytes: indexedFile([{}, { trackId: 5 }]),
    fragments: 1,
    error: /"moof\/traf\/tfhd" as its track_ID must be one of "moov" \(1\): current value is 5/,
  },
  {
    name: "a timescale of 0",
    bytes: indexedFile(undefined, { tracks: [{ timescale: 0 }] }),
    fragments: 3,
    error: /its timescale must be above 0/,
  },
  {
    name: "an mdat of size 0 in the middle",
    bytes: patched(indexedFile(), startOf(indexedFile(), "mdat"), uint32(0)),
    fragments: 1,
    error: /only the last one may have size 0/,
  },
  {
    name: "a box of size 0 in the middle",
    bytes: concat(
      indexedFile().subarray(0, 24),
      uint32(0),
      new Uint8Array(4).fill(0x66),
      indexedFile(),
    ),
    fragments: 0,
    error: /only the last mdat may go on to the end of the file: current value is size 0/,
  },
];
for (const { name, bytes, fragments, error } of wrongFiles) {
  mediaTest(`goes on behind ${name}`, async () => {
    const { errors, files } = await inspectBytes(bytes);
    assert.match(errors.join("\n"), error);
    assert.is(files[0]?.tracks[0]?.summary?.count ?? 0, fragments);
  });
}

mediaTest("keeps to the limit for fragments", async () => {
  const { errors } = await inspectBytes(indexedFile(), { maxFragmentBytes: 190 });
  assert.is(errors.length, 3);
  assert.match(errors[0]!, /a fragment must have at most 190 bytes/);
});

mediaTest("tells how far it is", async () => {
  const seen: number[] = [];
  await inspectBytes(indexedFile(), { onProgress: ({ offset }) => seen.push(offset) });
  assert.is(seen.length, 9);
  assert.equal(seen, [...seen].sort((a, b) => a - b));
});

mediaTest("stops with the reason of its signal", async () => {
  const controller = new AbortController();
  const onProgress = () => controller.abort(new Error("enough"));
  try {
    await inspectBytes(indexedFile(), { onProgress, signal: controller.signal });
    assert.unreachable();
  } catch (error) {
    assert.is((error as Error).message, "enough");
  }
});

mediaTest.run();
