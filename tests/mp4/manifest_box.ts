import { suite } from "uvu";
import * as assert from "uvu/assert";
import { concat, fromHex, toHex, viewOf } from "../../lib/mp4/box.ts";
import {
  readManifestBox,
  writeLiveServerManifestBox,
  writeStreamManifestBox,
} from "../../lib/mp4/manifest_box.ts";
import { STREAM_MANIFESTS } from "../../lib/mp4/uuid.ts";
import { ascii, widen } from "../helpers/boxes.ts";

const liveTest = suite("writeLiveServerManifestBox");
const streamTest = suite("writeStreamManifestBox");
const readTest = suite("readManifestBox");

liveTest("writes the head that ffmpeg writes in front of 1560 bytes", () => {
  const box = writeLiveServerManifestBox("x".repeat(1560));
  assert.is(
    toHex(box.subarray(0, 28)),
    toHex(fromHex("00000634 75756964 A5D40B30E81411DDBA2F0800200C9A66 00000000")),
  );
});

liveTest("writes UTF-8 without a mark", () => {
  const box = writeLiveServerManifestBox("ä€");
  assert.is(toHex(box.subarray(28)), "c3a4e282ac");
});

streamTest("writes the type of MS-SSTR", () => {
  const box = writeStreamManifestBox("<smil/>");
  const expected = concat(
    fromHex("00000023 75756964 3C2FE51BEFEE40A3AE815300199DC348 00000000"),
    ascii("<smil/>"),
  );
  assert.is(toHex(box), toHex(expected));
});

for (const userType of STREAM_MANIFESTS) {
  streamTest(`writes the type ${userType}`, () => {
    assert.is(toHex(writeStreamManifestBox("", userType).subarray(8, 24)), userType);
  });
}

streamTest("sends bytes out as they are", () => {
  const utf16 = fromHex("fffe 3c00 7300 2f00 3e00");
  assert.is(toHex(writeStreamManifestBox(utf16).subarray(28)), toHex(utf16));
});

for (const version of [0, 1]) {
  readTest(`reads the document of a box of version ${version}`, () => {
    const box = writeLiveServerManifestBox("<smil/>");
    box[24] = version;
    assert.is(new TextDecoder().decode(readManifestBox(viewOf(box))), "<smil/>");
    assert.is(new TextDecoder().decode(readManifestBox(viewOf(widen(box)))), "<smil/>");
  });
}

readTest("fails over a box without version and flags", () => {
  const box = fromHex("00000018 75756964 A5D40B30E81411DDBA2F0800200C9A66");
  assert.throws(
    () => readManifestBox(viewOf(box)),
    (error: unknown) => error instanceof RangeError,
  );
});

liveTest.run();
streamTest.run();
readTest.run();
