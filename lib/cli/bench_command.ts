import type { BenchReport } from "../load/bench_report.ts";
import type { BenchArguments } from "./bench_arguments.ts";
import type { Terminal } from "./terminal.ts";
import { bench } from "../load/bench.ts";
import { readWhole } from "../source/text_input.ts";
import { openBenchDisplay } from "./bench_display.ts";
import { openOutputs, writeOutputs } from "./bench_output.ts";
import { benchExitCode } from "./bench_summary.ts";
import { StopReason } from "./exit_code.ts";
import { readBearer, readTlsFiles } from "./secret_files.ts";
import { VERSION } from "./version.ts";

/** Loads a publishing point and says how it did. Returns the exit code. */
export async function runBenchCommand(args: BenchArguments, terminal: Terminal): Promise<number> {
  const { stop, signal } = terminal;
  const { point, tls, bearerFile: _, isml, ...options } = args;
  const bearer = await readBearer(args, signal);
  const document = isml === undefined ? undefined : await readWhole(isml, { signal });
  const tlsOptions = await readTlsFiles(tls, signal);
  await openOutputs(args);
  const display = openBenchDisplay({ quiet: args.quiet, title: `bench ${point.url}` }, terminal);
  let report: BenchReport;
  try {
    report = await bench({
      ...options,
      ...point,
      bearer,
      isml: document,
      tls: tlsOptions,
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
