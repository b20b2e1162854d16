import type { PushOptions } from "./push_options.ts";
import type { StreamPlan } from "./source/stream_plan.ts";
import type { Timeline } from "./time.ts";
import { ingestUrl } from "./ingest/ingest_url.ts";
import { fileName } from "./source/location.ts";
import { Presentation } from "./source/presentation.ts";
import { skippedStreams } from "./source/skipped_streams.ts";
import { planStreams } from "./source/stream_plan.ts";
import { fromTicks, subtract, toSeconds, toTicks } from "./time.ts";

/** One stream of a plan. */
export interface StreamSummary {
  readonly stream: string;
  readonly file: string;
  readonly tracks: readonly { readonly name: string; readonly trackId: number }[];
  /** In bits per second. */
  readonly bitrate: number;
  readonly isSparse: boolean;
  /** In one pass, before any are skipped. */
  readonly fragments: number;
  /** `moof` and payload of all fragments of one pass, as the file has them. */
  readonly bytes: number;
  /** From the start of a pass. */
  readonly fromSeconds: number;
  readonly toSeconds: number;
  /** Why the file cannot be read to its end. */
  readonly error?: string;
}

/** What a push would send. */
export interface PushPlan {
  readonly presentation: string;
  readonly periodSeconds: number;
  readonly passes: number | "endless";
  readonly rate: number | "max";
  /** Start of the live stream, in ticks of 100 ns. */
  readonly base: string;
  readonly streams: readonly StreamSummary[];
  readonly points: readonly { readonly point: string; readonly urls: readonly string[] }[];
}

/**
 * Looks at everything that a push would read, and sends nothing.
 *
 * @throws {InputError} If the presentation cannot be pushed at all.
 */
export async function planPush(options: PushOptions): Promise<PushPlan> {
  const given = options.presentation;
  const presentation = typeof given !== "string" ? given : await Presentation.open(given, {
    ...options,
    onWarning: (message) =>
      options.onEvent?.({
        time: new Date().toISOString(),
        point: "",
        stream: "",
        event: "warning",
        message,
      }),
  });
  try {
    const timeline = await presentation.timeline(options.base);
    const id = options.id ?? "<id>";
    const plans = planStreams(presentation, options.group);
    await skippedStreams(plans, { ...options, input: presentation.location });
    const streams: StreamSummary[] = [];
    for (const plan of plans) streams.push(await summarize(plan, id, timeline, options.signal));
    const { loop = 1, rate = 1, points = [], eventId } = options;
    return {
      presentation: presentation.location,
      periodSeconds: toSeconds(timeline.period),
      passes: Number.isFinite(loop) ? loop : "endless",
      rate,
      base: toTicks(timeline.base, 10_000_000).toString(),
      streams,
      points: points.map(({ url }) => ({
        point: url,
        urls: streams.map(({ stream }) => ingestUrl(url, stream, eventId)),
      })),
    };
  } finally {
    if (presentation !== given) await presentation.close();
  }
}

async function summarize(
  plan: StreamPlan,
  id: string,
  { origin }: Timeline,
  signal: AbortSignal | undefined,
): Promise<StreamSummary> {
  const { file, tracks, isSparse, number } = plan;
  await file.complete(signal);
  let fragments = 0;
  let bytes = 0;
  let from = Infinity;
  let to = -Infinity;
  for (const { trackId } of tracks) {
    const { timescale } = file.tracks.find((it) => it.trackId === trackId)!;
    const count = file.count(trackId);
    for (let n = 0; n < count; n++) {
      const row = (await file.fragment(trackId, n, signal))!;
      fragments++;
      bytes += row.moofSize + row.payloadSize;
      const at = (ticks: bigint) => toSeconds(subtract(fromTicks(ticks, timescale), origin));
      if (n === 0) from = Math.min(from, at(row.start));
      if (n === count - 1) to = Math.max(to, at(row.start + row.duration));
    }
  }
  return {
    stream: `${id}-stream${number}`,
    file: fileName(file.name),
    tracks: tracks.map(({ trackName, trackId }) => ({ name: trackName, trackId })),
    bitrate: tracks.reduce((sum, { systemBitrate }) => sum + systemBitrate, 0),
    isSparse,
    fragments,
    bytes,
    fromSeconds: fragments > 0 ? from : 0,
    toSeconds: fragments > 0 ? to : 0,
    ...(file.error && { error: file.error.message }),
  };
}
