import { suite } from "uvu";
import * as assert from "uvu/assert";
import { concat, fromHex, toHex, uint32, viewOf, writeFullBox } from "../../lib/mp4/box.ts";
import {
  readSaio,
  readSaiz,
  readSampleEncryption,
  type Saio,
  type Saiz,
  writeSaio,
  writeSaiz,
} from "../../lib/mp4/encryption.ts";
import { PIFF_SAMPLE_ENCRYPTION } from "../../lib/mp4/uuid.ts";
import { uint16, widen } from "../helpers/boxes.ts";

const sencTest = suite("readSampleEncryption");

const IV8 = "0102030405060708";
const IV16 = "000102030405060708090a0b0c0d0e0f";
const KID = "ffeeddccbbaa99887766554433221100";
const subsamples = concat(uint16(2), uint16(5), uint32(1000), uint16(0xffff), uint32(0xffffffff));

const boxes = [
  {
    name: "vectors of 8 bytes",
    box: writeFullBox("senc", 0, 0, uint32(2), fromHex(IV8), fromHex(IV8)),
    ivSize: 8,
    value: { samples: [{ iv: IV8, subsamples: [] }, { iv: IV8, subsamples: [] }] },
  },
  {
    name: "parts of samples in clear",
    box: writeFullBox("senc", 0, 2, uint32(1), fromHex(IV16), subsamples),
    ivSize: 16,
    value: {
      samples: [{
        iv: IV16,
        subsamples: [{ clear: 5, encrypted: 1000 }, { clear: 0xffff, encrypted: 0xffffffff }],
      }],
    },
  },
  {
    name: "the form of PIFF that says its own size of vectors",
    box: writeFullBox(
      PIFF_SAMPLE_ENCRYPTION,
      0,
      1,
      uint32((1 << 8) | 16),
      fromHex(KID),
      uint32(1),
      fromHex(IV16),
    ),
    ivSize: 8,
    value: {
      override: { algorithmId: 1, ivSize: 16, kid: KID },
      samples: [{ iv: IV16, subsamples: [] }],
    },
  },
  {
    name: "constant vectors, which are not here",
    box: writeFullBox("senc", 0, 0, uint32(2)),
    ivSize: 0,
    value: { samples: [{ iv: "", subsamples: [] }, { iv: "", subsamples: [] }] },
  },
];
for (const { name, box, ivSize, value } of boxes) {
  sencTest(`reads ${name}`, () => {
    assert.equal(readSampleEncryption(viewOf(box), ivSize), value);
    assert.equal(readSampleEncryption(viewOf(widen(box)), ivSize), value);
  });
}

const damaged = [
  { name: "more vectors than there are", box: writeFullBox("senc", 0, 0, uint32(2), fromHex(IV8)) },
  { name: "2^32 - 1 samples", box: writeFullBox("senc", 0, 0, uint32(0xffffffff)) },
  {
    name: "more parts than there are",
    box: writeFullBox("senc", 0, 2, uint32(1), fromHex(IV8), uint16(9), uint16(1), uint32(1)),
  },
  { name: "no count", box: writeFullBox("senc", 0, 0) },
];
for (const { name, box } of damaged) {
  sencTest(`fails over ${name}`, () => {
    assert.throws(
      () => readSampleEncryption(viewOf(box), 8),
      (error: unknown) => error instanceof RangeError,
    );
  });
}

const saioTest = suite("readSaio, writeSaio");

const saios: readonly { saio: Saio; hex: string }[] = [
  {
    saio: { auxInfoType: undefined, offsets: [0n, 0xffffffffn] },
    hex: "00000018 7361696f 00000000 00000002 00000000 ffffffff",
  },
  {
    saio: { auxInfoType: undefined, offsets: [2n ** 32n] },
    hex: "00000018 7361696f 01000000 00000001 0000000100000000",
  },
  {
    saio: { auxInfoType: [0x63656e63, 0], offsets: [0x1d0n] },
    hex: "0000001c 7361696f 00000001 63656e63 00000000 00000001 000001d0",
  },
  { saio: { auxInfoType: undefined, offsets: [] }, hex: "00000010 7361696f 00000000 00000000" },
];
for (const { saio, hex } of saios) {
  saioTest(`write ${hex}`, () => {
    assert.is(toHex(writeSaio(saio)), toHex(fromHex(hex)));
  });
  saioTest(`read ${hex}`, () => {
    assert.equal(readSaio(viewOf(fromHex(hex))), saio);
    assert.equal(readSaio(viewOf(widen(fromHex(hex)))), saio);
  });
}

for (const count of [2, 0xffffffff]) {
  saioTest(`fail over ${count} offsets where there is one`, () => {
    const bytes = writeSaio({ offsets: [1n] });
    viewOf(bytes).setUint32(12, count);
    assert.throws(() => readSaio(viewOf(bytes)), new RegExp(`${count} offsets`));
  });
}

const saizTest = suite("readSaiz, writeSaiz");

const saizs: readonly { saiz: Saiz; hex: string }[] = [
  {
    saiz: { auxInfoType: undefined, sizes: [8, 8, 8] },
    hex: "00000011 7361697a 00000000 08 00000003",
  },
  {
    saiz: { auxInfoType: [0x63656e63, 1], sizes: [16, 22] },
    hex: "0000001b 7361697a 00000001 63656e63 00000001 00 00000002 1016",
  },
  { saiz: { auxInfoType: undefined, sizes: [] }, hex: "00000011 7361697a 00000000 00 00000000" },
  {
    saiz: { auxInfoType: undefined, sizes: [0, 0] },
    hex: "00000013 7361697a 00000000 00 00000002 0000",
  },
];
for (const { saiz, hex } of saizs) {
  saizTest(`write ${hex}`, () => {
    assert.is(toHex(writeSaiz(saiz)), toHex(fromHex(hex)));
  });
  saizTest(`read ${hex}`, () => {
    assert.equal(readSaiz(viewOf(fromHex(hex))), saiz);
    assert.equal(readSaiz(viewOf(widen(fromHex(hex)))), saiz);
  });
}

for (const size of [0, 8]) {
  saizTest(`fail over 2^32 - 1 sizes of ${size}`, () => {
    const bytes = writeSaiz({ sizes: [size, size] });
    viewOf(bytes).setUint32(13, 0xffffffff);
    assert.throws(() => readSaiz(viewOf(bytes)), (error: unknown) => error instanceof RangeError);
  });
}

sencTest.run();
saioTest.run();
saizTest.run();
