import type { Terminal } from "./terminal.ts";
import { setMaxListeners } from "node:events";
import { existsSync } from "node:fs";
import { type Arguments, parseArguments } from "./args.ts";
import { EXIT, exitCodeOfError, StopReason } from "./exit_code.ts";
import { helpText, versionText } from "./help.ts";
import { VERSION } from "./version.ts";
import { optimizeLate } from "./wasm_optimization.ts";

/** Those that print a text and are done: all others may make requests. */
const TEXT_COMMANDS: ReadonlySet<Arguments["command"]> = new Set(["help", "version"]);

/** What is taken of the process. */
export type ProcessLike =
  & Pick<
    typeof import("node:process"),
    "argv" | "env" | "pid" | "stdout" | "stderr" | "versions"
  >
  & {
    title: string;
    on(signal: "SIGINT" | "SIGTERM", listener: () => void): unknown;
    off(signal: "SIGINT" | "SIGTERM", listener: () => void): unknown;
  };

/** Runs the command line and returns the exit code. */
export async function main(process: ProcessLike): Promise<number> {
  const { stop, signal, release } = catchSignals(process);
  const { stdout, stderr, env } = process;
  for (const output of [stdout, stderr]) forgiveLostReader(output);
  const terminal: Terminal = { stdout, stderr, stop, signal, env };
  try {
    const argv = process.argv.slice(2);
    // What follows may hold a password, and everyone on the machine can read it.
    process.title = "pushencoder";
    const args = parseArguments(argv, { exists: existsSync, env });
    if (!TEXT_COMMANDS.has(args.command)) await optimizeLate(process.versions);
    return await run(args, terminal, process.pid);
  } catch (error) {
    if (stop.reason instanceof StopReason) return stop.reason.exitCode;
    return report(error, terminal);
  } finally {
    release();
  }
}

/** Lets what is under way go on where nobody reads what it says any more, as in a pipe to `head`: a stream matters more. */
export function forgiveLostReader(output: Pick<NodeJS.WriteStream, "on">): void {
  output.on("error", (error: NodeJS.ErrnoException) => {
    if (error.code !== "EPIPE") throw error;
  });
}

async function run(args: Arguments, terminal: Terminal, processId: number): Promise<number> {
  switch (args.command) {
    case "push": {
      const { runPush } = await import("./push_command.ts");
      return await runPush(args, terminal, processId);
    }
    case "demo": {
      const { runDemo } = await import("./demo.ts");
      return await runDemo(args, terminal);
    }
    case "serve": {
      const { runServe } = await import("./serve.ts");
      return await runServe(args, terminal);
    }
    case "inspect": {
      const { runInspect } = await import("./inspect.ts");
      return await runInspect(args, terminal);
    }
    case "verify": {
      const { runVerify } = await import("./verify.ts");
      return await runVerify(args, terminal);
    }
    case "bench": {
      const { runBenchCommand } = await import("./bench_command.ts");
      return await runBenchCommand(args, terminal);
    }
    case "bench merge": {
      const { runBenchMerge } = await import("./bench_merge.ts");
      return await runBenchMerge(args, terminal);
    }
    case "help":
      terminal.stdout.write(`${helpText(args.topic)}\n`);
      return EXIT.ok;
    case "version":
      terminal.stdout.write(`${versionText(VERSION)}\n`);
      return EXIT.ok;
  }
}

/** One line for what the user can mend; a defect shows where it is. */
function report(error: unknown, { stderr }: Terminal): number {
  const code = exitCodeOfError(error);
  const message = error instanceof Error
    ? code === EXIT.defect ? error.stack ?? error.message : error.message
    : String(error);
  stderr.write(`pushencoder: ${message}\n`);
  return code;
}

/** The first signal asks to stop, the second insists. */
function catchSignals(process: ProcessLike) {
  const stop = new AbortController();
  const end = new AbortController();
  // Each stream to each point listens: many listeners are no leak.
  setMaxListeners(0, stop.signal, end.signal);
  const onSignal = (name: "SIGINT" | "SIGTERM") => () => {
    const reason = new StopReason(name);
    if (stop.signal.aborted) end.abort(stop.signal.reason);
    else stop.abort(reason);
  };
  const onInterrupt = onSignal("SIGINT");
  const onTerminate = onSignal("SIGTERM");
  process.on("SIGINT", onInterrupt);
  process.on("SIGTERM", onTerminate);
  const release = () => {
    process.off("SIGINT", onInterrupt);
    process.off("SIGTERM", onTerminate);
  };
  return { stop: stop.signal, signal: end.signal, release };
}
