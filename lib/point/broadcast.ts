import type { LiveTrack } from "../manifest/live_track.ts";
import type { StreamHeader } from "../part.ts";
import type { RequestBody } from "./ingest/request_body.ts";
import { BehindWatch } from "./ingest/behind_watch.ts";
import { FragmentStore, type FragmentStoreOptions } from "./delivery/fragment_store.ts";

/** One body of a stream that is being read. */
interface OpenBody {
  readonly body: RequestBody;
  hasEnded: boolean;
}

/** The last fragment of a track, for statistics. */
export interface LastFragment {
  /** In ticks. */
  readonly time: bigint;
  /** In ticks. */
  readonly duration: bigint;
  /** Of the payload. */
  readonly bytes: number;
  /** By the clock of the server. */
  readonly arrivalMs: number;
}

/** One stream of a broadcast. */
export interface BroadcastStream {
  readonly id: string;
  /** IP address of who sent the last body, where it is known. */
  source: string | undefined;
  /** The last header; none in front of the first. */
  header: StreamHeader | undefined;
  tracks: readonly LiveTrack[];
  hasEnded: boolean;
  readonly bodies: Set<OpenBody>;
  readonly behind: BehindWatch;
  /** By track ID. */
  readonly last: Map<number, LastFragment>;
}

/** Options for {@linkcode Broadcast}. */
export interface BroadcastOptions extends FragmentStoreOptions {
  /** Counts the broadcasts of the point, from 1. */
  number: number;
}

/** What a publishing point sends from a start to a stop. */
export class Broadcast {
  readonly number: number;
  readonly store: FragmentStore;
  /** `Events(<id>)` of its streams, or none; open as long as no body has come. */
  eventId: string | undefined;
  readonly #streams = new Map<string, BroadcastStream>();
  /** Streams that a Stream Manifest box names. */
  readonly #awaited = new Set<string>();

  constructor({ number, ...options }: BroadcastOptions) {
    this.number = number;
    this.store = new FragmentStore(options);
  }

  get streams(): ReadonlyMap<string, BroadcastStream> {
    return this.#streams;
  }

  /** Whether a body is being read that has not come to its end of stream. */
  get isBusy(): boolean {
    return [...this.#streams.values()].some(isRunning);
  }

  /** Whether the header of each stream has come that is waited for, and of one at least. */
  get isStarted(): boolean {
    const has = (id: string) => this.#streams.get(id)?.header !== undefined;
    if (this.#awaited.size > 0) return [...this.#awaited].every(has);
    return [...this.#streams.keys()].some(has);
  }

  /**
   * Whether all has been sent. Sparse streams are not waited for, unless there are no others; a stream that broke off may
   * come back.
   */
  get isOver(): boolean {
    const all = [...this.#streams.values()];
    if (!this.isStarted || all.some((stream) => !stream.header && stream.bodies.size > 0)) {
      return false;
    }
    const known = all.filter(({ header }) => header);
    const steady = known.filter((stream) => !isSparse(stream));
    return (steady.length > 0 ? steady : known).every((stream) =>
      stream.hasEnded && !isRunning(stream)
    );
  }

  /**
   * A body of a stream begins.
   *
   * @param source IP address of the sender, where it is known.
   */
  open(id: string, body: RequestBody, source?: string): BroadcastStream {
    let stream = this.#streams.get(id);
    if (!stream) {
      const last = new Map<number, LastFragment>();
      const bodies = new Set<OpenBody>();
      const behind = new BehindWatch();
      const open = { tracks: [], hasEnded: false, bodies, behind, last };
      stream = { id, source, header: undefined, ...open };
      this.#streams.set(id, stream);
    }
    stream.source = source;
    // What comes again after its end is not at its end any more, unless another one is still running.
    if (stream.hasEnded && !isRunning(stream)) stream.hasEnded = false;
    stream.bodies.add({ body, hasEnded: false });
    return stream;
  }

  /** The header of a stream came. */
  declare(stream: BroadcastStream, header: StreamHeader, tracks: readonly LiveTrack[]): void {
    if (stream.header === header) return;
    stream.header = header;
    stream.tracks = tracks;
    this.store.declare(stream.id, tracks);
  }

  /** The streams with these IDs must all have come before the broadcast starts. */
  await(ids: readonly string[]): void {
    ids.forEach((id) => this.#awaited.add(id));
  }

  /** The end of stream came in a body. */
  end(stream: BroadcastStream, body: RequestBody): void {
    stream.hasEnded = true;
    for (const open of stream.bodies) if (open.body === body) open.hasEnded = true;
  }

  /** A body is over, in whatever way. */
  close(stream: BroadcastStream, body: RequestBody): void {
    for (const open of stream.bodies) if (open.body === body) stream.bodies.delete(open);
  }

  /** Cuts all bodies. */
  cut(status: number, message: string): void {
    for (const { bodies } of this.#streams.values()) {
      for (const { body } of bodies) body.cut(status, message);
    }
  }
}

function isRunning({ bodies }: BroadcastStream): boolean {
  return [...bodies].some(({ hasEnded }) => !hasEnded);
}

/** Whether the fragments of a stream come only now and then. */
export function isSparse({ tracks }: Pick<BroadcastStream, "tracks">): boolean {
  return tracks.length > 0 &&
    tracks.every((track) => track.parentTrackName !== undefined || track.manifestOutput === true);
}
