import type { ChannelsRun } from "../channels.ts";
import type { Figure } from "../figure.ts";
import type { GridDeviation } from "../grid.ts";
import type { Conditions, Row } from "../row.ts";
import { channelInput, runChannels } from "../channels.ts";
import { gridDeviation } from "../grid.ts";
import { measure } from "../measure.ts";
import { CLIENT_CORE, pinned, SINK_CORE } from "../pin.ts";
import { pacedRuntimes } from "../row.ts";
import { startWatchingSink } from "../start_sink.ts";

const CHANNELS = 100;

/** Of the `tfxd` boxes that ffmpeg writes, as of all Smooth Streaming. */
const FFMPEG_TIMESCALE = 10_000_000;

/** How far the fragments of ffmpeg come from their grid when it reads at the pace of the media. */
async function ffmpegGrid(
  { ffmpeg }: Conditions,
  seconds: number,
): Promise<GridDeviation | string> {
  if (ffmpeg.missing !== undefined) return ffmpeg.missing;
  const { mediaFile } = await channelInput();
  const sink = await startWatchingSink(SINK_CORE);
  if (!sink) return "there is no C compiler for the sink that looks at fragments";
  try {
    const url = `${sink.origin}/watch/live-0.isml/Streams(1-stream0)`;
    const args = [
      ...["-nostdin", "-v", "error", "-re", "-i", mediaFile, "-t", `${seconds}`],
      ...["-map", "0:v", "-c", "copy", "-f", "ismv", url],
    ];
    await measure(pinned({ program: "ffmpeg", args }, CLIENT_CORE));
    return gridDeviation(await sink.fragments(), FFMPEG_TIMESCALE);
  } finally {
    sink.close();
  }
}

/** What the lateness of a run says, as far as it is the same in all rows. */
export function latenessInWords(run: ChannelsRun): string {
  const { fragments, lost, p50Ms, p99Ms, maxMs, earliestMs } = run;
  if (earliestMs === Infinity) return "no fragment came at all";
  const ms = (value: number, digits: number) =>
    value === Infinity ? "∞" : `${value.toFixed(digits)} ms`;
  const missing = lost > 0 ? `, ${lost} of them not within a second` : "";
  return `p50 ${ms(p50Ms, 2)}, p99 ${ms(p99Ms, 1)}, max ${ms(maxMs, 1)}, earliest first byte ${
    ms(earliestMs, 2)
  } after it was due, ${fragments} fragments${missing}`;
}

function figuresOf(name: string, run: ChannelsRun, ffmpeg: GridDeviation | string): Figure[] {
  const { grid } = run;
  return [
    {
      name: `${name}: last byte p50`,
      unit: "ms",
      target: { atMost: 2 },
      measured: run.p50Ms,
      digits: 2,
      detail: latenessInWords(run),
    },
    {
      name: "… last byte p99",
      unit: "ms",
      target: { atMost: 4 },
      measured: run.p99Ms,
      digits: 2,
      detail: `${((run.cpuShare ?? NaN) * 100).toFixed(0)} % of a core`,
    },
    {
      name: "… first byte before it was due",
      unit: "ms",
      target: { atMost: 0 },
      measured: run.earlyMs,
      digits: 2,
      detail: "the earliest fragment, less what the clocks of client and sink may differ by",
    },
    {
      name: "… closer to the grid than ffmpeg -re",
      unit: "×",
      target: { atLeast: 5 },
      measured: typeof ffmpeg === "string" ? undefined : ffmpeg.p50Ms / grid.p50Ms,
      digits: 1,
      detail: typeof ffmpeg === "string"
        ? ffmpeg
        : `deviation p50 ${grid.p50Ms.toFixed(2)} ms (max ${grid.maxMs.toFixed(1)}), ffmpeg ${
          ffmpeg.p50Ms.toFixed(2)
        } ms (max ${ffmpeg.maxMs.toFixed(1)}, ${ffmpeg.fragments} fragments)`,
    },
  ];
}

async function run(conditions: Conditions) {
  const { isQuick } = conditions;
  const seconds = isQuick ? 2 : 30;
  const ffmpeg = isQuick
    ? "ffmpeg -re takes longer than a quick run"
    : await ffmpegGrid(conditions, 44);
  const figures: Figure[] = [];
  const raw: Record<string, unknown> = { ffmpeg };
  const runtimes = pacedRuntimes(conditions);
  for (const runtime of isQuick ? runtimes.slice(0, 1) : runtimes) {
    for (const isPrecise of isQuick ? [false] : [false, true]) {
      const name = `Pacing of ${CHANNELS} streams of 5 Mbit/s at the sink, ${
        isPrecise ? "clock thread, " : ""
      }${runtime.name}`;
      const result = await runChannels(runtime, { channels: CHANNELS, seconds, isPrecise });
      raw[name] = result;
      if (typeof result !== "string") figures.push(...figuresOf(name, result, ffmpeg));
      else figures.push({ name, unit: "ms", measured: undefined, detail: result });
    }
  }
  return { figures, raw };
}

/** How late is the last byte of a fragment where it arrives? */
export const pacing: Row = {
  id: "pacing",
  question: "How late is the last byte of a fragment where it arrives?",
  run,
};
