import type { LiveTrack } from "../../manifest/live_track.ts";
import type { StreamPart } from "../../part.ts";
import type { PointEvent } from "../point_event.ts";
import type { Breach, RuleId } from "../rules.ts";
import type { FragmentOutcome } from "../ingest/track_timeline.ts";
import { readBoxHeader } from "../../mp4/box.ts";
import { LIVE_SERVER_MANIFEST, STREAM_MANIFESTS } from "../../mp4/uuid.ts";
import { DataOffsetProbe } from "./conformance_moofs.ts";
import { Breaches } from "../rules.ts";

/** Where a fragment lies on the timeline of its track. */
export interface SightedPosition {
  /** In ticks. */
  readonly time: bigint;
  /** In ticks. */
  readonly duration: bigint;
  readonly outcome: FragmentOutcome;
}

/** Times of a track of which is known whether they were there. */
const MAX_TIMES = 1024;

/** Silence up to here is nothing to speak of. */
const MIN_IDLE_SECONDS = 10;

/** Silence may last as long as so many fragments. */
const MAX_IDLE_FRAGMENTS = 3;

/** The last times of one track, the oldest first. */
class RecentTimes {
  #times: bigint[] = [];

  add(time: bigint): void {
    this.#times.push(time);
    // Cut now and then: one by one would cost the length of the list each time.
    if (this.#times.length > 2 * MAX_TIMES) this.#times = this.#times.slice(-MAX_TIMES);
  }

  /** Whether it lies between those that were there; one from before the oldest that is kept may be any. */
  isBetween(time: bigint): boolean {
    const [oldest] = this.#times;
    return oldest !== undefined && time > oldest && !this.#times.includes(time);
  }
}

/**
 * What has been seen of one stream, beside what its report says: which rules there was an occasion for, where each was
 * broken first, and the rules that need a look at several bodies.
 */
export class StreamSightings {
  readonly #breaches = new Breaches();
  readonly #places = new Map<RuleId, number>();
  readonly #times = new Map<number, RecentTimes>();
  readonly #open = new Set<BodySighting>();
  #tracks: readonly LiveTrack[] = [];
  #longestSeconds = 0;
  #relabelled = 0;
  /** Fragments that are known to be out of order in their own body, and are not judged again. */
  #unordered = 0;
  #isLastWhole = false;
  #lastEndMs = -Infinity;
  bodies = 0;
  headers = 0;
  manifests = 0;
  streamManifests = 0;
  ends = 0;
  /** Bodies of which is known how the request ended. */
  answered = 0;
  /** Whether it is known when bytes came. */
  hasTimes = false;

  /** Rules that were broken, in addition to those of the report. */
  get breaches(): readonly Breach[] {
    return this.#breaches.list();
  }

  /** How often other header boxes came from a second sender; the report has them for those of a reconnect. */
  get relabelled(): number {
    return this.#relabelled;
  }

  /** Number of the body in which a rule was broken first, from 1. */
  placeOf(rule: RuleId): number | undefined {
    return this.#places.get(rule);
  }

  /** The tracks of the last header. */
  get tracks(): readonly LiveTrack[] {
    return this.#tracks;
  }

  /** Whether the last body came to its end, so that what is missing in it is missing. */
  get isLastWhole(): boolean {
    return this.#isLastWhole;
  }

  /** For how long nothing has come although nothing is under way, in milliseconds. */
  quietMs(nowMs: number): number {
    return this.#open.size > 0 ? 0 : nowMs - this.#lastEndMs;
  }

