import type { BenchStep, Distribution } from "../load/bench_report.ts";
import type { Metric } from "../load/metric.ts";
import { METRICS } from "../load/metric.ts";
import { formatTable, type TableColumn } from "./text_table.ts";

/** A time for people, in milliseconds or seconds, with three digits. */
export function showMs(ms: number): string {
  if (ms >= 999.5) return `${(ms / 1000).toFixed(ms < 9995 ? 2 : 1)} s`;
  return `${ms.toFixed(ms < 9.995 ? 2 : ms < 99.95 ? 1 : 0)} ms`;
}

const COLUMNS: readonly TableColumn[] = [
  { title: "", minWidth: 19 },
  { title: "count", align: "right", minWidth: 7, dropOrder: 2 },
  { title: "p50", align: "right", minWidth: 7 },
  { title: "p90", align: "right", minWidth: 7, dropOrder: 0 },
  { title: "p99", align: "right", minWidth: 7 },
  { title: "p99.9", align: "right", minWidth: 7, dropOrder: 1 },
  { title: "max", align: "right", minWidth: 7, dropOrder: 3 },
];

/** A table of distributions, one line for each metric that has a value. */
export function metricLines(
  metrics: { readonly [metric in Metric]?: Distribution },
  width: number,
): string[] {
  const rows = (Object.keys(METRICS) as Metric[]).flatMap((metric) => {
    const found = metrics[metric];
    if (!found) return [];
    const { count, p50, p90, p99, p999, max } = found;
    return [[METRICS[metric], String(count), ...[p50, p90, p99, p999, max].map(showMs)]];
  });
  return rows.length > 0 ? formatTable(COLUMNS, rows, { width }) : [];
}

const STEP_COLUMNS: readonly TableColumn[] = [
  { title: "channels", align: "right" },
  { title: "p50", align: "right", minWidth: 7, dropOrder: 0 },
  { title: "p99", align: "right", minWidth: 7 },
  { title: "throughput", align: "right", minWidth: 10, dropOrder: 1 },
  { title: "", canShrink: true },
];

/** What is shown of a step of a search. */
export type ShownStep = Omit<BenchStep, "errors">;

/** A table of the steps of a search. */
export function stepLines(steps: readonly ShownStep[], width: number): string[] {
  const rows = steps.map(({ channels, isKept, misses, problems, last, bytesPerSecond }) => [
    String(channels),
    showMs(last.p50),
    showMs(last.p99),
    showThroughput(bytesPerSecond),
    isKept ? "kept" : [...misses, ...problems].join("; "),
  ]);
  return formatTable(STEP_COLUMNS, rows, { width });
}

/** Bytes per second for people, as bits. */
export function showThroughput(bytesPerSecond: number): string {
  const bits = bytesPerSecond * 8;
  if (bits >= 999.5e6) return `${(bits / 1e9).toFixed(2)} Gbit/s`;
  if (bits >= 999.5e3) return `${(bits / 1e6).toFixed(bits < 99.95e6 ? 1 : 0)} Mbit/s`;
  return `${Math.round(bits / 1000)} kbit/s`;
}
