import type { PlotOptions, PlotSeries } from "../report/plot.ts";
import type { BenchReport, BenchStep, SeriesPoint } from "./bench_report.ts";
import type { Metric } from "./metric.ts";
import { countWords } from "../count_words.ts";
import {
  escapeHtml,
  formatHtmlPage,
  formatHtmlScroll,
  formatHtmlTable,
} from "../report/html_page.ts";
import { formatPlot } from "../report/plot.ts";
import { voidReason } from "./bench_report.ts";
import { Histogram } from "./histogram.ts";
import { METRIC_NAMES, METRICS } from "./metric.ts";
import { joinPoints } from "./series.ts";
import { parseSlo } from "./slo.ts";

/** The metrics of which the page draws the percentiles: what the point has a part in. */
const DRAWN: readonly Metric[] = ["last", "first", "watch", "probe", "connect", "answer"];

/** Where the percentile curve has its points: so many nines behind 0, in steps. */
const CURVE_STEPS_PER_NINE = 12;

/** A point of a plot is about this long at least, in seconds. */
const LEAST_SECONDS = 0.5;

/** The report of a load test as one page that loads nothing. */
export function formatBenchPage(report: BenchReport): string {
  const { search } = report;
  return formatHtmlPage({
    title: `Load on ${report.conditions[0]?.url ?? "a publishing point"}`,
    body: [
      formatVerdict(report),
      formatMetrics(report),
      ...(search ? ["<h2>Channels against latency</h2>", formatSearch(search.steps, report)] : []),
      ...(report.metrics.last ? formatTimes(report) : []),
      "<h2>Channels</h2>",
      formatChannels(report.series),
      "<h2>What went wrong</h2>",
      formatTrouble(report),
      "<h2>The load generator</h2>",
      formatHealth(report),
      "<h2>Conditions</h2>",
      formatConditions(report),
    ].join("\n"),
  });
}

function formatTimes(report: BenchReport): string[] {
  return [
    "<h2>Latency over time</h2>",
    formatLatency(report),
    "<h2>Percentiles</h2>",
    formatCurve(report),
    "<h2>Throughput</h2>",
    formatThroughput(report.series),
  ];
}

function plotOf(options: PlotOptions): string {
  return formatHtmlScroll(formatPlot(options));
}

function ms(value: number): string {
  if (value >= 1000) return `${(value / 1000).toFixed(2)} s`;
  return `${value.toFixed(value < 10 ? 2 : 1)} ms`;
}

function paragraph(text: string, isStrong = false): string {
  return isStrong ? `<p><strong>${escapeHtml(text)}</strong></p>` : `<p>${escapeHtml(text)}</p>`;
}

function formatVerdict(report: BenchReport): string {
  const { channels, seconds, counts, isVoid, isStopped, search, objective, misses } = report;
  const bits = counts.bytes * 8 / Math.max(seconds, 0.001) / 1e6;
  const facts = [
    countWords(counts.fragments, "fragment"),
    `${bits.toFixed(1)} Mbit/s`,
    countWords(totalOf(report.errors), "error"),
    countWords(counts.reconnects, "reconnect"),
    countWords(counts.stalls, "stall"),
  ];
  const parts = [paragraph(
    `${countWords(channels, "channel")} for ${seconds.toFixed(1)} s: ${facts.join(", ")}.`,
  )];
  if (counts.fragments === 0 && totalOf(report.errors) > 0) {
    const why = report.worst[0]?.error ?? Object.keys(report.errors).join(", ");
    parts.push(paragraph(`Nothing could be measured: ${why}`, true));
  }
  if (search) {
    const next = search.failed === undefined
      ? `The search ended as ${search.reason}.`
      : `${search.failed} did not: ${search.reason}.`;
    parts.push(
      paragraph(`${countWords(search.best, "channel")} kept ${search.objective}. ${next}`, true),
    );
  }
  if (objective !== undefined && misses) {
    const text = misses.length === 0 ? `Kept ${objective}.` : `Not kept: ${misses.join("; ")}.`;
    parts.push(paragraph(text, true));
  }
  if (isStopped) parts.push(paragraph("It was stopped before its time."));
  if (isVoid) {
    const text = `VOID: ${voidReason(report)}. The point may be better than it looks here.`;
    parts.push(paragraph(text, true));
  }
  return parts.join("\n");
}

