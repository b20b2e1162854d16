import { existsSync, readFileSync } from "node:fs";
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { ManifestSyntaxError } from "../../lib/errors.ts";
import { findLevel, findStream, parseClientManifest } from "../../lib/manifest/client_manifest.ts";
import {
  formatLiveServerManifest,
  parseLiveServerManifest,
} from "../../lib/manifest/live_server_manifest.ts";
import { type LiveTrack, liveTrack } from "../../lib/manifest/live_track.ts";
import { parsePublishingPointFile } from "../../lib/manifest/publishing_point_file.ts";
import { parseServerManifest } from "../../lib/manifest/server_manifest.ts";
import { decodeXml } from "../../lib/manifest/xml.ts";

/** Files of real encoders, which are not part of the repository: without them nothing is tested here. */
const VECTORS = new URL("../../../shared/vectors/", import.meta.url);
const read = (path: string) => decodeXml(readFileSync(new URL(path, VECTORS)));

/** Type, name, levels, fragments, start of the first and end of the last fragment of each stream. */
type StreamFacts = [string, string, number, number, bigint, bigint];

const clientManifests: Readonly<Record<string, StreamFacts[]>> = {
  "astool/audiovideo.ismc": [
    ["video", "video", 4, 35, 0n, 1_978_980_001n],
    ["audio", "audio", 1, 99, 0n, 1_979_501_134n],
  ],
  "astool/ee_500.ismc": [
    ["video", "video", 1, 35, 0n, 1_978_980_001n],
    ["audio", "audio", 1, 99, 0n, 1_979_501_134n],
  ],
  "azure-php/small.ismc": [["video", "video", 1, 1, 0n, 20_429_600n]],
  "dashjs/manifest.xml": [
    ["video", "video", 6, 208, 0n, 4_084_071_841n],
    ["audio", "audio", 1, 208, 0n, 4_084_869_991n],
  ],
  "exoplayer/sample_ismc_1": [["video", "video", 2, 2, 0n, 28_660_000n]],
  "ffmpeg-bframes/bf.ismc": [["video", "video", 1, 6, 0n, 120_000_000n]],
  "ffmpeg-livearchive/arch.ismc": [
    ["video", "video", 1, 6, 12_345_678_800_000n, 12_345_798_800_000n],
    ["audio", "audio", 1, 6, 12_345_678_800_000n, 12_345_799_013_334n],
  ],
  "ffmpeg-longgop/long.ismc": [["video", "video", 1, 7, 0n, 450_116_334n]],
  "ffmpeg-muxed/muxed.ismc": [
    ["video", "video", 2, 6, 0n, 120_000_000n],
    ["audio", "audio_eng", 1, 6, 0n, 120_232_200n],
  ],
  "home-text/text.ismc": [
    ["video", "video", 1, 10, 0n, 200_000_000n],
    ["audio", "audio", 1, 10, 0n, 200_213_334n],
    ["text", "captions", 1, 3, 20_000_000n, 180_000_000n],
  ],
  "inputstream.adaptive/TearsOfSteel.ism": [
    ["video", "video", 8, 368, 0n, 7_341_666_666n],
    ["audio", "AAC_und_ch2_128kbps", 1, 364, 0n, 7_341_917_460n],
    ["audio", "AAC_und_ch2_56kbps", 1, 364, 0n, 7_341_917_460n],
  ],
  "ms-docs/markers.xml": [["text", "MARKERS", 1, 9, 40_870_000n, 1_042_290_000n]],
  "ms-docs/scte35-sparse.ismc": [
    ["video", "video", 2, 300, 0n, 6_000_000_000n],
    ["audio", "audio", 1, 300, 0n, 6_000_000_000n],
    ["text", "scte35-sparse-stream", 1, 2, 600_000_000n, 1_600_000_000n],
  ],
  "rx-player/Manifest_Regular.xml": [
    ["video", "video", 8, 38, 0n, 750_000_000n],
    ["audio", "audio_und", 1, 38, 0n, 750_079_999n],
  ],
  "rx-player/Manifest_Empty_Text_Track.xml": [
    ["video", "video", 8, 38, 0n, 750_000_000n],
    ["audio", "audio_und", 1, 38, 0n, 750_079_999n],
    ["text", "fra", 1, 0, 0n, 0n],
  ],
};
/** Four descriptions of the same media. */
for (const name of ["abr", "abr_ismindex", "abr_repeat", "abr_utf16"]) {
  Object.assign(clientManifests, {
    [`ffmpeg-abr/${name}.ismc`]: [
      ["video", "video", 3, 10, 0n, 200_000_000n],
      ["audio", "audio", 1, 10, 0n, 200_213_334n],
    ],
  });
}

