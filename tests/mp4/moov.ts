import { suite } from "uvu";
import * as assert from "uvu/assert";
import { Mp4SyntaxError } from "../../lib/errors.ts";
import { childBoxes, fromHex, toHex, uint32, writeBox, writeFullBox } from "../../lib/mp4/box.ts";
import { cutMoov, readMoov, type Track } from "../../lib/mp4/moov.ts";
import { parseClientManifest } from "../../lib/manifest/client_manifest.ts";
import { decodeXml } from "../../lib/manifest/xml.ts";
import {
  ascii,
  makeEdts,
  makeMoov,
  makeTrak,
  makeTrex,
  patched,
  startOf,
  walkBoxes,
  widen,
} from "../helpers/boxes.ts";
import { readSample } from "../helpers/sample.ts";
import { sameBytes } from "../helpers/same_bytes.ts";
import { hasVectors, readVector } from "../helpers/vectors.ts";

const readTest = suite("readMoov");
const cutTest = suite("cutMoov");

function moovOf(file: Uint8Array): { moov: Uint8Array; offset: number } {
  for (const { type, start, end } of childBoxes(file, 0, file.length, "", 0)) {
    if (type === "moov") return { moov: file.subarray(start, end), offset: start };
  }
  throw new Error("no moov");
}

interface Expected {
  readonly name: string;
  readonly tracks: readonly string[];
}

const summary = ({ trackId, timescale, handler, language, codec }: Track) =>
  [trackId, timescale, handler, language, codec?.sampleEntry].join(" ");

const samples: readonly Expected[] = [
  {
    name: "sample_560.ismv",
    tracks: ["1 10000000 vide und avc1", "2 10000000 soun eng mp4a"],
  },
  { name: "sample_250.ismv", tracks: ["1 10000000 vide und avc1"] },
  { name: "sample_110.ismv", tracks: ["1 10000000 vide und avc1"] },
  { name: "sample_text.ismt", tracks: ["3 10000000 text eng dfxp"] },
];
const vectors: readonly Expected[] = [
  { name: "astool/Audio_0_org.isma", tracks: ["1 10000000 soun und mp4a"] },
  { name: "astool/Video_0_org.ismv", tracks: ["2 10000000 vide und avc1"] },
  { name: "ffmpeg-abr/video_400.ismv", tracks: ["1 10000000 vide und avc1"] },
  { name: "ffmpeg-abr/video_200.ismv", tracks: ["1 10000000 vide und avc1"] },
  { name: "ffmpeg-abr/video_100.ismv", tracks: ["1 10000000 vide und avc1"] },
  { name: "ffmpeg-abr/audio_64.isma", tracks: ["1 10000000 soun und mp4a"] },
  { name: "ffmpeg-bframes/bf.ismv", tracks: ["1 10000000 vide und avc1"] },
  {
    name: "ffmpeg-live-capture/body.bin",
    tracks: ["1 10000000 vide und avc1", "2 10000000 soun eng mp4a"],
  },
  { name: "ffmpeg-livearchive/arch_a.isma", tracks: ["1 10000000 soun und mp4a"] },
  { name: "ffmpeg-livearchive/arch_v.ismv", tracks: ["1 10000000 vide und avc1"] },
  { name: "ffmpeg-longgop/long.ismv", tracks: ["1 10000000 vide und avc1"] },
  {
    name: "ffmpeg-muxed/mux_200.ismv",
    tracks: ["1 10000000 vide und avc1", "2 10000000 soun eng mp4a"],
  },
  { name: "ffmpeg-muxed/mux_100.ismv", tracks: ["1 10000000 vide und avc1"] },
  { name: "home-text/captions.ismt", tracks: ["1 10000000 text eng dfxp"] },
  { name: "mp4ff/bbb5s_aac.isma", tracks: ["1 10000000 soun eng mp4a"] },
  { name: "mp4ff/sample_short.ismt", tracks: ["1 1000 text und wvtt"] },
  { name: "livesim2-cmaf/audio/init.cmfa", tracks: ["1 48000 soun eng mp4a"] },
  { name: "livesim2-cmaf/video/init.cmfv", tracks: ["1 90000 vide und avc1"] },
  { name: "livesim2-cmaf/scte/init.cmfm", tracks: ["1 90000 meta und evte"] },
  { name: "usp-ingest/scte-35.cmfm", tracks: ["99 12800 meta und urim"] },
  { name: "usp-ingest/scte35.ismv", tracks: ["1 1 meta und urim"] },
];

