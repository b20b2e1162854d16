import type { Clock } from "../../clock.ts";
import type { PartContext, PointExtension } from "../extension.ts";
import type { HistoryLimits, PageIncrement } from "./page_history.ts";
import type { PointEvent } from "../point_event.ts";
import type { PointServer } from "../point_server.ts";
import { systemClock } from "../../clock.ts";
import { EventStream, formatServerEvent } from "./event_stream.ts";
import { isSafePath } from "../ingest/ingest_target.ts";
import { readPageAsset } from "./page_assets.ts";
import { DEFAULT_HISTORY_LIMITS, PageHistory } from "./page_history.ts";

/** Options for {@linkcode createPage}. */
export interface PageOptions {
  /**
   * Whether the server answers `<point>/conformance`: then the page has a link to it.
   *
   * @default {false}
   */
  hasConformance?: boolean;
  /**
   * Most readers of events, of all pages together.
   *
   * @default {200}
   */
  maxReaders?: number;
  /**
   * Most bytes that wait for one of them before it is dropped.
   *
   * @default {1048576}
   */
  maxQueuedBytes?: number;
  /** How much of the past is kept to be shown. */
  history?: Partial<HistoryLimits>;
  clock?: Clock;
  /** Milliseconds since 1970. */
  wallClock?: () => number;
}

/** Increments travel together, so that a busy point does not send a message for each fragment. */
const BATCH_MS = 200;

/** More increments than this are not worth sending one by one: readers get a new snapshot. */
const MAX_BATCH = 4000;

/** Verdicts and the list of points are not told more often than this. */
const SLOW_BATCH_MS = 1000;

const KEEP_ALIVE_MS = 15_000;

const SECURITY_HEADERS = {
  "content-security-policy":
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; " +
    "media-src 'self' blob:; connect-src 'self'; base-uri 'none'; form-action 'none'; " +
    "frame-ancestors 'none'",
  "x-content-type-options": "nosniff",
  "referrer-policy": "no-referrer",
  "cross-origin-opener-policy": "same-origin",
  "cross-origin-resource-policy": "same-origin",
};

/** What of the URL space belongs to the page. */
type PageTarget =
  | { readonly kind: "asset"; readonly name: string }
  | { readonly kind: "points" | "points-events" }
  | { readonly kind: "point" | "bare-point" | "point-events"; readonly point: string };

const POINT_PATH = /^(\/(?:[^/]+\/)*?[^/]+\.isml)(?:(\/)(.*))?$/i;

/** Where the files of the page are: below the page itself, so that links work wherever the server is mounted. */
const ASSET_PATH = /^page\/([^/]+)$/;

/**
 * Makes the web page of a point server: `/` lists the points, `<point>/` shows one, with a player; both follow what
 * happens by server-sent events.
 *
 * @example
 * ```ts
 * const server = createPointServer({ autoCreate: true, extensions: [createPage()] });
 * ```
 */
export function createPage(options: PageOptions = {}): PointExtension {
  const page = new Page(options);
  return {
    start: (server) => page.start(server),
    onPart: (context) => page.takePart(context),
    onEvent: (event) => page.takeEvent(event),
    answer: (request, url) => page.answer(request, url),
    close: () => page.close(),
  };
}

/** Readers of one point, whether it is there yet or not, and what they have not been told yet. */
interface Audience {
  readonly stream: EventStream;
  increments: PageIncrement[];
  needsSnapshot: boolean;
  isFlushing: boolean;
  isJudging: boolean;
}

class Page {
  readonly #options: Required<Omit<PageOptions, "history">>;
  readonly #limits: HistoryLimits;
  readonly #closed = new AbortController();
  /** By path, in lower case. */
  readonly #histories = new Map<string, PageHistory>();
  readonly #audiences = new Map<string, Audience>();
  readonly #list: EventStream;
  #server: PointServer | undefined;
  #readers = 0;
  #isKeepingAlive = false;
  #isListing = false;
  #listed = "";