const clientTest = suite("parseClientManifest on real files");

for (const [path, streams] of Object.entries(clientManifests)) {
  clientTest(`reads ${path}`, () => {
    const found = parseClientManifest(read(path)).streams.map((stream): StreamFacts => {
      const { type, name, levels, fragments } = stream;
      const [first, last] = [fragments.at(0), fragments.at(-1)];
      const end = last ? last.start + last.duration : 0n;
      return [type, name, levels.length, fragments.length, first?.start ?? 0n, end];
    });
    assert.equal(found, streams);
  });
}

clientTest("reads the levels of version 1", () => {
  const { majorVersion, streams } = parseClientManifest(read("dashjs/manifest.xml"));
  const [level] = streams[0]!.levels;
  assert.is(majorVersion, 1);
  assert.equal([level?.fourCC, level?.maxWidth, level?.maxHeight], ["AVC1", 1280, 720]);
});

clientTest("reads protection and custom attributes", () => {
  const { protection, streams } = parseClientManifest(read("exoplayer/sample_ismc_1"));
  assert.is(protection?.[0]?.systemId, "9a04f079-9840-4286-ab92-e65be0885f95");
  assert.match(protection![0]!.text, /^fgMAAAEAAQB0\S+$/);
  assert.equal(streams[0]?.levels[1]?.customAttributes, [
    { name: "Compatibility", value: "Handheld" },
  ]);
});

clientTest("reads a live manifest with a sparse track", () => {
  const manifest = parseClientManifest(read("ms-docs/scte35-sparse.ismc"));
  assert.is(manifest.isLive, true);
  assert.is(manifest.lookaheadCount, 2);
  assert.is(manifest.dvrWindowLength, 6_000_000_000n);
  const ads = findStream(manifest, "scte35-sparse-stream", "textstream")!;
  assert.is(ads.parentStreamIndex, "video");
  assert.is(ads.manifestOutput, true);
  assert.match(ads.fragments[0]!.data!, /^PD94bWwg/);
});

clientTest("reads markers without durations", () => {
  const [stream] = parseClientManifest(read("ms-docs/markers.xml")).streams;
  assert.equal(stream?.fragments[0], {
    start: 40_870_000n,
    duration: 151_820_000n,
    data: "Q2hhcHRlciAx",
  });
  assert.is(stream?.fragments.at(-1)?.duration, 0n);
});

/** Kind, file, bitrate, track ID, track name of each track. */
type TrackFacts = [string, string, number, number, string | undefined];