function formatMetrics({ metrics }: BenchReport): string {
  const rows = METRIC_NAMES.flatMap((metric) => {
    const found = metrics[metric];
    if (!found) return [];
    const { count, p50, p90, p99, p999, max } = found;
    return [[METRICS[metric], String(count), ...[p50, p90, p99, p999, max].map(ms)]];
  });
  return formatHtmlTable({
    heads: ["what", "count", "p50", "p90", "p99", "p99.9", "max"],
    rows,
    figures: [1, 2, 3, 4, 5, 6],
  });
}

/** The end of a run cuts its last second short: what came in it belongs to the one before. */
function joinShort(series: readonly SeriesPoint[]): SeriesPoint[] {
  const joined: SeriesPoint[] = [];
  for (const point of series) {
    const last = point.seconds < LEAST_SECONDS ? joined.pop() : undefined;
    joined.push(last ? joinPoints([last, point]) : point);
  }
  return joined;
}

function formatLatency({ series, objective }: BenchReport): string {
  const points = joinShort(series).map((point) => ({
    at: point.atSeconds + point.seconds,
    overdueMs: point.overdueMs,
    last: point.histograms.last === undefined ? undefined : Histogram.decode(point.histograms.last),
  }));
  const line = (name: string, of: (histogram: Histogram) => number): PlotSeries => ({
    name,
    points: points.flatMap(({ at, last }) => last ? [[at, of(last)] as const] : []),
    style: "line",
  });
  const overdue: PlotSeries = {
    name: "overdue, not taken yet",
    points: points.map(({ at, overdueMs }) => [at, overdueMs > 0 ? overdueMs : NaN] as const),
    style: "dots",
  };
  return plotOf({
    title: "Last byte taken, from when it was due, second by second",
    x: { label: "seconds", min: 0 },
    y: { label: "milliseconds", scale: "log" },
    series: [
      line("p50", (it) => it.percentile(50)),
      line("p99", (it) => it.percentile(99)),
      line("max", (it) => it.max),
      ...(points.some((it) => it.overdueMs > 0) ? [overdue] : []),
    ],
    marks: marksOf(objective),
  });
}

/** The limits of an objective for the last byte. */
function marksOf(objective: string | undefined) {
  if (objective === undefined) return [];
  return parseSlo(objective).flatMap((goal) =>
    goal.type === "time" && goal.metric === "last"
      ? [{ axis: "y" as const, value: goal.limitMs, label: goal.text }]
      : []
  );
}

/** Nines on the axis: 0 is 0 %, 1 is 90 %, 2 is 99 %, and 68.4 % lies half-way to 90 %. */
function formatNines(nines: number): string {
  return `${Number((100 - 100 / 10 ** nines).toFixed(Math.max(0, Math.ceil(nines))))} %`;
}

function formatCurve({ histograms }: BenchReport): string {
  const series = DRAWN.flatMap((metric): PlotSeries[] => {
    const text = histograms[metric];
    if (text === undefined) return [];
    const histogram = Histogram.decode(text);
    const most = Math.max(1, Math.log10(histogram.count));
    const steps = Math.ceil(most * CURVE_STEPS_PER_NINE);
    const points = Array.from({ length: steps + 1 }, (_, n) => {
      const nines = Math.min(n / CURVE_STEPS_PER_NINE, most);
      return [nines, histogram.percentile(100 - 100 / 10 ** nines)] as const;
    });
    return [{ name: METRICS[metric], points, style: "line" }];
  });
  return plotOf({
    title: "How many of all values are below",
    x: { label: "percentile", min: 0, format: formatNines },
    y: { label: "milliseconds", scale: "log" },
    series,
  });
}

function formatThroughput(series: readonly SeriesPoint[]): string {
  return plotOf({
    title: "Throughput",
    x: { label: "seconds", min: 0 },
    y: { label: "Mbit/s" },
    series: [{
      name: "taken by the point",
      points: series.filter(({ seconds }) => seconds >= LEAST_SECONDS).map((
        { atSeconds, seconds, counts },
      ) => [atSeconds + seconds, counts.bytes * 8 / seconds / 1e6] as const),
      style: "line",
    }],
  });
}

function formatChannels(series: readonly SeriesPoint[]): string {
  return plotOf({
    title: "Channels",
    x: { label: "seconds", min: 0 },
    y: { label: "channels" },
    series: [{
      name: "running",
      points: series.map(({ atSeconds, seconds, channels }) =>
        [atSeconds + seconds, channels] as const
      ),
      style: "steps",
    }],
    height: 240,
  });
}

