import type { BenchReport } from "./bench_report.ts";
import { Histogram } from "./histogram.ts";

/**
 * Reads a report that was written as JSON; it may stand between other lines, as in the log of a container.
 *
 * @throws {SyntaxError} If it is no JSON.
 * @throws {RangeError} If it is no report of a load test, or one of another format.
 */
export function readBenchReport(text: string): BenchReport {
  const line = text.split("\n").findLast((it) => it.startsWith("{"));
  let value: unknown;
  try {
    // A line with a brace alone begins what was laid out over many.
    value = JSON.parse(line === undefined || line.trimEnd() === "{" ? text : line);
  } catch (cause) {
    throw notJson(text.trim(), cause as SyntaxError);
  }
  if (isReport(value)) return value;
  const { type, format } = (value ?? {}) as { type?: unknown; format?: unknown };
  throw new RangeError(
    `Cannot read it as it must be a report of a load test of format 1: current value is type ${
      JSON.stringify(type)
    }, format ${JSON.stringify(format)}`,
  );
}

function notJson(text: string, cause: SyntaxError): SyntaxError {
  const found = text.startsWith("{") && !text.endsWith("}")
    ? `it breaks off after ${text.length} characters`
    : `current value starts with ${JSON.stringify(text.slice(0, 20))}`;
  return new SyntaxError(
    `Cannot read it as the report of a load test must be JSON, as bench --json writes it: ${found}`,
    { cause },
  );
}

function isObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

function isReport(value: unknown): value is BenchReport {
  if (!isObject(value) || value["type"] !== "pushencoder-bench" || value["format"] !== 1) {
    return false;
  }
  const { conditions, counts, errors, histograms, series, worst, health } = value;
  return isList(conditions, areConditions) && conditions.length > 0 &&
    isList(series, isSeriesPoint) && isList(worst, ({ channel }) => typeof channel === "string") &&
    isList(health, ({ problems }) => Array.isArray(problems)) &&
    areNumbers(counts) && areNumbers(errors) && areHistograms(histograms);
}

type Fields = Readonly<Record<string, unknown>>;

function isList(value: unknown, isRight: (item: Fields) => boolean): value is readonly Fields[] {
  return Array.isArray(value) && value.every((item) => isObject(item) && isRight(item));
}

function areConditions({ machine, options, channel, startedAt }: Fields): boolean {
  return isObject(machine) && isObject(options) && isObject(channel) &&
    typeof startedAt === "string";
}

function isSeriesPoint({ counts, errors, histograms }: Fields): boolean {
  return areNumbers(counts) && areNumbers(errors) && areHistograms(histograms);
}

function areNumbers(value: unknown): boolean {
  return isObject(value) && Object.values(value).every((it) => typeof it === "number");
}

function areHistograms(value: unknown): boolean {
  if (!isObject(value)) return false;
  for (const text of Object.values(value)) {
    if (typeof text !== "string") return false;
    Histogram.decode(text);
  }
  return true;
}