const serverManifests: Readonly<Record<string, TrackFacts[]>> = {
  "astool/audiovideo.ism": [
    ["video", "audiovideo_3000.ismv", 3_000_000, 2, "video"],
    ["video", "audiovideo_2000.ismv", 2_000_000, 2, "video"],
    ["video", "audiovideo_1000.ismv", 1_000_000, 2, "video"],
    ["video", "audiovideo_500.ismv", 500_000, 2, "video"],
    ["audio", "audiovideo_3000.ismv", 64_000, 1, "audio"],
  ],
  "astool/ee_500.ism": [
    ["video", "Video_0_org.ismv", 500_000, 2, "video"],
    ["audio", "Audio_0_org.isma", 64_000, 1, "audio"],
  ],
  "azure-php/small.ism": [["video", "small.ismv", 952_962, 1, undefined]],
  "ffmpeg-abr/abr_ismindex.ism": [
    ["video", "video_400.ismv", 407_448, 1, undefined],
    ["video", "video_200.ismv", 203_526, 1, undefined],
    ["video", "video_100.ismv", 101_541, 1, undefined],
    ["audio", "audio_64.isma", 64_178, 1, undefined],
  ],
  "ffmpeg-bframes/bf.ism": [["video", "bf.ismv", 200_000, 1, "video"]],
  "ffmpeg-livearchive/arch.ism": [
    ["video", "arch_v.ismv", 100_000, 1, "video"],
    ["audio", "arch_a.isma", 48_000, 1, "audio"],
  ],
  "ffmpeg-longgop/long.ism": [["video", "long.ismv", 100_000, 1, "video"]],
  "ffmpeg-muxed/muxed.ism": [
    ["video", "mux_200.ismv", 200_000, 1, "video"],
    ["audio", "mux_200.ismv", 48_000, 2, "audio_eng"],
    ["video", "mux_100.ismv", 100_000, 1, "video"],
  ],
  "home-text/text.ism": [
    ["video", "video_100.ismv", 100_000, 1, "video"],
    ["audio", "audio_64.isma", 64_000, 1, "audio"],
    ["textstream", "captions.ismt", 1000, 1, "captions"],
  ],
};
for (const name of ["abr", "abr_repeat", "abr_utf16"]) {
  Object.assign(serverManifests, {
    [`ffmpeg-abr/${name}.ism`]: [
      ["video", "video_400.ismv", 400_000, 1, "video"],
      ["video", "video_200.ismv", 200_000, 1, "video"],
      ["video", "video_100.ismv", 100_000, 1, "video"],
      ["audio", "audio_64.isma", 64_000, 1, "audio"],
    ],
  });
}

const serverTest = suite("parseServerManifest on real files");

for (const [path, tracks] of Object.entries(serverManifests)) {
  serverTest(`reads ${path} and finds its codecs`, () => {
    const server = parseServerManifest(read(path));
    assert.equal(
      server.tracks.map((track): TrackFacts => {
        const { kind, src, systemBitrate, trackId, trackName } = track;
        return [kind, src, systemBitrate, trackId, trackName];
      }),
      tracks,
    );
    assert.is(server.clientManifestPath, path.replace(/.*\/(.*)\.ism$/, "$1.ismc"));
    const client = parseClientManifest(read(`${path}c`));
    for (const track of server.tracks) {
      const stream = findStream(client, track.trackName, track.kind);
      assert.is(findLevel(stream!, track.systemBitrate)?.bitrate, track.systemBitrate);
    }
  });
}

serverTest("reads a sparse track", () => {
  const track = parseServerManifest(read("home-text/text.ism")).tracks[2];
  assert.is(track?.parentTrackName, "video");
  assert.is(track?.manifestOutput, false);
  assert.is(track?.systemLanguage, "eng");
});

serverTest("tells a client manifest whose name ends in .ism", () => {
  assert.throws(
    () => parseServerManifest(read("inputstream.adaptive/TearsOfSteel.ism")),
    (error: Error) => error instanceof ManifestSyntaxError && /\.ismc/.test(error.message),
  );
});

for (const path of ["astool/Video_0_org.ismv", "ffmpeg-abr/audio_64.isma", "make/make.sh"]) {
  serverTest(`refuses ${path}`, () => {
    assert.throws(
      () => parseServerManifest(read(path)),
      (error: Error) => error instanceof ManifestSyntaxError,
    );
  });
}

const liveTest = suite("parseLiveServerManifest on real files");

