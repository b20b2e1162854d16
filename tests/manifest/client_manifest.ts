import { suite } from "uvu";
import * as assert from "uvu/assert";
import { ManifestSyntaxError } from "../../lib/errors.ts";
import type { TrackKind } from "../../lib/manifest/smil_track.ts";
import {
  findLevel,
  findStream,
  MAX_FRAGMENTS,
  parseClientManifest,
} from "../../lib/manifest/client_manifest.ts";

const refusal = (message: RegExp) => (error: Error) =>
  error instanceof ManifestSyntaxError && message.test(error.message);

const parseTest = suite("parseClientManifest");

const FULL = `<?xml version="1.0" encoding="utf-8"?>
<SmoothStreamingMedia MajorVersion="2" MinorVersion="2" TimeScale="90000" Duration="36000000000000000"
    IsLive="TRUE" LookaheadCount="2" DVRWindowLength="6000000000">
  <Protection>
    <ProtectionHeader SystemID="{9A04F079-9840-4286-AB92-E65BE0885F95}">
      fgMA
      AAEA
    </ProtectionHeader>
  </Protection>
  <StreamIndex Type="video" Name="video" Subtype="" Chunks="7" QualityLevels="9" TimeScale="48000"
      MaxWidth="1280" MaxHeight="720" DisplayWidth="1024" DisplayHeight="576"
      Url="QualityLevels({bitrate},{CustomAttributes})/Fragments(video={start time})">
    <QualityLevel Index="3" Bitrate="1536000" FourCC="WVC1" MaxWidth="720" MaxHeight="480" CodecPrivateData="250000010f">
      <CustomAttributes>
        <Attribute Name = "Compatibility" Value = "Desktop" />
        <Attribute Value="no name" />
      </CustomAttributes>
    </QualityLevel>
    <QualityLevel Bitrate="1" />
    <c t="0" d="96000" r="2" />
  </StreamIndex>
  <StreamIndex Type="Audio" Language="eng">
    <QualityLevel Bitrate="96000" FourCC="WMAP" CodecPrivateData="1000" AudioTag="354" Channels="2" SamplingRate="44100"
      BitsPerSample="16" PacketSize="4459" />
  </StreamIndex>
  <StreamIndex Type="text" Name="ads" Subtype="DATA" ParentStreamIndex="video" ManifestOutput="TRUE">
    <QualityLevel Bitrate="0" CodecPrivateData="" FourCC="" />
    <c t="5" d="3"><f>QUJD</f></c>
  </StreamIndex>
</SmoothStreamingMedia>`;

const full = parseClientManifest(FULL);

parseTest("reads the root", () => {
  const { streams, ...root } = full;
  assert.is(streams.length, 3);
  assert.equal(root, {
    majorVersion: 2,
    minorVersion: 2,
    timescale: 90_000,
    duration: 36_000_000_000_000_000n,
    isLive: true,
    lookaheadCount: 2,
    dvrWindowLength: 6_000_000_000n,
    protection: [{ systemId: "9a04f079-9840-4286-ab92-e65be0885f95", text: "fgMAAAEA" }],
  });
});

parseTest("reads a video stream", () => {
  const { levels, ...stream } = full.streams[0]!;
  assert.equal(stream, {
    type: "video",
    name: "video",
    subtype: "",
    language: undefined,
    timescale: 48_000,
    url: "QualityLevels({bitrate},{CustomAttributes})/Fragments(video={start time})",
    parentStreamIndex: undefined,
    manifestOutput: false,
    maxWidth: 1280,
    maxHeight: 720,
    displayWidth: 1024,
    displayHeight: 576,
    fragments: [{ start: 0n, duration: 96_000n }, { start: 96_000n, duration: 96_000n }],
  });
  assert.is(levels.length, 2);
  assert.is(levels[0]?.index, 3);
  assert.is(levels[0]?.codecPrivateData, "250000010f");
  assert.is(levels[0]?.maxWidth, 720);
  assert.equal(levels[0]?.customAttributes, [{ name: "Compatibility", value: "Desktop" }]);
});

