import { suite } from "uvu";
import * as assert from "uvu/assert";
import { boxType, join, readBoxHeader, toHex, viewOf } from "../../lib/mp4/box.ts";
import { LIVE_FTYP, readFtyp, writeFtyp } from "../../lib/mp4/ftyp.ts";
import { readManifestBox, writeLiveServerManifestBox } from "../../lib/mp4/manifest_box.ts";
import { LIVE_SERVER_MANIFEST, STREAM_MANIFEST } from "../../lib/mp4/uuid.ts";
import { parseLiveServerManifest } from "../../lib/manifest/live_server_manifest.ts";
import { decodeXml } from "../../lib/manifest/xml.ts";
import { HeaderStream, type HeaderStreamOptions } from "../../lib/stages/header_stream.ts";
import { end, fragment, header, through } from "../helpers/parts.ts";
import { parseParts } from "../helpers/pieces.ts";
import { readSample } from "../helpers/sample.ts";
import { sameBytes } from "../helpers/same_bytes.ts";

const test = suite("HeaderStream");

const MANIFEST = "<smil>live</smil>";
const STREAMS = "<smil>streams</smil>";

/** The header boxes that come out, by name. */
async function boxesOf(options: HeaderStreamOptions, before = header()): Promise<Uint8Array[]> {
  const [part] = await through([before], new HeaderStream(options));
  if (part!.type !== "header") throw new Error("no header");
  assert.equal(part!.tracks, before.tracks);
  return [...part!.boxes];
}

function nameOf(box: Uint8Array): string {
  const { type, userType } = readBoxHeader(box, 0)!;
  if (userType === LIVE_SERVER_MANIFEST) return "manifest";
  return userType === STREAM_MANIFEST ? "streams" : type;
}

const text = (box: Uint8Array) => decodeXml(readManifestBox(viewOf(box)));

const cases: readonly { options: HeaderStreamOptions; names: readonly string[] }[] = [
  { options: {}, names: ["ftyp", "manifest", "moov"] },
  { options: { manifest: MANIFEST }, names: ["ftyp", "manifest", "moov"] },
  { options: { manifest: false }, names: ["ftyp", "moov"] },
  {
    options: { manifest: MANIFEST, streamManifest: STREAMS },
    names: ["ftyp", "streams", "manifest", "moov"],
  },
  { options: { manifest: false, streamManifest: STREAMS }, names: ["ftyp", "streams", "moov"] },
  { options: { manifest: MANIFEST, noHeader: true }, names: ["manifest"] },
  { options: { manifest: false, noHeader: true }, names: [] },
  {
    options: { manifest: MANIFEST, streamManifest: STREAMS, noHeader: true },
    names: ["streams", "manifest"],
  },
  {
    options: { manifest: false, streamManifest: STREAMS, noHeader: true },
    names: ["streams"],
  },
];
for (const { options, names } of cases) {
  test(`sends ${names.join(", ") || "nothing"} for ${JSON.stringify(options)}`, async () => {
    const boxes = await boxesOf(options);
    assert.equal(boxes.map(nameOf), names);
    const find = (name: string) => boxes[names.indexOf(name)];
    if (options.manifest) assert.is(text(find("manifest")!), MANIFEST);
    if (options.streamManifest) assert.is(text(find("streams")!), STREAMS);
    if (names.includes("moov")) sameBytes(find("moov")!, header().boxes[1]!);
  });
}

test("hands on the ftyp of the file", async () => {
  const ftyp = writeFtyp({ majorBrand: "avc1", minorVersion: 7, compatibleBrands: ["isom"] });
  const { boxes, ...rest } = header();
  const [first] = await boxesOf({ manifest: MANIFEST }, { ...rest, boxes: [ftyp, boxes[1]!] });
  sameBytes(first!, ftyp);
});

test("makes an ftyp where there is none", async () => {
  const { boxes, ...rest } = header();
  const [first] = await boxesOf({ manifest: MANIFEST }, { ...rest, boxes: [boxes[1]!] });
  assert.equal(readFtyp(viewOf(first!)), LIVE_FTYP);
});

test("replaces the manifests of an archive", async () => {
  const { boxes, ...rest } = header();
  const old = writeLiveServerManifestBox("<smil>old</smil>");
  const archived = { ...rest, boxes: [boxes[0]!, old, boxes[1]!] };
  const out = await boxesOf({ manifest: MANIFEST }, archived);
  assert.equal(out.map(nameOf), ["ftyp", "manifest", "moov"]);
  assert.is(text(out[1]!), MANIFEST);
  assert.equal((await boxesOf({ manifest: false }, archived)).map(nameOf), ["ftyp", "moov"]);
});

test("sends the bytes of a stream manifest as they are", async () => {
  const utf16 = Uint8Array.from("\ufeff<s/>", (char) => char.charCodeAt(0));
  const [, box] = await boxesOf({ streamManifest: utf16 });
  assert.is(toHex(readManifestBox(viewOf(box!))), toHex(utf16));
});

test("describes the tracks by moov alone where no manifest is given", async () => {
  const [part] = parseParts(await readSample("sample_560.ismv"));
  if (part!.type !== "header") return assert.unreachable();
  const [, manifest] = await boxesOf({}, part!);
  const { creator, tracks } = parseLiveServerManifest(text(manifest!));
  assert.is(creator, "pushEncoder");
  assert.equal(
    tracks.map(({ kind, trackId, fourCC, maxWidth, samplingRate }) => [
      kind,
      trackId,
      fourCC,
      maxWidth,
      samplingRate,
    ]),
    [["video", 1, "H264", 640, undefined], ["audio", 2, "AACL", undefined, 48_000]],
  );
});

test("gives the end its eight bytes", async () => {
  const [out] = await through([end()], new HeaderStream());
  assert.is(out!.type === "end" && toHex(join(out!.boxes)), "000000086d667261");
});

test("leaves the end of stream out", async () => {
  const box = parseParts(new Uint8Array([0, 0, 0, 8, 0x6d, 0x66, 0x72, 0x61]))[0]!;
  for (const before of [end(), box]) {
    const [out] = await through([before], new HeaderStream({ noEndOfStream: true }));
    assert.equal(out, end());
  }
});

test("keeps why a stream ended before", async () => {
  const error = new Error("cut");
  for (const noEndOfStream of [false, true]) {
    const [out] = await through([end(error)], new HeaderStream({ noEndOfStream }));
    assert.is(out!.type === "end" && out!.error, error);
  }
});

test("lets fragments pass as they are", async () => {
  const part = fragment();
  assert.is((await through([part], new HeaderStream()))[0], part);
  assert.is(boxType(part.moof), "moof");
});

test.run();
