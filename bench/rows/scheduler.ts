import type { SchedulerArgument, SchedulerResult } from "../programs/scheduler.ts";
import type { Figure } from "../figure.ts";
import type { Conditions, Row } from "../row.ts";
import type { Runtime } from "../runtimes.ts";
import { compileProgram } from "../compile_program.ts";
import { measure } from "../measure.ts";
import { percentile } from "../percentile.ts";
import { pacedRuntimes } from "../row.ts";

/** How often the streams of each number are due: often enough to give a few hundred waits a second. */
const LOADS = [
  { streams: 1, periodMs: 20 },
  { streams: 10, periodMs: 100 },
  { streams: 100, periodMs: 200 },
  { streams: 1000, periodMs: 2000 },
] as const;

/** Of the process, at most: what the targets for lateness are bound to. */
const MAX_CPU_SHARE = 0.08;

function p99Target({ kind }: Runtime, isPrecise: boolean): number {
  if (isPrecise) return 0.5;
  return kind === "deno" ? 2.5 : 2;
}

/** @param lateMs In order of size. */
function p99Figure(name: string, lateMs: readonly number[], more: string): Figure {
  const [p50, p99, max] = [0.5, 0.99, 1].map((share) => percentile(lateMs, share).toFixed(2));
  const detail = `p50 ${p50} ms, max ${max} ms, ${lateMs.length} waits, ${more}`;
  return { name: `${name}: p99`, unit: "ms", measured: Number(p99), digits: 2, detail };
}

async function figuresOf(
  runtime: Runtime,
  { streams, periodMs }: (typeof LOADS)[number],
  seconds: number,
  isPrecise: boolean,
): Promise<Figure[]> {
  const argument: SchedulerArgument = { streams, periodMs, seconds, isPrecise };
  const { output } = await measure(runtime.command("scheduler", argument));
  const { lateMs, cpuShare } = JSON.parse(output) as SchedulerResult;
  const clock = isPrecise ? ", clock thread" : "";
  const name = `Scheduler alone, ${streams.toLocaleString("en")} stream${
    streams > 1 ? "s" : ""
  }${clock}, ${runtime.name}`;
  const target = { atMost: p99Target(runtime, isPrecise) };
  const early = lateMs.filter((ms) => ms < 0).length;
  const cpuPercent = ((cpuShare ?? NaN) * 100).toFixed(1);
  return [
    { ...p99Figure(name, lateMs, `${cpuPercent} % of a core`), target },
    {
      name: "… early",
      unit: "waits",
      target: { atMost: 0 },
      measured: early,
      detail: `the earliest ended ${lateMs[0]!.toFixed(3)} ms after it was due`,
    },
    ...(streams < 1000 ? [] : [{
      name: "… CPU time",
      unit: "% of a core",
      // The thread may take what it needs: the target for it is lateness alone.
      ...(isPrecise ? {} : { target: { atMost: MAX_CPU_SHARE * 100 } }),
      measured: cpuShare === undefined ? undefined : cpuShare * 100,
      digits: 1,
      detail: `${(lateMs.length / seconds).toFixed(0)} waits a second`,
    }]),
  ];
}

/** How punctual the machine is: a program that does nothing but sleep, which no runtime can beat. */
async function sleeperFigure(seconds: number): Promise<Figure> {
  const { streams, periodMs } = LOADS[0];
  const name = `Scheduler alone, ${streams} stream, a program in C that sleeps`;
  const program = compileProgram("sleeper");
  if (program === undefined) {
    return { name, unit: "ms", measured: undefined, detail: "there is no C compiler" };
  }
  const args = [String(periodMs), String(seconds * 1000 / periodMs)];
  const { output } = await measure({ program, args });
  const lateMs = output.trim().split("\n").map(Number).sort((a, b) => a - b);
  return p99Figure(name, lateMs, "what the machine can do");
}

async function run(conditions: Conditions) {
  const { isQuick } = conditions;
  const loads = isQuick ? LOADS.slice(-1) : LOADS;
  const seconds = isQuick ? 2 : 10;
  const figures: Figure[] = [await sleeperFigure(seconds)];
  for (const runtime of pacedRuntimes(conditions)) {
    for (const isPrecise of isQuick ? [false] : [false, true]) {
      for (const load of loads) {
        figures.push(...await figuresOf(runtime, load, seconds, isPrecise));
      }
    }
  }
  return { figures };
}

/** How punctual is the clock by itself, and what does it take? */
export const scheduler: Row = {
  id: "scheduler",
  question: "How punctual is the clock by itself, and what does it take?",
  run,
};
