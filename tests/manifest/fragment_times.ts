import { suite } from "uvu";
import * as assert from "uvu/assert";
import { ManifestSyntaxError } from "../../lib/errors.ts";
import { readFragmentTimes } from "../../lib/manifest/fragment_times.ts";
import { parseXml } from "../../lib/manifest/xml.ts";

const refusal = (message: RegExp) => (error: Error) =>
  error instanceof ManifestSyntaxError && message.test(error.message);

const read = (entries: string, maxFragments = 1000) =>
  readFragmentTimes(parseXml(`<a>${entries}</a>`).children, maxFragments);

const test = suite("readFragmentTimes");

const cases = [
  { name: "d alone", entries: '<c d="2"/><c d="3"/>', times: [[0n, 2n], [2n, 3n]] },
  { name: "n and d", entries: '<c n="0" d="2"/><c n="1" d="3"/>', times: [[0n, 2n], [2n, 3n]] },
  { name: "t and d", entries: '<c t="5" d="2"/><c t="7" d="3"/>', times: [[5n, 2n], [7n, 3n]] },
  { name: "the first t alone", entries: '<c t="5" d="2"/><c d="3"/>', times: [[5n, 2n], [7n, 3n]] },
  { name: "a gap", entries: '<c t="0" d="2"/><c t="9" d="1"/>', times: [[0n, 2n], [9n, 1n]] },
  { name: "an overlap", entries: '<c t="0" d="5"/><c t="3" d="5"/>', times: [[0n, 5n], [3n, 5n]] },
  {
    name: "equal starts",
    entries: '<c t="4" d="5"/><c t="4" d="1"/>',
    times: [[4n, 5n], [4n, 1n]],
  },
  {
    name: "t alone",
    entries: '<c t="1"/><c t="4"/><c t="9"/>',
    times: [[1n, 3n], [4n, 5n], [9n, 0n]],
  },
  {
    name: "neither t nor d",
    entries: '<c d="2"/><c/><c t="9" d="1"/>',
    times: [[0n, 2n], [2n, 7n], [9n, 1n]],
  },
  {
    name: "r",
    entries: '<c t="1" d="2" r="3"/><c d="4"/>',
    times: [[1n, 2n], [3n, 2n], [5n, 2n], [7n, 4n]],
  },
  {
    name: "r of 1 and of 0",
    entries: '<c d="2" r="1"/><c d="3" r="0"/>',
    times: [[0n, 2n], [2n, 3n]],
  },
  {
    name: "r without d",
    entries: '<c t="0" r="2"/><c t="8" d="1"/>',
    times: [[0n, 4n], [4n, 4n], [8n, 1n]],
  },
  {
    name: "a negative start",
    entries: '<c t="-3" d="5"/><c d="5"/>',
    times: [[-3n, 5n], [2n, 5n]],
  },
  {
    name: "a negative start without sign",
    entries: '<c t="18446744073709551613" d="5"/>',
    times: [[-3n, 5n]],
  },
  {
    name: "times past 2^53",
    entries: '<c t="17000000000000001" d="20000001"/><c d="1"/>',
    times: [[17000000000000001n, 20000001n], [17000000020000002n, 1n]],
  },
  { name: "nothing", entries: "", times: [] },
];
for (const { name, entries, times } of cases) {
  test(`reads ${name}`, () => {
    assert.equal(read(entries).map(({ start, duration }) => [start, duration]), times);
  });
}

test("keeps data that the manifest carries", () => {
  const entries =
    '<c d="1"><f i="0" s="1"/><f i="1">\n QUJD \n</f></c><c d="1"><f i="0" q="5"/></c>';
  assert.equal(read(entries), [
    { start: 0n, duration: 1n, data: "QUJD" },
    { start: 1n, duration: 1n },
  ]);
});

const refused = [
  {
    entries: '<c t="5" d="1"/><c t="4" d="1"/>',
    message: /after 5 as t must not go back: .* is 4$/,
  },
  { entries: '<c t="5"/><c t="4" d="1"/>', message: /must not go back/ },
  { entries: '<c d="2" r="5"/><c t="7" d="1"/>', message: /after 8 as t must not go back/ },
  { entries: '<c t="5"/><c d="4"/>', message: /at 5 as its duration needs d/ },
  { entries: '<c t="x" d="1"/>', message: /^Cannot read t of fragment entry 1 as a time/ },
  { entries: '<c d="1"/><c d="-1"/>', message: /^Cannot read d of fragment entry 2 as a duration/ },
  { entries: '<c d="1" r="-1"/>', message: /r of fragment entry 1/ },
  { entries: '<c d="1" r="1001"/>', message: /at most 1000: current value is 1001$/ },
  { entries: '<c d="1" r="9007199254740991"/>', message: /at most 1000/ },
  { entries: '<c d="1" r="999"/><c d="1" r="2"/>', message: /at most 1000/ },
];
for (const { entries, message } of refused) {
  test(`refuses ${entries}`, () => {
    assert.throws(() => read(entries), refusal(message));
  });
}

test("takes as many fragments as the limit", () => {
  assert.is(read('<c d="1" r="1000"/>').length, 1000);
});

test.run();
