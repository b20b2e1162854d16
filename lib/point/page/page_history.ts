import type { LiveTrack } from "../../manifest/live_track.ts";
import type { PointEvent } from "../point_event.ts";
import type { PointStateName } from "../point_settings.ts";
import type { PointReport, StreamReport, TrackReport } from "../report.ts";
import type { FragmentOutcome } from "../ingest/track_timeline.ts";
import { fromTicks, toSeconds } from "../../time.ts";
import { faultsOf } from "../report.ts";
import { RULES } from "../rules.ts";

/** A fragment as it is shown: times in seconds, the arrival in milliseconds since 1970. */
export type ShownFragment = readonly [
  arrivalMs: number,
  time: number,
  duration: number,
  bytes: number,
  outcome: FragmentOutcome,
];

/** Missing fragments as they are shown, in seconds. */
export type ShownGap = readonly [time: number, size: number, missing: number];

/** What is said of a track. */
export interface ShownTrack {
  readonly trackId: number;
  readonly name: string;
  /** Video, audio or textstream; empty if it is not known. */
  readonly kind: string;
  /** In bits per second. */
  readonly bitrate: number;
  readonly isSparse: boolean;
  readonly fourCC: string;
  readonly width: number | undefined;
  readonly height: number | undefined;
  readonly language: string | undefined;
}

/** What a stream is doing. */
export type StreamActivity = "waiting" | "receiving" | "pausing" | "ended" | "lost";

/** A line of the log. */
export interface LogEntry {
  /** Milliseconds since 1970. */
  readonly at: number;
  readonly level: "info" | "good" | "warning" | "error";
  /** Empty where it is about the point. */
  readonly stream: string;
  readonly text: string;
}

/** Something that has changed at a point, as readers are told. */
export type PageIncrement =
  | {
    readonly kind: "fragment";
    readonly stream: string;
    readonly track: number;
    readonly fragment: ShownFragment;
  }
  | {
    readonly kind: "gap";
    readonly stream: string;
    readonly track: number;
    readonly gap: ShownGap;
  }
  | { readonly kind: "tracks"; readonly stream: string; readonly tracks: readonly ShownTrack[] }
  | { readonly kind: "stream"; readonly stream: string; readonly activity: StreamActivity }
  | {
    readonly kind: "state";
    readonly state: PointStateName;
    readonly sinceMs: number;
    /** Whether what was on the timelines is over. */
    readonly isNew: boolean;
    /** IDs of the streams that are still shown; the others were of an earlier broadcast. */
    readonly streams: readonly string[];
  }
  | { readonly kind: "log"; readonly entry: LogEntry };

interface TrackHistory {
  readonly shown: ShownTrack;
  readonly recent: ShownFragment[];
  readonly gaps: ShownGap[];
}

interface StreamHistory {
  readonly id: string;
  readonly tracks: Map<number, TrackHistory>;
  /** By which is seen whether the header is still the same. */
  described: readonly LiveTrack[];
  openBodies: number;
  bodies: number;
  isProbed: boolean;
  hasEnded: boolean;
  isLost: boolean;
  readonly brokenRules: Set<string>;
}

/** How much is kept to be shown. */
export interface HistoryLimits {
  /** Fragments of one track. */
  readonly fragments: number;
  /** Fragments of all tracks together. */
  readonly fragmentsInAll: number;
  /** Streams; further ones are not shown. */
  readonly streams: number;
  readonly tracksOfStream: number;
  readonly logEntries: number;
}

export const DEFAULT_HISTORY_LIMITS: HistoryLimits = {
  fragments: 300,
  fragmentsInAll: 12_000,
  streams: 100,
  tracksOfStream: 32,
  logEntries: 200,
};

const MIN_FRAGMENTS = 8;
const MAX_GAPS = 20;
const MAX_TEXT_LENGTH = 300;

