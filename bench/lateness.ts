import type { ChannelsResult } from "./programs/channels.ts";
import type { SeenFragment } from "./fragment_log.ts";
import { percentile } from "./percentile.ts";

/** How late fragments were at the sink, in milliseconds. */
export interface Lateness {
  /** That were due while it counted. */
  readonly fragments: number;
  /** Of these, how many did not come in time to be counted; they are in the percentiles as infinitely late. */
  readonly lost: number;
  /** Of the first byte of the earliest one; below 0 it was early. */
  readonly earliestMs: number;
  /** How much earlier than it was due the earliest one certainly was, the error of the clocks taken off; 0 for none. */
  readonly earlyMs: number;
  /** Of the last byte. */
  readonly p50Ms: number;
  readonly p99Ms: number;
  readonly maxMs: number;
}

/** Compares when fragments came with when they were due: when their last sample was. */
export function latenessOf(
  { startsMs, fromMs, toMs, clockErrorMs, timescale }: ChannelsResult,
  seen: readonly SeenFragment[],
  periodSeconds: number,
): Lateness {
  const periodMs = periodSeconds * 1000;
  const lateMs: number[] = [];
  let earliestMs = Infinity;
  for (const { path, time, duration, firstMs, lastMs } of seen) {
    const channel = Number(/live-(\d+)/.exec(path)![1]);
    const dueMs = startsMs[channel]! + Number(time + duration) * 1000 / timescale;
    earliestMs = Math.min(earliestMs, firstMs - dueMs);
    if (dueMs >= fromMs && dueMs < toMs) lateMs.push(lastMs - dueMs);
  }
  const due = startsMs.reduce(
    (sum, startMs) => sum + dueBetween(startMs, fromMs, toMs, periodMs),
    0,
  );
  const lost = Math.max(due - lateMs.length, 0);
  for (let n = 0; n < lost; n++) lateMs.push(Infinity);
  lateMs.sort((a, b) => a - b);
  return {
    fragments: due,
    lost,
    earliestMs,
    earlyMs: Math.max(-earliestMs - clockErrorMs, 0),
    p50Ms: percentile(lateMs, 0.5),
    p99Ms: percentile(lateMs, 0.99),
    maxMs: percentile(lateMs, 1),
  };
}

/** How many whole periods after a start lie in a span, its end not included. */
function dueBetween(startMs: number, fromMs: number, toMs: number, periodMs: number): number {
  const before = (ms: number) => Math.max(Math.ceil((ms - startMs) / periodMs) - 1, 0);
  return before(toMs) - before(fromMs);
}
