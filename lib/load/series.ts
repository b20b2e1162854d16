import type { SeriesPoint } from "./bench_report.ts";
import type { GeneratorInterval } from "./generator.ts";
import { Histogram } from "./histogram.ts";
import { Tally } from "./tally.ts";

/** More points than this are joined, two by two: a day must not make a report that nothing can open. */
const MAX_POINTS = 1200;

/** A second that not all generators have told of yet. */
interface OpenSecond {
  readonly tally: Tally;
  overdueMs: number;
  fromMs: number;
  toMs: number;
}

/** Puts the intervals of several generators together, second by second. */
export class Series {
  /** Of each generator, as it told last: one that is held up says nothing for a while. */
  readonly #channels: number[];
  /** The last second of each. */
  readonly #told: number[];
  readonly #open = new Map<number, OpenSecond>();
  #points: SeriesPoint[] = [];
  #pointSeconds = 1;
  #pending: SeriesPoint[] = [];

  /** @param generators How many tell of each second. */
  constructor(generators: number) {
    this.#channels = Array.from({ length: generators }, () => 0);
    this.#told = Array.from({ length: generators }, () => -1);
  }

  /**
   * Takes in an interval.
   *
   * @param generator The number of the one that tells, from 0.
   * @returns The last second that all generators have told of now, or have skipped, as one that was held up does.
   */
  add(generator: number, interval: GeneratorInterval): SeriesPoint | undefined {
    const { second, fromMs, toMs, channels, overdue } = interval;
    let open = this.#open.get(second);
    if (!open) {
      open = {
        tally: new Tally(),
        overdueMs: 0,
        fromMs: Infinity,
        toMs: 0,
      };
      this.#open.set(second, open);
    }
    open.tally.add(interval);
    this.#channels[generator] = channels;
    if (overdue !== undefined) {
      open.overdueMs = Math.max(open.overdueMs, Histogram.decode(overdue).max);
    }
    open.fromMs = Math.min(open.fromMs, fromMs);
    open.toMs = Math.max(open.toMs, toMs);
    this.#told[generator] = second;
    return this.#closeUntil(Math.min(...this.#told));
  }

  /** All points, in order. */
  points(): readonly SeriesPoint[] {
    this.#closeUntil(Infinity);
    const rest = this.#pending.length > 0 ? [joinPoints(this.#pending)] : [];
    this.#pending = [];
    this.#points.push(...rest);
    return this.#points.sort((a, b) => a.atSeconds - b.atSeconds);
  }

  /** Closes seconds in order, as points that are joined lie one behind the other. */
  #closeUntil(last: number): SeriesPoint | undefined {
    const seconds = [...this.#open.keys()].filter((second) => second <= last).sort((a, b) => a - b);
    return seconds.map((second) => this.#close(second, this.#open.get(second)!)).at(-1);
  }

  #close(second: number, open: OpenSecond): SeriesPoint {
    this.#open.delete(second);
    const { tally, overdueMs, fromMs, toMs } = open;
    const point = {
      atSeconds: fromMs / 1000,
      seconds: (toMs - fromMs) / 1000,
      channels: this.#channels.reduce((sum, count) => sum + count, 0),
      overdueMs,
      ...tally.measured(),
    };
    this.#pending.push(point);
    if (this.#pending.length >= this.#pointSeconds) {
      this.#points.push(joinPoints(this.#pending));
      this.#pending = [];
    }
    if (this.#points.length >= MAX_POINTS) {
      this.#points = joinPairs(this.#points);
      this.#pointSeconds *= 2;
    }
    return point;
  }
}

function joinPairs(points: readonly SeriesPoint[]): SeriesPoint[] {
  const joined: SeriesPoint[] = [];
  for (let n = 0; n < points.length; n += 2) joined.push(joinPoints(points.slice(n, n + 2)));
  return joined;
}

/** Several points, one behind the other, as one. */
export function joinPoints(points: readonly SeriesPoint[]): SeriesPoint {
  const [first] = points;
  const last = points.at(-1);
  if (!first || !last) throw new RangeError("Cannot join points as there must be some");
  if (points.length === 1) return first;
  const tally = new Tally();
  for (const point of points) tally.add(point);
  return {
    atSeconds: first.atSeconds,
    seconds: last.atSeconds + last.seconds - first.atSeconds,
    channels: last.channels,
    overdueMs: Math.max(...points.map(({ overdueMs }) => overdueMs)),
    ...tally.measured(),
  };
}