/** What happened at one point of late, to be shown. Its size is bounded, however much happens. */
export class PageHistory {
  readonly point: string;
  readonly #limits: HistoryLimits;
  readonly #streams = new Map<string, StreamHistory>();
  readonly #log: LogEntry[] = [];
  #state: PointStateName = "Idle";
  #sinceMs: number;
  #broadcast = 0;
  #tracks = 0;

  constructor(point: string, nowMs: number, limits: HistoryLimits = DEFAULT_HISTORY_LIMITS) {
    this.point = point;
    this.#sinceMs = nowMs;
    this.#limits = limits;
  }

  get state(): PointStateName {
    return this.#state;
  }

  /** When it came to its state, in milliseconds since 1970. */
  get sinceMs(): number {
    return this.#sinceMs;
  }

  /** How many streams are shown, and how many of them are being received. */
  get counts(): { readonly streams: number; readonly receiving: number } {
    const all = [...this.#streams.values()];
    const receiving = all.filter((stream) => activityOf(stream) === "receiving");
    return { streams: all.length, receiving: receiving.length };
  }

  /** The header of a stream came. */
  declare(id: string, described: readonly LiveTrack[]): PageIncrement[] {
    const stream = this.#stream(id);
    if (!stream || stream.described === described) return [];
    stream.described = described;
    for (const track of described.slice(0, this.#limits.tracksOfStream)) {
      const old = stream.tracks.get(track.trackId);
      if (!old && stream.tracks.size >= this.#limits.tracksOfStream) continue;
      if (!old) this.#tracks++;
      const { recent = [], gaps = [] } = old ?? {};
      stream.tracks.set(track.trackId, { shown: shownTrack(track), recent, gaps });
    }
    return [{ kind: "tracks", stream: id, tracks: shownTracks(stream) }];
  }

  /** The end of a stream came. */
  end(id: string, nowMs: number): PageIncrement[] {
    const stream = this.#stream(id);
    if (!stream || stream.hasEnded) return [];
    stream.hasEnded = true;
    return [this.#note(nowMs, "good", id, "End of stream"), activityIncrement(stream)];
  }

  /** Takes in what happens and says what of it is to be shown. */
  take(event: PointEvent, nowMs: number): PageIncrement[] {
    if (event.event === "state") return this.#enter(event, nowMs);
    const stream = event.stream === "" ? undefined : this.#stream(event.stream);
    const note = (level: LogEntry["level"], text: string) =>
      this.#note(nowMs, level, event.stream, text);
    switch (event.event) {
      case "created":
        return [note("info", "The publishing point was created")];
      case "deleted":
        return [note("warning", "The publishing point was deleted")];
      case "refused":
        return [note("error", `Refused with ${event.status}: ${event.message}`)];
      case "shed":
        return [note("warning", `Memory is short: ${event.fragments} fragments went early`)];
      case "lost":
        return [
          note("error", `The request broke off: ${event.message}`),
          ...this.#close(stream, true),
        ];
      case "probed":
        if (!stream || stream.isProbed) return [];
        stream.isProbed = true;
        return [note("info", "Probed"), activityIncrement(stream)];
      case "began":
        return stream ? this.#open(stream, nowMs) : [];
      case "answered":
        return [
          ...(event.status >= 300 ? [note("error", `Answered with ${event.status}`)] : []),
          ...this.#close(stream, false),
        ];
      case "behind": {
        const { time, reached, timescale } = event;
        const [at, end] = [time, reached].map((ticks) => seconds(ticks, timescale).toFixed(1));
        const advice = "Set the point to Idle to begin anew, or push with --realtime.";
        return [
          note(
            "error",
            `All it sends is late: it is at ${at} s, players have ${end} s already. ${advice}`,
          ),
        ];
      }
      case "broken":
        // The same again is counted with the rules; the log would be full of it.
        if (!stream || stream.brokenRules.has(event.rule)) return [];
        stream.brokenRules.add(event.rule);
        return [note("error", `${RULES[event.rule].sentence}: current value is ${event.detail}`)];
      case "gap":
        return stream ? this.#takeGap(stream, event, nowMs) : [];
      case "fragment":
        return stream ? this.#takeFragment(stream, event, nowMs) : [];
    }
  }

  /**
   * All there is to show.
   *
   * @param report The counts of the point.
   */
  snapshot(report: PointReport | undefined, nowMs: number): object {
    const reports = new Map(report?.streams.map((stream) => [stream.id, stream]));
    return {
      now: nowMs,
      point: this.point,
      state: this.#state,
      sinceMs: this.#sinceMs,
      streams: [...this.#streams.values()].map((stream) => {
        const counts = reports.get(stream.id)?.tracks ?? [];
        return {
          id: stream.id,
          activity: activityOf(stream),
          tracks: [...stream.tracks].map(([trackId, { shown, recent, gaps }]) => ({
            ...shown,
            counts: countsOf(counts.find((track) => track.trackId === trackId)),
            recent,
            gaps,
          })),
        };
      }),
      log: this.#log,
      rules: Object.entries(RULES).map(([id, rule]) => ({ id, ...rule })),
      verdicts: this.verdicts(report),
    };
  }

  /**
   * The verdicts on each stream that is shown: what is wrong with it, by rule, and what else is.
   *
   * @param report The counts of the point.
   */
  verdicts(report: PointReport | undefined): object[] {
    const streams = report?.streams.filter(({ id }) => this.#streams.has(id)) ?? [];
    return streams.map((stream) => ({
      stream: stream.id,
      fragments: stream.fragments,
      breaches: stream.breaches.map(({ rule, count, detail }) => ({
        rule,
        count,
        detail: shortened(detail),
      })),
      faults: otherFaults(stream).map(({ message, clause }) => ({
        message: shortened(message),
        clause,
      })),
    }));
  }

  #stream(id: string): StreamHistory | undefined {
    const known = this.#streams.get(id);
    if (known || this.#streams.size >= this.#limits.streams) return known;
    const stream: StreamHistory = {
      id,
      tracks: new Map(),
      described: [],
      openBodies: 0,
      bodies: 0,
      isProbed: false,
      hasEnded: false,
      isLost: false,
      brokenRules: new Set(),
    };
    this.#streams.set(id, stream);
    return stream;
  }

  #note(at: number, level: LogEntry["level"], stream: string, text: string): PageIncrement {
    const entry = { at, level, stream, text: shortened(text) };
    this.#log.push(entry);
    if (this.#log.length > this.#limits.logEntries) this.#log.shift();
    return { kind: "log", entry };
  }

  #enter(
    { state, broadcast, eventId }: PointEvent & { readonly event: "state" },
    nowMs: number,
  ): PageIncrement[] {
    const isNew = broadcast !== this.#broadcast;
    this.#broadcast = broadcast;
    this.#state = state;
    this.#sinceMs = nowMs;
    if (isNew) this.#startAnew();
    const event = state === "Starting" && eventId !== undefined ? `, event ${eventId}` : "";
    return [
      { kind: "state", state, sinceMs: nowMs, isNew, streams: [...this.#streams.keys()] },
      this.#note(nowMs, "info", "", `${state}${event}`),
    ];
  }

  /** Senders that are done with an earlier broadcast are not shown for ever: their next IDs may be others. */
  #startAnew(): void {
    for (const { id, tracks, bodies, openBodies } of this.#streams.values()) {
      if (bodies > 0 && openBodies === 0) {
        this.#streams.delete(id);
        this.#tracks -= tracks.size;
      }
      for (const track of tracks.values()) track.recent.length = track.gaps.length = 0;
    }
  }

  #open(stream: StreamHistory, nowMs: number): PageIncrement[] {
    const isSparse = isSparseStream(stream);
    const text = stream.isLost ? "Sending again" : stream.bodies === 0 ? "Sending" : "Sending anew";
    if (stream.openBodies === 0) stream.hasEnded = false;
    stream.openBodies++;
    stream.bodies++;
    stream.isLost = false;
    const activity = activityIncrement(stream);
    // Each fragment of a sparse stream has a request of its own.
    return isSparse ? [activity] : [this.#note(nowMs, "info", stream.id, text), activity];
  }

  #close(stream: StreamHistory | undefined, isLost: boolean): PageIncrement[] {
    if (!stream) return [];
    stream.openBodies = Math.max(0, stream.openBodies - 1);
    stream.isLost = isLost && stream.openBodies === 0;
    return [activityIncrement(stream)];
  }

  #takeGap(
    stream: StreamHistory,
    { trackId, timescale, time, size, missing }: PointEvent & { readonly event: "gap" },
    nowMs: number,
  ): PageIncrement[] {
    const gap: ShownGap = [seconds(time, timescale), seconds(size, timescale), missing];
    const track = stream.tracks.get(trackId);
    if (track) keep(track.gaps, gap, MAX_GAPS);
    const text = `Gap of ${gap[1].toFixed(3)} s at ${gap[0].toFixed(3)} s in track ${trackId}` +
      (missing > 0 ? `, ${missing} missing by number` : "");
    return [
      { kind: "gap", stream: stream.id, track: trackId, gap },
      this.#note(nowMs, "warning", stream.id, text),
    ];
  }

  #takeFragment(
    stream: StreamHistory,
    event: PointEvent & { readonly event: "fragment" },
    nowMs: number,
  ): PageIncrement[] {
    const { trackId, timescale, time, duration, bytes, outcome } = event;
    const track = stream.tracks.get(trackId);
    if (!track) return [];
    const fragment: ShownFragment = [
      nowMs,
      seconds(time, timescale),
      seconds(duration, timescale),
      bytes,
      outcome,
    ];
    const { fragments, fragmentsInAll } = this.#limits;
    const share = Math.max(MIN_FRAGMENTS, Math.floor(fragmentsInAll / this.#tracks));
    keep(track.recent, fragment, Math.min(fragments, share));
    return [{ kind: "fragment", stream: stream.id, track: trackId, fragment }];
  }
}

/** Gaps, and nothing that only shows when a stream is over: it may still go on. */
function otherFaults(stream: StreamReport) {
  return faultsOf({ ...stream, breaches: [], hasEnded: true });
}

function keep<T>(list: T[], item: T, most: number): void {
  list.push(item);
  if (list.length > most) list.splice(0, list.length - most);
}

function seconds(ticks: bigint, timescale: number): number {
  return toSeconds(fromTicks(ticks, timescale));
}

function countsOf(track: TrackReport | undefined) {
  const { fragments = 0, bytes = 0, duplicates = 0, late = 0, gaps = 0 } = track ?? {};
  return { fragments, bytes, duplicates, late, gaps };
}

function isSparseStream({ tracks }: StreamHistory): boolean {
  return tracks.size > 0 && [...tracks.values()].every(({ shown }) => shown.isSparse);
}

function activityOf(stream: StreamHistory): StreamActivity {
  if (stream.hasEnded) return "ended";
  if (stream.openBodies > 0) return "receiving";
  if (stream.isLost) return "lost";
  if (stream.bodies === 0) return "waiting";
  return isSparseStream(stream) ? "receiving" : "pausing";
}

function activityIncrement(stream: StreamHistory): PageIncrement {
  return { kind: "stream", stream: stream.id, activity: activityOf(stream) };
}

function shownTracks({ tracks }: StreamHistory): ShownTrack[] {
  return [...tracks.values()].map(({ shown }) => shown);
}

function shownTrack(track: LiveTrack): ShownTrack {
  const { trackId, trackName, kind, systemBitrate, fourCC } = track;
  return {
    trackId,
    name: shortened(trackName),
    kind,
    bitrate: systemBitrate,
    isSparse: track.parentTrackName !== undefined || track.manifestOutput === true,
    fourCC: shortened(fourCC),
    width: track.maxWidth,
    height: track.maxHeight,
    language: track.systemLanguage && shortened(track.systemLanguage),
  };
}

function shortened(text: string): string {
  return text.length > MAX_TEXT_LENGTH ? `${text.slice(0, MAX_TEXT_LENGTH)}…` : text;
}
