import { suite } from "uvu";
import * as assert from "uvu/assert";
import { ManifestSyntaxError } from "../../lib/errors.ts";
import { formatStreamManifest, parseStreamManifest } from "../../lib/manifest/stream_manifest.ts";

const streams = [{ id: "4711-stream0" }, { id: "4711-stream1", eventId: "2024-05%20a" }];

const formatTest = suite("formatStreamManifest");

formatTest("writes a ref for each stream", () => {
  assert.is(
    formatStreamManifest(streams),
    [
      '<?xml version="1.0" encoding="utf-8"?>',
      '<smil xmlns="http://www.w3.org/2001/SMIL20/Language">',
      "  <head />",
      "  <body>",
      "    <par>",
      '      <ref src="Streams(4711-stream0)" />',
      '      <ref src="Events(2024-05%20a)/Streams(4711-stream1)" />',
      "    </par>",
      "  </body>",
      "</smil>",
    ].join("\n"),
  );
});

for (
  const stream of [{ id: "" }, { id: "a)" }, { id: "a/b" }, { id: "a b" }, { id: "a", eventId: "" }]
) {
  formatTest(`refuses ${JSON.stringify(stream)}`, () => {
    assert.throws(
      () => formatStreamManifest([stream]),
      (error: Error) => error instanceof RangeError,
    );
  });
}

formatTest.run();

const parseTest = suite("parseStreamManifest");

parseTest("reads what was written", () => {
  assert.equal(parseStreamManifest(formatStreamManifest(streams)), streams);
});

const wrap = (refs: string) => `<smil><head/><body><par>${refs}</par></body></smil>`;

parseTest("takes any letter case", () => {
  const text = wrap('<REF SRC="events(E)/STREAMS(a)"/><ref src=" streams(b) "/>').replaceAll(
    "smil",
    "SMIL",
  );
  assert.equal(parseStreamManifest(text), [{ id: "a", eventId: "E" }, { id: "b" }]);
});

const refused = [
  { text: wrap(""), message: /must list a stream: current value is 0 streams$/ },
  { text: wrap("<ref/>"), message: /^Cannot read src of ref 1 as .*: current value is undefined$/ },
  { text: wrap('<ref src="Streams()"/>'), message: /current value is "Streams\(\)"$/ },
  { text: wrap('<ref src="a.ismv"/>'), message: /src of ref 1/ },
  { text: wrap('<ref src="x/Streams(a)"/>'), message: /src of ref 1/ },
  { text: "<a/>", message: /as a stream manifest/ },
];
for (const { text, message } of refused) {
  parseTest(`refuses ${text}`, () => {
    assert.throws(
      () => parseStreamManifest(text),
      (error: Error) => error instanceof ManifestSyntaxError && message.test(error.message),
    );
  });
}

parseTest.run();