function testTracks({ name, tracks }: Expected, read: (name: string) => Promise<Uint8Array>): void {
  readTest(`reads the tracks of ${name}`, async () => {
    const { moov, offset } = moovOf(await read(name));
    const found = readMoov(moov, offset);
    assert.equal(found.tracks.map(summary), tracks);
    assert.ok(found.isFragmented);
    assert.ok(found.tracks.every(({ editShift }) => editShift === 0n));
  });
  cutTest(`leaves ${name} whole where all tracks are wanted`, async () => {
    const { moov } = moovOf(await read(name));
    const ids = readMoov(moov, 0).tracks.map(({ trackId }) => trackId);
    const cut = cutMoov(moov, ids);
    assert.equal(readMoov(cut, 0).tracks, readMoov(moov, 0).tracks);
    const paths = (bytes: Uint8Array) =>
      walkBoxes(bytes).map(({ path }) => path).filter((path) => !/mehd|edts|trex/.test(path));
    assert.equal(paths(cut), paths(moov));
  });
}
for (const expected of samples) testTracks(expected, readSample);
if (hasVectors) { for (const expected of vectors) testTracks(expected, readVector); }

interface Described {
  readonly manifest: string;
  readonly file: string;
  readonly type: string;
  readonly bitrate: number;
}

const described: readonly Described[] = [
  {
    manifest: "astool/ee_500.ismc",
    file: "astool/Video_0_org.ismv",
    type: "video",
    bitrate: 500_000,
  },
  {
    manifest: "astool/ee_500.ismc",
    file: "astool/Audio_0_org.isma",
    type: "audio",
    bitrate: 64_000,
  },
  ...[400, 200, 100].map((kbit) => ({
    manifest: "ffmpeg-abr/abr.ismc",
    file: `ffmpeg-abr/video_${kbit}.ismv`,
    type: "video",
    bitrate: kbit * 1000,
  })),
  {
    manifest: "ffmpeg-bframes/bf.ismc",
    file: "ffmpeg-bframes/bf.ismv",
    type: "video",
    bitrate: 200_000,
  },
  {
    manifest: "ffmpeg-longgop/long.ismc",
    file: "ffmpeg-longgop/long.ismv",
    type: "video",
    bitrate: 100_000,
  },
  {
    manifest: "ffmpeg-muxed/muxed.ismc",
    file: "ffmpeg-muxed/mux_200.ismv",
    type: "audio",
    bitrate: 48_000,
  },
];
const sampleDescribed: readonly Described[] = [
  { manifest: "sample.ismc", file: "sample_560.ismv", type: "video", bitrate: 560_000 },
  { manifest: "sample.ismc", file: "sample_560.ismv", type: "audio", bitrate: 48_000 },
  { manifest: "sample.ismc", file: "sample_250.ismv", type: "video", bitrate: 250_000 },
  { manifest: "sample.ismc", file: "sample_110.ismv", type: "video", bitrate: 110_000 },
];

function testCodec(
  { manifest, file, type, bitrate }: Described,
  read: (name: string) => Promise<Uint8Array>,
): void {
  readTest(`finds the codec of the ${type} in ${file} as ${manifest} has it`, async () => {
    const client = parseClientManifest(decodeXml(await read(manifest)));
    const stream = client.streams.find((it) => it.type === type)!;
    const level = stream.levels.find((it) => it.bitrate === bitrate) ?? stream.levels[0]!;
    const handler = type === "video" ? "vide" : "soun";
    const { tracks } = readMoov(moovOf(await read(file)).moov, 0);
    const { codec } = tracks.find((it) => it.handler === handler)!;
    assert.is(codec!.fourCC, level.fourCC);
    assert.is(codec!.codecPrivateData, level.codecPrivateData.toUpperCase());
    if (type === "video") {
      assert.is(codec!.width, level.maxWidth ?? codec!.width);
      assert.is(codec!.height, level.maxHeight ?? codec!.height);
    } else {
      assert.is(codec!.samplingRate, level.samplingRate);
      assert.is(codec!.channels, level.channels);
    }
  });
}
for (const it of sampleDescribed) testCodec(it, readSample);
if (hasVectors) { for (const it of described) testCodec(it, readVector); }

for (const version of [0, 1] as const) {
  readTest(`reads boxes of version ${version}, also behind 64-bit sizes`, () => {
    const track = { trackId: 7, timescale: 44_100, handler: "vide", language: "deu", version };
    const moov = makeMoov({ tracks: [{ ...track, stsd: writeFullBox("stsd", 0, 0, uint32(0)) }] });
    for (const bytes of [moov, widen(moov)]) {
      const [found] = readMoov(bytes, 0).tracks;
      assert.is(found!.trackId, 7);
      assert.is(found!.timescale, 44_100);
      assert.is(found!.handler, "vide");
      assert.is(found!.language, "deu");
      assert.equal(found!.defaults, { duration: 0, size: 0 });
    }
  });
}

