import type { PushReport } from "../push.ts";
import type { PushOptions } from "../push_options.ts";
import type { PushArguments } from "./args.ts";
import type { Terminal } from "./terminal.ts";
import { push } from "../push.ts";
import { readWhole } from "../source/text_input.ts";
import { fromTicks, type Rational, ZERO } from "../time.ts";
import { openDisplay, showFailures } from "./display.ts";
import { runDryRun } from "./dry_run.ts";
import { exitCodeOf, StopReason } from "./exit_code.ts";
import { readBearer, readTlsFiles } from "./secret_files.ts";
import { toStartTime } from "./start_time.ts";

const TICKS_PER_SECOND = 10_000_000;

/** The time that the live stream starts with. */
function baseOf({ realtime, epoch }: PushArguments): Rational {
  if (!realtime) return ZERO;
  return fromTicks(realtime.start ?? toStartTime(Date.now(), epoch), TICKS_PER_SECOND);
}

/**
 * The options of a push as the command line has them.
 *
 * @param processId Prefix of the stream IDs where the command line has none.
 */
export async function pushOptions(
  args: PushArguments,
  { stop, signal }: Terminal,
  processId: number,
): Promise<PushOptions> {
  const read = async (path: string | undefined) =>
    path === undefined ? undefined : await readWhole(path, { signal });
  const { tls, bearerFile: _, isml, ...options } = args;
  return {
    ...options,
    base: baseOf(args),
    id: args.id ?? String(processId),
    isml: await read(isml),
    streamManifest: await read(args.streamManifest),
    bearer: await readBearer(args, signal),
    tls: await readTlsFiles(tls, signal),
    stop,
    signal,
  };
}

/** Pushes a presentation, or shows what would be pushed. Returns the exit code. */
export async function runPush(
  args: PushArguments,
  terminal: Terminal,
  processId: number,
): Promise<number> {
  const options = await pushOptions(args, terminal, processId);
  if (args.dryRun) return await runDryRun(options, args.json, terminal);
  const display = openDisplay(args, terminal);
  let report: PushReport;
  try {
    report = await push({ ...options, onEvent: (event) => display.onEvent(event) });
  } finally {
    display.close();
  }
  showFailures(report.streams, args, terminal);
  const { reason } = terminal.stop;
  return reason instanceof StopReason ? reason.exitCode : exitCodeOf(report.streams);
}
