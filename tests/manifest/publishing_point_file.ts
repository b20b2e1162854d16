import { suite } from "uvu";
import * as assert from "uvu/assert";
import { ManifestSyntaxError } from "../../lib/errors.ts";
import {
  formatPublishingPointFile,
  parsePublishingPointFile,
} from "../../lib/manifest/publishing_point_file.ts";

const formatTest = suite("formatPublishingPointFile");

formatTest("writes a point that the first encoder starts", () => {
  assert.is(
    formatPublishingPointFile({ title: "BBB" }),
    `<?xml version="1.0" encoding="utf-8"?>
<smil xmlns="http://www.w3.org/2001/SMIL20/Language">
  <head>
    <meta name="title" content="BBB" />
    <meta name="module" content="liveSmoothStreaming" />
    <meta name="sourceType" content="Push" />
    <meta name="publishing" content="Fragments;Streams;Archives" />
    <meta name="estimatedTime" content="0" />
    <meta name="lookaheadChunks" content="2" />
    <meta name="manifestWindowLength" content="0" />
    <meta name="startOnFirstRequest" content="True" />
    <meta name="archiveSegmentLength" content="0" />
    <meta name="restartOnEncoderReconnect" content="true" />
  </head>
  <body />
</smil>`,
  );
});

formatTest("puts further entries in or after its own", () => {
  const metas = [{ name: "formats", content: "m3u8-aapl" }, {
    name: "EstimatedTime",
    content: "60",
  }];
  const text = formatPublishingPointFile({ title: "a", metas });
  assert.equal(parsePublishingPointFile(text).metas, [
    { name: "module", content: "liveSmoothStreaming" },
    { name: "sourceType", content: "Push" },
    { name: "publishing", content: "Fragments;Streams;Archives" },
    { name: "estimatedTime", content: "60" },
    { name: "formats", content: "m3u8-aapl" },
  ]);
});

formatTest.run();

const parseTest = suite("parsePublishingPointFile");

const settings = {
  title: 'Käse & "Brot"',
  startOnFirstRequest: false,
  restartOnEncoderReconnect: false,
  lookaheadChunks: 3,
  manifestWindowLength: 120,
  archiveSegmentLength: 60,
};

parseTest("reads what was written", () => {
  const { metas, ...read } = parsePublishingPointFile(formatPublishingPointFile(settings));
  assert.equal(read, settings);
  assert.equal(metas.map(({ name }) => name), [
    "module",
    "sourceType",
    "publishing",
    "estimatedTime",
  ]);
});

const head = (metas: string) => `<smil><head>${metas}</head><body/></smil>`;
const flags = ["True", "true", "TRUE", "1"];
for (const value of flags) {
  parseTest(`takes ${value} for yes, whatever the letter case of the name`, () => {
    const file = parsePublishingPointFile(
      head(
        `<meta name="STARTONFIRSTREQUEST" content="${value}"/><meta name="restartonencoderreconnect" content="${value}"/>`,
      ),
    );
    assert.is(file.startOnFirstRequest, true);
    assert.is(file.restartOnEncoderReconnect, true);
  });
}

parseTest("reads a file that says nothing", () => {
  assert.equal(parsePublishingPointFile("<smil/>"), {
    title: "",
    startOnFirstRequest: false,
    restartOnEncoderReconnect: false,
    lookaheadChunks: 2,
    manifestWindowLength: 0,
    archiveSegmentLength: 0,
    metas: [],
  });
});

const refused = [
  {
    text: head('<meta name="lookaheadChunks" content="-1"/>'),
    message: /lookaheadChunks as a whole/,
  },
  { text: "<html/>", message: /as a publishing point file \(\.isml\) as its root element/ },
  { text: "", message: /empty/ },
];
for (const { text, message } of refused) {
  parseTest(`refuses ${JSON.stringify(text)}`, () => {
    assert.throws(
      () => parsePublishingPointFile(text),
      (error: Error) => error instanceof ManifestSyntaxError && message.test(error.message),
    );
  });
}

parseTest.run();
