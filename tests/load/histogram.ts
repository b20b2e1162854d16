import { suite } from "uvu";
import * as assert from "uvu/assert";
import { formatHistogramLog, Histogram } from "../../lib/load/histogram.ts";

const test = suite("Histogram");

/** Values over seven powers of ten, in an order of their own. */
const VALUES = Array.from({ length: 2000 }, (_, n) => 0.001 * 1.01 ** ((n * 733) % 2000));

function of(values: readonly number[]): Histogram {
  const histogram = Histogram.create();
  for (const ms of values) histogram.record(ms);
  return histogram;
}

const near = (actual: number, expected: number) =>
  assert.ok(Math.abs(actual - expected) <= expected / 500, `${actual} is not ${expected}`);

/** The head of an encoded one says how much room it has, which is not the same for all. */
const read = (histogram: Histogram) => Histogram.decode(histogram.encode()).encode();

test("knows percentiles to three digits, whatever their size", () => {
  const histogram = of(VALUES);
  const sorted = VALUES.toSorted((a, b) => a - b);
  for (const percent of [10, 50, 90, 99, 99.9]) {
    near(histogram.percentile(percent), sorted[Math.ceil(percent * 20) - 1]!);
  }
  near(histogram.max, sorted.at(-1)!);
  assert.is(histogram.count, 2000);
});

test("is the same after it went through text", () => {
  const histogram = of(VALUES);
  const again = Histogram.decode(histogram.encode());
  assert.is(again.count, histogram.count);
  for (const percent of [0, 10, 50, 90, 99, 99.9, 100]) {
    assert.is(again.percentile(percent), histogram.percentile(percent));
  }
  assert.is(read(again), read(histogram));
});

test("adds two halves up to the whole", () => {
  const sum = of(VALUES.slice(0, 700));
  sum.add(of(VALUES.slice(700)));
  assert.is(read(sum), read(of(VALUES)));
});

test("stays as it is however often it is added to nothing", () => {
  let histogram = of([0, 0.5, 3]);
  const { max } = Histogram.decode(histogram.encode());
  for (let n = 0; n < 50; n++) {
    const sum = Histogram.create();
    sum.add(Histogram.decode(histogram.encode()));
    histogram = sum;
  }
  assert.is(histogram.max, max);
  near(max, 3);
});

test("has no values where there are none", () => {
  const histogram = Histogram.create();
  assert.equal([histogram.count, histogram.max, histogram.mean, histogram.percentile(99)], [
    0,
    0,
    0,
    0,
  ]);
  histogram.record(5);
  histogram.reset();
  assert.is(histogram.count, 0);
});

test("takes what is below 0 as 0, and more than an hour", () => {
  const histogram = of([-3, 2e7]);
  assert.is(histogram.percentile(50), 0);
  near(histogram.max, 2e7);
  near(Histogram.decode(histogram.encode()).max, 2e7);
});

for (const text of ["", "xyz", "HISTFAAAAB", btoa("a".repeat(60))]) {
  test(`says no to ${JSON.stringify(text)}`, () => {
    assert.throws(() => Histogram.decode(text), /must be compressed and in Base64, of version 2/);
  });
}

test("writes a log with a tag, times in seconds and the largest value in milliseconds", () => {
  const histogram = of([1, 2, 3]);
  const text = formatHistogramLog(1_700_000_000_000, ["one\nline"], [
    { tag: "last", fromSeconds: 1, toSeconds: 2.5, histogram },
  ]);
  const lines = text.trimEnd().split("\n").filter((line) => line !== "");
  assert.is(lines[0], "#[Histogram log format version 1.3]");
  assert.is(lines[1], "#one line");
  assert.match(lines[2]!, "#[StartTime: 1700000000.000 (seconds since epoch)");
  assert.is(
    lines[3],
    '"StartTimestamp","Interval_Length","Interval_Max","Interval_Compressed_Histogram"',
  );
  assert.match(lines[4]!, /^Tag=last,1\.000,1\.500,3\.\d+,HISTFAAAA/);
  const encoded = lines[4]!.split(",").at(-1)!;
  assert.is(Histogram.decode(encoded).count, 3);
});

test.run();
