import { suite } from "uvu";
import * as assert from "uvu/assert";
import { quoted } from "../../lib/manifest/quoted.ts";

const test = suite("quoted");

const cases = [
  { value: "", shown: '""' },
  { value: 'a "b"', shown: String.raw`"a \"b\""` },
  { value: "x".repeat(60), shown: `"${"x".repeat(60)}"` },
  { value: "x".repeat(61), shown: `"${"x".repeat(60)}…"` },
  { value: "\x1b[31m\r\n", shown: String.raw`"\u001b[31m\r\n"` },
  { value: "\x9b31m\x7f", shown: String.raw`"\u009b31m\u007f"` },
  { value: "a\u202eb", shown: String.raw`"a\u202eb"` },
];
for (const { value, shown } of cases) {
  test(`shows ${shown}`, () => assert.is(quoted(value), shown));
}

test.run();
