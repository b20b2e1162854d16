import type { Clock } from "../clock.ts";
import type { LiveTrack } from "../manifest/live_track.ts";
import type { Fragment } from "../part.ts";
import type { LoadMeter } from "./meter.ts";
import type { PointReaderOptions } from "./point_reader.ts";
import { findLevel, findStream, parseClientManifest } from "../manifest/client_manifest.ts";
import { fromTicks, toTicks } from "../time.ts";
import { errorKind } from "./error_kind.ts";
import { PointReader, PointReadError } from "./point_reader.ts";

/** Options for {@linkcode Watcher}. */
export interface WatcherOptions extends Omit<PointReaderOptions, "signal"> {
  /** URL of the publishing point. */
  readonly url: string;
  /** What is watched. */
  readonly track: LiveTrack;
  /** Seconds of media per second of the clock. */
  readonly rate: number;
  readonly meter: LoadMeter;
  readonly clock: Clock;
}

/** Waits between two looks, in milliseconds: many where the time is short, few where it is long. */
const FIRST_PAUSE_MS = 2;
const MAX_PAUSE_MS = 50;

/** A fragment that is not there after so long, and after so many times its length, counts as an error. */
const TIMEOUT_MS = 10_000;
const TIMEOUT_FRAGMENTS = 4;

/** What a point says to those who come too early (MS-SSTR 3.2.5). */
const NOT_YET = "HTTP 412";

/** How its fragments are asked for. */
interface Place {
  /** A URL with a place for the time. */
  readonly pattern: string;
  /** Ticks per second of that time. */
  readonly timescale: number;
}

/**
 * Fetches from a publishing point what one stream has sent to it, as a player would (MS-SSTR 2.2.1 and 2.2.3), and measures
 * how long after it was due each fragment is there. It begins to ask when the fragment has been taken, and asks less and less often.
 */
export class Watcher {
  readonly #options: WatcherOptions;
  readonly #over = new AbortController();
  readonly #pending = new Set<Fragment>();
  readonly #reader: PointReader;
  #place: Promise<Place | undefined> | undefined;
  #hasPlace = false;
  /** The longest that it has taken until one was there. */
  #longestMs: number | undefined;
  /** Why the last request brought nothing. */
  #reason = "no answer";

  constructor(options: WatcherOptions) {
    this.#options = options;
    this.#reader = new PointReader({ ...options, signal: this.#over.signal });
  }

  /** Waits for a fragment that was sent. */
  expect(fragment: Fragment): void {
    if (this.#over.signal.aborted) return;
    this.#pending.add(fragment);
    this.#watch(fragment).catch(() => {}); // it is over
  }

  /**
   * Gives up. What is not there yet counts with the time it has taken so far where that is longer than any has taken: a
   * shorter one says nothing, and would make the point look faster than it is.
   */
  stop(): void {
    if (this.#over.signal.aborted) return;
    this.#over.abort(new Error("The watcher is stopped"));
    const { meter, clock } = this.#options;
    meter.count("unfetched", this.#pending.size);
    for (const { dueMs } of this.#pending) this.#recordWait(clock.now() - dueMs!);
    if (!this.#hasPlace && this.#pending.size > 0 && this.#reason !== NOT_YET) this.#complain();
    this.#pending.clear();
    this.#reader.close().catch(() => {});
  }

  /** A wait that was for nothing counts where it says more than is known: that some take longer than any so far. */
  #recordWait(waitedMs: number): void {
    if (waitedMs >= (this.#longestMs ?? Infinity)) this.#options.meter.record("watch", waitedMs);
  }

  #complain(): void {
    this.#options.meter.error(`watch: ${this.#reason}`);
  }

  async #watch(fragment: Fragment): Promise<void> {
    const { meter, clock, rate } = this.#options;
    const fragmentMs = Number(fragment.duration) * 1000 / fragment.timescale / rate;
    // It may have to wait until those behind it have come, which it names (MS-SSTR 2.2.4.4).
    const untilMs = clock.now() + Math.max(TIMEOUT_MS, TIMEOUT_FRAGMENTS * fragmentMs);
    const isThere = await this.#poll(untilMs, async () => {
      this.#place ??= this.#findPlace(untilMs);
      const place = await this.#place;
      if (!place) {
        this.#place = undefined; // the next one tries again
        return undefined;
      }
      return await this.#get(fragmentUrl(fragment, place));
    });
    // One that was given up counts already.
    if (!this.#pending.delete(fragment)) return;
    const ms = clock.now() - fragment.dueMs!;
    if (!isThere) {
      this.#complain();
      return this.#recordWait(ms);
    }
    this.#longestMs = Math.max(this.#longestMs ?? 0, ms);
    meter.record("watch", ms);
  }

  async #findPlace(untilMs: number): Promise<Place | undefined> {
    const { url, track } = this.#options;
    const base = new URL(url);
    base.pathname = `${base.pathname.replace(/\/+$/, "")}/Manifest`;
    return await this.#poll(untilMs, async () => {
      const answer = await this.#get(base.href);
      if (!answer) return undefined;
      const stream = this.#findStream(answer);
      const level = stream && (findLevel(stream, track.systemBitrate) ?? stream.levels[0]);
      if (!stream || !level) return undefined;
      this.#hasPlace = true;
      const path = stream.url
        .replace(/\{bitrate\}/i, String(level.bitrate))
        .replace(/\{CustomAttributes\}/i, "");
      return { pattern: new URL(path, base).href, timescale: stream.timescale };
    });
  }

  /** Asks until there is something, or until it is too late. */
  async #poll<T>(untilMs: number, ask: () => Promise<T | undefined>): Promise<T | undefined> {
    const { clock } = this.#options;
    for (let pauseMs = FIRST_PAUSE_MS;; pauseMs = Math.min(2 * pauseMs, MAX_PAUSE_MS)) {
      const found = await ask();
      if (found !== undefined || clock.now() >= untilMs) return found;
      await clock.waitUntil(clock.now() + pauseMs, this.#over.signal);
    }
  }

  #findStream(manifest: Uint8Array): ReturnType<typeof findStream> {
    const { track } = this.#options;
    try {
      const parsed = parseClientManifest(new TextDecoder().decode(manifest));
      this.#reason = "no such stream";
      return findStream(parsed, track.trackName, track.kind);
    } catch {
      this.#reason = "no manifest";
      return undefined;
    }
  }

  /** The body of a success; nothing for any other answer. */
  async #get(url: string): Promise<Uint8Array | undefined> {
    const { signal } = this.#over;
    try {
      return await this.#reader.get(url);
    } catch (error) {
      signal.throwIfAborted();
      this.#reason = error instanceof PointReadError ? error.kind : errorKind(error);
      return undefined;
    }
  }
}

function fragmentUrl(fragment: Fragment, { pattern, timescale }: Place): string {
  const time = fragment.timescale === timescale
    ? fragment.decodeTime
    : toTicks(fromTicks(fragment.decodeTime, fragment.timescale), timescale);
  return pattern.replace(/(?:\{|%7B)start(?: |%20|_)time(?:\}|%7D)/i, String(time));
}