  /** Longest silence that is allowed, in milliseconds. */
  get idleLimitMs(): number {
    return 1000 * Math.max(MIN_IDLE_SECONDS, MAX_IDLE_FRAGMENTS * this.#longestSeconds);
  }

  /** A body begins. */
  openBody(nowMs?: number): BodySighting {
    this.bodies++;
    if (nowMs !== undefined) this.hasTimes = true;
    const body: BodySighting = new BodySighting(nowMs, {
      idleLimitMs: () => this.idleLimitMs,
      note: (rule, detail) => this.note(rule, detail, body.number),
      onEnd: (isWhole, endMs) => {
        this.#open.delete(body);
        this.#isLastWhole = isWhole;
        this.#lastEndMs = endMs ?? this.#lastEndMs;
      },
    }, this.bodies);
    this.#open.add(body);
    return body;
  }

  /** Sees to bodies in which nothing comes. */
  checkIdle(nowMs: number): void {
    for (const body of this.#open) body.checkIdle(nowMs);
  }

  /** A part was taken in. */
  part(
    part: StreamPart,
    tracks: readonly LiveTrack[],
    position: SightedPosition | undefined,
  ): void {
    if (part.type === "header") {
      this.headers++;
      const types = part.boxes.map((box) => readBoxHeader(box, 0)?.userType ?? "");
      if (types.includes(LIVE_SERVER_MANIFEST)) this.manifests++;
      if (types.some((type) => STREAM_MANIFESTS.includes(type))) this.streamManifests++;
      this.#tracks = tracks;
    } else if (part.type === "end") {
      if (part.boxes.length > 0) this.ends++;
    } else if (position) this.#fragment(part, position);
  }

  #fragment(
    { trackId, timescale }: { readonly trackId: number; readonly timescale: number },
    { time, duration, outcome }: SightedPosition,
  ): void {
    this.#longestSeconds = Math.max(this.#longestSeconds, Number(duration) / timescale);
    let times = this.#times.get(trackId);
    if (!times) {
      times = new RecentTimes();
      this.#times.set(trackId, times);
    }
    if (outcome === "new") {
      times.add(time);
    } else if (this.#unordered > 0) {
      this.#unordered--;
    } else if (outcome === "late" && times.isBetween(time)) {
      this.note("same-times", `track ${trackId}: ${time}, between those that were there`);
    }
  }

  /** What comes from here on is another broadcast, whose times may be any. */
  restart(): void {
    this.#times.clear();
    this.#unordered = 0;
  }

  /** A rule was broken, as the point server tells it. */
  broken({ rule, detail }: Extract<PointEvent, { readonly event: "broken" }>): void {
    if (rule === "times-grow") this.#unordered++;
    if (rule === "end-empty") this.ends++;
    if (rule === "header-same" && this.#open.size > 1) {
      this.#relabelled++;
      this.note("one-sender", detail);
    } else this.#place(rule);
  }

  /** A rule was broken that nobody else has an eye on. */
  note(rule: RuleId, detail: string, body?: number): void {
    this.#breaches.add({ rule, detail });
    this.#place(rule, body);
  }

  #place(rule: RuleId, body = Math.max(1, this.bodies)): void {
    if (!this.#places.has(rule)) this.#places.set(rule, body);
  }
}

/** What a body is seen with. */
interface BodyWatch {
  readonly idleLimitMs: () => number;
  readonly note: (rule: RuleId, detail: string) => void;
  readonly onEnd: (isWhole: boolean, nowMs: number | undefined) => void;
}

/** One body as it comes. */
export class BodySighting {
  /** From 1. */
  readonly number: number;
  readonly #watch: BodyWatch;
  readonly #offsets = new DataOffsetProbe();
  #lastMs: number | undefined;
  #isIdle = false;

  constructor(nowMs: number | undefined, watch: BodyWatch, number: number) {
    this.#lastMs = nowMs;
    this.#watch = watch;
    this.number = number;
  }

  /** Takes the next bytes. */
  write(bytes: Uint8Array, nowMs?: number): void {
    this.checkIdle(nowMs);
    this.#lastMs = nowMs;
    this.#isIdle = false;
    for (const { trackId, dataOffset, expected } of this.#offsets.push(bytes)) {
      const detail = `track ${trackId}: ${dataOffset ?? "none"}, not ${expected}`;
      this.#watch.note("data-offset", detail);
    }
  }

  /** Sees whether the last bytes are too long ago; tells it once for each silence. */
  checkIdle(nowMs: number | undefined): void {
    if (nowMs === undefined || this.#lastMs === undefined || this.#isIdle) return;
    const silenceMs = nowMs - this.#lastMs;
    if (silenceMs <= this.#watch.idleLimitMs()) return;
    this.#isIdle = true;
    this.#watch.note("idle", `${Math.round(silenceMs / 100) / 10} s`);
  }

  /** The body is over. */
  end(isWhole: boolean, nowMs?: number): void {
    this.#watch.onEnd(isWhole, nowMs);
  }
}