readTest("takes a language that is none for unknown", () => {
  const moov = makeMoov();
  const at = startOf(moov, "moov/trak/mdia/mdhd") + 12 + 16;
  assert.is(readMoov(patched(moov, at, Uint8Array.of(0, 0)), 0).tracks[0]!.language, "und");
});

readTest("takes the defaults of a track from its own trex", () => {
  const moov = makeMoov({
    tracks: [{ trackId: 1 }, { trackId: 2 }],
    mvex: [makeTrex(2, 10, 20), makeTrex(9, 1, 1)],
  });
  const twice = readMoov(moov, 0).tracks[1]!.defaults;
  assert.equal(twice, { duration: 0, size: 0 }, "the last one counts");
  const bare = writeBox(
    "moov",
    makeTrak({ trackId: 2 }),
    writeBox("mvex", makeTrex(2, 10, 20)),
  );
  assert.equal(readMoov(bare, 0).tracks[0]!.defaults, { duration: 10, size: 20 });
});

readTest("knows a progressive MP4", () => {
  assert.not(readMoov(makeMoov({ isProgressive: true }), 0).isFragmented);
  assert.is(readMoov(makeMoov({ isProgressive: true }), 0).tracks[0]!.defaults, undefined);
});

const edits = [
  { name: "a media time", entries: [{ duration: 0n, mediaTime: 1024n }], shift: 1024n },
  {
    name: "an empty edit in front, in ticks of the movie",
    entries: [{ duration: 500n, mediaTime: -1n }, { duration: 0n, mediaTime: 0n }],
    shift: -24_000n,
  },
  {
    name: "both",
    entries: [{ duration: 500n, mediaTime: -1n }, { duration: 0n, mediaTime: 1024n }],
    shift: 1024n - 24_000n,
  },
  { name: "an empty edit alone", entries: [{ duration: 500n, mediaTime: -1n }], shift: 0n },
  { name: "no entry", entries: [], shift: 0n },
];
for (const { name, entries, shift } of edits) {
  for (const version of [0, 1] as const) {
    readTest(`reads an edit list of version ${version} with ${name}`, () => {
      const tracks = [{ timescale: 48_000, boxes: [makeEdts(entries, version)] }];
      assert.is(readMoov(makeMoov({ tracks }), 0).tracks[0]!.editShift, shift);
    });
  }
}

readTest("looks for boxes where they belong, and nowhere else", () => {
  const [mdhd, hdlr] = [new Uint8Array(32), new Uint8Array(32)];
  const boxes = [
    writeBox("edts", writeBox("mdhd", mdhd), writeBox("hdlr", hdlr)),
    writeBox("minf", writeBox("stbl", writeBox("stsd", mdhd))),
    writeBox("hdlr", hdlr),
  ];
  const moov = makeMoov({ tracks: [{ timescale: 44_100, boxes }] });
  for (const bytes of [moov, cutMoov(moov, [1])]) {
    const [track] = readMoov(bytes, 0).tracks;
    assert.equal([track!.timescale, track!.handler], [44_100, "soun"]);
    assert.is(track!.codec?.sampleEntry, "mp4a");
  }
});

readTest("does not follow containers that stand in one another without end", () => {
  const depth = 100_000;
  const nested = writeBox("mdia", new Uint8Array(8 * (depth - 1)));
  for (let n = 1; n < depth; n++) nested.set([...uint32(8 * (depth - n)), ...ascii("mdia")], 8 * n);
  const moov = makeMoov({ tracks: [{ boxes: [nested] }] });
  assert.is(readMoov(moov, 0).tracks.length, 1);
});

