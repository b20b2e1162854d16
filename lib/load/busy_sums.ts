import type { GeneratorInterval } from "./generator.ts";

/** How busy each of several generators was, over all their intervals. */
export class BusySums {
  readonly #sums: ({ busyMs: number; ms: number } | undefined)[] = [];

  /** @param n The number of the generator, from 0. */
  add(n: number, { busy, fromMs, toMs }: GeneratorInterval): void {
    if (busy === undefined) return;
    const sum = this.#sums[n] ??= { busyMs: 0, ms: 0 };
    sum.busyMs += busy * (toMs - fromMs);
    sum.ms += toMs - fromMs;
  }

  /** Which part of the time the busiest one was busy, from 0 to 1; `undefined` where none has said. */
  get busiest(): number | undefined {
    const parts = this.#sums.flatMap((sum) => sum && sum.ms > 0 ? [sum.busyMs / sum.ms] : []);
    return parts.length > 0 ? Math.max(...parts) : undefined;
  }
}
