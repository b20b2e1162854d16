import { suite } from "uvu";
import * as assert from "uvu/assert";
import { fromHex, toHex, viewOf } from "../../lib/mp4/box.ts";
import { LIVE_FTYP, readFtyp, writeFtyp } from "../../lib/mp4/ftyp.ts";
import { widen } from "../helpers/boxes.ts";

const readTest = suite("readFtyp");
const writeTest = suite("writeFtyp");

const LIVE = "00000018 66747970 69736D6C 00000001 70696666 69736F32";
const cases = [
  { name: "the live form", ftyp: LIVE_FTYP, hex: LIVE },
  {
    name: "one without compatible brands",
    ftyp: { majorBrand: "isml", minorVersion: 0x200, compatibleBrands: [] },
    hex: "00000010 66747970 69736D6C 00000200",
  },
  {
    name: "a brand that is no text",
    ftyp: { majorBrand: "qt\xa9\0", minorVersion: 0, compatibleBrands: ["\xff   "] },
    hex: "00000014 66747970 7174a900 00000000 ff202020",
  },
];
for (const { name, ftyp, hex } of cases) {
  writeTest(`writes ${name}`, () => {
    assert.is(toHex(writeFtyp(ftyp)), toHex(fromHex(hex)));
  });
  readTest(`reads ${name}`, () => {
    assert.equal(readFtyp(viewOf(fromHex(hex))), ftyp);
  });
}

readTest("reads behind a 64-bit size", () => {
  assert.equal(readFtyp(viewOf(widen(fromHex(LIVE)))), LIVE_FTYP);
});

readTest("passes over what is left behind the last brand", () => {
  assert.equal(readFtyp(viewOf(fromHex(`${LIVE} 6973`))), LIVE_FTYP);
});

readTest.run();
writeTest.run();
