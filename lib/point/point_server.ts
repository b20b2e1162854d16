import type { Clock } from "../clock.ts";
import type { StreamPart } from "../part.ts";
import type { AccessControl } from "./access_control.ts";
import type { ConnectionInfo } from "./connection.ts";
import type { AnswerMoment, Exchange } from "./exchange.ts";
import type { PointExtension } from "./extension.ts";
import type { PointLimits } from "./limits.ts";
import type { PointEvent } from "./point_event.ts";
import type { PointReport } from "./report.ts";
import { systemClock } from "../clock.ts";
import { ManifestSyntaxError } from "../errors.ts";
import { parsePublishingPointFile } from "../manifest/publishing_point_file.ts";
import { decodeXml } from "../manifest/xml.ts";
import { remoteAddressOf } from "./connection.ts";
import { deliver } from "./delivery/delivery.ts";
import { otherAnswer, PointHost, refuse } from "./exchange.ts";
import { ingest } from "./ingest/ingest.ts";
import { parseIngestTarget } from "./ingest/ingest_target.ts";
import { completeLimits } from "./limits.ts";
import { manage } from "./management.ts";
import { MemoryBudget } from "./memory_budget.ts";
import { DEFAULT_SETTINGS, settingsOf } from "./point_settings.ts";
import { BodyCutError, BodyLostError, RequestBody } from "./ingest/request_body.ts";

export type { AnswerMoment };

/** Options for {@linkcode createPointServer}. */
export interface PointServerOptions {
  /**
   * Makes a point of every URL that something is pushed to; otherwise a point must have been put first.
   *
   * @default {false}
   */
  autoCreate?: boolean;
  /**
   * Most bytes of one fragment; the same as in `limits`, which comes first.
   *
   * @default {268435456}
   */
  maxFragmentBytes?: number;
  /** How much is taken before the server says no. */
  limits?: Partial<PointLimits>;
  /**
   * How much of the past is kept for clients where the publishing point file does not tell, in seconds; 0 is all.
   *
   * @default {120}
   */
  dvrSeconds?: number | undefined;
  /** Who may send, create and manage; everyone by default. */
  access?: AccessControl | undefined;
  /** What is plugged in, in order. */
  extensions?: readonly PointExtension[];
  /** Is told what an extension throws where that must not stop anything. */
  onError?: ((error: unknown) => void) | undefined;
  clock?: Clock;
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
  /**
   * Answers a request, whatever serves it; the answer may come before the body has been read. What a server hands over
   * beside it is looked at for the address of the sender, as {@linkcode servePoint} and `Deno.serve` give it.
   */
  readonly fetch: (request: Request, connection?: ConnectionInfo | object) => Promise<Response>;
  /** What arrived so far at each point, in the order in which they came to be. */
  report(): PointReport[];
  /** The same of one point, by the path of its URL in any letter case. */
  reportOf(point: string): PointReport | undefined;
  /** Cuts the bodies that are being read, and closes the extensions. */
  close(): Promise<void>;
}

/**
 * Makes publishing points for Live Smooth Streaming (MS-SSTR 2.2.7, 3.3): a handler that takes what encoders send,
 * checks it against the rules, and gives it to players. What it keeps is bounded by the DVR window and by a limit for all
 * points together.
 *
 * @throws {RangeError} If a limit is not a whole number above 0, or the window below 0.
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
  const { maxFragmentBytes, extensions = [], clock = systemClock, onError } = options;
  const limits = completeLimits({ fragmentBytes: maxFragmentBytes, ...options.limits });
  const { dvrSeconds: windowSeconds = DEFAULT_SETTINGS.windowSeconds } = options;
  if (!(windowSeconds >= 0 && windowSeconds < Infinity)) {
    throw new RangeError(
      `Cannot keep a window as it must be a number of seconds from 0 on: current value is ${windowSeconds}`,
    );
  }
  const host = new PointHost({
    limits,
    clock,
    budget: new MemoryBudget(limits.memoryBytes),
    defaults: { ...DEFAULT_SETTINGS, windowSeconds },
    autoCreate: options.autoCreate ?? false,
    hooks: { onPart: options.onPart, answer: options.answer, extensions },
    tell: (event) => {
      options.onEvent?.(event);
      for (const extension of extensions) {
        try {
          extension.onEvent?.(event);
        } catch (error) {
          onError?.(error);
        }
      }
    },
  });
  const running = new Set<Promise<Response>>();
  const server: PointServer = {
    fetch: async (request, connection) => {
      if (host.isClosed) return refuse(503, "the server is closed");
      const work = answer(host, options, request, remoteAddressOf(connection));
      running.add(work);
      try {
        return await work;
      } finally {
        running.delete(work);
      }
    },
    report: () => host.points.map((point) => point.report()),
    reportOf: (point) => host.find(point)?.report(),
    close: async () => {
      host.close();
      await Promise.allSettled(running);
      // One that fails does not keep the others from their end.
      const ends = await Promise.allSettled(extensions.map(async (it) => await it.close?.()));
      const failed = ends.find((end) => end.status === "rejected");
      if (failed) throw failed.reason;
    },
  };
  for (const extension of extensions) extension.start?.(server);
  return server;
}

/** What players of other origins may do (the Fetch standard, CORS protocol). */
const CORS = {
  "access-control-allow-origin": "*",
  "access-control-allow-methods": "GET, HEAD, OPTIONS",
  "access-control-allow-headers": "*",
  "access-control-expose-headers": "*",
  "access-control-max-age": "86400",
};

