import type { Fragment, StreamHeader } from "../../part.ts";
import type { Broadcast, BroadcastStream } from "../broadcast.ts";
import type { Exchange } from "../exchange.ts";
import type { BodyTap, PartContext } from "../extension.ts";
import type { TakenPart } from "./ingest_body.ts";
import type { PointState } from "../point_state.ts";
import type { StreamState } from "./stream_state.ts";
import { ManifestSyntaxError } from "../../errors.ts";
import { parseStreamManifest } from "../../manifest/stream_manifest.ts";
import { decodeXml } from "../../manifest/xml.ts";
import { join, readBoxHeader, viewOf } from "../../mp4/box.ts";
import { readManifestBox } from "../../mp4/manifest_box.ts";
import { STREAM_MANIFESTS } from "../../mp4/uuid.ts";
import { isSparse } from "../broadcast.ts";
import { otherAnswer, refuse } from "../exchange.ts";
import { IngestBody } from "./ingest_body.ts";
import { BodyCutError, BodyLostError } from "./request_body.ts";

/** What is at hand while a body is taken in. */
interface Reception {
  readonly exchange: Exchange;
  readonly state: PointState;
  readonly stream: StreamState;
  readonly broadcast: Broadcast;
  readonly life: BroadcastStream;
  readonly ingestBody: IngestBody;
  readonly taps: readonly BodyTap[];
  /** Bytes that count as on their way. */
  expected: number;
}

/** Takes what an encoder sends: nothing, which is a probe, or a part of a stream. */
export async function ingest(exchange: Exchange): Promise<Response> {
  const { host, target, body } = exchange;
  const { streamId } = target;
  const state = host.find(target.point) ?? autoCreate(exchange);
  if (state instanceof Response) return state;
  const refused = (status: number, message: string) => {
    state.tell({ event: "refused", status, message }, streamId);
    return refuse(status, message);
  };
  const first = await body.read();
  if (host.find(target.point) !== state) {
    return refused(404, `there is no publishing point ${target.point} any more`);
  }
  const refusal = first && streamId === undefined
    ? { status: 400, message: "a body must be sent to Streams(<id>)" }
    : state.admit(target, first !== undefined);
  if (refusal) return refused(refusal.status, refusal.message);
  if (!first) {
    const other = await otherAnswer(exchange, "end", { bytes: 0, fragments: 0 });
    if (other) return other;
    state.probe(target);
    return new Response(null);
  }
  return await receive(exchange, state, first);
}

/** A point for a URL that none is at yet, if that is wanted. */
function autoCreate({ host, target: { point } }: Exchange): PointState | Response {
  const refused = (status: number, message: string) => {
    host.tell({ point, stream: "", event: "refused", status, message });
    return refuse(status, message);
  };
  if (!host.autoCreate) return refused(404, `there is no publishing point ${point}`);
  if (host.isFull) {
    return refused(403, `there may be at most ${host.limits.points} publishing points`);
  }
  return host.add(point, host.defaults);
}

/** Reads a body, to its end or until it is not taken any more, and answers. */
async function receive(
  exchange: Exchange,
  state: PointState,
  first: Uint8Array,
): Promise<Response> {
  const { host, target, body, source } = exchange;
  const streamId = target.streamId!;
  const { broadcast, stream: life } = state.open(streamId, body, source);
  const stream = state.stream(streamId, target.eventId);
  const ingestBody = new IngestBody(stream, host.limits, broadcast.number);
  state.tell({ event: "began" }, streamId);
  const reception: Reception = {
    exchange,
    state,
    stream,
    broadcast,
    life,
    ingestBody,
    taps: tapsOf(exchange, broadcast),
    expected: 0,
  };
  let isWhole = false;
  try {
    const early = await readWhole(reception, first);
    isWhole = !early;
    const response = early ?? await finish(reception);
    state.tell({ event: "answered", status: response.status }, streamId);
    return response;
  } catch (error) {
    if (error instanceof BodyLostError) {
      ingestBody.lose(error.message);
      state.tell({ event: "lost", message: error.message }, streamId);
    }
    if (!(error instanceof BodyCutError)) throw error;
    const { status, message } = error;
    if (status === 408) ingestBody.cut(message);
    state.tell({ event: "refused", status, message }, streamId);
    state.tell({ event: "answered", status }, streamId);
    return refuse(status, message);
  } finally {
    host.budget.expect(-reception.expected);
    ingestBody.close();
    broadcast.close(life, body);
    state.update();
    await endAll(reception.taps, isWhole);
  }
}

/** One that fails does not keep the others from their end. */
async function endAll(taps: readonly BodyTap[], isWhole: boolean): Promise<void> {
  const ends = await Promise.allSettled(taps.map(async (tap) => await tap.end(isWhole)));
  const failed = ends.find((end) => end.status === "rejected");
  if (failed) throw failed.reason;
}

function tapsOf({ host, request, target }: Exchange, { number }: Broadcast): BodyTap[] {
  const { point, streamId, eventId } = target;
  const context = { request, point, stream: streamId!, event: eventId, broadcast: number };
  return host.hooks.extensions.map((extension) => extension.onBody?.(context))
    .filter((tap) => tap !== undefined);
}

