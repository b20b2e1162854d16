import type { Figure } from "../figure.ts";
import type { Conditions, Row } from "../row.ts";
import { runChannels } from "../channels.ts";
import { pacedRuntimes } from "../row.ts";
import { latenessInWords } from "./pacing.ts";

const LOADS = [
  { channels: 2000, p99Ms: 15 },
  { channels: 3000, p99Ms: 50 },
];

/** How long it must be kept up. */
const SECONDS = 60;

async function run(conditions: Conditions) {
  const [runtime] = pacedRuntimes(conditions);
  const figures: Figure[] = [];
  const raw: Record<string, unknown> = {};
  for (const { channels, p99Ms } of LOADS) {
    const name = `${
      channels.toLocaleString("en")
    } streams of 5 Mbit/s from a shared source on one core, ${runtime!.name}`;
    const result = await runChannels(runtime!, { channels, seconds: SECONDS, isShared: true });
    raw[channels] = result;
    if (typeof result === "string") {
      figures.push({ name, unit: "ms", measured: undefined, detail: result });
      continue;
    }
    figures.push(
      {
        name: `${name}: last byte p99`,
        unit: "ms",
        target: { atMost: p99Ms },
        measured: result.p99Ms,
        digits: 1,
        detail: `${latenessInWords(result)}, for ${SECONDS} s, ${
          ((result.cpuShare ?? NaN) * 100).toFixed(0)
        } % of the core`,
      },
      {
        name: "… memory for a stream",
        unit: "MB",
        target: { atMost: 0.1 },
        // What a process takes that does not do its work says nothing.
        measured: result.lost > 0
          ? undefined
          : result.bytesPerChannel && result.bytesPerChannel / 1e6,
        digits: 2,
        detail: "most memory less that before the first stream, the shared fragments included",
      },
    );
  }
  return { figures, raw };
}

/** How many streams are there from fragments that are read once for all? */
export const sharedSource: Row = {
  id: "shared",
  question: "How many streams are there from fragments that are read once for all?",
  isLong: true,
  run,
};
