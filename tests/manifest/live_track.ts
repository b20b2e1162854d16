import { suite } from "uvu";
import * as assert from "uvu/assert";
import { ManifestSyntaxError } from "../../lib/errors.ts";
import type { QualityLevel, StreamIndex } from "../../lib/manifest/client_manifest.ts";
import { liveTrack, type MediaFacts } from "../../lib/manifest/live_track.ts";
import type { Param, SmilTrack, TrackKind } from "../../lib/manifest/smil_track.ts";

const test = suite("liveTrack");

function server(kind: TrackKind, fields: Partial<SmilTrack> = {}): SmilTrack {
  return { kind, systemBitrate: 500_000, trackId: 2, manifestOutput: false, params: [], ...fields };
}

function params(values: Readonly<Record<string, string>>): Param[] {
  return Object.entries(values).map(([name, value]) => ({ name, value }));
}

function stream(fields: Partial<StreamIndex> = {}): StreamIndex {
  const none = { subtype: "", url: "", manifestOutput: false, levels: [], fragments: [] };
  return { type: "video", name: "video_und", timescale: 90_000, ...none, ...fields };
}

function level(fields: Partial<QualityLevel> = {}): QualityLevel {
  const none = { fourCC: "", codecPrivateData: "", customAttributes: [] };
  return { index: 0, bitrate: 500_000, ...none, ...fields };
}

function media(fields: Partial<MediaFacts> = {}): MediaFacts {
  return { timescale: 48_000, handler: "vide", ...fields };
}

/** A value as it comes out when params, the client manifest and the media file give it, or some of them do not. */
const pictures = [
  {
    field: "fourCC",
    param: "FourCC",
    level: { fourCC: "WVC1" },
    media: { fourCC: "AVC1" },
    values: ["H264", "WVC1", "AVC1", ""],
  },
  {
    field: "codecPrivateData",
    param: "CodecPrivateData",
    level: { codecPrivateData: "0b" },
    media: { codecPrivateData: "0C" },
    values: ["0A", "0b", "0C", ""],
  },
  {
    field: "maxWidth",
    param: "MaxWidth",
    level: { maxWidth: 20 },
    media: { width: 30 },
    values: [10, 20, 30, undefined],
  },
  {
    field: "maxWidth",
    param: "width",
    level: { maxWidth: 20 },
    media: { width: 30 },
    values: [10, 20, 30, undefined],
  },
  {
    field: "maxHeight",
    param: "MaxHeight",
    level: { maxHeight: 20 },
    media: { height: 30 },
    values: [10, 20, 30, undefined],
  },
  {
    field: "maxHeight",
    param: "height",
    level: { maxHeight: 20 },
    media: { height: 30 },
    values: [10, 20, 30, undefined],
  },
] as const;

const sounds = [
  {
    field: "audioTag",
    param: "AudioTag",
    level: { audioTag: 20 },
    media: { audioTag: 30 },
    values: [10, 20, 30, undefined],
  },
  {
    field: "channels",
    param: "Channels",
    level: { channels: 20 },
    media: { channels: 30 },
    values: [10, 20, 30, undefined],
  },
  {
    field: "samplingRate",
    param: "SamplingRate",
    level: { samplingRate: 20 },
    media: { samplingRate: 30 },
    values: [10, 20, 30, undefined],
  },
  {
    field: "bitsPerSample",
    param: "BitsPerSample",
    level: { bitsPerSample: 20 },
    media: { bitsPerSample: 30 },
    values: [10, 20, 30, 16],
  },
  {
    field: "packetSize",
    param: "PacketSize",
    level: { packetSize: 20 },
    media: { packetSize: 30 },
    values: [10, 20, 30, 4],
  },
  {
    field: "codecPrivateData",
    param: "WaveFormatEx",
    level: { codecPrivateData: "0b" },
    media: { codecPrivateData: "0C" },
    values: ["0A", "0b", "0C", ""],
  },
] as const;

for (const [kind, cases] of [["video", pictures], ["audio", sounds]] as const) {
  for (const { field, param, level: inLevel, media: inMedia, values } of cases) {
    test(`takes ${field} of ${kind} from ${param}, .ismc, media in this order`, () => {
      const withParam = server(kind, { params: params({ [param]: String(values[0]) }) });
      const sources = { level: level(inLevel), media: media(inMedia) };
      assert.is(liveTrack({ server: withParam, ...sources })[field], values[0]);
      assert.equal(liveTrack({ server: withParam, ...sources }).params, []);
      assert.is(liveTrack({ server: server(kind), ...sources })[field], values[1]);
      assert.is(
        liveTrack({ server: server(kind), level: level(), media: media(inMedia) })[field],
        values[2],
      );
      assert.is(liveTrack({ server: server(kind) })[field], values[3]);
    });
  }
}

test("takes a blank param for a missing one", () => {
  const blank = server("video", { params: params({ FourCC: " ", MaxWidth: "" }) });
  const track = liveTrack({ server: blank, level: level({ fourCC: "H264", maxWidth: 640 }) });
  assert.is(track.fourCC, "H264");
  assert.is(track.maxWidth, 640);
});

test("takes the display size from a param, the stream, or the size", () => {
  const sources = { level: level({ maxWidth: 20, maxHeight: 10 }) };
  const shown = params({ DisplayWidth: "7", DisplayHeight: "8" });
  const size = (
    { displayWidth, displayHeight }: ReturnType<typeof liveTrack>,
  ) => [displayWidth, displayHeight];
  const ofStream = stream({ displayWidth: 5, displayHeight: 6 });
  assert.equal(
    size(liveTrack({ server: server("video", { params: shown }), stream: ofStream, ...sources })),
    [7, 8],
  );
  assert.equal(size(liveTrack({ server: server("video"), stream: ofStream, ...sources })), [5, 6]);
  assert.equal(size(liveTrack({ server: server("video"), stream: stream(), ...sources })), [
    20,
    10,
  ]);
});

