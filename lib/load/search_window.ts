import type { GeneratorInterval } from "./generator.ts";
import { BusySums } from "./busy_sums.ts";
import { noCounts } from "./meter.ts";
import { Tally } from "./tally.ts";

/** The time in which one step of a search counts. */
export class SearchWindow {
  readonly tally = new Tally();
  /** Errors count from here on: what goes wrong with new channels goes wrong when they start. */
  readonly #errorsFromMs: number;
  /** Everything counts from here on. */
  fromMs = Infinity;
  readonly #busy = new BusySums();
  #measuredMs = 0;

  constructor(errorsFromMs: number) {
    this.#errorsFromMs = errorsFromMs;
  }

  /** How long it was in fact. */
  get measuredMs(): number {
    return Math.max(1, this.#measuredMs);
  }

  /** Which part of the time the busiest generator was busy. */
  get busiest(): number | undefined {
    return this.#busy.busiest;
  }

  add(n: number, interval: GeneratorInterval): void {
    const { fromMs, toMs, errors, counts: { failedStreams } } = interval;
    if (fromMs < this.fromMs) {
      if (toMs <= this.#errorsFromMs) return;
      this.tally.add({ counts: { ...noCounts(), failedStreams }, errors, histograms: {} });
      return;
    }
    this.tally.add(interval);
    this.#measuredMs = Math.max(this.#measuredMs, toMs - this.fromMs);
    this.#busy.add(n, interval);
  }
}
