import type { BenchReport } from "../load/bench_report.ts";
import { countWords } from "../count_words.ts";
import { metricLines, showMs, showThroughput, stepLines } from "./bench_lines.ts";
import { voidReason } from "../load/bench_report.ts";
import { EXIT } from "./exit_code.ts";
import { textWidth, wrapText } from "./text_table.ts";
import { showBytes } from "./units.ts";

/** The results of a load test for people. */
export function benchSummary(report: BenchReport, width: number): string[] {
  const { counts, errors, seconds, channels, metrics, search, worst } = report;
  const errorCount = sum(errors);
  const kinds = Object.entries(errors).map(([kind, count]) => `${kind}: ${count}`).join(", ");
  const lines = [
    `${countWords(channels, "channel")} for ${seconds.toFixed(1)} s: ${
      countWords(counts.fragments, "fragment")
    }, ${showBytes(counts.bytes)}, ${showThroughput(counts.bytes / Math.max(seconds, 0.001))}`,
    [
      errorCount > 0 ? `${countWords(errorCount, "error")} (${kinds})` : "no errors",
      countWords(counts.reconnects, "reconnect"),
      countWords(counts.stalls, "stall"),
      ...(counts.dropped > 0 ? [`${countWords(counts.dropped, "fragment")} left out`] : []),
      ...(counts.unsent > 0
        ? [`${countWords(counts.unsent, "fragment")} due and not taken at the end`]
        : []),
      ...(counts.unfetched > 0
        ? [`${countWords(counts.unfetched, "fragment")} not to be fetched yet at the end`]
        : []),
      ...(counts.failedStreams > 0
        ? [`${countWords(counts.failedStreams, "stream")} not ended in order`]
        : []),
    ].join(", "),
  ];
  const table = metricLines(metrics, width);
  if (table.length > 0) lines.push("", ...table);
  lines.push(...worstLines(worst));
  if (search) {
    lines.push("", ...stepLines(search.steps, width), "");
    const next = search.failed === undefined
      ? `the search ended as ${search.reason}`
      : `${search.failed} did not: ${search.reason}`;
    lines.push(
      search.best > 0
        ? `${countWords(search.best, "channel")} kept ${search.objective}; ${next}`
        : `no number of channels kept ${search.objective}; ${next}`,
    );
  }
  if (report.objective !== undefined && report.misses) {
    lines.push(
      "",
      report.misses.length === 0
        ? `kept ${report.objective}`
        : `not kept: ${report.misses.join("; ")}`,
    );
  }
  return [...lines, "", ...healthLines(report)].flatMap((line) =>
    textWidth(line) > width ? wrapText(line, { width }) : [line]
  );
}

/** The channel that did worst; of one alone only why it failed, as the table has the rest. */
function worstLines([first, ...others]: BenchReport["worst"]): string[] {
  if (!first || (others.length === 0 && first.error === undefined)) return [];
  const { channel, worstMs, error } = first;
  const late = worstMs > 0 ? `, ${showMs(worstMs)}` : "";
  return ["", `worst channel: ${channel}${late}${error === undefined ? "" : `: ${error}`}`];
}

function healthLines(report: BenchReport): string[] {
  const { health, isVoid, isStopped } = report;
  const lines = health.map((it) => {
    const busiest = it.busiest === undefined
      ? ""
      : `, busiest thread ${(it.busiest * 100).toFixed(0)} %`;
    const calibrated = it.calibratedP99Ms === undefined
      ? ""
      : `, against a null sink ${showMs(it.calibratedP99Ms)}`;
    const own = report.metrics.own ? showMs(it.ownLatenessP99Ms) : "not measured";
    return `load generator: own lateness p99 ${own}${calibrated}, event loop delay p99 ${
      showMs(it.loopDelayP99Ms)
    }, CPU ${it.cpuCores.toFixed(2)} cores${busiest}, ${showBytes(it.residentBytes)} of memory`;
  });
  if (isStopped) lines.push("stopped before its time");
  if (isVoid) lines.push(`VOID: ${voidReason(report)}`);
  return lines;
}

/** The exit code of a load test that nobody stopped. */
export function benchExitCode(report: BenchReport): number {
  const { counts, errors, isVoid, misses, search } = report;
  const kinds = Object.keys(errors);
  if (counts.fragments === 0 && kinds.length > 0) {
    return kinds.every((kind) => /^HTTP [34]/.test(kind)) ? EXIT.refused : EXIT.lost;
  }
  if (isVoid) return EXIT.defect;
  const isMissed = search ? search.best === 0 : (misses ?? []).length > 0;
  return isMissed ? EXIT.lost : EXIT.ok;
}

function sum(counts: Readonly<Record<string, number>>): number {
  return Object.values(counts).reduce((total, count) => total + count, 0);
}
