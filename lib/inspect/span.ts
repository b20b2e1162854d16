import type { SpanFacts } from "./inspection.ts";
import { fromTicks, toSeconds } from "../time.ts";

/** Adds up fragments that follow one another. */
export class Span {
  #count = 0;
  #start = 0n;
  #end = 0n;
  #duration = 0n;
  #minDuration = 0n;
  #maxDuration = 0n;

  /** Takes the next fragment; times are in ticks. */
  add(start: bigint, duration: bigint): void {
    if (this.#count === 0) {
      this.#start = start;
      this.#minDuration = duration;
    }
    this.#count++;
    this.#end = start + duration;
    this.#duration += duration;
    if (duration < this.#minDuration) this.#minDuration = duration;
    if (duration > this.#maxDuration) this.#maxDuration = duration;
  }

  /** End of the fragment taken last, in ticks. */
  get end(): bigint {
    return this.#end;
  }

  /** `undefined` if there was none. */
  get facts(): SpanFacts | undefined {
    if (this.#count === 0) return undefined;
    return {
      count: this.#count,
      start: this.#start,
      end: this.#end,
      duration: this.#duration,
      minDuration: this.#minDuration,
      averageDuration: this.#duration / BigInt(this.#count),
      maxDuration: this.#maxDuration,
    };
  }
}

/** Whether two times differ by more than rounding makes: by more than one tick and more than a millisecond. */
export function isApart(a: bigint, b: bigint, timescale: number): boolean {
  const distance = a > b ? a - b : b - a;
  return distance > 1n && distance * 1000n > BigInt(timescale);
}

/** A time for people: seconds to the millisecond, ticks where the timescale is not known. */
export function showTime(ticks: bigint, timescale: number | undefined): string {
  if (timescale === undefined) return `${ticks} ticks`;
  return `${toSeconds(fromTicks(ticks, timescale)).toFixed(3)} s`;
}
