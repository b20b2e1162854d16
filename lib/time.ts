/** A span or an instant in seconds, exact. */
export interface Rational {
  readonly numerator: bigint;
  /** Above 0. */
  readonly denominator: bigint;
}

/** No time at all. */
export const ZERO: Rational = { numerator: 0n, denominator: 1n };

/** The timescale of Smooth Streaming where none is given, in ticks per second (MS-SSTR 2.2.2.1). */
export const DEFAULT_TIMESCALE = 10_000_000;

/** Divides and rounds towards minus infinity, as times may be negative. */
function floorDivide(dividend: bigint, divisor: bigint): bigint {
  const quotient = dividend / divisor;
  return dividend < 0n && quotient * divisor !== dividend ? quotient - 1n : quotient;
}

function reduce(numerator: bigint, denominator: bigint): Rational {
  let a = numerator < 0n ? -numerator : numerator;
  let b = denominator;
  while (b > 0n) [a, b] = [b, a % b];
  return a > 1n
    ? { numerator: numerator / a, denominator: denominator / a }
    : { numerator, denominator };
}

/** The exact time of `ticks` at `timescale` ticks per second. */
export function fromTicks(ticks: bigint, timescale: number): Rational {
  return reduce(ticks, BigInt(timescale));
}

/** The last tick of `timescale` at or before `time`. */
export function toTicks(time: Rational, timescale: number): bigint {
  return floorDivide(time.numerator * BigInt(timescale), time.denominator);
}

/** `time` as a number of seconds, rounded: for people and for timers, not for timestamps. */
export function toSeconds(time: Rational): number {
  const whole = floorDivide(time.numerator, time.denominator);
  const rest = time.numerator - whole * time.denominator;
  return Number(whole) + Number(rest) / Number(time.denominator);
}

/** {@linkcode toSeconds} of what lies between `base` and a number of ticks, without making fractions of them. */
export function secondsSince(base: Rational, ticks: bigint, timescale: number): number {
  const scale = BigInt(timescale);
  const numerator = ticks * base.denominator - base.numerator * scale;
  return toSeconds({ numerator, denominator: scale * base.denominator });
}

/** The exact time of a number of seconds, taken to the nearest 100 ns. */
export function fromSeconds(seconds: number): Rational {
  const whole = Math.floor(seconds);
  const ticks = BigInt(whole) * 10_000_000n + BigInt(Math.round((seconds - whole) * 1e7));
  return reduce(ticks, 10_000_000n);
}

/** `a + b`. */
export function add(a: Rational, b: Rational): Rational {
  return reduce(
    a.numerator * b.denominator + b.numerator * a.denominator,
    a.denominator * b.denominator,
  );
}

/** `a - b`. */
export function subtract(a: Rational, b: Rational): Rational {
  return add(a, { numerator: -b.numerator, denominator: b.denominator });
}

/** Below, equal to or above 0 as `a` is before, at or after `b`. */
export function compare(a: Rational, b: Rational): number {
  const difference = a.numerator * b.denominator - b.numerator * a.denominator;
  return difference < 0n ? -1 : difference > 0n ? 1 : 0;
}

/** `time` taken `count` times. */
export function multiply(time: Rational, count: number): Rational {
  return reduce(time.numerator * BigInt(count), time.denominator);
}

/** Where the times of a presentation lie in the live stream: one for all streams of a push, so that they stay aligned. */
export interface Timeline {
  /** Earliest start in the presentation: it becomes `base`. */
  readonly origin: Rational;
  /** Start of the live stream. */
  readonly base: Rational;
  /** Length of one pass over the presentation. */
  readonly period: Rational;
}

/**
 * What to add to a time of the presentation to have its time in the live stream, in ticks of `timescale`.
 * It is computed from the number of the pass each time, never added up, so that no pass drifts: its error is below one
 * tick in all.
 *
 * @param pass Number of the pass over the presentation, from 0.
 */
export function timelineOffset(timeline: Timeline, pass: number, timescale: number): bigint {
  const start = add(timeline.base, multiply(timeline.period, pass));
  return toTicks(start, timescale) - toTicks(timeline.origin, timescale);
}