  constructor(options: PageOptions) {
    this.#options = {
      hasConformance: options.hasConformance ?? false,
      maxReaders: options.maxReaders ?? 200,
      maxQueuedBytes: options.maxQueuedBytes ?? 1024 * 1024,
      clock: options.clock ?? systemClock,
      wallClock: options.wallClock ?? Date.now,
    };
    this.#limits = { ...DEFAULT_HISTORY_LIMITS, ...options.history };
    this.#list = this.#openStream();
  }

  start(server: PointServer): void {
    this.#server = server;
  }

  takePart({ point, stream, part, tracks }: PartContext): void {
    const key = point.toLowerCase();
    const history = this.#histories.get(key);
    if (!history) return;
    if (part.type === "end") {
      if (part.boxes.length > 0) this.#tell(key, history.end(stream, this.#options.wallClock()));
    } else this.#tell(key, history.declare(stream, tracks));
  }

  takeEvent(event: PointEvent): void {
    const key = event.point.toLowerCase();
    const nowMs = this.#options.wallClock();
    let history = this.#histories.get(key);
    if (!history) {
      // Other events may be about URLs where there is no point: anyone could make up any number of them.
      if (event.event !== "created") return;
      history = new PageHistory(event.point, nowMs, this.#limits);
      this.#histories.set(key, history);
    }
    const increments = history.take(event, nowMs);
    if (event.event === "deleted") this.#histories.delete(key);
    const audience = this.#audiences.get(key);
    if (audience && (event.event === "created" || event.event === "deleted")) {
      audience.needsSnapshot = true;
    }
    this.#tell(key, increments);
    if (event.event !== "fragment") this.#tellVerdicts(key);
    if (event.event !== "fragment" && event.event !== "gap") this.#tellList();
  }

  async answer(request: Request, url: URL): Promise<Response | undefined> {
    const target = parseTarget(url);
    if (!target) return undefined;
    const response = await this.#answerTarget(target, request, url);
    if (!response || request.method !== "HEAD") return response;
    await response.body?.cancel();
    return new Response(null, response);
  }

  #answerTarget(
    target: PageTarget,
    request: Request,
    url: URL,
  ): Response | Promise<Response> | undefined {
    switch (target.kind) {
      case "asset":
        return assetAnswer(request, target.name);
      case "points":
        return assetAnswer(request, "points.html");
      case "point":
        return assetAnswer(
          request,
          "point.html",
          this.#histories.has(target.point.toLowerCase()) ? 200 : 404,
        );
      case "bare-point":
        // Only people are led to the page: programs may want something else here.
        if (!/\btext\/html\b/i.test(request.headers.get("accept") ?? "")) return undefined;
        return redirect(`./${url.pathname.slice(url.pathname.lastIndexOf("/") + 1)}/`);
      case "points-events":
        return this.#openEvents(
          request,
          () => this.#list.open(formatServerEvent("points", this.#pointsNow())),
        );
      case "point-events":
        return this.#openEvents(request, () => this.#openPoint(target.point));
    }
  }

  async close(): Promise<void> {
    this.#closed.abort();
    this.#list.close();
    for (const [key, audience] of [...this.#audiences]) {
      // The end of a broadcast is worth to be told.
      this.#flush(key, audience);
      audience.stream.close();
    }
    await Promise.resolve();
  }

  #openStream(onLeave = () => {}): EventStream {
    return new EventStream({
      maxQueuedBytes: this.#options.maxQueuedBytes,
      onLeave: () => {
        this.#readers--;
        onLeave();
      },
    });
  }

  #openEvents(request: Request, open: () => ReadableStream<Uint8Array>): Response {
    const headers = {
      ...SECURITY_HEADERS,
      "content-type": "text/event-stream; charset=utf-8",
      "cache-control": "no-store",
      "x-accel-buffering": "no", // for a proxy in front
    };
    if (request.method === "HEAD") return new Response(null, { headers });
    if (this.#readers >= this.#options.maxReaders || this.#closed.signal.aborted) {
      return new Response("there are too many readers\n", {
        status: 503,
        headers: { ...SECURITY_HEADERS, "retry-after": "5" },
      });
    }
    this.#readers++;
    this.#keepAlive();
    return new Response(open(), { headers });
  }

  #openPoint(point: string): ReadableStream<Uint8Array> {
    const key = point.toLowerCase();
    let audience = this.#audiences.get(key);
    if (!audience) {
      const stream = this.#openStream(() => {
        if (stream.size === 0) this.#audiences.delete(key);
      });
      audience = {
        stream,
        increments: [],
        needsSnapshot: false,
        isFlushing: false,
        isJudging: false,
      };
      this.#audiences.set(key, audience);
    }
    // What the others are still to be told is in the snapshot, and must not come twice.
    this.#flush(key, audience);
    return audience.stream.open(this.#snapshot(key, point));
  }

  #snapshot(key: string, point = key): Uint8Array {
    const nowMs = this.#options.wallClock();
    const snapshot = this.#histories.get(key)?.snapshot(this.#report(key), nowMs) ??
      { now: nowMs, point, state: null };
    const { hasConformance } = this.#options;
    return formatServerEvent("snapshot", { ...snapshot, hasConformance });
  }

  #report(key: string) {
    return this.#server?.reportOf(key);
  }

  #tell(key: string, increments: readonly PageIncrement[]): void {
    const audience = this.#audiences.get(key);
    if (!audience) return;
    if (audience.increments.length + increments.length > MAX_BATCH) {
      audience.needsSnapshot = true;
      audience.increments = [];
    }
    if (!audience.needsSnapshot) audience.increments.push(...increments);
    if (audience.isFlushing) return;
    audience.isFlushing = true;
    this.#wait(BATCH_MS).then(() => {
      audience.isFlushing = false;
      this.#flush(key, audience);
    }, () => {});
  }

  #flush(key: string, audience: Audience): void {
    const { stream, increments } = audience;
    audience.increments = [];
    if (audience.needsSnapshot) {
      audience.needsSnapshot = false;
      stream.send(this.#snapshot(key));
    } else if (increments.length > 0) {
      const now = this.#options.wallClock();
      stream.send(formatServerEvent("increments", { now, increments }));
    }
  }

  #tellVerdicts(key: string): void {
    const audience = this.#audiences.get(key);
    if (!audience || audience.isJudging) return;
    audience.isJudging = true;
    this.#wait(SLOW_BATCH_MS).then(() => {
      audience.isJudging = false;
      const verdicts = this.#histories.get(key)?.verdicts(this.#report(key)) ?? [];
      audience.stream.send(formatServerEvent("verdicts", verdicts));
    }, () => {});
  }

  #pointsNow(): object {
    const points = [...this.#histories.values()].map(({ point, state, sinceMs, counts }) => ({
      point,
      state,
      sinceMs,
      ...counts,
    }));
    this.#listed = JSON.stringify(points);
    return { now: this.#options.wallClock(), points };
  }

  #tellList(): void {
    if (this.#list.size === 0 || this.#isListing) return;
    this.#isListing = true;
    this.#wait(SLOW_BATCH_MS).then(() => {
      this.#isListing = false;
      const before = this.#listed;
      const points = this.#pointsNow();
      if (this.#listed !== before) this.#list.send(formatServerEvent("points", points));
    }, () => {});
  }

  #keepAlive(): void {
    if (this.#isKeepingAlive) return;
    this.#isKeepingAlive = true;
    this.#wait(KEEP_ALIVE_MS).then(() => {
      this.#isKeepingAlive = false;
      this.#list.keepAlive();
      for (const { stream } of this.#audiences.values()) stream.keepAlive();
      if (this.#readers > 0) this.#keepAlive();
    }, () => {});
  }

  #wait(ms: number): Promise<void> {
    const { clock } = this.#options;
    return clock.waitUntil(clock.now() + ms, this.#closed.signal);
  }
}

