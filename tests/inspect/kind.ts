import type { Inspection } from "../../lib/inspect/inspection.ts";
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { InputError } from "../../lib/errors.ts";
import { inspect } from "../../lib/inspect/inspect.ts";
import { join, uint32, writeBox } from "../../lib/mp4/box.ts";
import { LIVE_FTYP, writeFtyp } from "../../lib/mp4/ftyp.ts";
import { makeMoov, patched } from "../helpers/boxes.ts";
import { indexedFile, inspectBytes } from "../helpers/inspect_bytes.ts";
import { samplePath } from "../helpers/sample.ts";

const kindTest = suite("inspect, by content");

const smil = (head: string, body: string) =>
  `<smil><head>${head}</head><body>${body}</body></smil>`;
const TRACK = '<video src="Streams" systemBitrate="1"><param name="trackID" value="1"/></video>';

const documents: { text: string; kind: Inspection["kind"] }[] = [
  { text: '<SmoothStreamingMedia MajorVersion="2"/>', kind: "client-manifest" },
  { text: `\n ${smil("", TRACK)}`, kind: "live-manifest" },
  { text: smil("", TRACK.replace(' src="Streams"', "")), kind: "live-manifest" },
  {
    text: smil("", TRACK.replace("Streams", "a.ismv").replace("</v", param("FourCC", "H264"))),
    kind: "live-manifest",
  },
  { text: smil("", TRACK.replace("Streams", "a.ismv")), kind: "presentation" },
  { text: smil(meta("clientManifestRelativePath", "a.ismc"), TRACK), kind: "presentation" },
  { text: smil(meta("sourceType", "Push"), ""), kind: "publishing-point" },
  { text: smil("", '<par><ref src="Streams(a)"/></par>'), kind: "stream-manifest" },
];

function meta(name: string, content: string): string {
  return `<meta name="${name}" content="${content}"/>`;
}

function param(name: string, value: string): string {
  return `<param name="${name}" value="${value}"/></v`;
}

for (const [n, { text, kind }] of documents.entries()) {
  kindTest(`tells a ${kind} (${n})`, async () => {
    assert.is((await inspectBytes(text)).kind, kind);
    const wide = new Uint8Array(2 * text.length + 2);
    [..."\ufeff", ...text].forEach((char, at) => {
      wide[2 * at] = char.charCodeAt(0) & 0xff;
      wide[2 * at + 1] = char.charCodeAt(0) >> 8;
    });
    assert.is((await inspectBytes(wide)).kind, kind);
  });
}

kindTest("tells a box whose size looks like text", async () => {
  for (const size of [0x3c, 0x3c00, 0x20, 0x0a0d]) {
    const moov = makeMoov();
    const filler = writeBox("free", new Uint8Array(size - 8));
    const { kind } = await inspectBytes(join([filler, writeFtyp(LIVE_FTYP), moov]));
    assert.is(kind, "media");
  }
});

const refused: { name: string; content: Uint8Array | string; error: RegExp }[] = [
  { name: "an empty file", content: "", error: /current value is an empty file$/ },
  { name: "text", content: "# Hello, this is text", error: /current value is "# Hello, this is"$/ },
  { name: "three bytes", content: "abc", error: /it must be XML or start with a box/ },
  { name: "other XML", content: "<html/>", error: /root element must be "smil" or/ },
  { name: "XML that is not well-formed", content: "<smil><head></smil>", error: /well-formed/ },
  {
    name: "SMIL with nothing in it",
    content: "<smil/>",
    error: /must list tracks or streams, or have settings/,
  },
  {
    name: "a first box that is cut",
    content: indexedFile().subarray(0, 20),
    error: /box "ftyp" as its 24 bytes must be in the file: current value is 20: .* byte 0$/,
  },
  {
    name: "a first box of 5 bytes",
    content: patched(indexedFile(), 0, uint32(5)),
    error: /box "ftyp" as its size must cover its own header/,
  },
];
for (const { name, content, error } of refused) {
  kindTest(`says no to ${name}`, async () => {
    try {
      await inspectBytes(content);
      assert.unreachable();
    } catch (thrown) {
      assert.instance(thrown, InputError);
      assert.match((thrown as Error).message, error);
    }
  });
}

for (const path of ["gone.ism", "."]) {
  kindTest(`says no to ${path === "." ? "a folder" : "what is missing"}`, async () => {
    try {
      await inspect(samplePath(path));
      assert.unreachable();
    } catch (thrown) {
      assert.instance(thrown, InputError);
    }
  });
}

kindTest.run();
