import { suite } from "uvu";
import * as assert from "uvu/assert";
import { concat, fromHex, toHex, viewOf } from "../../lib/mp4/box.ts";
import { readTfrf, writeTfrf } from "../../lib/mp4/tfrf.ts";

const readTest = suite("readTfrf");
const writeTest = suite("writeTfrf");

const TWO = "0000003d 75756964 D4807EF2CA3946958E5426CB9E46A79F 01000000 02" +
  "00000000013D6200 0000000001312D00 00000000026E8F00 0000000001312D00";
const cases = [
  {
    name: "two entries of 64 bits",
    entries: [{ time: 20_800_000n, duration: 20_000_000n }, {
      time: 40_800_000n,
      duration: 20_000_000n,
    }],
    version: 1,
    hex: TWO,
  },
  {
    name: "an entry of 32 bits",
    entries: [{ time: 1n, duration: 2n }],
    version: 0,
    hex: "00000025 75756964 D4807EF2CA3946958E5426CB9E46A79F 00000000 01 00000001 00000002",
  },
  {
    name: "no entry",
    entries: [],
    version: 1,
    hex: "0000001d 75756964 D4807EF2CA3946958E5426CB9E46A79F 01000000 00",
  },
  {
    name: "a time before 0",
    entries: [{ time: -1n, duration: 1n }],
    version: 1,
    hex: "0000002d 75756964 D4807EF2CA3946958E5426CB9E46A79F 01000000 01" +
      "ffffffffffffffff 0000000000000001",
  },
] as const;
for (const { name, entries, version, hex } of cases) {
  const bytes = fromHex(hex);
  writeTest(`writes ${name}`, () => {
    assert.is(toHex(writeTfrf(entries, version)), toHex(bytes));
  });
  readTest(`reads ${name}`, () => {
    assert.equal(readTfrf(viewOf(bytes)), entries);
  });
}

readTest("reads past a free box that fills unused entries", () => {
  const padded = concat(fromHex(TWO), new Uint8Array(16));
  assert.is(readTfrf(viewOf(padded)).length, 2);
});

readTest("fails over more entries than there are", () => {
  const bytes = fromHex(TWO);
  bytes[28] = 3;
  assert.throws(() => readTfrf(viewOf(bytes)), (error: unknown) => error instanceof RangeError);
});

writeTest("fails over more than 255 entries", () => {
  const entries = Array.from({ length: 256 }, () => ({ time: 0n, duration: 0n }));
  assert.throws(() => writeTfrf(entries), /at most 255 entries: current value is 256$/);
});

readTest.run();
writeTest.run();