test("takes the largest size of the stream only where nothing tells that of the track", () => {
  const largest = stream({ maxWidth: 1280, maxHeight: 720 });
  assert.is(liveTrack({ server: server("video"), stream: largest }).maxWidth, 1280);
  assert.is(
    liveTrack({ server: server("video"), stream: largest, media: media({ width: 640 }) }).maxWidth,
    640,
  );
});

test("takes names, language and timescale from the server manifest first", () => {
  const own = server("audio", {
    trackName: "a",
    systemLanguage: "deu",
    timescale: 1000,
    parentTrackName: "p",
  });
  const other = stream({ language: "eng", parentStreamIndex: "q" });
  const facts = media({ language: "fra" });
  const pick = (
    { trackName, systemLanguage, timescale, parentTrackName }: ReturnType<typeof liveTrack>,
  ) => [trackName, systemLanguage, timescale, parentTrackName];
  assert.equal(pick(liveTrack({ server: own, stream: other, media: facts })), [
    "a",
    "deu",
    1000,
    "p",
  ]);
  assert.equal(
    pick(liveTrack({ server: server("audio"), stream: other, media: facts })),
    ["video_und", "eng", 90_000, "q"],
  );
  assert.equal(
    pick(liveTrack({ server: server("audio"), media: facts })),
    ["audio", "fra", 48_000, undefined],
  );
  assert.equal(
    pick(liveTrack({ server: server("audio"), media: media({ language: "und" }) })),
    ["audio", undefined, 48_000, undefined],
  );
});

for (const kind of ["video", "audio", "textstream"] as const) {
  test(`has defaults for ${kind}`, () => {
    const { trackName, timescale, manifestOutput, subtype } = liveTrack({ server: server(kind) });
    assert.equal(
      { trackName, timescale, manifestOutput, subtype },
      { trackName: kind, timescale: 10_000_000, manifestOutput: false, subtype: "" },
    );
  });
}

for (const fourCC of ["AACL", "AACH", "aacl"]) {
  test(`knows the audio tag of ${fourCC}`, () => {
    assert.is(liveTrack({ server: server("audio"), media: media({ fourCC }) }).audioTag, 255);
  });
}

test("keeps the fields of other kinds out", () => {
  const facts = media({ width: 640, channels: 2 });
  assert.not("channels" in liveTrack({ server: server("video"), media: facts }));
  assert.not("packetSize" in liveTrack({ server: server("textstream"), media: facts }));
  assert.not("maxWidth" in liveTrack({ server: server("audio"), media: facts }));
});

test("is a control track if either manifest says so", () => {
  const output = stream({ manifestOutput: true });
  assert.is(
    liveTrack({ server: server("textstream", { manifestOutput: true }) }).manifestOutput,
    true,
  );
  assert.is(liveTrack({ server: server("textstream"), stream: output }).manifestOutput, true);
});

const subtypes: {
  given: Record<string, string>;
  ofStream: string;
  handler: string;
  subtype: string;
}[] = [
  { given: { Subtype: "CAPT" }, ofStream: "DATA", handler: "meta", subtype: "CAPT" },
  { given: {}, ofStream: "SCMD", handler: "meta", subtype: "SCMD" },
  { given: {}, ofStream: "", handler: "meta", subtype: "DATA" },
  { given: {}, ofStream: "", handler: "subt", subtype: "CAPT" },
  { given: {}, ofStream: "", handler: "xxxx", subtype: "" },
];
for (const { given, ofStream, handler, subtype } of subtypes) {
  test(`gives text the subtype ${subtype} for ${handler}`, () => {
    const text = server("textstream", { params: params(given) });
    const sources = { stream: stream({ subtype: ofStream }), media: media({ handler }) };
    assert.is(liveTrack({ server: text, ...sources }).subtype, subtype);
  });
}

for (const name of ["Scheme", "Schema"]) {
  test(`reads the scheme from the custom attribute ${name}`, () => {
    const custom = level({ customAttributes: [{ name, value: "urn:x" }] });
    const track = liveTrack({ server: server("textstream"), level: custom });
    assert.is(track.scheme, "urn:x");
    assert.equal(track.params, []);
  });
}

test("prefers the scheme of the server manifest", () => {
  const own = server("textstream", { params: params({ scheme: "urn:y" }) });
  const custom = level({ customAttributes: [{ name: "Scheme", value: "urn:x" }] });
  assert.is(liveTrack({ server: own, level: custom }).scheme, "urn:y");
});

test("carries other params over, then custom attributes of other names", () => {
  const own = server("video", {
    params: params({ hardwareProfile: "1", FourCC: "H264", x_y: "" }),
  });
  const custom = level({
    customAttributes: params({ HardwareProfile: "2", Compatibility: "Desktop" }),
  });
  assert.equal(
    liveTrack({ server: own, level: custom }).params,
    params({ hardwareProfile: "1", x_y: "", Compatibility: "Desktop" }),
  );
});

for (const name of ["MaxWidth", "height", "DisplayWidth"]) {
  test(`refuses a ${name} that is no number`, () => {
    const own = server("video", { params: params({ [name]: "wide" }) });
    assert.throws(
      () => liveTrack({ server: own }),
      (error: Error) => error instanceof ManifestSyntaxError && /of track ID 2/.test(error.message),
    );
  });
}

test.run();
