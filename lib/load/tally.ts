import type { EncodedHistograms, LoadCounts, Measured } from "./meter.ts";
import type { Metric } from "./metric.ts";
import { Histogram } from "./histogram.ts";
import { addCounts, noCounts } from "./meter.ts";
import { METRIC_NAMES } from "./metric.ts";

/** Kinds of errors that are named one by one. */
const NAMED_ERRORS = 4;

/** Adds up what was measured, from several generators, seconds or machines. */
export class Tally {
  readonly counts: LoadCounts = noCounts();
  readonly #errors: Record<string, number> = {};
  readonly #histograms = new Map<Metric, Histogram>();

  /** By kind. */
  get errors(): Readonly<Record<string, number>> {
    return this.#errors;
  }

  get errorCount(): number {
    return Object.values(this.#errors).reduce((sum, count) => sum + count, 0);
  }

  /** The most frequent kinds in words. */
  get errorText(): string {
    const kinds = Object.entries(this.#errors).sort(([, a], [, b]) => b - a);
    const named = kinds.slice(0, NAMED_ERRORS).map(([kind, count]) => `${kind}: ${count}`);
    return kinds.length > NAMED_ERRORS ? `${named.join(", ")}, …` : named.join(", ");
  }

  add({ counts, errors, histograms }: Measured): void {
    addCounts(this.counts, counts);
    for (const [kind, count] of Object.entries(errors)) {
      this.#errors[kind] = (this.#errors[kind] ?? 0) + count;
    }
    for (const metric of METRIC_NAMES) {
      const text = histograms[metric];
      if (text !== undefined) this.histogram(metric).add(Histogram.decode(text));
    }
  }

  /** What was measured of one kind; it stays part of the tally. */
  histogram(metric: Metric): Histogram {
    let histogram = this.#histograms.get(metric);
    if (!histogram) this.#histograms.set(metric, histogram = Histogram.create());
    return histogram;
  }

  /** All histograms that have a value. */
  encode(): EncodedHistograms {
    const encoded: { [metric in Metric]?: string } = {};
    for (const metric of METRIC_NAMES) {
      const histogram = this.#histograms.get(metric);
      if (histogram && histogram.count > 0) encoded[metric] = histogram.encode();
    }
    return encoded;
  }

  /** What it has in a form that can be added to another one. */
  measured(): Measured {
    return { counts: { ...this.counts }, errors: { ...this.errors }, histograms: this.encode() };
  }
}
