import { suite } from "uvu";
import * as assert from "uvu/assert";
import { fromHex, toHex, viewOf } from "../../lib/mp4/box.ts";
import { readTfhd, type Tfhd, writeTfhd } from "../../lib/mp4/tfhd.ts";
import { widen } from "../helpers/boxes.ts";

const readTest = suite("readTfhd");
const writeTest = suite("writeTfhd");

const NONE = {
  baseDataOffset: undefined,
  sampleDescriptionIndex: undefined,
  defaultSampleDuration: undefined,
  defaultSampleSize: undefined,
  defaultSampleFlags: undefined,
  durationIsEmpty: false,
  defaultBaseIsMoof: false,
};
const cases: readonly { name: string; tfhd: Tfhd; hex: string }[] = [
  {
    name: "default flags alone",
    tfhd: { ...NONE, trackId: 1, defaultSampleFlags: 0x01010000 },
    hex: "00000014 74666864 00000020 00000001 01010000",
  },
  {
    name: "a track ID alone",
    tfhd: { ...NONE, trackId: 2 },
    hex: "00000010 74666864 00000000 00000002",
  },
  {
    name: "the two flags without a field",
    tfhd: { ...NONE, trackId: 3, durationIsEmpty: true, defaultBaseIsMoof: true },
    hex: "00000010 74666864 00030000 00000003",
  },
  {
    name: "every field, in the order of the standard",
    tfhd: {
      trackId: 0xffffffff,
      baseDataOffset: 0x1_0000_0002n,
      sampleDescriptionIndex: 1,
      defaultSampleDuration: 2,
      defaultSampleSize: 3,
      defaultSampleFlags: 4,
      durationIsEmpty: false,
      defaultBaseIsMoof: true,
    },
    hex: "00000028 74666864 0002003b ffffffff 0000000100000002 00000001 00000002 00000003 00000004",
  },
  {
    name: "the defaults of a live origin",
    tfhd: {
      ...NONE,
      trackId: 1,
      sampleDescriptionIndex: 1,
      defaultSampleDuration: 400_000,
      defaultSampleSize: 5,
    },
    hex: "0000001c 74666864 0000001a 00000001 00000001 00061a80 00000005",
  },
];
for (const { name, tfhd, hex } of cases) {
  const bytes = fromHex(hex);
  writeTest(`writes ${name}`, () => {
    assert.is(toHex(writeTfhd(tfhd)), toHex(bytes));
  });
  readTest(`reads ${name}`, () => {
    assert.equal(readTfhd(viewOf(bytes)), tfhd);
  });
  readTest(`reads ${name} behind a 64-bit size`, () => {
    assert.equal(readTfhd(viewOf(widen(bytes))), tfhd);
  });
}

readTest("fails over a field that its flags promise and that is not there", () => {
  const bytes = fromHex("00000010 74666864 00000020 00000001");
  assert.throws(() => readTfhd(viewOf(bytes)), (error: unknown) => error instanceof RangeError);
});

readTest.run();
writeTest.run();
