import type { Metric } from "./metric.ts";
import { Histogram } from "./histogram.ts";
import { METRIC_NAMES } from "./metric.ts";

/** What is counted. */
export interface LoadCounts {
  /** Whole ones that were taken. */
  fragments: number;
  /** Bytes of fragments that were taken. */
  bytes: number;
  /** Connections that took the place of a lost one. */
  reconnects: number;
  /** Times that a point took nothing for a while. */
  stalls: number;
  /** Fragments that were left out after an outage. */
  dropped: number;
  /** Fragments that were due and had not been taken when the measurement ended. */
  unsent: number;
  /** Fragments that had been taken and could not be fetched yet when the measurement ended. */
  unfetched: number;
  /** Streams that did not end in order. */
  failedStreams: number;
}

/** Nothing yet. */
export function noCounts(): LoadCounts {
  return {
    fragments: 0,
    bytes: 0,
    reconnects: 0,
    stalls: 0,
    dropped: 0,
    unsent: 0,
    unfetched: 0,
    failedStreams: 0,
  };
}

/** Adds what was counted elsewhere. */
export function addCounts(to: LoadCounts, from: LoadCounts): void {
  for (const name of Object.keys(to) as (keyof LoadCounts)[]) to[name] += from[name] ?? 0;
}

/** Histograms as text, those without a value left out. */
export type EncodedHistograms = { readonly [metric in Metric]?: string };

/** What was measured since the last time that someone asked. */
export interface Measured {
  readonly counts: LoadCounts;
  readonly errors: Readonly<Record<string, number>>;
  readonly histograms: EncodedHistograms;
}

/** Takes in what is measured. */
export interface LoadMeter {
  record(metric: Metric, ms: number): void;
  /** @param by How many more; one by default. */
  count(name: keyof LoadCounts, by?: number): void;
  /** @param kind Such as `HTTP 503` or `ECONNRESET`. */
  error(kind: string): void;
}

/** Takes in what is measured, interval by interval. */
export class Meter implements LoadMeter {
  readonly #histograms = new Map<Metric, Histogram>();
  #counts = noCounts();
  #errors: Record<string, number> = {};

  constructor() {
    for (const name of METRIC_NAMES) this.#histograms.set(name, Histogram.create());
  }

  record(metric: Metric, ms: number): void {
    this.#histograms.get(metric)!.record(ms);
  }

  count(name: keyof LoadCounts, by = 1): void {
    this.#counts[name] += by;
  }

  /** @param kind Such as `HTTP 503` or `ECONNRESET`. */
  error(kind: string): void {
    this.#errors[kind] = (this.#errors[kind] ?? 0) + 1;
  }

  /** The histogram of the interval under way. */
  histogram(metric: Metric): Histogram {
    return this.#histograms.get(metric)!;
  }

  /** Ends the interval. */
  take(): Measured {
    const histograms: { [metric in Metric]?: string } = {};
    for (const [name, histogram] of this.#histograms) {
      if (histogram.count > 0) histograms[name] = histogram.encode();
      histogram.reset();
    }
    const measured = { counts: this.#counts, errors: this.#errors, histograms };
    this.#counts = noCounts();
    this.#errors = {};
    return measured;
  }
}
