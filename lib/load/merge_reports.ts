import type { BenchReport, SeriesPoint } from "./bench_report.ts";
import type { Goal } from "./slo.ts";
import { distributionsOf, isEmpty, worstOf } from "./bench_report.ts";
import { missedGoals, parseSlo } from "./slo.ts";
import { Tally } from "./tally.ts";

/**
 * Adds up the reports of several machines, or of several runs: every value of every histogram counts, so that no percentile
 * is lost. Runs that took place at the same time are laid side by side, others from their starts on.
 *
 * @param slo What is judged, in place of the objective that all of them had.
 * @throws {RangeError} If there is none, or one of them is a search.
 */
export function mergeReports(
  reports: readonly BenchReport[],
  slo?: readonly Goal[],
): BenchReport {
  const [first] = reports;
  if (!first) throw new RangeError("Cannot merge reports as there must be some");
  if (reports.some(({ search }) => search)) {
    throw new RangeError(
      "Cannot merge reports as none of them may be a search: what one machine found does not add up with others",
    );
  }
  const tally = new Tally();
  for (const report of reports) tally.add(report);
  const goals = slo ?? commonGoals(reports);
  const objective = goals?.map(({ text }) => text).join(",");
  return {
    type: "pushencoder-bench",
    format: 1,
    conditions: reports.flatMap(({ conditions }) => conditions),
    channels: channelsOf(reports),
    seconds: Math.max(...reports.map(({ seconds }) => seconds)),
    isStopped: reports.some(({ isStopped }) => isStopped),
    counts: tally.counts,
    errors: { ...tally.errors },
    metrics: distributionsOf(tally),
    histograms: tally.encode(),
    series: mergeSeries(reports),
    worst: worstOf(reports.flatMap(({ worst }) => worst)),
    health: reports.flatMap(({ health }) => health),
    // A machine that had nothing to do spoils nothing, unless there was no other.
    isVoid: reports.every(isEmpty) || reports.some((report) => report.isVoid && !isEmpty(report)),
    ...(goals && objective !== undefined && {
      objective,
      misses: missedGoals(goals, tally).map(({ text }) => text),
    }),
  };
}

function commonGoals(reports: readonly BenchReport[]): readonly Goal[] | undefined {
  const [objective, ...others] = new Set(reports.map(({ objective }) => objective));
  return objective === undefined || others.length > 0 ? undefined : parseSlo(objective);
}

/** Shards of one test name all of its channels; other tests name their own. */
function channelsOf(reports: readonly BenchReport[]): number {
  const total = (from: readonly BenchReport[]) =>
    from.reduce((sum, { channels }) => sum + channels, 0);
  const isShard = ({ conditions }: BenchReport) => conditions[0]?.options["shard"] !== undefined;
  const shards = reports.filter(isShard);
  const most = Math.max(0, ...shards.map(({ channels }) => channels));
  return most + total(reports.filter((report) => !isShard(report)));
}

/** When a run began, in seconds since 1970. */
function startOf({ conditions }: BenchReport): number {
  return Math.min(...conditions.map(({ startedAt }) => Date.parse(startedAt))) / 1000;
}

/** One place on the common axis of several runs. */
interface Cell {
  readonly tally: Tally;
  /** By the number of the report. */
  readonly channels: Map<number, number>;
  overdueMs: number;
}

function mergeSeries(reports: readonly BenchReport[]): SeriesPoint[] {
  const starts = reports.map(startOf);
  const latest = Math.max(...starts);
  const areTogether = reports.every(({ seconds }, n) => starts[n]! + seconds > latest);
  const origin = areTogether ? Math.min(...starts) : undefined;
  const width = Math.max(...reports.map(usualSeconds));
  const cells = new Map<number, Cell>();
  for (const [n, { series }] of reports.entries()) {
    const offset = origin === undefined ? 0 : starts[n]! - origin;
    for (const point of series) {
      const at = Math.round((offset + point.atSeconds) / width);
      const cell = cells.get(at) ?? { tally: new Tally(), channels: new Map(), overdueMs: 0 };
      cells.set(at, cell);
      cell.tally.add(point);
      // Of two in one cell the later one says how many channels ran at its end.
      cell.channels.set(n, point.channels);
      cell.overdueMs = Math.max(cell.overdueMs, point.overdueMs);
    }
  }
  const running = reports.map(() => 0);
  return [...cells].sort(([a], [b]) => a - b).map(([at, { tally, channels, overdueMs }]) => {
    // A machine that was held up says nothing for a while; its channels go on.
    for (const [n, count] of channels) running[n] = count;
    return {
      atSeconds: at * width,
      seconds: width,
      channels: running.reduce((sum, count) => sum + count, 0),
      overdueMs,
      ...tally.measured(),
    };
  });
}

/** How long most points of a series are; one after a hold-up is longer. */
function usualSeconds({ series }: BenchReport): number {
  const sorted = series.map(({ seconds }) => seconds).sort((a, b) => a - b);
  return Math.max(1, Math.round(sorted[Math.floor(sorted.length / 2)] ?? 1));
}
