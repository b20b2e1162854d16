import type { Clock } from "./clock.ts";
import type { Transport } from "./ingest/transport.ts";
import type { Fragment, PartIterator, StreamEnd, StreamPart } from "./part.ts";
import type { StreamCounts, StreamEvent, StreamState, WholeEvent } from "./push_event.ts";
import type { PartGate } from "./paced_parts.ts";
import type { PublishingPoint, PushOptions } from "./push_options.ts";
import type { StreamPlan } from "./source/stream_plan.ts";
import type { Rational, Timeline } from "./time.ts";
import { IngestError, InputError } from "./errors.ts";
import { Authorization, loginOf } from "./ingest/authorization.ts";
import { createPoint } from "./ingest/create_point.ts";
import { ingestUrl } from "./ingest/ingest_url.ts";
import { SparseGate } from "./ingest/sparse_gate.ts";
import { uploadParts, UploadStream } from "./ingest/upload_stream.ts";
import { Uploader } from "./ingest/uploader.ts";
import { formatLiveServerManifest } from "./manifest/live_server_manifest.ts";
import { PacedParts } from "./paced_parts.ts";
import { readableFrom } from "./readable.ts";
import { headerStep } from "./stages/header_stream.ts";
import { secondsSince, subtract, toSeconds } from "./time.ts";

/** How one stream to one publishing point ended. */
export interface StreamOutcome extends StreamCounts {
  /** URL of the point, without credentials, or the folder that was written to. */
  readonly point: string;
  /** ID of the stream: `<id>-stream<N>`. */
  readonly stream: string;
  /** Why it did not end in order. */
  readonly error?: Error | undefined;
}

/** What all streams of a push share. */
export interface Push {
  readonly options: PushOptions;
  readonly clock: Clock;
  readonly timeline: Timeline;
  readonly plans: readonly StreamPlan[];
  /** Those of which nothing is left to send. */
  readonly skipped: ReadonlySet<StreamPlan>;
  readonly id: string;
  readonly transport: Transport;
  /** When the base of the live stream is due, by the clock; asked for first when the first fragment is to be paced. */
  startMs(): number;
  tell(event: WholeEvent | StreamEvent, point?: string, stream?: string): void;
}

/** ID of a stream of a push. */
export function streamId(id: string, { number }: StreamPlan): string {
  return `${id}-stream${number}`;
}

/** One stream, from the file to the wire. */
async function pipeline(push: Push, job: StreamJob, gate: Gate): Promise<void> {
  const { options, clock, timeline, startMs, transport, skipped, tell } = push;
  const { lastStage, noManifest, noHeader = false, streamManifest, loop = 1 } = options;
  const { plan, point, stream, uploader, stop, signal } = job;
  const { tracks, isSparse } = plan;
  const toHeader = headerStep({
    manifest: noManifest ? false as const : formatLiveServerManifest(tracks),
    ...(streamManifest !== undefined && { streamManifest }),
    noHeader,
    noEndOfStream: options.noEos || (isSparse && options.noSparseEos) || false,
  });
  const paced = new PacedParts({
    ...{ options, plan, clock, timeline, startMs, gate, toHeader, stop, signal },
    passes: skipped.has(plan) ? 1 : loop,
    isPrompt: transport.isPrompt ?? false,
    lastStep: options.lastStep?.(stream),
    onSkip: ({ trackId, index }) => tell({ event: "dropped", trackId, index }, point, stream),
    failed: uploader.failed,
  });
  const upload = async (parts: PartIterator) => {
    // Streams are for those who put stages in: between two steps they cost as much as all the rest.
    if (!lastStage) return await uploadParts(uploader, parts, signal);
    const target = new UploadStream(uploader, { probe: false, signal });
    await readableFrom(parts).pipeThrough(lastStage(stream)).pipeTo(target);
  };
  try {
    await upload(paced);
  } catch (error) {
    if (!uploader.isBrokenOff) throw error;
    // What was whole was sent, and the end still follows.
    const end: StreamEnd = { type: "end", boxes: [], error: error as Error };
    await upload(onlyPart(toHeader(end)!));
  }
}

