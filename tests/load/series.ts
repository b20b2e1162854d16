import { suite } from "uvu";
import * as assert from "uvu/assert";
import type { GeneratorInterval } from "../../lib/load/generator.ts";
import { Histogram } from "../../lib/load/histogram.ts";
import { noCounts } from "../../lib/load/meter.ts";
import { Series } from "../../lib/load/series.ts";

const test = suite("Series");

/** A second in which one fragment was taken after so many milliseconds. */
function interval(second: number, ms: number, channels = 1): GeneratorInterval {
  const last = Histogram.create();
  last.record(ms);
  return {
    second,
    fromMs: second * 1000,
    toMs: second * 1000 + 1000,
    channels,
    counts: { ...noCounts(), fragments: 1 },
    errors: {},
    histograms: { last: last.encode() },
    isEnding: false,
    warnings: [],
  };
}

test("puts the seconds of several generators together", () => {
  const series = new Series(2);
  assert.is(series.add(0, interval(0, 1, 3)), undefined);
  const point = series.add(1, interval(0, 100, 4))!;
  assert.equal([point.atSeconds, point.seconds, point.channels], [0, 1, 7]);
  assert.is(point.counts.fragments, 2);
  assert.is(Histogram.decode(point.histograms.last!).count, 2);
});

test("goes on counting the channels of a generator that skips a second", () => {
  const series = new Series(2);
  series.add(0, interval(0, 1, 3));
  series.add(1, interval(0, 1, 4));
  series.add(0, interval(1, 1, 3));
  series.add(0, interval(2, 1, 3));
  series.add(1, interval(2, 1, 4));
  assert.equal(series.points().map(({ channels }) => channels), [7, 7, 7]);
});

test("joins seconds where there are many, and loses nothing", () => {
  const series = new Series(1);
  for (let second = 0; second < 3000; second++) {
    series.add(0, interval(second, second % 100, second));
  }
  const points = series.points();
  assert.ok(points.length <= 1200, `${points.length}`);
  const histogram = Histogram.create();
  for (const { histograms } of points) histogram.add(Histogram.decode(histograms.last!));
  assert.is(histogram.count, 3000);
  assert.is(points.reduce((sum, { counts }) => sum + counts.fragments, 0), 3000);
  assert.is(points.at(-1)!.channels, 2999);
  points.forEach(({ atSeconds, seconds }, n) => {
    const next = points[n + 1];
    if (next) assert.is(atSeconds + seconds, next.atSeconds);
  });
});

test("closes the seconds in order, also one that a generator has skipped, however many there are", () => {
  const series = new Series(2);
  for (let second = 0; second < 2500; second++) {
    series.add(0, interval(second, 1, 3));
    if (second !== 100) series.add(1, interval(second, 1, second < 200 ? 4 : 2000));
  }
  const points = series.points();
  assert.ok(points.every(({ seconds }) => seconds > 0));
  assert.is(points.reduce((sum, { seconds }) => sum + seconds, 0), 2500);
  assert.is(points.find(({ atSeconds, seconds }) => atSeconds + seconds > 100)!.channels, 7);
});

test.run();