const moov = makeMoov();
const at = (path: string) => startOf(moov, path);
const without = (type: string) => patched(moov, at(type) + 4, fromHex("66726565"));
const damaged = [
  {
    name: "a track without its header",
    bytes: without("moov/trak/tkhd"),
    offset: at("moov/trak"),
    message:
      'Cannot read box "moov/trak" as it must hold box "moov/trak/tkhd": current value is none',
  },
  {
    name: "a track without its media header",
    bytes: without("moov/trak/mdia/mdhd"),
    offset: at("moov/trak"),
    message:
      'Cannot read box "moov/trak" as it must hold box "moov/trak/mdia/mdhd": current value is none',
  },
  {
    name: "a track without a handler",
    bytes: without("moov/trak/mdia/hdlr"),
    offset: at("moov/trak"),
    message:
      'Cannot read box "moov/trak" as it must hold box "moov/trak/mdia/hdlr": current value is none',
  },
  {
    name: "a timescale of 0",
    bytes: patched(moov, at("moov/trak/mdia/mdhd") + 20, uint32(0)),
    offset: at("moov/trak/mdia/mdhd"),
    message:
      'Cannot read box "moov/trak/mdia/mdhd" as its timescale must be above 0: current value is 0',
  },
  {
    name: "a box that goes on past its parent",
    bytes: patched(moov, at("moov/trak/mdia"), uint32(0x7fffffff)),
    offset: at("moov/trak/mdia"),
    message:
      /^Cannot read box "moov\/trak\/mdia" as its size must be at most \d+ bytes there: current value is 2147483647/,
  },
  {
    name: "a box of size 0",
    bytes: patched(moov, at("moov/mvex/trex"), uint32(0)),
    offset: at("moov/mvex/trex"),
    message:
      /^Cannot read box "moov\/mvex\/trex" as its size must be at most 32 bytes there: current value is 0/,
  },
];
for (const { name, bytes, offset, message } of damaged) {
  readTest(`says where it has ${name}`, () => {
    assert.throws(
      () => readMoov(bytes, 1000),
      (error: unknown) => {
        assert.instance(error, Mp4SyntaxError);
        const { message: text, offset: place } = error as Mp4SyntaxError;
        if (typeof message === "string") {
          assert.is(text, `${message}: the box starts at byte ${1000 + offset}`);
        } else assert.match(text, message);
        assert.is(place, 1000 + offset);
        return true;
      },
    );
  });
}

const unknown = writeBox("zzzz", fromHex("0102030405"));
const protection = writeBox("d08a4f1810f34a82b6c832d8aba183d3", fromHex("00000000"));

function richMoov(form: (box: Uint8Array) => Uint8Array = (box) => box): Uint8Array {
  const edts = makeEdts([{ duration: 0n, mediaTime: 1024n }]);
  return form(writeBox(
    "moov",
    writeFullBox("mvhd", 0, 0, uint32(0, 0, 1000, 0)),
    unknown,
    form(makeTrak({ trackId: 1, boxes: [edts, unknown] })),
    makeTrak({ trackId: 2, handler: "vide" }),
    makeTrak({ trackId: 3, handler: "text", boxes: [edts] }),
    form(writeBox(
      "mvex",
      writeFullBox("mehd", 0, 0, uint32(99)),
      makeTrex(1),
      makeTrex(2),
      unknown,
      makeTrex(3),
    )),
    protection,
  ));
}

for (const isWide of [false, true]) {
  const rich = richMoov(isWide ? widen : undefined);
  for (const ids of [[1], [2], [3], [1, 3], [3, 2, 1], [9], []]) {
    cutTest(
      `keeps tracks ${ids} and what it does not know, sizes of ${isWide ? 64 : 32} bits`,
      () => {
        const before = toHex(rich);
        const cut = cutMoov(rich, ids);
        assert.is(toHex(rich), before, "the box itself stays");
        const paths = walkBoxes(cut).map(({ path }) => path);
        const kept = [1, 2, 3].filter((id) => ids.includes(id));
        assert.equal(readMoov(cut, 0).tracks.map(({ trackId }) => trackId), kept);
        const count = (path: string) => paths.filter((it) => it === path).length;
        assert.is(count("moov/trak"), kept.length);
        assert.is(count("moov/mvex/trex"), kept.length);
        assert.is(count("moov/mvex/mehd"), 0);
        assert.is(paths.filter((path) => path.includes("edts")).length, 0);
        assert.is(count("moov/zzzz"), 1);
        assert.is(count("moov/mvex/zzzz"), 1);
        assert.is(count("moov/trak/zzzz"), kept.includes(1) ? 1 : 0);
        assert.is(count("moov/uuid"), 1);
        assert.is(readMoov(cut, 0).isFragmented, true);
        assert.ok(readMoov(cut, 0).tracks.every(({ editShift }) => editShift === 0n));
      },
    );
  }
}

cutTest("keeps the bytes of a track as they are", () => {
  const [trak] = [makeTrak({ trackId: 2, handler: "vide" })];
  const cut = cutMoov(richMoov(), [2]);
  const start = startOf(cut, "moov/trak");
  sameBytes(cut.subarray(start, start + trak!.length), trak!);
});

cutTest("cuts a box that is cut already to the same bytes", () => {
  const cut = cutMoov(richMoov(), [1, 3]);
  sameBytes(cutMoov(cut, [1, 3]), cut);
});

readTest.run();
cutTest.run();