function parseTarget({ pathname }: URL): PageTarget | undefined {
  let path: string;
  try {
    path = decodeURIComponent(pathname);
  } catch {
    return undefined;
  }
  const [, point, slash, rest] = POINT_PATH.exec(path) ?? [];
  if (point === undefined) {
    if (path === "/") return { kind: "points" };
    if (path === "/events") return { kind: "points-events" };
    return assetTarget(path.slice(1));
  }
  if (!isSafePath(point)) return undefined;
  if (slash === undefined) return { kind: "bare-point", point };
  if (rest === "") return { kind: "point", point };
  return rest === "events" ? { kind: "point-events", point } : assetTarget(rest!);
}

function assetTarget(path: string): PageTarget | undefined {
  const [, name] = ASSET_PATH.exec(path) ?? [];
  return name === undefined ? undefined : { kind: "asset", name };
}

function redirect(location: string): Response {
  return new Response(null, {
    status: 302,
    headers: { ...SECURITY_HEADERS, location, vary: "accept" },
  });
}

async function assetAnswer(request: Request, name: string, status = 200): Promise<Response> {
  const asset = await readPageAsset(name);
  if (!asset) return new Response("there is no such file\n", { status: 404 });
  const headers = {
    ...SECURITY_HEADERS,
    "content-type": asset.contentType,
    "cache-control": "no-cache",
    etag: asset.tag,
  };
  if (status === 200 && request.headers.get("if-none-match") === asset.tag) {
    return new Response(null, { status: 304, headers });
  }
  return new Response(asset.bytes, {
    status,
    headers: { ...headers, "content-length": String(asset.bytes.length) },
  });
}
