import { existsSync, readFileSync } from "node:fs";

/** What a process has taken so far. */
export interface Usage {
  /** User and system time of all its threads. */
  readonly cpuSeconds: number;
  /** Memory that it holds now. */
  readonly residentBytes: number;
  /** Most memory that it held at a time. */
  readonly peakBytes: number;
}

/** The kernel gives times to programs in this unit, on every architecture that Node runs on. */
const TICKS_PER_SECOND = 100;

/** Of this process, the same on every runtime; `undefined` where the system has no `/proc`. */
export function usage(): Usage | undefined {
  if (!existsSync("/proc/self/stat")) return undefined;
  const stat = readFileSync("/proc/self/stat", "latin1");
  // The name of the program, in parentheses, may hold spaces; utime and stime are fields 14 and 15 (proc(5)).
  const fields = stat.slice(stat.lastIndexOf(")") + 2).split(" ");
  const status = readFileSync("/proc/self/status", "latin1");
  const kilobytes = (name: string) =>
    Number(new RegExp(`^${name}:\\s+(\\d+) kB`, "m").exec(status)![1]);
  return {
    cpuSeconds: (Number(fields[11]) + Number(fields[12])) / TICKS_PER_SECOND,
    residentBytes: kilobytes("VmRSS") * 1024,
    peakBytes: kilobytes("VmHWM") * 1024,
  };
}
