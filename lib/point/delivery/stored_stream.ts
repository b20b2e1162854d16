import type { FragmentTime } from "../../manifest/fragment_times.ts";
import type { LiveTrack } from "../../manifest/live_track.ts";
import type { StoredFragment } from "./stored_track.ts";
import { StoredTrack } from "./stored_track.ts";

/** A level that is so far behind the others is not waited for, in seconds of media. */
const MAX_LAG_SECONDS = 10;

/** One track in all its encodings, which share one list of times: what becomes a `StreamIndex`. */
export class StoredStream {
  /** What clients call it: unique in its presentation. */
  readonly name: string;
  readonly kind: LiveTrack["kind"];
  /** Ticks per second. */
  readonly timescale: number;
  /** Name of the parent in its Live Server Manifest, which makes this a sparse track. */
  readonly parentName: string | undefined;
  readonly hasManifestOutput: boolean;
  readonly #lookahead: number;
  readonly #tracks: StoredTrack[] = [];
  #listed: FragmentTime[] = [];

  constructor(name: string, facts: LiveTrack, lookahead: number) {
    this.name = name;
    this.kind = facts.kind;
    this.timescale = facts.timescale;
    this.parentName = facts.parentTrackName;
    this.hasManifestOutput = facts.manifestOutput === true;
    this.#lookahead = this.isSparse ? 0 : lookahead;
  }

  /** Whether its fragments come only now and then. */
  get isSparse(): boolean {
    return this.parentName !== undefined || this.hasManifestOutput;
  }

  /** Its encodings, the lowest bitrate first. */
  get tracks(): readonly StoredTrack[] {
    return this.#tracks;
  }

  /** The fragments that clients are told of, the oldest first. */
  get listed(): readonly FragmentTime[] {
    return this.#listed;
  }

  /** End of what clients are told of, in seconds; none if that is nothing. */
  get endSeconds(): number | undefined {
    const last = this.#listed.at(-1);
    return last && Number(last.start + last.duration) / this.timescale;
  }

  add(track: StoredTrack): void {
    this.#tracks.push(track);
    this.#tracks.sort((a, b) => a.facts.systemBitrate - b.facts.systemBitrate);
  }

  /** Time of the last fragment of a track that clients may have: those that it looks ahead to are there. */
  offeredTime(track: StoredTrack, isOver: boolean): bigint | undefined {
    return isOver ? track.at(-1)?.time : track.at(-1 - this.#lookahead)?.time;
  }

  /**
   * Lists what can be offered now.
   *
   * @param isOver Whether no more will come.
   * @param limit Time up to which a sparse track may be listed, in ticks.
   */
  list(isOver: boolean, limit?: bigint): void {
    const horizon = this.#horizon(isOver);
    if (horizon === undefined) return;
    const end = limit !== undefined && limit < horizon ? limit : horizon;
    const start = this.#listed.at(-1)?.start;
    const found = new Map<bigint, StoredFragment>();
    for (const track of this.#tracks) {
      for (let n = start === undefined ? 0 : track.indexOf(start + 1n); n < track.count; n++) {
        const fragment = track.at(n)!;
        if (fragment.time > end) break;
        if (!found.has(fragment.time)) found.set(fragment.time, fragment);
      }
    }
    const added = [...found.values()].sort((a, b) => a.time < b.time ? -1 : 1);
    for (const { time, duration, payload } of added) {
      const data = this.hasManifestOutput ? { data: base64(payload) } : {};
      this.#listed.push({ start: time, duration, ...data });
    }
  }

  /** Up to where all levels have come, but for those that are far behind. */
  #horizon(isOver: boolean): bigint | undefined {
    const times = this.#tracks.map((track) => this.offeredTime(track, isOver));
    const known = times.filter((time) => time !== undefined);
    if (known.length === 0) return undefined;
    const most = known.reduce((a, b) => a > b ? a : b);
    if (isOver || this.isSparse) return most;
    const lag = BigInt(MAX_LAG_SECONDS) * BigInt(this.timescale);
    const start = this.#tracks.map((track) => track.startTime).filter((it) => it !== undefined)
      .reduce((a, b) => a < b ? a : b);
    const isLate = (track: StoredTrack) => track.hasLost || most - start >= lag;
    const waited = times.map((time, n) => time ?? (isLate(this.#tracks[n]!) ? most : undefined));
    if (waited.includes(undefined)) return undefined;
    return waited.reduce((a, b) => most - b! > lag ? a : a! < b! ? a : b!, most);
  }

  /**
   * Lets go of what ends at or before a time, but for the last one of a sparse track: it is what is on.
   *
   * @returns What was let go of.
   */
  cut(time: bigint): StoredFragment[] {
    const gone: StoredFragment[] = [];
    const least = this.isSparse ? 1 : 0;
    for (const track of this.#tracks) {
      let first = track.at(0);
      while (first && first.time + first.duration <= time && track.count > least) {
        gone.push(track.shift()!);
        first = track.at(0);
      }
    }
    if (gone.length > 0) this.#dropListed();
    return gone;
  }

  /** When the oldest fragment that it can do without starts, in seconds. */
  get oldestSeconds(): number | undefined {
    const times = this.#tracks.filter((track) => track.count > this.#lookahead + 1)
      .map((track) => Number(track.at(0)!.time) / this.timescale);
    return times.length > 0 ? Math.min(...times) : undefined;
  }

  /** Lets go of the oldest fragment of each level that starts with it. */
  shed(): StoredFragment[] {
    const oldest = this.oldestSeconds;
    const gone = this.#tracks
      .filter((track) => track.count > this.#lookahead + 1)
      .filter((track) => Number(track.at(0)!.time) / this.timescale === oldest)
      .map((track) => track.shift()!);
    this.#dropListed();
    return gone;
  }

  /** Lets go of all fragments. */
  clear(): StoredFragment[] {
    this.#listed = [];
    return this.#tracks.flatMap((track) => track.clear());
  }

  #dropListed(): void {
    const times = this.#tracks.map((track) => track.at(0)?.time).filter((it) => it !== undefined);
    if (times.length === 0) return;
    const oldest = times.reduce((a, b) => a < b ? a : b);
    const kept = this.#listed.findIndex(({ start }) => start >= oldest);
    this.#listed = kept < 0 ? [] : this.#listed.slice(kept);
  }
}

function base64(bytes: Uint8Array): string {
  let text = "";
  for (const byte of bytes) text += String.fromCharCode(byte);
  return btoa(text);
}
