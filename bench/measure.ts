import { spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync, readFileSync } from "node:fs";

/** A program and its arguments. */
export interface Command {
  readonly program: string;
  readonly args: readonly string[];
}

/** What a process took from its start to its end. */
export interface Cost {
  readonly seconds: number;
  /** User and system time of all its threads; `undefined` where the system has no `/proc`. */
  readonly cpuSeconds: number | undefined;
  /** Most memory that it held at a time; `undefined` where the system has no `/proc`. */
  readonly peakBytes: number | undefined;
  /** What it printed. */
  readonly output: string;
}

const HAS_PROC = existsSync("/proc/self/stat");

/** The kernel gives times to programs in this unit, on every architecture that Node runs on. */
const TICKS_PER_SECOND = 100;

const POLL_MS = 10;

/**
 * Runs a program to its end.
 *
 * @throws {Error} If it cannot be started, or its exit code is not 0.
 */
export async function measure({ program, args }: Command): Promise<Cost> {
  const cpuBefore = childrenSeconds();
  const start = performance.now();
  const child = spawn(program, args, { stdio: ["ignore", "pipe", "pipe"] });
  let output = "";
  let complaint = "";
  child.stdout.on("data", (bytes) => output += bytes);
  child.stderr.on("data", (bytes) => complaint += bytes);
  let peakBytes: number | undefined;
  const poll = setInterval(() => peakBytes = peakOf(child.pid) ?? peakBytes, POLL_MS);
  let seconds = NaN;
  child.once("exit", () => seconds = (performance.now() - start) / 1000);
  try {
    const [code] = await once(child, "close");
    if (code !== 0) throw new Error(`${program} has ended with ${code}: ${complaint.trim()}`);
  } finally {
    clearInterval(poll);
  }
  const cpuAfter = childrenSeconds();
  const cpuSeconds = cpuBefore === undefined ? undefined : cpuAfter! - cpuBefore;
  return { seconds, cpuSeconds, peakBytes, output };
}

/** User and system time of all threads of a process so far; `undefined` where the system has no `/proc`. */
export function cpuSecondsOf(pid: number | undefined): number | undefined {
  if (!HAS_PROC || pid === undefined) return undefined;
  const fields = statOf(String(pid));
  return (Number(fields[11]) + Number(fields[12])) / TICKS_PER_SECOND;
}

/** From the third field of `stat` on (proc(5)): the name of the program before it, in parentheses, may hold spaces. */
function statOf(process: string): string[] {
  const stat = readFileSync(`/proc/${process}/stat`, "latin1");
  return stat.slice(stat.lastIndexOf(")") + 2).split(" ");
}

/** CPU time of all children that have ended, and of theirs: exact for each child that is the only one to end meanwhile. */
function childrenSeconds(): number | undefined {
  if (!HAS_PROC) return undefined;
  const fields = statOf("self");
  return (Number(fields[13]) + Number(fields[14])) / TICKS_PER_SECOND;
}

/**
 * The high-water mark of a process that runs. The one that the kernel reports at its end (`ru_maxrss`) would not do: it
 * counts the memory of the parent, which the child shares until it becomes its own program.
 */
function peakOf(pid: number | undefined): number | undefined {
  if (!HAS_PROC || pid === undefined) return undefined;
  try {
    const found = /^VmHWM:\s+(\d+) kB/m.exec(readFileSync(`/proc/${pid}/status`, "latin1"));
    return found ? Number(found[1]) * 1024 : undefined;
  } catch {
    return undefined; // it has just ended
  }
}
