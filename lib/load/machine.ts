import { availableParallelism, cpus, release, totalmem, type } from "node:os";
import { performance } from "node:perf_hooks";
import process from "node:process";

/** Where a measurement was made. */
export interface Machine {
  /** Name and release of the system. */
  readonly system: string;
  readonly processor: string;
  readonly cores: number;
  /** In bytes. */
  readonly memory: number;
  /** Name and version of the runtime. */
  readonly runtime: string;
}

/** What this process runs on. */
export function machine(): Machine {
  const { Deno: deno } = globalThis as { Deno?: { version: { deno: string } } };
  return {
    system: `${type()} ${release()}`,
    processor: cpus()[0]?.model.trim() ?? "unknown",
    cores: cores(),
    memory: totalmem(),
    runtime: deno ? `Deno ${deno.version.deno}` : `Node ${process.versions.node}`,
  };
}

/** How many threads can run at once. */
export function cores(): number {
  return availableParallelism();
}

/** Seconds of processor time that this process has used so far, all threads together. */
export function cpuSeconds(): number {
  const { user, system } = process.cpuUsage();
  return (user + system) / 1e6;
}

/** Memory of this process in bytes. */
export function residentBytes(): number {
  return process.memoryUsage.rss();
}

/** Measures which part of the time a thread was busy; `undefined` where the runtime does not say. */
export class BusyMeter {
  #last = performance.eventLoopUtilization?.();

  /** From 0 to 1, since the last time it was asked. */
  take(): number | undefined {
    const last = this.#last;
    const now = performance.eventLoopUtilization?.();
    this.#last = now;
    if (!last || !now) return undefined;
    const active = now.active - last.active;
    const total = active + now.idle - last.idle;
    return total > 0 ? active / total : undefined;
  }
}

/** Measures how many cores this process uses, all threads together. */
export class CpuMeter {
  #seconds = cpuSeconds();
  #ms = performance.now();

  /** Since the last time it was asked. */
  take(): number {
    const [seconds, ms] = [cpuSeconds(), performance.now()];
    const cores = (seconds - this.#seconds) * 1000 / Math.max(1, ms - this.#ms);
    this.#seconds = seconds;
    this.#ms = ms;
    return cores;
  }
}
