import { suite } from "uvu";
import * as assert from "uvu/assert";
import { fromBase64, toBase64 } from "../../lib/ingest/base64.ts";

const test = suite("toBase64, fromBase64");

// RFC 4648 10
const cases: [text: string, base64: string][] = [
  ["", ""],
  ["f", "Zg=="],
  ["fo", "Zm8="],
  ["foo", "Zm9v"],
  ["foobar", "Zm9vYmFy"],
  ["\xff\xfe\0", "//4A"],
];
for (const [text, base64] of cases) {
  test(`turns ${JSON.stringify(text)} into ${base64} and back`, () => {
    const bytes = Uint8Array.from(text, (char) => char.charCodeAt(0));
    assert.is(toBase64(bytes), base64);
    assert.equal(fromBase64(base64), bytes);
  });
}

test("finds nothing in what is no Base64", () => {
  for (const text of ["a", "Zg=", "Z===", "Z-_A", "é"]) assert.is(fromBase64(text), undefined);
});

test("takes more bytes than a call takes arguments", () => {
  const bytes = new Uint8Array(1 << 20).fill(7);
  assert.equal(fromBase64(toBase64(bytes)), bytes);
});

test.run();