async function answer(
  host: PointHost,
  { access, extensions = [] }: PointServerOptions,
  request: Request,
  source: string | undefined,
): Promise<Response> {
  const url = new URL(request.url);
  const { method } = request;
  if (method === "OPTIONS") return new Response(null, { status: 204, headers: CORS });
  if (method === "GET" || method === "HEAD") {
    for (const extension of extensions) {
      const response = await extension.answer?.(request, url);
      if (response) return response;
    }
  }
  const delivered = deliver(host, request, url);
  if (delivered) return withHeaders(delivered, CORS);
  const refused = (response: Response, message = "credentials are wanted") => {
    const { pathname: point } = url;
    host.tell({ point, stream: "", event: "refused", status: response.status, message });
    return response;
  };
  if (isFromOtherSite(request)) {
    const message = "pages of other sites may only read";
    await request.body?.cancel();
    return refused(refuse(403, message), message);
  }
  const managed = await manage(host, request, url, async () => {
    const denied = await access?.check(request);
    return denied && refused(denied);
  });
  if (managed) return managed;
  const target = parseIngestTarget(url);
  if (!target) return refuse(404, "there is no publishing point at this URL");
  const denied = method === "GET" || method === "HEAD" ? undefined : await access?.check(request);
  const body = new RequestBody(request, { clock: host.clock, idleMs: host.limits.idleMs });
  try {
    if (denied) return refused(denied);
    return await answerEncoder({ host, request, source, target, body });
  } catch (error) {
    if (error instanceof BodyLostError) return refuse(400, "the body broke off");
    if (error instanceof BodyCutError) {
      return refused(refuse(error.status, error.message), error.message);
    }
    throw error;
  } finally {
    body.drop();
  }
}

/** Whether a page of another site has its reader's browser send this, perhaps behind a firewall (Fetch Metadata). */
function isFromOtherSite({ method, headers }: Request): boolean {
  return method !== "GET" && method !== "HEAD" &&
    ["cross-site", "same-site"].includes(headers.get("sec-fetch-site") ?? "");
}

function withHeaders(response: Response, headers: Readonly<Record<string, string>>): Response {
  for (const [name, value] of Object.entries(headers)) response.headers.set(name, value);
  return response;
}

async function answerEncoder(exchange: Exchange): Promise<Response> {
  const { request: { method }, target: { streamId, eventId } } = exchange;
  const isPoint = streamId === undefined && eventId === undefined;
  const allowed = isPoint ? ["POST", "PUT", "DELETE"] : ["POST"];
  if (!allowed.includes(method)) {
    return refuse(405, `${method} is not allowed here`, { allow: allowed.join(", ") });
  }
  const other = await otherAnswer(exchange, "start");
  if (other) return other;
  if (method === "PUT") return await create(exchange);
  return method === "DELETE" ? remove(exchange) : await ingest(exchange);
}

/** Makes a point from its file, or gives it other settings, as WebDAV does (RFC 4918 9.7). */
async function create(exchange: Exchange): Promise<Response> {
  const { host, target: { point }, body } = exchange;
  const { manifestBytes, points } = host.limits;
  const refused = (status: number, message: string) => {
    host.tell({ point, stream: "", event: "refused", status, message });
    return refuse(status, message);
  };
  const bytes = await body.readWhole(manifestBytes);
  if (!bytes) return refused(413, `the file must have at most ${manifestBytes} bytes`);
  let settings;
  try {
    const file = parsePublishingPointFile(decodeXml(bytes));
    settings = settingsOf(file, host.defaults);
  } catch (error) {
    if (!(error instanceof ManifestSyntaxError)) throw error;
    return refuse(400, error.message);
  }
  const other = await otherAnswer(exchange, "end", { bytes: bytes.length, fragments: 0 });
  if (other) return other;
  const state = host.find(point);
  if (state) {
    state.settings = settings;
    return new Response(null, { status: 204 });
  }
  if (host.isFull) return refused(403, `there may be at most ${points} publishing points`);
  host.add(point, settings);
  return new Response(null, { status: 201 });
}

/** Shuts a point down and takes it away. */
function remove({ host, target: { point } }: Exchange): Response {
  const state = host.find(point);
  if (!state) return refuse(404, `there is no publishing point ${point}`);
  host.delete(state);
  return new Response(null, { status: 204 });
}
