import type { Metric } from "./metric.ts";
import type { Tally } from "./tally.ts";
import { METRICS } from "./metric.ts";

/** A percentile of a metric that must stay below a limit. */
export interface TimeGoal {
  readonly type: "time";
  readonly metric: Metric;
  /** From 0 to 100; 100 is the largest value. */
  readonly percent: number;
  readonly limitMs: number;
  /** As it was written. */
  readonly text: string;
}

/** Something that may happen so many times and no more. */
export interface CountGoal {
  readonly type: "count";
  readonly what: "errors" | "reconnects" | "stalls" | "dropped" | "unsent" | "unfetched";
  readonly limit: number;
  readonly text: string;
}

/** One thing that a service is to keep to. */
export type Goal = TimeGoal | CountGoal;

const COUNTED = ["errors", "reconnects", "stalls", "dropped", "unsent", "unfetched"] as const;

/** What can be asked of a service, by its name in an objective. */
const TIMED: Readonly<Record<string, Metric>> = {
  "": "last",
  last: "last",
  first: "first",
  watch: "watch",
  sparse: "sparse",
  probe: "probe",
  connect: "connect",
  answer: "answer",
  stall: "stall",
};

const UNITS: Readonly<Record<string, number>> = { us: 0.001, ms: 1, s: 1000 };

/** What an objective may look like, for messages. */
export const SLO_SYNTAX: string =
  "it must be goals such as p99<50ms, watch.p90<2s, max<1s, errors=0 or reconnects<5, with commas between them";

/**
 * Reads an objective: `p99<50ms,errors=0`. A percentile is that of the last byte taken, unless a metric stands in front of
 * it.
 *
 * @throws {RangeError} If it is none; the message says which part and what is accepted.
 */
export function parseSlo(text: string): readonly Goal[] {
  return text.split(",").map((part) => {
    const goal = parseTime(part.trim()) ?? parseCount(part.trim());
    if (goal) return goal;
    throw new RangeError(`Cannot read an objective as ${SLO_SYNTAX}: current value is "${part}"`);
  });
}

function parseTime(text: string): Goal | undefined {
  const match = /^(?:([a-z]+)\.)?(p\d{1,2}(?:\.\d{1,4})?|max)\s*<=?\s*(\d+(?:\.\d+)?)\s*(us|ms|s)$/
    .exec(text);
  if (!match) return undefined;
  const [, name = "", percentile, limit, unit] = match;
  const metric = TIMED[name];
  const percent = percentile === "max" ? 100 : Number(percentile!.slice(1));
  if (!metric || percent === 0) return undefined;
  return { type: "time", metric, percent, limitMs: Number(limit) * UNITS[unit!]!, text };
}

function parseCount(text: string): Goal | undefined {
  const match = /^([a-z]+)\s*(<=|=|<)\s*(\d+)$/.exec(text);
  const what = COUNTED.find((name) => name === match?.[1]);
  if (!match || !what) return undefined;
  const limit = Number(match[3]) - (match[2] === "<" ? 1 : 0);
  return limit < 0 ? undefined : { type: "count", what, limit, text };
}

/** Whether an objective was missed, and by how much. */
export interface Miss {
  readonly goal: Goal;
  readonly value: number;
  /** In words. */
  readonly text: string;
}

/** What of an objective was missed. Without a fragment nothing was kept. */
export function missedGoals(goals: readonly Goal[], tally: Tally): Miss[] {
  return goals.flatMap((goal): Miss[] => {
    if (goal.type === "count") {
      const value = goal.what === "errors" ? tally.errorCount : tally.counts[goal.what];
      const kinds = goal.what === "errors" ? ` (${tally.errorText})` : "";
      if (value <= goal.limit) return [];
      return [{ goal, value, text: `${goal.text} was asked for: ${value} ${goal.what}${kinds}` }];
    }
    const histogram = tally.histogram(goal.metric);
    if (histogram.count === 0) {
      const text = `${goal.text} was asked for: nothing was measured (${METRICS[goal.metric]})`;
      return [{ goal, value: Infinity, text }];
    }
    const value = goal.percent === 100 ? histogram.max : histogram.percentile(goal.percent);
    if (value <= goal.limitMs) return [];
    const shown = value < 10 ? value.toFixed(2) : value.toFixed(1);
    return [{ goal, value, text: `${goal.text} was asked for: ${shown} ms` }];
  });
}

/** The goals that time only makes worse: once missed, no waiting helps. */
export function lastingMisses(goals: readonly Goal[], tally: Tally): Miss[] {
  return missedGoals(goals.filter(({ type }) => type === "count"), tally);
}
