import type { StreamPart } from "../part.ts";
import type { IngestTarget } from "./ingest_target.ts";
import type { PointEvent } from "./point_event.ts";
import type { PointReport } from "./report.ts";
import { ManifestSyntaxError } from "../errors.ts";
import { parsePublishingPointFile } from "../manifest/publishing_point_file.ts";
import { decodeXml } from "../manifest/xml.ts";
import { join } from "../mp4/box.ts";
import { IngestBody } from "./ingest_body.ts";
import { parseIngestTarget } from "./ingest_target.ts";
import { PointState } from "./point_state.ts";
import { BodyLostError, RequestBody } from "./request_body.ts";

/** A moment at which a request can be answered otherwise. */
export interface AnswerMoment {
  /** The head is there, or a fragment came whole, or the body is over. */
  readonly stage: "start" | "fragment" | "end";
  /** Method, URL and headers; its body is being read. */
  readonly request: Request;
  /** Path of the point. */
  readonly point: string;
  readonly stream?: string | undefined;
  /** Of the body so far; 0 at the end of a probe. */
  readonly bytes: number;
  /** Of the body so far. */
  readonly fragments: number;
}

/** Options for {@linkcode createPointServer}. */
export interface PointServerOptions {
  /**
   * Makes a point of every URL that something is pushed to; otherwise a point must have been put first.
   *
   * @default {false}
   */
  autoCreate?: boolean;
  /**
   * Most bytes of one fragment.
   *
   * @default {268435456}
   */
  maxFragmentBytes?: number;
  /** Is told what happens. */
  onEvent?: ((event: PointEvent) => void) | undefined;
  /**
   * Is given each part of each stream, in the form in which the demuxer gives it; the next bytes are read when it is
   * done. A payload lasts as long as the part is held.
   */
  onPart?:
    | ((streamId: string, part: StreamPart, point: string) => void | Promise<void>)
    | undefined;
  /**
   * Answers in place of the server: at once, while the body is still coming, or at its end, as late as it likes. What it
   * does not answer is answered as always.
   */
  answer?:
    | ((moment: AnswerMoment) => Response | undefined | Promise<Response | undefined>)
    | undefined;
}

/** Publishing points behind one handler, without a server around it. */
export interface PointServer {
  /** Answers a request, whatever serves it; the answer may come before the body has been read. */
  readonly fetch: (request: Request) => Promise<Response>;
  /** What arrived so far at each point, in the order in which they came to be. */
  report(): PointReport[];
}

/** Most bytes of a publishing point file (`.isml`). */
const MAX_POINT_FILE_BYTES = 1024 * 1024;

/**
 * Makes publishing points for Live Smooth Streaming (MS-SSTR 2.2.7, 3.3): a handler that takes what encoders send,
 * counts it, and checks it against the rules. Payloads are dropped at once; its memory does not grow with the length of a
 * stream.
 *
 * @throws {RangeError} If a limit is not a whole number above 0.
 *
 * @example
 * ```ts
 * const server = createPointServer({ autoCreate: true });
 * const { url, close } = await servePoint(server.fetch);
 * await push({ points: [{ url: `${url}/live.isml` }], presentation: "movie.ism" });
 * await close();
 * const [{ streams }] = server.report();
 * ```
 */
export function createPointServer(options: PointServerOptions = {}): PointServer {
  const { maxFragmentBytes = 1 } = options;
  if (!Number.isSafeInteger(maxFragmentBytes) || maxFragmentBytes <= 0) {
    throw new RangeError(
      `Cannot limit the size of a fragment as it must be a whole number above 0: current value is ${maxFragmentBytes}`,
    );
  }
  const points = new Map<string, PointState>();
  return {
    fetch: async (request) => {
      const target = parseIngestTarget(new URL(request.url));
      if (!target) return refuse(404, "there is no publishing point at this URL");
      const exchange = { options, points, request, target, body: new RequestBody(request) };
      try {
        return await answer(exchange);
      } catch (error) {
        if (error instanceof BodyLostError) return refuse(400, "the body broke off");
        throw error;
      } finally {
        exchange.body.drop();
      }
    },
    report: () => [...points.values()].map((point) => point.report()),
  };
}

/** A request to be answered. */
interface Exchange {
  readonly options: PointServerOptions;
  readonly points: Map<string, PointState>;
  readonly request: Request;
  readonly target: IngestTarget;
  readonly body: RequestBody;
}

