import type { Figure } from "../figure.ts";
import type { Conditions, Row } from "../row.ts";
import type { Runtime } from "../runtimes.ts";
import type { Transfers } from "../transfers.ts";
import { bareClient, commandLineClient } from "../clients.ts";
import { makeInput } from "../make_input.ts";
import { median } from "../median.ts";
import {
  alternate,
  bytesOfPush,
  cpuPerGigabyte,
  medianRatio,
  sinkShare,
  speedOf,
} from "../transfers.ts";

/** How much of the speed of curl, how much more of its CPU time, and how much memory. */
function targetsOf({ kind, major }: Runtime) {
  const isOldNode = kind === "node" && major < 22;
  return {
    speed: isOldNode ? 0.7 : 0.9,
    cpu: isOldNode ? 2 : 1.4,
    megabytes: kind === "deno" ? 80 : 120,
  };
}

/** Medians of one client, in words. */
function inWords(transfers: Transfers, name: string): string {
  const own = transfers.get(name);
  if (!own) return `${name} is missing`;
  const gigabytes = median(own.map(speedOf))! / 1e9;
  const cpu = median(own.map(cpuPerGigabyte));
  return `${name} ${gigabytes.toFixed(2)} GB/s, ${cpu?.toFixed(2) ?? "–"} CPU-s/GB`;
}

function figuresOf(
  runtime: Runtime,
  { curl, ffmpeg, bytes }: Conditions,
  transfers: Transfers,
): Figure[] {
  const { name, missing } = runtime;
  const targets = targetsOf(runtime);
  const own = transfers.get(name) ?? [];
  const peaks = own.flatMap(({ peakBytes }) => peakBytes ?? []);
  const size = `${bytes / 1e9} GB`;
  const detail = missing ?? `${inWords(transfers, name)}; ${inWords(transfers, curl.name)}`;
  const figures: Figure[] = [
    {
      name: `Unpaced push of ${size}, whole process, ${name}: speed against curl`,
      unit: "×",
      target: { atLeast: targets.speed },
      measured: medianRatio(transfers, runtime, curl, speedOf),
      digits: 2,
      detail,
    },
    {
      name: `… CPU time for a byte against curl, ${name}`,
      unit: "×",
      target: { atMost: targets.cpu },
      measured: medianRatio(transfers, runtime, curl, cpuPerGigabyte),
      digits: 2,
      detail,
    },
    {
      name: `… speed against ffmpeg -c copy -f ismv, ${name}`,
      unit: "×",
      target: { atLeast: 2.2 },
      measured: medianRatio(transfers, runtime, ffmpeg, speedOf),
      digits: 2,
      detail: missing ?? inWords(transfers, ffmpeg.name),
    },
    {
      name: `… speed against a bare client that reads the file, ${name}`,
      unit: "×",
      measured: medianRatio(transfers, runtime, bareClient(runtime), speedOf),
      digits: 2,
      detail: missing ?? inWords(transfers, bareClient(runtime).name),
    },
    {
      name: `… peak memory, ${name}`,
      unit: "MB",
      target: { atMost: targets.megabytes },
      measured: peaks.length > 0 ? Math.max(...peaks) / 1e6 : undefined,
      digits: 0,
      detail: missing ?? "the most of all rounds",
    },
  ];
  return missing === undefined ? figures : figures.slice(0, 1);
}

/** Whether the sink is quick enough to be no part of what is measured. */
function sinkFigure({ curl }: Conditions, transfers: Transfers): Figure {
  return {
    name: "The sink: its CPU time for a byte against curl's",
    unit: "×",
    target: { atMost: 0.8 },
    measured: median((transfers.get(curl.name) ?? []).map(sinkShare)),
    digits: 2,
    detail: curl.missing ?? "above 1 it would be what is measured",
  };
}

/** How fast is a whole process that pushes a file as fast as it can, and what does it take? */
export const unpacedPush: Row = {
  id: "unpaced",
  question:
    "How fast is a whole process that pushes a file as fast as it can, and what does it take?",
  async run(conditions) {
    const { nodes, deno, curl, ffmpeg, bytes, runs } = conditions;
    const runtimes = [...nodes, deno];
    const input = await makeInput({ bytes });
    const sentBytes = await bytesOfPush(input, runtimes);
    const clients = [
      curl,
      ...runtimes.flatMap((it) => [bareClient(it), commandLineClient(it, sentBytes)]),
      ffmpeg,
    ];
    const transfers = await alternate(input, clients, runs);
    return {
      figures: [
        ...runtimes.flatMap((runtime) => figuresOf(runtime, conditions, transfers)),
        sinkFigure(conditions, transfers),
      ],
      raw: Object.fromEntries(transfers),
    };
  },
};