/** Reads a body to its end; an answer comes out if it is not taken any more. */
async function readWhole(reception: Reception, first: Uint8Array): Promise<Response | undefined> {
  const { exchange: { body }, ingestBody, taps } = reception;
  for (let piece: Uint8Array | undefined = first; piece; piece = await body.read()) {
    for (const tap of taps) await tap.write(piece);
    const early = await takeAll(reception, ingestBody.push(piece)) ?? makeRoom(reception);
    if (early) return early;
  }
  return undefined;
}

async function finish(reception: Reception): Promise<Response> {
  const { exchange, ingestBody } = reception;
  return await takeAll(reception, ingestBody.end()) ??
    await otherAnswer(exchange, "end", ingestBody) ?? new Response(null);
}

async function takeAll(
  reception: Reception,
  parts: AsyncIterable<TakenPart>,
): Promise<Response | undefined> {
  const { exchange, ingestBody } = reception;
  for await (const taken of parts) {
    exchange.body.progress();
    await take(reception, taken);
    if (taken.part.type !== "fragment") continue;
    const other = await otherAnswer(exchange, "fragment", ingestBody);
    if (other) return other;
  }
  const { refusal } = ingestBody;
  return refusal && refuse(refusal.status, refusal.message);
}

/** Hands a part on: to the clients, to the hooks, and last to the state of the point. */
async function take(reception: Reception, taken: TakenPart): Promise<void> {
  const { exchange, state, stream, broadcast, life } = reception;
  const { host, target, body } = exchange;
  const { part } = taken;
  const { described } = stream;
  const isData = part.type !== "end";
  if (isData && described && life.header !== described.header) {
    const count = broadcast.store.countWith(described.tracks);
    if (count > host.limits.tracks) {
      const message = `the broadcast may have at most ${host.limits.tracks} tracks`;
      throw new BodyCutError(413, `${message}: current value is ${count}`);
    }
    broadcast.declare(life, described.header, described.tracks);
    broadcast.await(awaitedBy(described.header));
  }
  const position = taken.position && { ...taken.position, arrivalMs: host.clock.now() };
  if (part.type === "fragment" && position) {
    const isNew = await keep(reception, taken, position.arrivalMs);
    watch(reception, part, { ...position, isNew });
  }
  await host.hooks.onPart?.(target.streamId!, part, target.point);
  const context: PartContext = {
    point: state.point,
    stream: target.streamId!,
    event: target.eventId,
    broadcast: broadcast.number,
    part,
    header: life.header,
    tracks: life.tracks,
    position,
  };
  for (const extension of host.hooks.extensions) await extension.onPart?.(context);
  if (part.type === "end" && part.boxes.length > 0) broadcast.end(life, body);
  state.update();
}

/**
 * Keeps a new fragment for clients.
 *
 * @returns Whether it is new to them.
 */
async function keep(
  { exchange: { target }, broadcast, life }: Reception,
  { part, position }: TakenPart,
  arrivalMs: number,
): Promise<boolean> {
  if (part.type !== "fragment" || position?.outcome !== "new") return false;
  const { trackId, moof, payload: { size } } = part;
  const { time, duration } = position;
  life.last.set(trackId, { time, duration, bytes: size, arrivalMs });
  const pieces: Uint8Array[] = [];
  for await (const piece of part.payload.read()) pieces.push(piece);
  // Copies: the pieces are parts of buffers that hold other things too.
  const fragment = { trackId, time, duration, moof: moof.slice(), payload: join(pieces) };
  return broadcast.store.take(target.streamId!, fragment) === "new";
}

/** Tells when all that a stream sends is late. Sparse ones send what is on again and again. */
function watch(
  { exchange: { target }, state, broadcast, life }: Reception,
  { trackId, timescale }: Fragment,
  { time, duration, isNew }: { time: bigint; duration: bigint; isNew: boolean },
): void {
  const reached = broadcast.store.reachedBy(target.streamId!, trackId);
  if (reached === undefined || isSparse(life)) return;
  const durationSeconds = Number(duration) / timescale;
  const behindSeconds = Number(reached - time) / timescale;
  if (!life.behind.take({ isNew, behindSeconds, durationSeconds })) return;
  state.tell({ event: "behind", trackId, timescale, time, reached }, target.streamId);
}

/** Keeps the limit of memory; an answer comes out if that cannot be done. */
function makeRoom(reception: Reception): Response | undefined {
  const { exchange: { host, target }, state, ingestBody } = reception;
  const { pendingBytes } = ingestBody;
  host.budget.expect(pendingBytes - reception.expected);
  reception.expected = pendingBytes;
  const hasRoom = host.budget.makeRoom();
  if (hasRoom) return undefined;
  const message = `there is no memory left of ${host.limits.memoryBytes} bytes`;
  state.tell({ event: "refused", status: 503, message }, target.streamId);
  return refuse(503, message);
}

/** The streams that the Stream Manifest box of a header names. */
function awaitedBy({ boxes }: StreamHeader): string[] {
  const box = boxes.find((it) => STREAM_MANIFESTS.includes(readBoxHeader(it, 0)?.userType ?? ""));
  if (!box) return [];
  try {
    return parseStreamManifest(decodeXml(readManifestBox(viewOf(box)))).map(({ id }) => id);
  } catch (error) {
    if (error instanceof ManifestSyntaxError || error instanceof RangeError) return [];
    throw error;
  }
}
