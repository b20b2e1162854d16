import type { Figure } from "../figure.ts";
import type { Conditions, Row } from "../row.ts";
import { runChannels } from "../channels.ts";
import { pacedRuntimes } from "../row.ts";
import { latenessInWords } from "./pacing.ts";

const CHANNELS = 1000;

async function run(conditions: Conditions) {
  const figures: Figure[] = [];
  const raw: Record<string, unknown> = {};
  for (const runtime of pacedRuntimes(conditions)) {
    const name = `1,000 streams of 5 Mbit/s in one process on one core, ${runtime.name}`;
    const result = await runChannels(runtime, { channels: CHANNELS, seconds: 30 });
    raw[runtime.name] = result;
    if (typeof result === "string") {
      figures.push({ name, unit: "ms", measured: undefined, detail: result });
      continue;
    }
    const { p99Ms, lost } = result;
    // What a process takes that does not do its work says nothing.
    const { cpuShare, bytesPerChannel } = lost > 0
      ? { cpuShare: undefined, bytesPerChannel: undefined }
      : result;
    figures.push(
      {
        name: `${name}: last byte p99`,
        unit: "ms",
        target: { atMost: 5 },
        measured: p99Ms,
        digits: 1,
        detail: latenessInWords(result),
      },
      {
        name: "… CPU time",
        unit: "% of the core",
        target: { atMost: 40 },
        measured: cpuShare === undefined ? undefined : cpuShare * 100,
        digits: 0,
        detail: "user and system, while it counts",
      },
      {
        name: "… memory for a stream",
        unit: "MB",
        target: { atMost: runtime.kind === "deno" ? 0.8 : 0.3 },
        measured: bytesPerChannel && bytesPerChannel / 1e6,
        digits: 2,
        detail: "most memory less that before the first stream; each reads for itself",
      },
    );
  }
  return { figures, raw };
}

/** What do a thousand streams take? */
export const thousandStreams: Row = {
  id: "thousand",
  question: "What do a thousand streams take?",
  isLong: true,
  run,
};
