import { suite } from "uvu";
import * as assert from "uvu/assert";
import { fromHex, toHex, viewOf } from "../../lib/mp4/box.ts";
import { readTfxd, writeTfxd } from "../../lib/mp4/tfxd.ts";
import { widen } from "../helpers/boxes.ts";

const readTest = suite("readTfxd");
const writeTest = suite("writeTfxd");

const UUID = "756964" + "6d1d9b0542d544e680e2141daff757b2";
const cases = [
  {
    time: 800_000n,
    duration: 20_000_000n,
    version: 1,
    hex: `0000002c75${UUID}` + "01000000" + "00000000000c3500" + "0000000001312d00",
  },
  {
    time: 20_000_000n,
    duration: 20_000_000n,
    version: 1,
    hex: `0000002c75${UUID}` + "01000000" + "0000000001312d00" + "0000000001312d00",
  },
  {
    time: 1n,
    duration: 2n,
    version: 0,
    hex: `0000002475${UUID}` + "00000000" + "00000001" + "00000002",
  },
  {
    time: -213_333n,
    duration: 20_053_333n,
    version: 1,
    hex: `0000002c75${UUID}` + "01000000" + "fffffffffffcbeab" + "000000000131fd55",
  },
] as const;
for (const { time, duration, version, hex } of cases) {
  writeTest(`writes ${time} and ${duration} in version ${version}`, () => {
    assert.is(toHex(writeTfxd({ time, duration }, version)), hex);
  });
  readTest(`reads ${time} and ${duration} in version ${version}`, () => {
    assert.equal(readTfxd(viewOf(fromHex(hex))), { time, duration });
  });
  readTest(`reads ${time} and ${duration} in version ${version} behind a 64-bit size`, () => {
    assert.equal(readTfxd(viewOf(widen(fromHex(hex)))), { time, duration });
  });
}

writeTest("writes version 1 unless it is told otherwise", () => {
  assert.is(writeTfxd({ time: 0n, duration: 0n }).length, 44);
});

readTest("reads times past 2^53 to the tick", () => {
  const value = { time: 17_040_672_001_234_567n, duration: 2n ** 63n + 1n };
  assert.equal(readTfxd(viewOf(writeTfxd(value))), value);
});

readTest.run();
writeTest.run();
