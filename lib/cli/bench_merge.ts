import type { BenchMergeArguments } from "./bench_arguments.ts";
import type { BenchReport } from "../load/bench_report.ts";
import type { Terminal } from "./terminal.ts";
import { InputError } from "../errors.ts";
import { readBenchReport } from "../load/bench_report_json.ts";
import { mergeReports } from "../load/merge_reports.ts";
import { readWhole } from "../source/text_input.ts";
import { openOutputs, writeOutputs } from "./bench_output.ts";
import { benchExitCode } from "./bench_summary.ts";

/** A day of seconds of thirty measures takes a tenth of it. */
const MAX_REPORT_BYTES = 256 * 2 ** 20;

/** Reports that do not go together are the input's fault. */
function merge(
  reports: readonly BenchReport[],
  { inputs, slo }: BenchMergeArguments,
): BenchReport {
  try {
    return mergeReports(reports, slo);
  } catch (error) {
    if (!(error instanceof RangeError)) throw error;
    throw new InputError(error.message, inputs.join(", "), { cause: error });
  }
}

/** Adds up the results of several load tests. Returns the exit code. */
export async function runBenchMerge(
  args: BenchMergeArguments,
  terminal: Terminal,
): Promise<number> {
  const reports = [];
  for (const path of args.inputs) {
    const bytes = await readWhole(path, { signal: terminal.signal }, MAX_REPORT_BYTES);
    try {
      reports.push(readBenchReport(new TextDecoder().decode(bytes)));
    } catch (error) {
      throw new InputError((error as Error).message, path, { cause: error });
    }
  }
  const merged = merge(reports, args);
  await openOutputs(args);
  await writeOutputs(merged, args, terminal);
  return benchExitCode(merged);
}
