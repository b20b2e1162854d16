import type { StreamConformance } from "./conformance.ts";
import type {
  BodyContext,
  BodyTap,
  PartContext,
  PointExtension,
  StreamContext,
} from "../extension.ts";
import type { PointEvent } from "../point_event.ts";
import type { PointServer } from "../point_server.ts";
import type { PointReport, StreamReport } from "../report.ts";
import { judgeStream } from "./conformance.ts";
import { StreamSightings } from "./conformance_sightings.ts";

/** What is said of one publishing point. */
export interface PointConformance {
  /** Path of the URL. */
  readonly point: string;
  /** Whether no rule was broken by any of its streams. */
  readonly isConforming: boolean;
  readonly streams: readonly StreamConformance[];
}

/** Options for {@linkcode createConformance}. */
export interface ConformanceOptions {
  /** Milliseconds that only grow. @default {() => performance.now()} */
  now?: (() => number) | undefined;
}

/** An extension that judges senders. */
export interface ConformanceExtension extends PointExtension {
  /** What is said of a point now; nothing if there is none. */
  judge(point: string): PointConformance | undefined;
}

/**
 * Makes an extension that judges each sender against the rules, and answers `GET <path>.isml/conformance` with the
 * verdicts as JSON.
 *
 * @example
 * ```ts
 * const conformance = createConformance();
 * const server = createPointServer({ autoCreate: true, extensions: [conformance] });
 * // after a push
 * console.log(conformance.judge("/live.isml")?.isConforming);
 * ```
 */
export function createConformance(options: ConformanceOptions = {}): ConformanceExtension {
  return new Conformance(options.now ?? (() => performance.now()));
}

/** What is seen of one stream, and who it is. */
interface WatchedStream {
  readonly stream: string;
  readonly event: string | undefined;
  readonly sightings: StreamSightings;
  broadcast: number;
}

class Conformance implements ConformanceExtension {
  readonly #now: () => number;
  /** By path of the point in lower case. */
  readonly #points = new Map<string, WatchedStream[]>();
  #server: PointServer | undefined;

  constructor(now: () => number) {
    this.#now = now;
  }

  start(server: PointServer): void {
    this.#server = server;
  }

  onBody(context: BodyContext): BodyTap {
    const watched = this.#watch(context);
    const { sightings } = watched;
    if (context.broadcast !== watched.broadcast) sightings.restart();
    watched.broadcast = context.broadcast;
    const body = sightings.openBody(this.#now());
    return {
      write: (bytes) => body.write(bytes, this.#now()),
      end: (isWhole) => {
        sightings.answered++;
        body.end(isWhole, this.#now());
      },
    };
  }

  onPart(context: PartContext): void {
    const { sightings } = this.#watch(context);
    sightings.part(context.part, context.tracks, context.position);
    // What comes after the end of a stream is another broadcast of it.
    if (context.part.type === "end" && context.part.boxes.length > 0) sightings.restart();
  }

  onEvent(event: PointEvent): void {
    const point = event.point.toLowerCase();
    if (event.event === "deleted") this.#points.delete(point);
    if (event.event !== "broken") return;
    const named = this.#points.get(point)?.filter(({ stream }) => stream === event.stream) ?? [];
    // Events do not say of which Events(<id>) they are: it is that of the last body.
    named.reduce<WatchedStream | undefined>(
      (last, it) => last && last.broadcast > it.broadcast ? last : it,
      undefined,
    )?.sightings.broken(event);
  }

  #watch({ point, stream, event, broadcast }: StreamContext): WatchedStream {
    const key = point.toLowerCase();
    const all = this.#points.get(key) ?? [];
    const known = all.find((it) => it.stream === stream && it.event === event);
    if (known) return known;
    const found = { stream, event, broadcast, sightings: new StreamSightings() };
    // What the point has let go of is not judged any more.
    const { streams = [] } = this.#reportOf(key) ?? {};
    const isKept = (it: WatchedStream) =>
      streams.some(({ id, eventId }) => id === it.stream && eventId === it.event);
    this.#points.set(key, [...all.filter(isKept), found]);
    return found;
  }

  #reportOf(key: string): PointReport | undefined {
    return this.#server?.reportOf(key);
  }

  judge(point: string): PointConformance | undefined {
    const wanted = point.toLowerCase();
    const report = this.#reportOf(wanted);
    if (!report) return undefined;
    const watched = this.#points.get(wanted) ?? [];
    const streams = report.streams
      .filter(({ bodies }) => bodies > 0)
      .map((stream) => this.#judgeStream(report, stream, watched));
    const isConforming = streams.every((it) => it.isConforming);
    return { point: report.point, isConforming, streams };
  }

  #judgeStream(
    { state }: PointReport,
    report: StreamReport,
    watched: readonly WatchedStream[],
  ): StreamConformance {
    const own = watched.find(({ stream, event }) =>
      stream === report.id && event === report.eventId
    );
    const sightings = own?.sightings ?? new StreamSightings();
    const nowMs = this.#now();
    sightings.checkIdle(nowMs);
    const isSparse = report.tracks.length > 0 && report.tracks.every((track) => track.isSparse);
    const isQuiet = !isSparse && sightings.quietMs(nowMs) > sightings.idleLimitMs;
    return judgeStream(report, sightings, {
      canSeeProbes: true,
      // A stream that has stopped without an end may come back for a while.
      isOver: report.openBodies === 0 && (state === "Stopped" || isQuiet),
      pointTracks: watched.flatMap((it) => it.sightings.tracks),
    });
  }

  answer(request: Request, { pathname }: URL): Response | undefined {
    const [, point] = /^(.+\.isml)\/conformance\/?$/i.exec(decoded(pathname)) ?? [];
    const found = point === undefined ? undefined : this.judge(point);
    if (!found) return undefined;
    return new Response(request.method === "HEAD" ? null : `${JSON.stringify(found, null, 2)}\n`, {
      headers: {
        "access-control-allow-origin": "*",
        "cache-control": "no-store",
        "content-type": "application/json",
      },
    });
  }
}

function decoded(path: string): string {
  try {
    return decodeURIComponent(path);
  } catch {
    return "";
  }
}
