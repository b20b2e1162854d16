import { suite } from "uvu";
import * as assert from "uvu/assert";
import { fromHex, toHex, viewOf } from "../../lib/mp4/box.ts";
import {
  readTrun,
  readTrunHeader,
  type Sample,
  sumSamples,
  type Trun,
  writeTrun,
} from "../../lib/mp4/trun.ts";
import { widen } from "../helpers/boxes.ts";

const readTest = suite("readTrun");
const writeTest = suite("writeTrun");
const headerTest = suite("readTrunHeader");
const sumTest = suite("sumSamples");

const cases: readonly { name: string; trun: Trun; hex: string }[] = [
  {
    name: "no field at all",
    trun: { version: 0, samples: [{}, {}], dataOffset: undefined, firstSampleFlags: undefined },
    hex: "00000010 7472756e 00000000 00000002",
  },
  {
    name: "no sample",
    trun: { version: 0, samples: [], dataOffset: 8, firstSampleFlags: undefined },
    hex: "00000014 7472756e 00000001 00000000 00000008",
  },
  {
    name: "signed composition offsets in version 1",
    trun: {
      version: 1,
      dataOffset: 0x2d8,
      firstSampleFlags: 0x02000000,
      samples: [
        { duration: 400_000, size: 7, compositionTimeOffset: -400_000 },
        { duration: 400_001, size: 8, compositionTimeOffset: 800_000 },
      ],
    },
    hex: "00000030 7472756e 01000b05 00000002 000002d8 02000000" +
      "00061a80 00000007 fff9e580" + "00061a81 00000008 000c3500",
  },
  {
    name: "unsigned composition offsets in version 0",
    trun: {
      version: 0,
      dataOffset: undefined,
      firstSampleFlags: undefined,
      samples: [{ flags: 0x01010000, compositionTimeOffset: 4_294_567_296 }],
    },
    hex: "00000018 7472756e 00000c00 00000001 01010000 fff9e580",
  },
  {
    name: "a data offset in front of the fragment",
    trun: { version: 0, dataOffset: -16, firstSampleFlags: undefined, samples: [{ size: 1 }] },
    hex: "00000018 7472756e 00000201 00000001 fffffff0 00000001",
  },
];
for (const { name, trun, hex } of cases) {
  const bytes = fromHex(hex);
  writeTest(`writes ${name}`, () => {
    assert.is(toHex(writeTrun(trun)), toHex(bytes));
  });
  readTest(`reads ${name}`, () => {
    assert.equal(readTrun(viewOf(bytes)), trun);
  });
  readTest(`reads ${name} behind a 64-bit size`, () => {
    assert.equal(readTrun(viewOf(widen(bytes))), trun);
  });
}

readTest("does not list a run without fields that claims millions of samples", () => {
  const bytes = fromHex("00000010 7472756e 00000000 ffffffff");
  assert.throws(() => readTrun(viewOf(bytes)), /at most 1000000: current value is 4294967295$/);
});

headerTest("finds the head of the run that ffmpeg writes, by its own bytes", () => {
  const table = "00061a80 00000001 00000000".repeat(50);
  const bytes = fromHex(`00000270 7472756E 01000B05 00000032 000002D8 02000000 ${table}`);
  assert.is(bytes.length, 0x270);
  assert.equal(readTrunHeader(viewOf(bytes)), {
    version: 1,
    flags: 0xb05,
    sampleCount: 50,
    dataOffset: 0x2d8,
    firstSampleFlags: 0x02000000,
    samplesStart: 24,
    sampleSize: 12,
  });
});

for (const count of [2, 1000, 0xffffffff]) {
  headerTest(`fails over ${count} samples in a table of one`, () => {
    const bytes = fromHex("00000014 7472756e 00000100 00000001 00000001");
    viewOf(bytes).setUint32(12, count);
    assert.throws(
      () => readTrunHeader(viewOf(bytes)),
      new RegExp(`${count} samples of 4 bytes as they must fit into the box`),
    );
  });
}

const samples: readonly Sample[] = [
  { duration: 3, size: 5, flags: 7, compositionTimeOffset: 11 },
  { duration: 0xffffffff, size: 0xffffffff, flags: 1, compositionTimeOffset: 1 },
];
const sums = [
  { column: "duration", fallback: 9, sum: 0x1_0000_0002 },
  { column: "size", fallback: 9, sum: 0x1_0000_0004 },
] as const;
for (const { column, fallback, sum } of sums) {
  sumTest(`adds up each ${column} past 32 bits`, () => {
    const view = viewOf(writeTrun({ version: 0, dataOffset: 1, samples }));
    assert.is(sumSamples(view, readTrunHeader(view), column, fallback), sum);
  });
  sumTest(`takes the fallback for each sample without ${column}`, () => {
    const others = samples.map(({ flags }) => ({ flags }));
    const view = viewOf(writeTrun({ version: 0, samples: others }));
    assert.is(sumSamples(view, readTrunHeader(view), column, fallback), 18);
  });
}

readTest.run();
writeTest.run();
headerTest.run();
sumTest.run();
