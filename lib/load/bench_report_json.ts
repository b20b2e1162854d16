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
  return Array.isArray(conditions) && conditions.length > 0 && Array.isArray(series) &&
    Array.isArray(worst) && Array.isArray(health) && isObject(counts) && isObject(errors) &&
    areHistograms(histograms) &&
    series.every((point) => isObject(point) && areHistograms(point["histograms"]));
}

function areHistograms(value: unknown): boolean {
  if (!isObject(value)) return false;
  for (const text of Object.values(value)) {
    if (typeof text !== "string") return false;
    Histogram.decode(text);
  }
  return true;
}
