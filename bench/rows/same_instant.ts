import type { Figure } from "../figure.ts";
import type { Conditions, Row } from "../row.ts";
import { CHANNEL_FRAGMENT_BYTES, runChannels } from "../channels.ts";
import { makeInput } from "../make_input.ts";
import { median } from "../median.ts";
import { CLIENT_CORE, pinned, SINK_CORE } from "../pin.ts";
import { pacedRuntimes } from "../row.ts";
import { startSink } from "../start_sink.ts";
import { speedOf, transferOnce } from "../transfers.ts";
import { latenessInWords } from "./pacing.ts";

const CHANNELS = 100;

/** What the link can carry from one core to another, in bytes per second: what curl makes of it. */
async function linkSpeed({ curl, bytes, runs }: Conditions): Promise<number | undefined> {
  if (curl.missing !== undefined) return undefined;
  const input = await makeInput({ bytes });
  const sink = await startSink(SINK_CORE);
  const client = {
    ...curl,
    command: (...args: Parameters<typeof curl.command>) =>
      pinned(curl.command(...args), CLIENT_CORE),
  };
  try {
    const speeds: number[] = [];
    for (let n = 0; n < runs; n++) speeds.push(speedOf(await transferOnce(client, input, sink)));
    return median(speeds);
  } finally {
    sink.close();
  }
}

async function run(conditions: Conditions) {
  const speed = await linkSpeed(conditions);
  const bytes = CHANNELS * CHANNEL_FRAGMENT_BYTES;
  const idealMs = speed && bytes / speed * 1000;
  const figures: Figure[] = [];
  for (const runtime of pacedRuntimes(conditions)) {
    const name =
      `${CHANNELS} streams due at the same instant, ${runtime.name}: last byte p99 against bytes ÷ link speed`;
    const result = await runChannels(runtime, {
      channels: CHANNELS,
      seconds: 20,
      phase: "aligned",
    });
    const isMissing = typeof result === "string" || idealMs === undefined;
    figures.push({
      name,
      unit: "×",
      target: { atMost: 1.2 },
      measured: isMissing ? undefined : result.p99Ms / idealMs,
      digits: 2,
      detail: typeof result === "string"
        ? result
        : idealMs === undefined
        ? "curl is not installed, which says how fast the link is"
        : `${latenessInWords(result)}; ${bytes / 1e6} MB at the ${
          (speed! / 1e9).toFixed(2)
        } GB/s of curl take ${idealMs.toFixed(0)} ms`,
    });
  }
  return { figures };
}

/** How long do fragments wait for each other when all are due at once? */
export const sameInstant: Row = {
  id: "aligned",
  isLong: true,
  question: "How long do fragments wait for each other when all are due at once?",
  run,
};