async function* onlyPart(part: StreamPart): AsyncGenerator<StreamPart> {
  yield part;
}

/** What holds back a stream, until it leaves. */
interface Gate extends PartGate {
  leave(): void;
}

const NO_GATE: Gate = { leave: () => {} };

/** One stream to one point. */
interface StreamJob {
  readonly plan: StreamPlan;
  /** Its URL. */
  readonly point: string;
  readonly stream: string;
  readonly uploader: Uploader;
  readonly stop: AbortSignal | undefined;
  readonly signal: AbortSignal | undefined;
  fragments: number;
}

/** A signal of a stream's own: Node warns of one that many listen to. */
function ownSignal(signal: AbortSignal | undefined): AbortSignal | undefined {
  return signal && AbortSignal.any([signal]);
}

/** Pushes all streams to one point, each with its own fate. */
export async function pushToPoint(push: Push, point: PublishingPoint): Promise<StreamOutcome[]> {
  const { options, plans, tell } = push;
  const warned = new Set<string>();
  const onWarning = (message: string) => {
    if (!warned.has(message)) tell({ event: "warning", message }, point.url);
    warned.add(message);
  };
  const { bearer, auth: scheme } = options;
  const who = loginOf({ ...point, bearer: point.bearer ?? bearer });
  const login = () => new Authorization({ ...who, scheme, onWarning });
  const jobs = plans.map((plan) => openJob(push, plan, point, login()));
  const finish = (job: StreamJob, error?: unknown) => outcome(push, point, job, error);
  try {
    if (options.create) {
      const { url } = point;
      const { headers = [], isml, signal } = options;
      const { transport } = push;
      const status = await createPoint({
        url,
        transport,
        authorization: login(),
        headers,
        isml,
        signal,
      });
      tell({ event: "created", status }, url);
    }
  } catch (error) {
    return jobs.map((job) => finish(job, error));
  }
  const refusals = await probeAll(push, point, jobs);
  if (refusals) return jobs.map((job, n) => finish(job, refusals[n]));
  const gates = sparseGates(push, jobs);
  return await Promise.all(jobs.map(async (job, n) => {
    try {
      await pipeline(push, job, gates[n]!);
      return finish(job);
    } catch (error) {
      return finish(job, error);
    } finally {
      gates[n]!.leave();
    }
  }));
}

function openJob(
  push: Push,
  plan: StreamPlan,
  point: PublishingPoint,
  authorization: Authorization,
): StreamJob {
  const { options, clock, transport, timeline, tell } = push;
  const stream = streamId(push.id, plan);
  const isFolder = options.output !== undefined;
  const [stop, signal] = [options.stop, options.signal].map(ownSignal);
  const tellJob = (event: StreamEvent) => tell(event, point.url, stream);
  let isLate = false;
  const onFragment = (fragment: Fragment, bytes: number) => {
    job.fragments++;
    if (!options.onEvent) return;
    const { trackId, index, pass, decodeTime, duration, timescale, dueMs } = fragment;
    const lateMs = clock.now() - (dueMs ?? clock.now());
    const mediaSeconds = secondsSince(timeline.base, decodeTime + duration, timescale);
    tellJob({ event: "fragment", trackId, index, pass, mediaSeconds, bytes, lateMs });
    const wasLate = isLate;
    isLate = lateMs > Math.max(1000, Number(duration) * 1000 / timescale);
    if (isLate && !wasLate) tellJob({ event: "late", lateMs });
  };
  const probeUrl = options.probe === "point" ? point.url : undefined;
  const uploader = new Uploader({
    ...options.recovery,
    // What cannot be written to a folder now cannot be written later.
    ...(isFolder && { retries: 0 }),
    url: isFolder ? `Streams(${stream})` : ingestUrl(point.url, stream, options.eventId),
    probeUrl: isFolder || options.probe === "none" ? false : probeUrl,
    mode: plan.isSparse ? "short" : "long",
    rate: options.rate === "max" ? undefined : options.rate,
    bufferPool: options.bufferPool,
    headers: options.headers,
    transport,
    authorization,
    clock,
    stop,
    onFragment,
    onEvent: tellJob,
  });
  const job: StreamJob = { plan, point: point.url, stream, uploader, stop, signal, fragments: 0 };
  return job;
}

