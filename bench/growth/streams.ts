import type { ChannelsRun } from "../channels.ts";
import type { PlotSeries } from "../../lib/report/plot.ts";
import type { Row } from "../row.ts";
import { runChannels } from "../channels.ts";
import { pacedRuntimes } from "../row.ts";

const COUNTS = [1, 10, 100, 300, 1000, 2000];

const SECONDS = 6;

/** What do more streams cost? */
export const growingStreams: Row = {
  id: "growth-streams",
  question: "What do more streams cost?",
  isLong: true,
  async run(conditions) {
    const runs = new Map<string, [number, ChannelsRun][]>();
    for (const runtime of pacedRuntimes(conditions)) {
      const own: [number, ChannelsRun][] = [];
      runs.set(runtime.name, own);
      for (const channels of COUNTS) {
        const run = await runChannels(runtime, { channels, seconds: SECONDS });
        if (typeof run !== "string") own.push([channels, run]);
      }
    }
    const series = (name: string, figure: (run: ChannelsRun) => number): PlotSeries[] =>
      [...runs].map(([runtime, own]) => ({
        name: `${runtime}${name}`,
        points: own.map(([channels, run]) => [channels, figure(run)] as const),
      }));
    const x = { label: "streams of 5 Mbit/s in one process on one core", scale: "log" } as const;
    return {
      figures: [],
      plots: [
        {
          title: "Lateness of the last byte at the sink",
          x,
          y: { label: "ms", scale: "log" },
          series: [...series(" p50", (run) => run.p50Ms), ...series(" p99", (run) => run.p99Ms)],
        },
        {
          title: "CPU time",
          x,
          y: { label: "% of the core" },
          series: series("", (run) => (run.cpuShare ?? NaN) * 100),
        },
        {
          title: "Memory for a stream, beyond that of the process without any",
          x,
          y: { label: "MB", scale: "log" },
          series: series("", (run) => (run.bytesPerChannel ?? NaN) / 1e6),
        },
      ],
      raw: Object.fromEntries(runs),
    };
  },
};
