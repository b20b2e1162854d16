import { suite } from "uvu";
import * as assert from "uvu/assert";
import { ManifestSyntaxError } from "../../lib/errors.ts";
import {
  formatLiveServerManifest,
  parseLiveServerManifest,
} from "../../lib/manifest/live_server_manifest.ts";
import { type LiveTrack, liveTrack } from "../../lib/manifest/live_track.ts";

const refusal = (message: RegExp) => (error: Error) =>
  error instanceof ManifestSyntaxError && message.test(error.message);

const video: LiveTrack = {
  kind: "video",
  systemBitrate: 2_962_000,
  trackId: 2,
  trackName: "video",
  timescale: 10_000_000,
  manifestOutput: false,
  fourCC: "H264",
  codecPrivateData: "0000000167",
  maxWidth: 1280,
  maxHeight: 720,
  displayWidth: 1280,
  displayHeight: 720,
  subtype: "",
  params: [],
};

const audio: LiveTrack = {
  kind: "audio",
  systemBitrate: 160_000,
  systemLanguage: "eng",
  trackId: 1,
  trackName: "audio",
  timescale: 10_000_000,
  fourCC: "AACL",
  codecPrivateData: "1190",
  audioTag: 255,
  channels: 2,
  samplingRate: 48_000,
  bitsPerSample: 16,
  packetSize: 4,
  subtype: "",
  params: [{ name: "hardwareProfile", value: "1 < 2" }],
};

const ads: LiveTrack = {
  kind: "textstream",
  src: "4711-stream2",
  systemBitrate: 0,
  trackId: 3,
  trackName: "ads",
  timescale: 90_000,
  parentTrackName: "video",
  manifestOutput: true,
  fourCC: "",
  codecPrivateData: "",
  subtype: "DATA",
  scheme: "urn:example:ads",
  params: [],
};

const WHOLE = `<?xml version="1.0" encoding="utf-8"?>
<smil xmlns="http://www.w3.org/2001/SMIL20/Language">
  <head>
    <meta name="creator" content="pushEncoder" />
  </head>
  <body>
    <switch>
      <video src="Streams" systemBitrate="2962000">
        <param name="systemBitrate" value="2962000" valuetype="data" />
        <param name="trackID" value="2" valuetype="data" />
        <param name="trackName" value="video" valuetype="data" />
        <param name="timescale" value="10000000" valuetype="data" />
        <param name="FourCC" value="H264" valuetype="data" />
        <param name="CodecPrivateData" value="0000000167" valuetype="data" />
        <param name="MaxWidth" value="1280" valuetype="data" />
        <param name="MaxHeight" value="720" valuetype="data" />
        <param name="DisplayWidth" value="1280" valuetype="data" />
        <param name="DisplayHeight" value="720" valuetype="data" />
        <param name="Subtype" value="" valuetype="data" />
      </video>
      <audio src="Streams" systemBitrate="160000" systemLanguage="eng">
        <param name="systemBitrate" value="160000" valuetype="data" />
        <param name="trackID" value="1" valuetype="data" />
        <param name="trackName" value="audio" valuetype="data" />
        <param name="timescale" value="10000000" valuetype="data" />
        <param name="FourCC" value="AACL" valuetype="data" />
        <param name="CodecPrivateData" value="1190" valuetype="data" />
        <param name="AudioTag" value="255" valuetype="data" />
        <param name="Channels" value="2" valuetype="data" />
        <param name="SamplingRate" value="48000" valuetype="data" />
        <param name="BitsPerSample" value="16" valuetype="data" />
        <param name="PacketSize" value="4" valuetype="data" />
        <param name="Subtype" value="" valuetype="data" />
        <param name="hardwareProfile" value="1 &lt; 2" valuetype="data" />
      </audio>
      <textstream src="4711-stream2" systemBitrate="0">
        <param name="systemBitrate" value="0" valuetype="data" />
        <param name="trackID" value="3" valuetype="data" />
        <param name="trackName" value="ads" valuetype="data" />
        <param name="parentTrackName" value="video" valuetype="data" />
        <param name="manifestOutput" value="true" valuetype="data" />
        <param name="timescale" value="90000" valuetype="data" />
        <param name="Subtype" value="DATA" valuetype="data" />
        <param name="Scheme" value="urn:example:ads" valuetype="data" />
      </textstream>
    </switch>
  </body>
</smil>`;

const formatTest = suite("formatLiveServerManifest");

formatTest("writes every param in order", () => {
  assert.is(formatLiveServerManifest([video, audio, ads]), WHOLE);
});