async function answer(exchange: Exchange): Promise<Response> {
  const { request: { method }, target: { streamId, eventId } } = exchange;
  const isPoint = streamId === undefined && eventId === undefined;
  if (method !== "POST" && !(method === "PUT" && isPoint)) {
    return refuse(405, `${method} is not allowed here`, { allow: isPoint ? "POST, PUT" : "POST" });
  }
  const other = await otherAnswer(exchange, "start");
  if (other) return other;
  return method === "PUT" ? await create(exchange) : await ingest(exchange);
}

/** Makes a point from its file, as WebDAV does (RFC 4918 9.7). */
async function create(exchange: Exchange): Promise<Response> {
  const { points, target: { point }, body } = exchange;
  const pieces: Uint8Array[] = [];
  let bytes = 0;
  for (let piece = await body.read(); piece; piece = await body.read()) {
    pieces.push(piece);
    bytes += piece.length;
    if (bytes > MAX_POINT_FILE_BYTES) {
      return refuse(413, `the file must have at most ${MAX_POINT_FILE_BYTES} bytes`);
    }
  }
  try {
    parsePublishingPointFile(decodeXml(join(pieces)));
  } catch (error) {
    if (!(error instanceof ManifestSyntaxError)) throw error;
    return refuse(400, error.message);
  }
  const other = await otherAnswer(exchange, "end", { bytes, fragments: 0 });
  if (other) return other;
  const isNew = !points.has(point);
  if (isNew) addPoint(exchange);
  return new Response(null, { status: isNew ? 201 : 204 });
}

function addPoint({ points, options, target: { point } }: Exchange): PointState {
  const state = new PointState(point, options.onEvent);
  points.set(point, state);
  state.tell({ event: "created" });
  return state;
}

/** Takes what an encoder sends: nothing, which is a probe, or a part of a stream. */
async function ingest(exchange: Exchange): Promise<Response> {
  const { options, points, target, body } = exchange;
  const { streamId, eventId } = target;
  const state = points.get(target.point) ?? (options.autoCreate ? addPoint(exchange) : undefined);
  if (!state) return refuse(404, `there is no publishing point ${target.point}`);
  const first = await body.read();
  if (!first) {
    const other = await otherAnswer(exchange, "end", { bytes: 0, fragments: 0 });
    if (other) return other;
    state.probe(target);
    return new Response(null);
  }
  if (streamId === undefined) return refuse(400, "a body must be sent to Streams(<id>)");
  const ingestBody = new IngestBody(state.stream(streamId, eventId), options.maxFragmentBytes);
  state.tell({ event: "began" }, streamId);
  try {
    const response = await receive(exchange, streamId, ingestBody, first);
    state.tell({ event: "answered", status: response.status }, streamId);
    return response;
  } catch (error) {
    if (error instanceof BodyLostError) {
      ingestBody.lose(error.message);
      state.tell({ event: "lost", message: error.message }, streamId);
    }
    throw error;
  } finally {
    ingestBody.close();
  }
}

/** Reads a body to its end, or until it is not taken any more. */
async function receive(
  exchange: Exchange,
  streamId: string,
  ingestBody: IngestBody,
  first: Uint8Array,
): Promise<Response> {
  const { options: { onPart }, target: { point }, body } = exchange;
  const take = async (parts: AsyncIterable<StreamPart>) => {
    for await (const part of parts) {
      await onPart?.(streamId, part, point);
      if (part.type !== "fragment") continue;
      const other = await otherAnswer(exchange, "fragment", ingestBody);
      if (other) return other;
    }
    const { refusal } = ingestBody;
    return refusal && refuse(refusal.status, refusal.message);
  };
  for (let piece: Uint8Array | undefined = first; piece; piece = await body.read()) {
    const early = await take(ingestBody.push(piece));
    if (early) return early;
  }
  return await take(ingestBody.end()) ?? await otherAnswer(exchange, "end", ingestBody) ??
    new Response(null);
}

async function otherAnswer(
  { options, request, target }: Exchange,
  stage: AnswerMoment["stage"],
  { bytes, fragments }: Pick<AnswerMoment, "bytes" | "fragments"> = { bytes: 0, fragments: 0 },
): Promise<Response | undefined> {
  const { point, streamId: stream } = target;
  return await options.answer?.({ stage, request, point, stream, bytes, fragments });
}

function refuse(status: number, message: string, headers: HeadersInit = {}): Response {
  return new Response(`${message}\n`, { status, headers });
}
