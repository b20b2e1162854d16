import type { ChannelResult } from "./channel.ts";
import type { Health } from "./health.ts";
import type { Histogram } from "./histogram.ts";
import type { Machine } from "./machine.ts";
import type { EncodedHistograms, LoadCounts } from "./meter.ts";
import type { Metric } from "./metric.ts";
import type { Tally } from "./tally.ts";
import { METRIC_NAMES } from "./metric.ts";

/** Times of one kind, in milliseconds. */
export interface Distribution {
  /** How many values there are. */
  readonly count: number;
  readonly mean: number;
  readonly p50: number;
  readonly p90: number;
  readonly p99: number;
  readonly p999: number;
  readonly max: number;
}

/** What a run was made with. */
export interface BenchConditions {
  /** ISO 8601 date at which the measurement began. */
  readonly startedAt: string;
  readonly machine: Machine;
  /** Of this program. */
  readonly version: string;
  /** Where the load went, without credentials. */
  readonly url: string;
  readonly presentation: string;
  /** Threads. */
  readonly workers: number;
  /** What was asked for, by the names of the options. */
  readonly options: Readonly<Record<string, string>>;
  /** What one channel sends. */
  readonly channel: {
    readonly streams: number;
    readonly fragmentsPerSecond: number;
    readonly bytesPerSecond: number;
    /** Of the longest fragment. */
    readonly fragmentMs: number;
  };
}

/** What happened in one second, or in several where a run is long. */
export interface SeriesPoint {
  /** When it began, in seconds from the start. */
  readonly atSeconds: number;
  /** How long it was, in seconds. */
  readonly seconds: number;
  /** Channels that ran at its end. */
  readonly channels: number;
  readonly counts: LoadCounts;
  readonly errors: Readonly<Record<string, number>>;
  /** How late what was due was already at its end without having been taken, in milliseconds. */
  readonly overdueMs: number;
  /** HdrHistogram, version 2, compressed, in Base64; values in nanoseconds. */
  readonly histograms: EncodedHistograms;
}

/** One step of a search. */
export interface BenchStep {
  readonly channels: number;
  readonly isKept: boolean;
  /** What of the objective was missed. */
  readonly misses: readonly string[];
  /** Why the generator itself was too slow. */
  readonly problems: readonly string[];
  /** From due until the last byte was taken. */
  readonly last: Distribution;
  readonly bytesPerSecond: number;
  readonly errors: Readonly<Record<string, number>>;
}

/** What a search found. */
export interface BenchSearch {
  readonly objective: string;
  /** The highest number of channels that kept the objective; 0 if none did. */
  readonly best: number;
  /** The lowest number above that did not. */
  readonly failed?: number;
  /** Why it did not, or why the search ended. */
  readonly reason: string;
  readonly steps: readonly BenchStep[];
}

/** What a load test found. */
export interface BenchReport {
  readonly type: "pushencoder-bench";
  /** Of this format. */
  readonly format: 1;
  /** One for each machine. */
  readonly conditions: readonly BenchConditions[];
  /** Channels that were asked for, of all machines together; in a search the most that were tried. */
  readonly channels: number;
  /** How long the measurement took. */
  readonly seconds: number;
  /** Whether it was stopped before its time. */
  readonly isStopped: boolean;
  readonly counts: LoadCounts;
  /** By kind. */
  readonly errors: Readonly<Record<string, number>>;
  readonly metrics: { readonly [metric in Metric]?: Distribution };
  /** HdrHistogram, version 2, compressed, in Base64; values in nanoseconds. */
  readonly histograms: EncodedHistograms;
  readonly series: readonly SeriesPoint[];
  /** The worst channels, the worst one first. */
  readonly worst: readonly ChannelResult[];
  /** One for each machine. */
  readonly health: readonly Health[];
  /** Whether the load generator was the bottleneck, so that the point may be better than it looks. */
  readonly isVoid: boolean;
  /** What the objective was, where there was one. */
  readonly objective?: string;
  /** What of the objective was missed, where there was one. */
  readonly misses?: readonly string[];
  readonly search?: BenchSearch;
}

/** The numbers of a histogram that are shown. */
export function distributionOf(histogram: Histogram): Distribution {
  return {
    count: histogram.count,
    mean: histogram.mean,
    p50: histogram.percentile(50),
    p90: histogram.percentile(90),
    p99: histogram.percentile(99),
    p999: histogram.percentile(99.9),
    max: histogram.max,
  };
}

/** The numbers of all metrics that have a value. */
export function distributionsOf(tally: Tally): { [metric in Metric]?: Distribution } {
  const found: { [metric in Metric]?: Distribution } = {};
  for (const metric of METRIC_NAMES) {
    const histogram = tally.histogram(metric);
    if (histogram.count > 0) found[metric] = distributionOf(histogram);
  }
  return found;
}

/** Whether there was nothing to measure: no fragment was due, and none went wrong before. */
export function isEmpty(
  { counts, metrics, errors }: Pick<BenchReport, "counts" | "metrics" | "errors">,
): boolean {
  return counts.fragments === 0 && !metrics.last && Object.keys(errors).length === 0;
}

/** Why the results of a report that is void are worth nothing. */
export function voidReason(report: BenchReport): string {
  if (isEmpty(report)) return "no fragment was due: it must run for longer, or with more channels";
  const { search, health } = report;
  const problems = (search ? search.steps : health).flatMap((it) => it.problems);
  return `the load generator was the bottleneck: ${[...new Set(problems)].join("; ")}`;
}

/** Channels that a report names one by one. */
const WORST_CHANNELS = 20;

/** Those that did worst: failed ones first, then by lateness. */
export function worstOf(results: readonly ChannelResult[]): ChannelResult[] {
  const rank = ({ error, worstMs }: ChannelResult) => error === undefined ? worstMs : Infinity;
  const compare = (a: ChannelResult, b: ChannelResult) =>
    rank(a) === rank(b) ? b.worstMs - a.worstMs : rank(b) - rank(a);
  return results.toSorted(compare).slice(0, WORST_CHANNELS);
}
