import type { Client } from "../clients.ts";
import type { Input } from "../make_input.ts";
import type { PlotAxis, PlotOptions } from "../../lib/report/plot.ts";
import type { Transfer } from "../transfers.ts";
import { median } from "../median.ts";
import { startSink } from "../start_sink.ts";
import { cpuPerGigabyte, speedOf, transferOnce } from "../transfers.ts";

/** One point along the axis: a size, and what is sent for it. */
export interface GrowthStep {
  readonly value: number;
  readonly input: Input;
  readonly clients: readonly Client[];
  /** Whether one run says enough, as it is long; else the first of three does not count. */
  readonly isLong?: boolean;
}

/** How speed, CPU time and memory of whole processes change along an axis. */
export async function growthOfPushes(
  x: PlotAxis,
  steps: readonly GrowthStep[],
): Promise<{ plots: PlotOptions[]; raw: unknown }> {
  const measured = new Map<string, [number, readonly Transfer[]][]>();
  const sink = await startSink();
  try {
    for (const { value, input, clients, isLong = false } of steps) {
      for (const client of clients.filter(({ missing }) => missing === undefined)) {
        const transfers: Transfer[] = [];
        for (let n = 0; n < (isLong ? 1 : 3); n++) {
          transfers.push(await transferOnce(client, input, sink));
        }
        const own = measured.get(client.name) ?? [];
        measured.set(client.name, [...own, [value, transfers.slice(isLong ? 0 : 1)]]);
      }
    }
  } finally {
    sink.close();
  }
  const plot = (
    title: string,
    unit: string,
    figure: (transfer: Transfer) => number | undefined,
  ) => ({
    title,
    x,
    y: { label: unit },
    series: [...measured].map(([name, own]) => ({
      name,
      points: own.map(([value, transfers]) =>
        [value, median(transfers.map(figure)) ?? NaN] as const
      ),
    })),
  });
  return {
    plots: [
      plot("Speed of a whole process", "GB/s", (transfer) => speedOf(transfer) / 1e9),
      plot("CPU time", "s for 1 GB", cpuPerGigabyte),
      plot("Peak memory", "MB", ({ peakBytes }) => peakBytes && peakBytes / 1e6),
    ],
    raw: Object.fromEntries(measured),
  };
}
