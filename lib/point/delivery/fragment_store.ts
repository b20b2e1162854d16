import type { LiveTrack } from "../../manifest/live_track.ts";
import type { FragmentOutcome } from "../ingest/track_timeline.ts";
import type { MemoryHolder } from "../memory_budget.ts";
import { trackIdentity } from "../track_identity.ts";
import { costOf, type Found, type StoredFragment, StoredTrack } from "./stored_track.ts";
import { StoredStream } from "./stored_stream.ts";

/** Options for {@linkcode FragmentStore}. */
export interface FragmentStoreOptions {
  /** How much of the past is kept, in seconds of media; 0 is all. */
  windowSeconds: number;
  /** How many fragments of the same track must follow one that is offered. */
  lookahead: number;
}

/** A fragment on its way into the store. */
export interface IncomingFragment {
  readonly trackId: number;
  /** In ticks; one below 0 is cut to start there. */
  readonly time: bigint;
  /** In ticks. */
  readonly duration: bigint;
  readonly moof: Uint8Array;
  /** Kept as it is: it must not be part of a larger buffer. */
  readonly payload: Uint8Array;
}

/**
 * Keeps the fragments of one broadcast for clients, of all streams together: tracks that are the same in two streams are
 * one, and what comes twice or too late is dropped. What it keeps is bounded by its window.
 */
export class FragmentStore implements MemoryHolder {
  readonly windowSeconds: number;
  readonly lookahead: number;
  readonly #streams: StoredStream[] = [];
  readonly #byName = new Map<string, StoredStream>();
  /** Tracks by what tells them apart. */
  readonly #tracks = new Map<string, StoredTrack>();
  /** The same by stream and track ID of the sender. */
  readonly #senders = new Map<string, { track: StoredTrack; stream: StoredStream }>();
  #bytes = 0;
  #version = 0;
  #isOver = false;
  #shedCount = 0;

  constructor({ windowSeconds, lookahead }: FragmentStoreOptions) {
    this.windowSeconds = windowSeconds;
    this.lookahead = lookahead;
  }

  get bytes(): number {
    return this.#bytes;
  }

  /** Grows with every change of what clients are told. */
  get version(): number {
    return this.#version;
  }

  /** Whether no more will come. */
  get isOver(): boolean {
    return this.#isOver;
  }

  /** How many fragments went before their time, as memory was short. */
  get shedCount(): number {
    return this.#shedCount;
  }

  /** Video first, then audio, then text; each kind in the order in which it came. */
  get streams(): readonly StoredStream[] {
    return this.#streams;
  }

  /**
   * Takes in the tracks of a stream.
   *
   * @param sender What tells the stream from others.
   */
  declare(sender: string, tracks: readonly LiveTrack[]): void {
    const taken = new Set<StoredTrack>();
    for (const facts of tracks) {
      const known = this.#senders.get(`${sender} ${facts.trackId}`);
      if (known && trackIdentity(known.track.facts) === trackIdentity(facts)) {
        taken.add(known.track);
        continue;
      }
      const same = this.#tracks.get(trackIdentity(facts));
      // Two tracks of one stream that nothing tells apart are two nonetheless.
      const own = same && taken.has(same)
        ? { ...facts, trackName: `${facts.trackName}_${facts.trackId}` }
        : facts;
      const track = this.#track(own);
      taken.add(track);
      const stream = this.#streams.find((it) => it.tracks.includes(track))!;
      this.#senders.set(`${sender} ${facts.trackId}`, { track, stream });
    }
    this.#version++;
  }

  /** How many tracks there would be with those of another stream. */
  countWith(tracks: readonly LiveTrack[]): number {
    return new Set([...this.#tracks.keys(), ...tracks.map(trackIdentity)]).size;
  }

  #track(facts: LiveTrack): StoredTrack {
    const identity = trackIdentity(facts);
    let track = this.#tracks.get(identity);
    if (track) return track;
    track = new StoredTrack(facts);
    this.#bytes += identity.length + facts.codecPrivateData.length;
    this.#tracks.set(identity, track);
    this.#stream(facts).add(track);
    return track;
  }

  #stream(facts: LiveTrack): StoredStream {
    const { kind, trackName, timescale } = facts;
    const name = cleanName(trackName, kind);
    const key = JSON.stringify([kind, name.toLowerCase(), timescale]);
    const found = this.#byName.get(key);
    if (found) return found;
    let unique = name;
    for (let n = 2; this.stream(unique); n++) unique = `${name}_${n}`;
    const stream = new StoredStream(unique, facts, this.lookahead);
    this.#byName.set(key, stream);
    this.#streams.push(stream);
    this.#streams.sort((a, b) => KINDS.indexOf(a.kind) - KINDS.indexOf(b.kind));
    return stream;
  }

  /** Takes in a fragment of a track that was declared. */
  take(sender: string, fragment: IncomingFragment): FragmentOutcome {
    const found = this.#senders.get(`${sender} ${fragment.trackId}`);
    if (!found) return "late";
    const { time, duration, moof, payload } = fragment;
    // It is in the manifest too, as base64.
    const dataBytes = found.stream.hasManifestOutput ? Math.ceil(payload.length / 3) * 4 : 0;
    // Clients know no time below 0: what audio encoders put in front is cut off.
    const isEarly = time < 0n;
    const kept = {
      time: isEarly ? 0n : time,
      duration: isEarly ? (duration + time > 0n ? duration + time : 0n) : duration,
      moof,
      payload,
      dataBytes,
    };
    const outcome = found.track.take(kept);
    if (outcome !== "new") return outcome;
    this.#bytes += costOf(kept);
    this.#list(found.stream);
    this.#slide();
    // One from before the window is gone again at once.
    return found.track.has(kept) ? "new" : "late";
  }

