import { suite } from "uvu";
import * as assert from "uvu/assert";
import { ManifestSyntaxError } from "../../lib/errors.ts";
import { parseServerManifest } from "../../lib/manifest/server_manifest.ts";
import { decodeXml } from "../../lib/manifest/xml.ts";

const refusal = (message: RegExp) => (error: Error) =>
  error instanceof ManifestSyntaxError && message.test(error.message);

const test = suite("parseServerManifest");

/** The look of Expression Encoder: UTF-16, one attribute a line, RDF with an element that is called video. */
const EXPRESSION_ENCODER = `<?xml version="1.0" encoding="utf-16"?>\r
<!--Created with Expression Encoder version 4.0.4276.0-->\r
<smil xmlns="http://www.w3.org/2001/SMIL20/Language">\r
  <head>\r
    <meta\r
      name="clientManifestRelativePath"\r
      content="film.ismc" />\r
    <metadata\r
      id="meta-rdf">\r
      <rdf:RDF xmlns:ee="urn:ee#" xmlns:rdf="urn:rdf#">\r
        <ee:MediaItem\r
          rdf:about="guid:6733012f">\r
          <ee:Video>True</ee:Video>\r
        </ee:MediaItem>\r
      </rdf:RDF>\r
    </metadata>\r
  </head>\r
  <body>\r
    <switch>\r
      <video\r
        src="film_3000.ismv"\r
        systemBitrate="3000000">\r
        <param\r
          name="trackID"\r
          value="2"\r
          valuetype="data" />\r
        <param\r
          name="trackName"\r
          value="video"\r
          valuetype="data" />\r
        <param\r
          name="timeScale"\r
          value="10000000"\r
          valuetype="data" />\r
      </video>\r
    </switch>\r
  </body>\r
</smil>`;

const PREFIXED = `<s:smil xmlns:s="http://www.w3.org/2001/SMIL20/Language">
  <s:head><s:meta name="clientManifestRelativePath" content="film.ismc"/></s:head>
  <s:body><s:switch>
    <s:video src="film_3000.ismv" systemBitrate="3000000">
      <s:param name="trackID" value="2" valueType="data"/>
      <s:param name="TrackName" value="video" valueType="data"/>
      <s:param name="timescale" value="10000000" valueType="data"/>
    </s:video>
  </s:switch></s:body>
</s:smil>`;

for (const text of [EXPRESSION_ENCODER, PREFIXED]) {
  test(`reads a manifest that starts with ${text.slice(0, 20)}`, () => {
    const { clientManifestPath, tracks } = parseServerManifest(text);
    assert.is(clientManifestPath, "film.ismc");
    assert.is(tracks.length, 1);
    const { kind, src, systemBitrate, trackId, trackName, timescale, manifestOutput, params } =
      tracks[0]!;
    assert.equal(
      { kind, src, systemBitrate, trackId, trackName, timescale, manifestOutput, params },
      {
        kind: "video",
        src: "film_3000.ismv",
        systemBitrate: 3_000_000,
        trackId: 2,
        trackName: "video",
        timescale: 10_000_000,
        manifestOutput: false,
        params: [],
      },
    );
  });
}

test("reads it as UTF-16 bytes", () => {
  const units = Uint16Array.from(`\uFEFF${EXPRESSION_ENCODER}`, (char) => char.charCodeAt(0));
  const bytes = new Uint8Array(units.buffer);
  assert.is(parseServerManifest(decodeXml(bytes)).tracks.length, 1);
});

const track = (attributes: string) =>
  `<smil><body><switch><video ${attributes}><param name="trackID" value="1"/></video></switch></body></smil>`;

test("does without a client manifest", () => {
  const { clientManifestPath, tracks } = parseServerManifest(
    track('src="a.ismv" systemBitrate="1"'),
  );
  assert.is(clientManifestPath, undefined);
  assert.is(tracks[0]?.trackName, undefined);
  assert.is(tracks[0]?.timescale, undefined);
});

const refused = [
  { text: track('systemBitrate="1"'), message: /^Cannot read src of track 1 .* is undefined$/ },
  { text: track('src="" systemBitrate="1"'), message: /src of track 1 as the path of a file/ },
  { text: track('src="a.ismv"'), message: /systemBitrate of track 1/ },
  { text: "<smil/>", message: /as a server manifest \(\.ism\) as it must list .* is 0 tracks$/ },
  {
    text: '<SmoothStreamingMedia MajorVersion="2"/>',
    message:
      /^Cannot read the document as a server manifest \(\.ism\) as it is a client manifest \(\.ismc\): current value is "SmoothStreamingMedia"$/,
  },
  { text: "<MPD/>", message: /root element must be "smil": current value is "MPD"$/ },
  { text: "", message: /it is empty/ },
];
for (const { text, message } of refused) {
  test(`refuses ${JSON.stringify(text)}`, () => {
    assert.throws(() => parseServerManifest(text), refusal(message));
  });
}

test.run();