formatTest("writes only the tracks that it is given", () => {
  assert.not.match(formatLiveServerManifest([audio]), "<video");
});

formatTest("takes another creator", () => {
  assert.match(
    formatLiveServerManifest([audio], { creator: 'A & "B"' }),
    'content="A &amp; &quot;B&quot;"',
  );
});

formatTest("says so if a codec is not known, except of text", () => {
  const unknown = { fourCC: "", codecPrivateData: "" };
  assert.match(formatLiveServerManifest([{ ...video, ...unknown }]), '"CodecPrivateData" value=""');
  const captions = formatLiveServerManifest([{ ...ads, fourCC: "DFXP" }]);
  assert.match(captions, '"FourCC" value="DFXP"');
  assert.not.match(captions, "CodecPrivateData");
});

formatTest("refuses what XML cannot hold", () => {
  assert.throws(
    () => formatLiveServerManifest([{ ...video, trackName: "a\0" }]),
    (error: Error) => error instanceof RangeError,
  );
});

formatTest.run();

const parseTest = suite("parseLiveServerManifest");

parseTest("reads what was written", () => {
  const { creator, tracks } = parseLiveServerManifest(WHOLE);
  assert.is(creator, "pushEncoder");
  assert.is(formatLiveServerManifest(tracks), WHOLE);
  assert.equal(tracks.map(({ src }) => src), ["Streams", "Streams", "4711-stream2"]);
});

const media = { timescale: 90_000, handler: "soun", fourCC: "AACL", channels: 2, language: "deu" };
const made = [
  liveTrack({
    server: { kind: "audio", systemBitrate: 1, trackId: 1, manifestOutput: false, params: [] },
    media,
  }),
  liveTrack({
    server: { kind: "textstream", systemBitrate: 0, trackId: 2, manifestOutput: true, params: [] },
  }),
];
for (const track of made) {
  parseTest(`reads a ${track.kind} track that liveTrack made`, () => {
    const { tracks } = parseLiveServerManifest(formatLiveServerManifest([track]));
    assert.equal(tracks, [{ ...track, src: "Streams" }]);
  });
}

/** The look of FFmpeg: no src, no timescale, no Subtype, the language as a param. */
const FFMPEG = `<?xml version="1.0" encoding="utf-8"?>
<smil xmlns="http://www.w3.org/2001/SMIL20/Language">
<head>
<meta name="creator" content="Lavf59.27.100" />
</head>
<body>
<switch>
<video systemBitrate="201896">
<param name="systemBitrate" value="201896" valuetype="data"/>
<param name="trackID" value="1" valuetype="data"/>
<param name="systemLanguage" value="und" valuetype="data"/>
<param name="CodecPrivateData" value="00000001674D" valuetype="data"/>
<param name="FourCC" value="H264" valuetype="data"/>
<param name="width" value="320" valuetype="data"/>
<param name="height" value="180" valuetype="data"/>
</video>
</switch>
</body>
</smil>
`;

parseTest("puts in what FFmpeg leaves out", () => {
  const { creator, tracks } = parseLiveServerManifest(FFMPEG);
  assert.is(creator, "Lavf59.27.100");
  const { src, trackName, timescale, systemLanguage, maxWidth, displayHeight, subtype, params } =
    tracks[0]!;
  assert.equal(
    { src, trackName, timescale, systemLanguage, maxWidth, displayHeight, subtype, params },
    {
      src: undefined,
      trackName: "video",
      timescale: 10_000_000,
      systemLanguage: "und",
      maxWidth: 320,
      displayHeight: 180,
      subtype: "",
      params: [],
    },
  );
});

for (const value of ["TRUE", "true", "1"]) {
  parseTest(`reads manifestOutput ${value}`, () => {
    const text = WHOLE.replace(
      '"manifestOutput" value="true"',
      `"ManifestOutput" value="${value}"`,
    );
    assert.is(parseLiveServerManifest(text).tracks[2]?.manifestOutput, true);
  });
}

const refused = [
  { text: "", message: /empty/ },
  { text: "<smil/>", message: /as a Live Server Manifest as it must list/ },
  { text: "<SmoothStreamingMedia/>", message: /client manifest/ },
  { text: FFMPEG.replace("trackID", "id"), message: /trackID of track 1/ },
  { text: FFMPEG.replace('"320"', '"wide"'), message: /MaxWidth of track ID 1/ },
];
for (const { text, message } of refused) {
  parseTest(`refuses with ${message}`, () => {
    assert.throws(() => parseLiveServerManifest(text), refusal(message));
  });
}

parseTest.run();
