import type { Transport } from "./ingest/transport.ts";
import type { PreciseClock } from "./precise_clock.ts";
import type { PushOptions } from "./push_options.ts";
import type { StreamPlan } from "./source/stream_plan.ts";
import { systemClock } from "./clock.ts";
import { FolderTransport } from "./ingest/folder_transport.ts";
import { openTransport } from "./ingest/transport.ts";
import { checkPushOptions } from "./push_checks.ts";
import { type Push, pushToPoint, streamId, type StreamOutcome } from "./push_point.ts";
import { Presentation } from "./source/presentation.ts";
import { skippedStreams } from "./source/skipped_streams.ts";
import { planStreams } from "./source/stream_plan.ts";

export type { StreamOutcome } from "./push_point.ts";

/** How a push ended. */
export interface PushReport {
  /** Each stream to each point. */
  readonly streams: readonly StreamOutcome[];
}

/**
 * Pushes an on-demand presentation as a live stream: opens it, divides it into streams, and sends each stream to each
 * publishing point. A stream that fails ends alone.
 *
 * @returns How each stream ended; the push itself does not fail because a stream did.
 * @throws {RangeError} If an option is out of range, or there is nowhere to push to.
 * @throws {InputError} If the presentation cannot be pushed at all; nothing was sent then.
 *
 * @example
 * ```ts
 * const { streams } = await push({
 *   points: [{ url: "http://localhost/live.isml" }],
 *   presentation: "movie.ism",
 * });
 * ```
 */
export async function push(options: PushOptions): Promise<PushReport> {
  checkPushOptions(options);
  const { points = [], output, onEvent } = options;
  const tell: Push["tell"] = (event, point = "", stream = "") =>
    onEvent?.({ time: new Date().toISOString(), point, stream, ...event });
  const presentation = await openPresentation(options, tell);
  let own: Transport | undefined;
  let precise: PreciseClock | undefined;
  try {
    const timeline = await presentation.timeline(options.base);
    const plans = planStreams(presentation, options.group);
    noteArchive(plans, options, tell);
    const skipped = await skippedStreams(plans, { ...options, input: presentation.location });
    const { connectTimeoutMs } = options.recovery ?? {};
    if (output !== undefined) own = new FolderTransport(output);
    else if (!options.transport) own = await openTransport({ ...options, connectTimeoutMs });
    if (options.precise && !options.clock) precise = await loadPreciseClock();
    const clock = options.clock ?? precise ?? systemClock;
    const id = options.id ?? String(1000 + Math.floor(Math.random() * 64000));
    let { startMs } = options;
    const whole: Push = {
      options,
      clock,
      timeline,
      plans,
      skipped,
      id,
      transport: own ?? options.transport!,
      startMs: () => startMs ??= clock.now(),
      tell,
    };
    tell({ event: "planned", streams: plans.map((plan) => describe(plan, id)) });
    const targets = output === undefined ? points : [{ url: output }];
    const outcomes = await Promise.all(targets.map((point) => pushToPoint(whole, point)));
    return { streams: outcomes.flat() };
  } finally {
    await own?.close();
    await precise?.close();
    if (presentation !== options.presentation) await presentation.close();
  }
}

async function loadPreciseClock(): Promise<PreciseClock> {
  const { openPreciseClock } = await import("./precise_clock.ts");
  return await openPreciseClock();
}

async function openPresentation(options: PushOptions, tell: Push["tell"]): Promise<Presentation> {
  const { presentation, mediaFile, liveArchive, maxFragmentBytes, fetch, signal } = options;
  if (typeof presentation !== "string") return presentation;
  return await Presentation.open(presentation, {
    mediaFile,
    liveArchive,
    maxFragmentBytes,
    fetch,
    signal,
    onWarning: (message) => tell({ event: "warning", message }),
  });
}

function describe(plan: StreamPlan, id: string) {
  const { tracks, isSparse } = plan;
  return {
    stream: streamId(id, plan),
    tracks: tracks.map(({ trackName }) => trackName),
    bitrate: tracks.reduce((sum, { systemBitrate }) => sum + systemBitrate, 0),
    isSparse,
  };
}

/** An archive pushed without being called one is pushed the same way. */
function noteArchive(
  plans: readonly StreamPlan[],
  { liveArchive }: PushOptions,
  tell: Push["tell"],
): void {
  const archive = plans.find(({ file }) => file.boxes.liveServerManifest !== undefined);
  if (liveArchive || !archive) return;
  const message =
    `${archive.file.name} is an archived live stream; it is pushed as with --live-archive`;
  tell({ event: "warning", message });
}
