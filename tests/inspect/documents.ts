import { suite } from "uvu";
import * as assert from "uvu/assert";
import { documentFacts } from "../../lib/inspect/documents.ts";

const test = suite("documentFacts");

const cases: { bytes: number[]; encoding: string; hasByteOrderMark: boolean }[] = [
  { bytes: [], encoding: "UTF-8", hasByteOrderMark: false },
  { bytes: [0x3c], encoding: "UTF-8", hasByteOrderMark: false },
  { bytes: [0x3c, 0x61], encoding: "UTF-8", hasByteOrderMark: false },
  { bytes: [0xef, 0xbb, 0xbf, 0x3c], encoding: "UTF-8", hasByteOrderMark: true },
  { bytes: [0x3c, 0, 0x61, 0], encoding: "UTF-16LE", hasByteOrderMark: false },
  { bytes: [0xff, 0xfe, 0x3c, 0], encoding: "UTF-16LE", hasByteOrderMark: true },
  { bytes: [0, 0x3c, 0, 0x61], encoding: "UTF-16BE", hasByteOrderMark: false },
  { bytes: [0xfe, 0xff, 0, 0x3c], encoding: "UTF-16BE", hasByteOrderMark: true },
];
for (const { bytes, encoding, hasByteOrderMark } of cases) {
  test(`tells ${encoding} ${hasByteOrderMark ? "with" : "without"} mark: [${bytes}]`, () => {
    const facts = documentFacts(Uint8Array.from(bytes));
    assert.equal(facts, { size: bytes.length, encoding, hasByteOrderMark });
  });
}

test.run();
