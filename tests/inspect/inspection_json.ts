import { suite } from "uvu";
import * as assert from "uvu/assert";
import { formatJson } from "../../lib/inspect/inspection_json.ts";

const test = suite("formatJson");

const format = (value: unknown) => [...formatJson(value)].join("");

const fragment = { index: 0, start: -5n, tfxd: { version: 1, time: -5n } };

const cases: { name: string; value: unknown; text: string }[] = [
  { name: "a string", value: "a\n", text: '"a\\n"' },
  { name: "an integer of 64 bits as a string", value: 2n ** 63n, text: '"9223372036854775808"' },
  { name: "nothing", value: null, text: "null" },
  { name: "an empty object", value: {}, text: "{}" },
  { name: "an empty list", value: [], text: "[]" },
  {
    name: "small objects on one line",
    value: { a: 1, list: [1, 2], inner: { b: true } },
    text: '{\n  "a": 1,\n  "list": [1, 2],\n  "inner": { "b": true }\n}',
  },
  {
    name: "a list of objects with a line for each",
    value: { fragments: [fragment, fragment] },
    text: '{\n  "fragments": [\n' +
      '    { "index": 0, "start": "-5", "tfxd": { "version": 1, "time": "-5" } },\n' +
      '    { "index": 0, "start": "-5", "tfxd": { "version": 1, "time": "-5" } }\n  ]\n}',
  },
  {
    name: "no key without a value",
    value: { a: undefined, b: 1, c: { d: undefined } },
    text: '{\n  "b": 1,\n  "c": {}\n}',
  },
];
for (const { name, value, text } of cases) {
  test(`writes ${name}`, () => assert.is(format(value), text));
}

test("writes what other readers read", () => {
  const value = { list: Array.from({ length: 50 }, (_, n) => ({ n, inner: { text: `"${n}"` } })) };
  assert.equal(JSON.parse(format(value)), value);
});

test.run();