  /** Time of the last fragment of a track that came, or of the last one that clients are told of, in ticks. */
  reachedBy(sender: string, trackId: number): bigint | undefined {
    const found = this.#senders.get(`${sender} ${trackId}`);
    if (!found) return undefined;
    const { track: { lastTime = 0n }, stream: { listed } } = found;
    const listedTime = listed.at(-1)?.start ?? 0n;
    return lastTime > listedTime ? lastTime : listedTime;
  }

  /** No more will come: what was held back is offered. */
  end(): void {
    this.#isOver = true;
    for (const stream of this.#streams) stream.list(true);
    this.#version++;
  }

  /** Whether clients can begin: there is something of each track that is not sparse, but for those that are far behind. */
  get isReady(): boolean {
    const steady = this.#streams.filter(({ isSparse }) => !isSparse);
    if (!steady.some(({ listed }) => listed.length > 0)) {
      return steady.length === 0 && this.#streams.some(({ listed }) => listed.length > 0);
    }
    if (this.#isOver) return true;
    const leadSeconds = Math.max(...steady.map((stream) => lengthOf(stream)));
    const patience = Math.min(STARTUP_SECONDS, this.windowSeconds / 2 || Infinity);
    return leadSeconds > patience || steady.every(({ listed }) => listed.length > 0);
  }

  /** The stream with a name, in any letter case. */
  stream(name: string): StoredStream | undefined {
    const wanted = name.toLowerCase();
    return this.#streams.find((stream) => stream.name.toLowerCase() === wanted);
  }

  /** Finds a fragment for a client; see {@linkcode StoredTrack.find}. */
  find(stream: StoredStream, track: StoredTrack, time: bigint): Found {
    const offered = stream.isSparse
      ? stream.listed.at(-1)?.start
      : stream.offeredTime(track, this.#isOver);
    return track.find(time, offered, this.#isOver, stream.isSparse ? 0 : this.lookahead);
  }

  /** The sparse streams of a parent. */
  childrenOf(parent: StoredStream): StoredStream[] {
    return this.#streams.filter((stream) => this.parentOf(stream) === parent);
  }

  /** The parent of a sparse stream. */
  parentOf({ parentName }: StoredStream): StoredStream | undefined {
    if (parentName === undefined) return undefined;
    const wanted = parentName.toLowerCase();
    return this.#streams.find(({ isSparse, tracks }) =>
      !isSparse && tracks.some(({ facts }) => facts.trackName.toLowerCase() === wanted)
    );
  }

  shed(): boolean {
    let oldest: StoredStream | undefined;
    for (const stream of this.#streams) {
      const seconds = stream.oldestSeconds;
      if (seconds !== undefined && seconds < (oldest?.oldestSeconds ?? Infinity)) oldest = stream;
    }
    if (!oldest) return false;
    const gone = oldest.shed();
    this.#shedCount += gone.length;
    this.#forget(gone);
    return true;
  }

  drop(): boolean {
    if (!this.#isOver) return false;
    const gone = this.#streams.flatMap((stream) => stream.clear());
    this.#shedCount += gone.length;
    this.#forget(gone);
    return gone.length > 0;
  }

  #list(stream: StoredStream): void {
    if (stream.isSparse) this.#listSparse(stream);
    else {
      stream.list(this.#isOver);
      this.childrenOf(stream).forEach((child) => this.#listSparse(child));
    }
    this.#version++;
  }

  /** A sparse fragment is offered once one of its parent with its time or a later one is. */
  #listSparse(stream: StoredStream): void {
    const parent = this.parentOf(stream);
    if (!parent || this.#isOver) return stream.list(this.#isOver);
    const last = parent.listed.at(-1);
    if (!last) return;
    const limit = last.start * BigInt(stream.timescale) / BigInt(parent.timescale);
    stream.list(false, limit);
  }

  #slide(): void {
    if (this.windowSeconds <= 0) return;
    const ends = this.#streams.filter(({ isSparse }) => !isSparse)
      .map(({ endSeconds }) => endSeconds).filter((end) => end !== undefined);
    if (ends.length === 0) return;
    for (const stream of this.#streams) {
      const end = stream.isSparse ? Math.max(...ends) : stream.endSeconds;
      if (end === undefined) continue;
      const start = end - this.windowSeconds;
      this.#forget(stream.cut(BigInt(Math.floor(start * stream.timescale))));
    }
  }

  #forget(fragments: readonly StoredFragment[]): void {
    if (fragments.length === 0) return;
    for (const fragment of fragments) this.#bytes -= costOf(fragment);
    this.#version++;
  }
}

/** How much of a track may be there before clients begin without another one. */
const STARTUP_SECONDS = 10;

const KINDS: readonly LiveTrack["kind"][] = ["video", "audio", "textstream"];

function lengthOf({ listed, timescale }: StoredStream): number {
  const [first] = listed;
  const last = listed.at(-1);
  return first && last ? Number(last.start + last.duration - first.start) / timescale : 0;
}

/** A name as clients need it (MS-SSTR 2.2.2.3): a letter, then letters, digits, `_` and `-`. */
function cleanName(name: string, kind: LiveTrack["kind"]): string {
  const clean = name.replace(/[^A-Za-z0-9_-]/g, "_").replace(/^[^A-Za-z]+/, "");
  return clean || (kind === "textstream" ? "text" : kind);
}
