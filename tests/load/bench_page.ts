import { suite } from "uvu";
import * as assert from "uvu/assert";
import { formatBenchPage } from "../../lib/load/bench_page.ts";
import {
  type BenchReport,
  distributionsOf,
  type SeriesPoint,
} from "../../lib/load/bench_report.ts";
import { noCounts } from "../../lib/load/meter.ts";
import { Tally } from "../../lib/load/tally.ts";

function pointAt(atSeconds: number, seconds: number, ms: readonly number[]): SeriesPoint {
  const tally = new Tally();
  for (const value of ms) tally.histogram("last").record(value);
  tally.counts.fragments = ms.length;
  return { atSeconds, seconds, channels: 1, overdueMs: 0, ...tally.measured() };
}

function reportOf(series: readonly SeriesPoint[], fields: Partial<BenchReport> = {}): BenchReport {
  const tally = new Tally();
  for (const point of series) tally.add(point);
  return {
    type: "pushencoder-bench",
    format: 1,
    conditions: [],
    channels: 1,
    seconds: 2,
    isStopped: false,
    counts: tally.counts,
    errors: {},
    metrics: distributionsOf(tally),
    histograms: tally.encode(),
    series,
    worst: [],
    health: [],
    isVoid: false,
    ...fields,
  };
}

const SECOND = Array.from({ length: 40 }, (_, n) => n + 1);

const test = suite("formatBenchPage");

test("draws a second that the end cut short with the one before, and loses nothing of it", () => {
  const page = formatBenchPage(
    reportOf([pointAt(0, 1, SECOND), pointAt(1, 1, SECOND), pointAt(2, 0.03, [5000])]),
  );
  const [, latency] = /second by second<\/text>([^]*?)<\/svg>/.exec(page)!;
  const lines = [...latency!.matchAll(/class="plot-line plot-(\d)"[^>]* d="(M[^"]*L[^"]*)"/g)];
  assert.equal(lines.map(([, n]) => n), ["0", "1", "2"]);
  for (const [, , path] of lines) assert.is(path!.split("L").length, 2, path);
  assert.match(latency!, />5k<|>10k</, "the last value has a place");
});

test("says at which percentiles its lines are", () => {
  const page = formatBenchPage(reportOf([pointAt(0, 1, SECOND)]));
  for (const tick of ["68.4 %", "90 %"]) assert.match(page, `>${tick}<`);
});

test("says why nothing could be measured, in place of plots without a line", () => {
  const page = formatBenchPage(reportOf([], {
    counts: noCounts(),
    errors: { "HTTP 404": 1 },
    worst: [{ channel: "0", fragments: 0, reconnects: 0, worstMs: 0, error: "no such <point>" }],
  }));
  assert.match(page, "Nothing could be measured: no such &lt;point&gt;");
  assert.match(page, "1 channel for 2.0 s: 0 fragments, 0.0 Mbit/s, 1 error, ");
  assert.not.match(page, "Latency over time");
});

test.run();
