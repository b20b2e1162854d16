import { suite } from "uvu";
import * as assert from "uvu/assert";
import { join } from "../../../lib/mp4/box.ts";
import { LIVE_FTYP, writeFtyp } from "../../../lib/mp4/ftyp.ts";
import { writeLiveServerManifestBox } from "../../../lib/mp4/manifest_box.ts";
import { writeEndOfStream } from "../../../lib/mp4/mfra.ts";
import { BodyDemuxer } from "../../../lib/point/ingest/body_demuxer.ts";
import { makeMoof, makeMoov, mdat, pattern } from "../../helpers/boxes.ts";
import { inPieces, PIECE_SIZES } from "../../helpers/pieces.ts";

const test = suite("BodyDemuxer");

const header = join([writeFtyp(LIVE_FTYP), makeMoov()]);
const fragment = join([makeMoof(), mdat(pattern(100))]);
const manifest = writeLiveServerManifestBox("<smil/>");
const end = writeEndOfStream();

/** Takes a body apart, in pieces of one size. */
function demux(
  body: Uint8Array,
  { size = Infinity, knownHeader = undefined as Uint8Array | undefined } = {},
) {
  const demuxer = new BodyDemuxer({ knownHeader });
  const types: string[] = [];
  for (const piece of inPieces(body, size)) {
    for (const part of demuxer.push(piece)) types.push(part.type);
  }
  const early = types.length;
  let error: string | undefined;
  for (const part of demuxer.end()) {
    types.push(part.type);
    if (part.type === "end") error = part.error?.message;
  }
  return { demuxer, types, early, error };
}

const ends = [
  { name: "nothing", body: [header, fragment, end], hasExcess: false },
  { name: "a second end", body: [header, fragment, end, end], hasExcess: true },
  { name: "a fragment", body: [header, end, fragment], hasExcess: true },
  { name: "one byte", body: [header, end, Uint8Array.of(0)], hasExcess: true },
];
for (const { name, body, hasExcess } of ends) {
  test(`tells what follows the end of stream: ${name}`, () => {
    for (const size of PIECE_SIZES) {
      const { demuxer, types } = demux(join(body), { size });
      assert.is(demuxer.hasExcess, hasExcess, `pieces of ${size}`);
      assert.is(types.at(-1), "end");
      assert.is(types.filter((type) => type === "end").length, 1);
    }
  });
}

const starts = [
  { name: "ftyp", body: header, isHeaderless: false, isForeign: false },
  { name: "moof", body: fragment, isHeaderless: true, isForeign: false },
  { name: "uuid", body: manifest, isHeaderless: true, isForeign: false },
  { name: "mfra", body: end, isHeaderless: true, isForeign: false },
  {
    name: "o wo",
    body: new TextEncoder().encode("hello world"),
    isHeaderless: false,
    isForeign: true,
  },
];
for (const { name, body, isHeaderless, isForeign } of starts) {
  test(`knows a body that starts with "${name}"`, () => {
    for (const size of [1, 7, Infinity]) {
      const { demuxer } = demux(body, { size });
      const { firstBox } = demuxer;
      assert.equal([firstBox, demuxer.isHeaderless, demuxer.isForeign], [
        name,
        isHeaderless,
        isForeign,
      ]);
    }
  });
}

test("puts a known header in front of a body without one", () => {
  const body = join([manifest, fragment, fragment, end]);
  for (const size of PIECE_SIZES) {
    const { demuxer, types, early } = demux(body, { size, knownHeader: header });
    assert.ok(demuxer.isPrimed);
    assert.equal(types, ["fragment", "fragment", "end"]);
    assert.is(early, 3);
  }
});

test("leaves a body with a header of its own as it is", () => {
  const { demuxer, types } = demux(join([header, fragment]), { knownHeader: header });
  assert.not(demuxer.isPrimed);
  assert.equal(types, ["header", "fragment", "end"]);
});

test("gives no more than an error of a body that ends in its first box", () => {
  const { types, error } = demux(header.subarray(0, 5));
  assert.equal(types, ["end"]);
  assert.match(error ?? "", /must be whole/);
});

test.run();
