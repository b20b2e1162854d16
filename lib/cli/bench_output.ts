import type { BenchReport } from "../load/bench_report.ts";
import type { BenchOutputArguments } from "./bench_arguments.ts";
import type { Terminal } from "./terminal.ts";
import { writeFile } from "node:fs/promises";
import { benchSummary } from "./bench_summary.ts";
import { UsageError } from "./usage_error.ts";

const DEFAULT_WIDTH = 100;

/**
 * Makes the files that results go to, so that an hour of measuring does not end with a path that cannot be written.
 *
 * @throws {UsageError} If one cannot.
 */
export async function openOutputs({ report, hdr }: BenchOutputArguments): Promise<void> {
  for (const [name, path] of Object.entries({ report, hdr })) {
    // What is there stays until there is something else.
    if (path !== undefined) await writeOutput(name, path, "", "a");
  }
}

/** Writes results to wherever they were asked for. */
export async function writeOutputs(
  report: BenchReport,
  { json, report: page, hdr }: BenchOutputArguments,
  { stdout }: Terminal,
): Promise<void> {
  // First what cannot fail: the results must not be lost to a disk that is full.
  if (json) stdout.write(`${JSON.stringify(report)}\n`);
  else stdout.write(`${benchSummary(report, stdout.columns ?? DEFAULT_WIDTH).join("\n")}\n`);
  if (hdr !== undefined) {
    const { formatBenchLog } = await import("../load/bench_log.ts");
    await writeOutput("hdr", hdr, formatBenchLog(report));
  }
  if (page !== undefined) {
    const { formatBenchPage } = await import("../load/bench_page.ts");
    await writeOutput("report", page, formatBenchPage(report));
  }
}

async function writeOutput(
  name: string,
  path: string,
  text: string,
  flag: "a" | "w" = "w",
): Promise<void> {
  try {
    await writeFile(path, text, { flag });
  } catch (error) {
    const { code, message } = error as Error & { code?: string };
    throw new UsageError(
      `Cannot use --${name} as its file must be one that can be written: current value is ${
        JSON.stringify(path)
      } (${code ?? message})`,
    );
  }
}
