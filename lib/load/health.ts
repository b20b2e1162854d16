import type { Tally } from "./tally.ts";

/** How the load generator itself was. */
export interface Health {
  /** How late it let go fragments that nothing was in the way of, 99 of 100, in milliseconds. */
  readonly ownLatenessP99Ms: number;
  /** How late it woke up, 99 of 100, in milliseconds. */
  readonly loopDelayP99Ms: number;
  /** The same number of channels against a point without a network: due until taken, 99 of 100, in milliseconds. */
  readonly calibratedP99Ms?: number;
  /** Which part of its time the busiest thread was busy, from 0 to 1; missing where the runtime does not say. */
  readonly busiest?: number;
  /** How many cores it used. */
  readonly cpuCores: number;
  /** Memory in bytes at the end. */
  readonly residentBytes: number;
  /** Why the results are void; none if they are not. */
  readonly problems: readonly string[];
}

/** What is known about a generator beside what it measured. */
export interface HealthFacts {
  readonly calibratedP99Ms?: number | undefined;
  readonly busiest?: number | undefined;
  readonly cpuCores: number;
  readonly residentBytes: number;
}

/** Up to this part of what was measured a generator may be late, as it then explains little of it. */
const TOLERATED_PART = 0.25;

/** Up to here it may be late whatever it measures, in milliseconds. */
const TOLERATED_MS = 20;

/** A generator that is later than this has troubles of its own, whatever it measures, in milliseconds. */
const MAX_TOLERATED_MS = 200;

/** A thread that is busier than this has no time left. */
const MAX_BUSY = 0.95;

/**
 * Judges whether the generator was the bottleneck. It was if its own lateness, its event loop delay, or its lateness against
 * a point without a network, 99 of 100 each, passes a quarter of what was measured (last byte, 99 of 100), which counts as
 * 20 ms at least and 200 ms at most; or if a thread was busy for more than 95 % of the time.
 */
export function judgeHealth(tally: Tally, facts: HealthFacts): Health {
  const { calibratedP99Ms, busiest, cpuCores, residentBytes } = facts;
  const ownLatenessP99Ms = tally.histogram("own").percentile(99);
  const loopDelayP99Ms = tally.histogram("loop").percentile(99);
  const measuredMs = tally.histogram("last").percentile(99);
  const limitMs = Math.min(
    Math.max(TOLERATED_MS, TOLERATED_PART * measuredMs),
    MAX_TOLERATED_MS,
  );
  const problems: string[] = [];
  const check = (what: string, ms: number | undefined) => {
    if (ms === undefined || ms <= limitMs) return;
    problems.push(`${what} of ${ms.toFixed(1)} ms (p99) is above ${limitMs.toFixed(1)} ms`);
  };
  check("its own lateness", ownLatenessP99Ms);
  check("its event loop delay", loopDelayP99Ms);
  check("its lateness against a null sink", calibratedP99Ms);
  if (busiest !== undefined && busiest > MAX_BUSY) {
    problems.push(`a thread was busy for ${(busiest * 100).toFixed(0)} % of the time`);
  }
  return {
    ownLatenessP99Ms,
    loopDelayP99Ms,
    ...(calibratedP99Ms !== undefined && { calibratedP99Ms }),
    ...(busiest !== undefined && { busiest }),
    cpuCores,
    residentBytes,
    problems,
  };
}
