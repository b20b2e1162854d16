import type { ChildProcess } from "node:child_process";
import { spawn } from "node:child_process";
import process from "node:process";

/** How a process ended, and what it said. */
export interface Exit {
  /** `null` if a signal ended it. */
  readonly code: number | null;
  readonly signal: string | null;
  readonly stdout: string;
  readonly stderr: string;
}

/** A process under way. */
export interface RunningProcess {
  readonly pid: number;
  /** What it has written so far. */
  stdout(): string;
  stderr(): string;
  readonly exited: Promise<Exit>;
  kill(signal: "SIGINT" | "SIGTERM" | "SIGKILL"): void;
}

/** Options for {@linkcode startProcess}. */
export interface ProcessOptions {
  /** Added to the environment. */
  env?: Readonly<Record<string, string>>;
  cwd?: string;
  /**
   * After which it is killed, so that no test hangs.
   *
   * @default {60000}
   */
  timeoutMs?: number;
}

const MAX_QUOTED_LENGTH = 2000;

const children = new Set<ChildProcess>();
// A server that is asked to end also ends its own children.
process.once("exit", () => children.forEach((child) => child.kill("SIGTERM")));

/** The environment without what pushencoder would take from it. */
function cleanEnvironment(): Record<string, string> {
  const entries = Object.entries(process.env).filter((entry): entry is [string, string] =>
    entry[1] !== undefined && !entry[0].startsWith("PUSHENCODER_")
  );
  return Object.fromEntries(entries);
}

/** Starts a program without input; it is ended when the tests end. */
export function startProcess(
  [program, ...args]: readonly string[],
  { env, cwd, timeoutMs = 60_000 }: ProcessOptions = {},
): RunningProcess {
  const child = spawn(program!, args, {
    cwd,
    env: { ...cleanEnvironment(), ...env },
    stdio: ["ignore", "pipe", "pipe"],
  });
  children.add(child);
  let stdout = "";
  let stderr = "";
  child.stdout.setEncoding("utf8").on("data", (text: string) => stdout += text);
  child.stderr.setEncoding("utf8").on("data", (text: string) => stderr += text);
  const exited = new Promise<Exit>((resolve, reject) => {
    const timer = setTimeout(() => {
      child.kill("SIGKILL");
      const said = `${stdout}\n${stderr}`.slice(-MAX_QUOTED_LENGTH);
      reject(new Error(`${program} ${args.join(" ")} did not end: ${said}`));
    }, timeoutMs);
    child.once("error", reject);
    child.once("close", (code, signal) => {
      clearTimeout(timer);
      children.delete(child);
      resolve({ code, signal, stdout, stderr });
    });
  });
  exited.catch(() => {}); // for those who wait for something else first
  return {
    pid: child.pid ?? -1,
    stdout: () => stdout,
    stderr: () => stderr,
    exited,
    kill: (signal) => child.kill(signal),
  };
}

/** Runs a program to its end. */
export function runProcess(command: readonly string[], options?: ProcessOptions): Promise<Exit> {
  return startProcess(command, options).exited;
}

/**
 * Runs a program that must succeed.
 *
 * @returns What it wrote to standard output.
 * @throws {Error} If it ends with another code than 0; the message has the end of what it said.
 */
export async function runWell(
  command: readonly string[],
  options?: ProcessOptions,
): Promise<string> {
  const { code, signal, stdout, stderr } = await runProcess(command, options);
  if (code === 0) return stdout;
  const said = `${stdout}\n${stderr}`.slice(-MAX_QUOTED_LENGTH);
  throw new Error(`${command.join(" ")} ended with ${code ?? signal}: ${said}`);
}
