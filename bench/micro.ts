/**
 * Measures boxes, manifests and stages one by one: `micro.ts [part of a name ...]`, the same on Node and on Deno.
 */
import type { MicroTask } from "./micro/task.ts";
import process from "node:process";
import { Bench } from "tinybench";
import { boxTasks } from "./micro/boxes.ts";
import { manifestTasks } from "./micro/manifests.ts";
import { stageTasks } from "./micro/stages.ts";
import { formatTable } from "./table.ts";

/** Of each task; as long again goes before to let the code be compiled. */
const TIME_MS = 250;

const GROUPS = [
  ["Boxes, for one box", boxTasks],
  ["Manifests, for one manifest", manifestTasks],
  ["Stages, for one fragment", stageTasks],
] as const;

/** The rows of a table: how long one takes. */
async function measureTasks(tasks: readonly MicroTask[]): Promise<string[][]> {
  const bench = new Bench({ time: TIME_MS, warmupTime: TIME_MS });
  for (const { name, run } of tasks) bench.add(name, run);
  await bench.run();
  return bench.tasks.map(({ name, result }, n) => {
    // What was wrong with a task is found in its result alone.
    if (result.state === "errored") throw result.error;
    if (result.state !== "completed") throw new Error(`${name} is ${result.state}`);
    const { p50, p99 } = result.latency;
    const { count = 1 } = tasks[n]!;
    const microseconds = (ms: number) => (ms * 1000 / count).toPrecision(3);
    return [name, microseconds(p50), microseconds(p99), String(result.latency.samplesCount)];
  });
}

const wanted = process.argv.slice(2);
const { deno, node } = process.versions as { deno?: string; node: string };
const runtime = deno === undefined ? `Node ${node}` : `Deno ${deno}`;
for (const [title, makeTasks] of GROUPS) {
  const tasks = (await makeTasks()).filter(({ name }) =>
    wanted.length === 0 || wanted.some((part) => name.toLowerCase().includes(part.toLowerCase()))
  );
  if (tasks.length === 0) continue;
  const table = formatTable(["", "p50 µs", "p99 µs", "runs"], await measureTasks(tasks));
  process.stdout.write(`${title}, ${runtime}\n\n${table}\n\n`);
}
