import { suite } from "uvu";
import * as assert from "uvu/assert";
import { fromHex, toHex, viewOf } from "../../lib/mp4/box.ts";
import { readMfhd, writeMfhd } from "../../lib/mp4/mfhd.ts";

const readTest = suite("readMfhd");
const writeTest = suite("writeMfhd");

for (const sequenceNumber of [0, 1, 0xffffffff]) {
  const hex = `000000106d66686400000000${sequenceNumber.toString(16).padStart(8, "0")}`;
  writeTest(`writes ${sequenceNumber}`, () => {
    assert.is(toHex(writeMfhd({ sequenceNumber })), hex);
  });
  readTest(`reads ${sequenceNumber}`, () => {
    assert.equal(readMfhd(viewOf(fromHex(hex))), { sequenceNumber });
  });
}

readTest.run();
writeTest.run();