function formatSearch(steps: readonly BenchStep[], { search }: BenchReport): string {
  const sorted = steps.toSorted((a, b) => a.channels - b.channels);
  const line = (name: string, of: (step: BenchStep) => number): PlotSeries => ({
    name,
    points: sorted.map((step) => [step.channels, of(step)] as const),
  });
  const plot = plotOf({
    title: "Last byte taken, for each number of channels",
    x: { label: "channels", min: 0 },
    y: { label: "milliseconds", scale: "log" },
    series: [
      line("p50", ({ last }) => last.p50),
      line("p99", ({ last }) => last.p99),
      line("max", ({ last }) => last.max),
    ],
    marks: [
      ...marksOf(search?.objective),
      ...(search && search.best > 0
        ? [{ axis: "x" as const, value: search.best, label: `${search.best} kept it` }]
        : []),
    ],
  });
  const table = formatHtmlTable({
    heads: ["channels", "p50", "p99", "max", "Mbit/s", ""],
    rows: steps.map(({ channels, last, bytesPerSecond, isKept, misses, problems }) => [
      String(channels),
      ms(last.p50),
      ms(last.p99),
      ms(last.max),
      (bytesPerSecond * 8 / 1e6).toFixed(1),
      isKept ? "kept" : [...misses, ...problems].join("; "),
    ]),
    figures: [0, 1, 2, 3, 4],
  });
  return `${plot}\n${table}`;
}

function formatTrouble({ errors, counts, worst }: BenchReport): string {
  const rows = [
    ...Object.entries(errors).map(([kind, count]) => [kind, String(count)]),
    ["reconnects", String(counts.reconnects)],
    ["stalls by back-pressure", String(counts.stalls)],
    ["fragments left out after an outage", String(counts.dropped)],
    ["fragments due and not taken at the end", String(counts.unsent)],
    ["fragments taken and not to be fetched yet at the end", String(counts.unfetched)],
    ["streams not ended in order", String(counts.failedStreams)],
  ];
  return [
    formatHtmlTable({ heads: ["what", "how often"], rows, figures: [1] }),
    "<h2>The worst channels</h2>",
    formatHtmlTable({
      heads: ["channel", "worst lateness", "fragments", "reconnects", ""],
      rows: worst.slice(0, 10).map((it) => [
        it.channel,
        ms(it.worstMs),
        String(it.fragments),
        String(it.reconnects),
        it.error ?? "",
      ]),
      figures: [1, 2, 3],
    }),
  ].join("\n");
}

function formatHealth({ health, metrics }: BenchReport): string {
  return formatHtmlTable({
    heads: [
      "own lateness p99",
      "null sink p99",
      "event loop delay p99",
      "CPU cores",
      "busiest thread",
      "memory",
      "",
    ],
    rows: health.map((it) => [
      metrics.own ? ms(it.ownLatenessP99Ms) : "-",
      it.calibratedP99Ms === undefined ? "-" : ms(it.calibratedP99Ms),
      ms(it.loopDelayP99Ms),
      it.cpuCores.toFixed(2),
      it.busiest === undefined ? "-" : `${(it.busiest * 100).toFixed(0)} %`,
      `${Math.round(it.residentBytes / 1e6)} MB`,
      it.problems.join("; "),
    ]),
    figures: [0, 1, 2, 3, 4, 5],
  });
}

function formatConditions({ conditions }: BenchReport): string {
  return conditions.map(({ machine, channel, options, ...run }) =>
    formatHtmlTable({
      heads: ["", ""],
      rows: [
        ["began", run.startedAt],
        ["publishing point", run.url],
        ["presentation", run.presentation],
        [
          "machine",
          `${machine.processor}, ${machine.cores} cores, ${
            (machine.memory / 2 ** 30).toFixed(0)
          } GiB`,
        ],
        ["system", machine.system],
        ["runtime", machine.runtime],
        ["pushencoder", run.version],
        ["threads", String(run.workers)],
        [
          "one channel",
          `${channel.streams} streams, ${channel.fragmentsPerSecond.toFixed(1)} fragments/s, ${
            (channel.bytesPerSecond * 8 / 1e6).toFixed(2)
          } Mbit/s, longest fragment ${ms(channel.fragmentMs)}`,
        ],
        ...Object.entries(options).map(([name, value]) => [`--${name}`, value]),
      ],
    })
  ).join("\n");
}

function totalOf(counts: Readonly<Record<string, number>>): number {
  return Object.values(counts).reduce((total, count) => total + count, 0);
}
