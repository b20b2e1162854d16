import { suite } from "uvu";
import * as assert from "uvu/assert";
import { toHex, viewOf } from "../../lib/mp4/box.ts";
import { readTfdt, writeTfdt } from "../../lib/mp4/tfdt.ts";
import { widen } from "../helpers/boxes.ts";

const readTest = suite("readTfdt");
const writeTest = suite("writeTfdt");

const cases = [
  { time: 0n, version: 0, hex: "0000001074666474" + "00000000" + "00000000" },
  { time: 0xffffffffn, version: 0, hex: "0000001074666474" + "00000000" + "ffffffff" },
  { time: 0n, version: 1, hex: "0000001474666474" + "01000000" + "0000000000000000" },
  { time: 2n ** 53n + 1n, version: 1, hex: "0000001474666474" + "01000000" + "0020000000000001" },
  { time: -213_333n, version: 1, hex: "0000001474666474" + "01000000" + "fffffffffffcbeab" },
] as const;
for (const { time, version, hex } of cases) {
  const box = writeTfdt({ baseMediaDecodeTime: time }, version);
  writeTest(`writes ${time} in version ${version}`, () => {
    assert.is(toHex(box), hex);
  });
  readTest(`reads ${time} in version ${version}`, () => {
    assert.equal(readTfdt(viewOf(box)), { baseMediaDecodeTime: time });
  });
  readTest(`reads ${time} in version ${version} behind a 64-bit size`, () => {
    assert.equal(readTfdt(viewOf(widen(box))), { baseMediaDecodeTime: time });
  });
}

writeTest("writes version 1 unless it is told otherwise", () => {
  assert.is(writeTfdt({ baseMediaDecodeTime: 1n }).length, 20);
});

readTest.run();
writeTest.run();