parseTest("puts in what a level lacks", () => {
  const level = full.streams[0]?.levels[1];
  assert.is(level?.index, 1);
  assert.is(level?.fourCC, "");
  assert.is(level?.codecPrivateData, "");
  assert.is(level?.maxWidth, undefined);
  assert.equal(level?.customAttributes, []);
});

parseTest("reads an audio stream, its name and timescale by default", () => {
  const stream = full.streams[1]!;
  assert.is(stream.type, "audio");
  assert.is(stream.name, "audio");
  assert.is(stream.language, "eng");
  assert.is(stream.timescale, 90_000);
  const { samplingRate, channels, bitsPerSample, packetSize, audioTag } = stream.levels[0]!;
  assert.equal(
    { samplingRate, channels, bitsPerSample, packetSize, audioTag },
    { samplingRate: 44_100, channels: 2, bitsPerSample: 16, packetSize: 4459, audioTag: 354 },
  );
});

parseTest("reads a sparse stream with its data", () => {
  const stream = full.streams[2]!;
  assert.is(stream.type, "text");
  assert.is(stream.subtype, "DATA");
  assert.is(stream.parentStreamIndex, "video");
  assert.is(stream.manifestOutput, true);
  assert.equal(stream.fragments, [{ start: 5n, duration: 3n, data: "QUJD" }]);
});

parseTest("reads a manifest with next to nothing in it", () => {
  const manifest = parseClientManifest("<SmoothStreamingMedia/>");
  assert.equal(manifest, {
    majorVersion: 2,
    minorVersion: 0,
    timescale: 10_000_000,
    duration: 0n,
    isLive: false,
    lookaheadCount: undefined,
    dvrWindowLength: undefined,
    protection: undefined,
    streams: [],
  });
});

const wrap = (inside: string, attributes = "") =>
  `<SmoothStreamingMedia ${attributes}>${inside}</SmoothStreamingMedia>`;

parseTest("reads a manifest of version 1", () => {
  const level = '<QualityLevel Bitrate="1" Width="640" Height="360" FourCC="AVC1"/>';
  const { majorVersion, streams } = parseClientManifest(
    wrap(`<StreamIndex Type="video">${level}</StreamIndex>`, 'MajorVersion="1"'),
  );
  assert.is(majorVersion, 1);
  assert.is(streams[0]?.name, "video");
  assert.is(streams[0]?.timescale, 10_000_000);
  assert.is(streams[0]?.levels[0]?.maxWidth, 640);
  assert.is(streams[0]?.levels[0]?.maxHeight, 360);
});

parseTest("knows the other spelling of LookaheadCount", () => {
  assert.is(parseClientManifest(wrap("", 'LookAheadFragmentCount="3"')).lookaheadCount, 3);
});

const refused = [
  { text: "<smil/>", message: /as it is a server manifest \(\.ism\): current value is "smil"$/ },
  {
    text: "<MPD/>",
    message: /root element must be "SmoothStreamingMedia": current value is "MPD"/,
  },
  { text: "x", message: /not XML/ },
  { text: wrap("", 'TimeScale="0"'), message: /TimeScale of SmoothStreamingMedia as a whole/ },
  { text: wrap("", 'Duration="-1"'), message: /Duration of SmoothStreamingMedia as a duration/ },
  { text: wrap("", 'Duration="PT5S"'), message: /current value is "PT5S"$/ },
  { text: wrap("<StreamIndex/>"), message: /Type of StreamIndex 1 as "video", .* is undefined$/ },
  { text: wrap('<StreamIndex Type="image"/>'), message: /current value is "image"$/ },
  { text: wrap('<StreamIndex Type="text" TimeScale="x"/>'), message: /TimeScale of StreamIndex 1/ },
  {
    text: wrap('<StreamIndex Type="text"/><StreamIndex Type="text"><QualityLevel/></StreamIndex>'),
    message: /^Cannot read Bitrate of QualityLevel 1 of StreamIndex 2 as a whole number/,
  },
  { text: wrap('<StreamIndex Type="video"><c d="x"/></StreamIndex>'), message: /fragment entry 1/ },
];
for (const { text, message } of refused) {
  parseTest(`refuses ${text}`, () => {
    assert.throws(() => parseClientManifest(text), refusal(message));
  });
}