const picture: Partial<LiveTrack> = {
  kind: "video",
  trackId: 1,
  timescale: 10_000_000,
  fourCC: "H264",
  subtype: "",
};
const sound: Partial<LiveTrack> = {
  kind: "audio",
  systemLanguage: "eng",
  trackName: "audio_eng",
  timescale: 10_000_000,
  audioTag: 255,
  channels: 2,
  bitsPerSample: 16,
  packetSize: 4,
};
const captured: Partial<LiveTrack>[] = [
  {
    ...picture,
    src: undefined,
    systemBitrate: 201_896,
    trackName: "video_und",
    maxWidth: 320,
    displayHeight: 180,
  },
  {
    ...sound,
    src: undefined,
    systemBitrate: 64_035,
    trackId: 2,
    fourCC: "AACL",
    samplingRate: 48_000,
  },
];
const liveManifests: Readonly<Record<string, Partial<LiveTrack>[]>> = {
  "ffmpeg-live-capture/live-server-manifest.raw.xml": captured,
  "ffmpeg-live-capture/live-server-manifest.pretty.xml": captured,
  "astool/live-manifest-video-from-comment.xml": [
    {
      ...picture,
      src: "165258_3500000_1.ismv",
      systemBitrate: 3_500_000,
      trackName: "video",
      maxWidth: 1280,
    },
  ],
  "astool/live-manifest-audio-from-comment.xml": [
    {
      ...sound,
      src: "165258_64000_1.isma",
      systemBitrate: 64_000,
      trackId: 1,
      fourCC: "AACH",
      samplingRate: 24_000,
    },
  ],
};
for (const [path, tracks] of Object.entries(liveManifests)) {
  liveTest(`reads ${path}`, () => {
    const manifest = parseLiveServerManifest(read(path));
    assert.is(manifest.tracks.length, tracks.length);
    for (const [index, facts] of tracks.entries()) {
      assert.equal({ ...manifest.tracks[index], ...facts }, manifest.tracks[index]);
    }
  });
}

liveTest("gives back what known encoders wrote, but for the bitrate as a param", () => {
  const params = (text: string) =>
    [...text.matchAll(/name="([^"]+)" value="([^"]*)" valuetype/g)]
      .map(([, name, value]) => `${name}=${value}`)
      .filter((param) => !param.startsWith("systemBitrate"));
  for (const kind of ["video", "audio"]) {
    const text = read(`astool/live-manifest-${kind}-from-comment.xml`);
    const { tracks } = parseLiveServerManifest(text);
    assert.equal(params(formatLiveServerManifest(tracks)), params(text));
  }
});

liveTest("describes a presentation of Expression Encoder", () => {
  const client = parseClientManifest(read("astool/ee_500.ismc"));
  const tracks = parseServerManifest(read("astool/ee_500.ism")).tracks.map((server) => {
    const stream = findStream(client, server.trackName, server.kind)!;
    return liveTrack({ server, stream, level: findLevel(stream, server.systemBitrate) });
  });
  const { maxWidth, maxHeight, displayWidth, displayHeight, fourCC } = tracks[0]!;
  assert.equal([maxWidth, maxHeight, displayWidth, displayHeight], [640, 396, 1272, 788]);
  assert.is(fourCC, "H264");
  assert.is(tracks[1]?.codecPrivateData, "1210");
  assert.is(tracks[1]?.samplingRate, 44_100);
});

const pointTest = suite("parsePublishingPointFile on real files");

pointTest("reads the file of the original tool", () => {
  const file = parsePublishingPointFile(read("astool/PushEncoder.isml"));
  assert.is(file.title, "PushEncoder.isml");
  assert.is(file.startOnFirstRequest, false);
  assert.is(file.restartOnEncoderReconnect, true);
  assert.is(file.metas.find(({ name }) => name === "sourceType")?.content, "Push");
});

if (existsSync(VECTORS)) {
  clientTest.run();
  serverTest.run();
  liveTest.run();
  pointTest.run();
} else {
  const without = suite("manifests of others");
  without.skip("as there are none", () => {});
  without.run();
}