/**
 * All probes of a point come before its first body.
 *
 * @returns What went wrong with each stream, or nothing at all; a stream that is not let in keeps the others out.
 */
async function probeAll(
  { options, tell }: Push,
  { url }: PublishingPoint,
  jobs: readonly StreamJob[],
): Promise<unknown[] | undefined> {
  const isAsked = options.output === undefined && options.probe !== "none";
  const probes = jobs.map(async ({ uploader, stream, signal }) => {
    if (isAsked) {
      tell({ event: "probing", url: uploader.probeUrl }, url, stream);
      try {
        await uploader.probe(signal);
      } catch (error) {
        // The others need not go on trying.
        for (const job of jobs) job.uploader.abort(error);
        throw error;
      }
    }
    tell({ event: "connected", status: uploader.status }, url, stream);
  });
  const results = await Promise.allSettled(probes);
  const errors = results.map((result) => result.status === "rejected" ? result.reason : undefined);
  const first = errors.find((error) => error !== undefined);
  return first === undefined ? undefined : errors.map((error) => error ?? first);
}

/** The gates of the streams of one point: a sparse stream goes with the streams of its parent track. */
function sparseGates(push: Push, jobs: readonly StreamJob[]): Gate[] {
  const { clock, options, timeline, startMs } = push;
  const rate = options.rate ?? 1;
  const dueMs = (time: Rational) =>
    rate === "max"
      ? clock.now()
      : startMs() + toSeconds(subtract(time, timeline.base)) * 1000 / rate;
  const shared = new Map<string, SparseGate>();
  for (const { plan: { parentTrackName } } of jobs) {
    if (parentTrackName === undefined || shared.has(parentTrackName)) continue;
    if (jobs.some(({ plan }) => parentTracks(plan, parentTrackName).length > 0)) {
      shared.set(parentTrackName, new SparseGate(clock, dueMs));
    }
  }
  return jobs.map(({ plan }) => {
    const own = shared.get(plan.parentTrackName ?? "");
    if (own) {
      const { gate, leave } = own.addSparse();
      return { rate: "max", pass: gate, leave };
    }
    const parent = [...shared].find(([name]) => parentTracks(plan, name).length > 0);
    if (!parent) return NO_GATE;
    const trackIds = parentTracks(plan, parent[0]);
    const { gate, leave } = parent[1].addParent();
    const pass = async (fragment: Fragment, signal: AbortSignal) => {
      if (trackIds.includes(fragment.trackId)) await gate(fragment, signal);
    };
    return { pass, leave };
  });
}

function parentTracks({ isSparse, tracks }: StreamPlan, name: string): number[] {
  if (isSparse) return [];
  return tracks.filter(({ trackName }) => trackName === name).map(({ trackId }) => trackId);
}

function outcome(
  { options, tell }: Push,
  { url }: PublishingPoint,
  { stream, uploader, fragments }: StreamJob,
  reason?: unknown,
): StreamOutcome {
  const error = reason === undefined
    ? undefined
    : reason instanceof Error
    ? reason
    : new Error(String(reason));
  const state = stateOf(error, options);
  const { bytes, resent, reconnects } = uploader;
  const status = error instanceof IngestError ? error.status : uploader.status;
  const message = error?.message;
  const counts = { state, fragments, bytes, resent, reconnects, status };
  tell({ event: "ended", ...counts, message }, url, stream);
  return { point: url, stream, ...counts, error };
}

function stateOf(error: Error | undefined, { stop, signal }: PushOptions): StreamState {
  if (signal?.aborted) return "stopped";
  if (error instanceof IngestError) return error.kind;
  if (error instanceof InputError) return "broken";
  if (error) return "failed";
  return stop?.aborted ? "stopped" : "complete";
}
