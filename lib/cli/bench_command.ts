import type { BenchReport } from "../load/bench_report.ts";
import type { BenchArguments } from "./bench_arguments.ts";
import type { Terminal } from "./terminal.ts";
import { bench } from "../load/bench.ts";
import { readWhole } from "../source/text_input.ts";
import { openBenchDisplay } from "./bench_display.ts";
import { openOutputs, writeOutputs } from "./bench_output.ts";
import { benchExitCode } from "./bench_summary.ts";
import { StopReason } from "./exit_code.ts";
import { readTlsFiles } from "./push_command.ts";
import { VERSION } from "./version.ts";

/** Loads a publishing point and says how it did. Returns the exit code. */
export async function runBenchCommand(args: BenchArguments, terminal: Terminal): Promise<number> {
  const { stop, signal } = terminal;
  const { point, tls, bearerFile, ...options } = args;
  await openOutputs(args);
  const bearer = bearerFile === undefined
    ? args.bearer
    : new TextDecoder().decode(await readWhole(bearerFile, { signal })).trim();
  const display = openBenchDisplay({ quiet: args.quiet, title: `bench ${point.url}` }, terminal);
  let report: BenchReport;
  try {
    report = await bench({
      ...options,
      ...point,
      bearer,
      tls: await readTlsFiles(tls, signal),
      version: VERSION,
      stop,
      signal,
      onProgress: (progress) => display.onProgress(progress),
      onWarning: (message) => display.note(`warning: ${message}`),
    });
  } finally {
    display.close();
  }
  await writeOutputs(report, args, terminal);
  const { reason } = stop;
  return reason instanceof StopReason ? reason.exitCode : benchExitCode(report);
}
