/**
 * Lets many streams wait for their fragments to be due, and does nothing else: `scheduler.ts <json>` prints how late each
 * wait ended.
 */
import process from "node:process";
import { clockFor } from "./clocks.ts";
import { usage } from "./usage.ts";

/** What the program is told. */
export interface SchedulerArgument {
  readonly streams: number;
  /** From one fragment of a stream to the next. */
  readonly periodMs: number;
  readonly seconds: number;
  /** By the clock with a thread of its own. */
  readonly isPrecise: boolean;
}

/** What it prints. */
export interface SchedulerResult {
  /** In order of size, in milliseconds; below 0 is early. */
  readonly lateMs: readonly number[];
  /** Of one core. */
  readonly cpuShare?: number | undefined;
}

const { streams, periodMs, seconds, isPrecise } = JSON.parse(
  process.argv[2]!,
) as SchedulerArgument;

/** Before this nothing counts: code is compiled, threads start. */
const WARM_UP_MS = 500;

async function run(): Promise<SchedulerResult> {
  const clock = await clockFor(isPrecise);
  const lateMs: number[] = [];
  const startMs = clock.now() + WARM_UP_MS;
  const endMs = startMs + seconds * 1000;
  // A place in the period that no two share, and that is no multiple of a millisecond.
  const phaseMs = (n: number) => (n * 0.618_033_988_75 % 1) * periodMs;
  const stream = async (n: number) => {
    for (let dueMs = startMs - WARM_UP_MS + phaseMs(n); dueMs < endMs; dueMs += periodMs) {
      await clock.waitUntil(dueMs);
      if (dueMs >= startMs) lateMs.push(clock.now() - dueMs);
    }
  };
  const all = Array.from({ length: streams }, (_, n) => stream(n));
  await clock.waitUntil(startMs);
  const before = usage();
  await clock.waitUntil(endMs);
  const after = usage();
  await Promise.all(all);
  const cpuShare = before && after && (after.cpuSeconds - before.cpuSeconds) / seconds;
  return { lateMs: lateMs.sort((a, b) => a - b), cpuShare };
}

process.stdout.write(`${JSON.stringify(await run())}\n`);
process.exit();