const repeated = (count: number) =>
  `<StreamIndex Type="video"><c d="1" r="${count}"/></StreamIndex>`;

parseTest("refuses more fragments than the limit before it makes any", () => {
  assert.throws(
    () => parseClientManifest(wrap(repeated(MAX_FRAGMENTS + 1))),
    refusal(/at most 1000000: current value is 1000001$/),
  );
});

parseTest("refuses many streams that keep the limit each", () => {
  assert.throws(
    () => parseClientManifest(wrap(repeated(MAX_FRAGMENTS).repeat(5))),
    refusal(/at most 4000000: current value is 5000000 or more$/),
  );
});

parseTest.run();

const streamTest = suite("findStream");

const named = (...streams: [type: string, name: string][]) =>
  parseClientManifest(
    wrap(
      streams.map(([type, name]) =>
        `<StreamIndex Type="${type}" ${name && `Name="${name}"`} Url="${type}/${name}"/>`
      )
        .join(""),
    ),
  );
const several = named(["video", "video"], ["audio", "eng"], ["audio", "deu"], ["text", "ads"]);
const searches: { trackName?: string; kind: TrackKind; url?: string }[] = [
  { trackName: "video", kind: "video", url: "video/video" },
  { trackName: undefined, kind: "video", url: "video/video" },
  { trackName: "DEU", kind: "audio", url: "audio/deu" },
  { trackName: "fra", kind: "audio", url: undefined },
  { trackName: undefined, kind: "audio", url: undefined },
  { trackName: "eng", kind: "video", url: undefined },
  { trackName: "ads", kind: "textstream", url: "text/ads" },
  { trackName: undefined, kind: "textstream", url: "text/ads" },
  { trackName: "textstream", kind: "textstream", url: "text/ads" },
  { trackName: "other", kind: "textstream", url: undefined },
];
for (const { trackName, kind, url } of searches) {
  streamTest(`finds ${url ?? "nothing"} for ${kind} ${trackName ?? "without a name"}`, () => {
    assert.is(findStream(several, trackName, kind)?.url, url);
  });
}

streamTest("prefers the default name where there are several", () => {
  const manifest = named(["audio", "eng"], ["audio", ""]);
  assert.is(findStream(manifest, undefined, "audio")?.url, "audio/");
});

streamTest.run();

const levelTest = suite("findLevel");

const withLevels = (...bitrates: number[]) =>
  parseClientManifest(
    wrap(
      `<StreamIndex Type="video">${
        bitrates.map((bitrate) => `<QualityLevel Bitrate="${bitrate}"/>`).join("")
      }</StreamIndex>`,
    ),
  ).streams[0]!;
const levels = [
  { bitrates: [3, 2, 1], bitrate: 2, index: 1 },
  { bitrates: [3, 2, 2], bitrate: 2, index: 1 },
  { bitrates: [3, 2, 1], bitrate: 4, index: undefined },
  { bitrates: [3], bitrate: 4, index: 0 },
  { bitrates: [], bitrate: 4, index: undefined },
];
for (const { bitrates, bitrate, index } of levels) {
  levelTest(`finds level ${index} for ${bitrate} among ${bitrates.join()}`, () => {
    assert.is(findLevel(withLevels(...bitrates), bitrate)?.index, index);
  });
}

levelTest.run();
