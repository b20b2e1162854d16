import type { BenchReport } from "./bench_report.ts";
import type { LoggedHistogram } from "./histogram.ts";
import { formatHistogramLog, Histogram } from "./histogram.ts";
import { METRIC_NAMES, METRICS } from "./metric.ts";

/** The log of a load test for the tools of HdrHistogram: an interval for each second and kind of value, tagged with its name. */
export function formatBenchLog({ conditions, series }: BenchReport): string {
  const startMs = Math.min(...conditions.map(({ startedAt }) => Date.parse(startedAt)));
  const comments = [
    ...conditions.map(({ url, version, machine: { processor, runtime } }) =>
      `pushencoder ${version} bench ${url} on ${runtime}, ${processor}`
    ),
    ...METRIC_NAMES.map((metric) => `Tag ${metric}: ${METRICS[metric]}, in nanoseconds`),
  ];
  const intervals = series.flatMap(({ atSeconds, seconds, histograms }) =>
    METRIC_NAMES.flatMap((tag): LoggedHistogram[] => {
      const text = histograms[tag];
      if (text === undefined) return [];
      const toSeconds = atSeconds + seconds;
      return [{ tag, fromSeconds: atSeconds, toSeconds, histogram: Histogram.decode(text) }];
    })
  );
  return formatHistogramLog(startMs, comments, intervals);
}
