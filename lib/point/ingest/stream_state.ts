import type { LiveTrack } from "../../manifest/live_track.ts";
import type { StreamHeader } from "../../part.ts";
import type { DeclaredTrack } from "./header_rules.ts";
import type { PointEventOf } from "../point_event.ts";
import type { Gap, StreamReport, TrackReport } from "../report.ts";
import type { Finding } from "../rules.ts";
import type { FragmentOutcome, TimedFragment } from "./track_timeline.ts";
import { Breaches } from "../rules.ts";
import { TrackTimeline } from "./track_timeline.ts";

/** What is kept of one track. */
interface TrackState {
  declared: DeclaredTrack;
  readonly timeline: TrackTimeline;
  fragments: number;
  bytes: number;
}

/** A fragment that a stream takes in. */
export type ArrivedFragment = Omit<TimedFragment, "place"> & {
  readonly trackId: number;
  /** Of the payload. */
  readonly bytes: number;
};

/** A header, and what it says of its tracks in the words of the manifests. */
export interface DescribedHeader {
  readonly header: StreamHeader;
  readonly tracks: readonly LiveTrack[];
}

/** Options for {@linkcode StreamState}. */
export interface StreamStateOptions {
  id: string;
  eventId: string | undefined;
  /** Whether an empty request came to the bare point. */
  isPointProbed: () => boolean;
  /** Is told what happens. */
  tell: (event: PointEventOf<"fragment" | "gap" | "broken">) => void;
  /** Is told by how much `headerBytes` grows, or shrinks. */
  onHeaderBytes?: (change: number) => void;
}

const HEADER_COPIES = 3;

/** What is kept of one stream over all its requests: counters, and the last times of each track. */
export class StreamState {
  readonly id: string;
  readonly eventId: string | undefined;
  readonly #tell: (event: PointEventOf<"fragment" | "gap" | "broken">) => void;
  readonly #onHeaderBytes: (change: number) => void;
  readonly #tracks = new Map<number, TrackState>();
  readonly #breaches = new Breaches();
  readonly #isProbed: () => boolean;
  #header: Uint8Array | undefined;
  #described: DescribedHeader | undefined;
  /** Whether the header belongs to the broadcast that is on. */
  #isHeaderCurrent = false;
  #broadcast = 1;
  #probes = 0;
  #bodies = 0;
  #openBodies = 0;
  #redundantBodies = 0;
  #fragments = 0;
  #newFragments = 0;
  /** Of all bodies; who reads one adds to it. */
  bytes = 0;
  #hasEnded = false;
  /** The last body, if its connection was lost. */
  #lost: Finding | undefined;

  constructor({ id, eventId, isPointProbed, tell, onHeaderBytes }: StreamStateOptions) {
    this.id = id;
    this.eventId = eventId;
    this.#isProbed = () => this.#probes > 0 || isPointProbed();
    this.#tell = tell;
    this.#onHeaderBytes = onHeaderBytes ?? (() => {});
  }

  /** The header boxes of the last body that had some. */
  get header(): Uint8Array | undefined {
    return this.#header;
  }

  /** The same, taken apart. */
  get described(): DescribedHeader | undefined {
    return this.#described;
  }

  /** Whether a body of it is being read. */
  get isOpen(): boolean {
    return this.#openBodies > 0;
  }

  /** Counts an empty request. */
  probe(): void {
    this.#probes++;
  }

  /**
   * Counts a body that begins. What comes after the end of the stream begins anew, and so does another broadcast.
   *
   * @param broadcast Number of the broadcast that the body belongs to.
   */
  open(broadcast = this.#broadcast): void {
    this.#bodies++;
    this.#lost = undefined;
    if (this.#bodies === 1 && !this.#isProbed()) this.note({ rule: "probe", detail: "none" });
    if (this.#openBodies > 0) this.#redundantBodies++;
    this.#openBodies++;
    const isSame = broadcast === this.#broadcast;
    this.#broadcast = broadcast;
    if (isSame && (!this.#hasEnded || this.#openBodies > 1)) return;
    this.#hasEnded = false;
    this.#isHeaderCurrent = false;
    for (const { timeline } of this.#tracks.values()) timeline.restart();
  }

  /** Counts a body that is over, in whatever way. */
  close(): void {
    this.#openBodies--;
  }

  /** Whether header boxes are those of an earlier body of this broadcast: then there is nothing new in them. */
  isKnownHeader(bytes: Uint8Array): boolean {
    return this.#isHeaderCurrent && isEqual(bytes, this.#header!);
  }

  /**
   * Takes in what header boxes say that are not known.
   *
   * @param bytes All boxes together; they are kept.
   */
  declare(
    bytes: Uint8Array,
    tracks: readonly DeclaredTrack[],
    described: DescribedHeader,
  ): void {
    if (this.#isHeaderCurrent) {
      const detail = `${bytes.length} bytes that differ from the ${this.#header!.length} before`;
      this.note({ rule: "header-same", detail });
    }
    const before = this.headerBytes;
    this.#header = bytes;
    this.#described = described;
    this.#onHeaderBytes(this.headerBytes - before);
    this.#isHeaderCurrent = true;
    for (const declared of tracks) {
      const state = this.#tracks.get(declared.trackId);
      if (state) state.declared = declared;
      else {
        const timeline = new TrackTimeline(declared.timescale, declared.isSparse);
        this.#tracks.set(declared.trackId, { declared, timeline, fragments: 0, bytes: 0 });
      }
    }
  }

  /** How many tracks it would have with those of other header boxes. */
  countWith(tracks: readonly DeclaredTrack[]): number {
    return new Set([...this.#tracks.keys(), ...tracks.map(({ trackId }) => trackId)]).size;
  }

  /** What its header boxes take, in bytes: as they came, taken apart, and as text. */
  get headerBytes(): number {
    return HEADER_COPIES * (this.#header?.length ?? 0);
  }

  /** A track of the header boxes. */
  track(trackId: number): DeclaredTrack | undefined {
    return this.#tracks.get(trackId)?.declared;
  }

  /** Takes in a fragment of a track that was declared. */
  take(fragment: ArrivedFragment): FragmentOutcome {
    const { trackId, time, duration, bytes } = fragment;
    const state = this.#tracks.get(trackId)!;
    const outcome = state.timeline.outcomeOf(time);
    this.#fragments++;
    if (outcome === "new") {
      this.#newFragments++;
      state.fragments++;
      state.bytes += bytes;
    }
    const { timescale } = state.declared;
    this.#tell({ event: "fragment", trackId, timescale, time, duration, bytes, outcome });
    for (const found of state.timeline.take({ ...fragment, place: this.#newFragments })) {
      if (isGap(found)) this.#tell({ event: "gap", trackId, timescale, ...found });
      else this.note({ ...found, detail: `track ${trackId}: ${found.detail}` });
    }
    return outcome;
  }

  /** Counts a broken rule. */
  note(finding: Finding): void {
    this.#breaches.add(finding);
    this.#tell({ event: "broken", ...finding });
  }

  /** The connection of a body was lost. Who sends another one has made that good, and did nothing wrong. */
  lose(detail: string): void {
    this.#lost = { rule: "body-ends", detail };
    this.#tell({ event: "broken", ...this.#lost });
  }

  /** Takes in the end of the stream. */
  end(): void {
    this.#hasEnded = true;
  }

  report(): StreamReport {
    return {
      id: this.id,
      eventId: this.eventId,
      tracks: [...this.#tracks.values()].map(reportTrack),
      probes: this.#probes,
      bodies: this.#bodies,
      openBodies: this.#openBodies,
      redundantBodies: this.#redundantBodies,
      fragments: this.#fragments,
      bytes: this.bytes,
      hasEnded: this.#hasEnded,
      breaches: this.#lost ? this.#breaches.with(this.#lost) : this.#breaches.list(),
    };
  }
}

function isEqual(a: Uint8Array, b: Uint8Array): boolean {
  return a.length === b.length && a.every((byte, n) => byte === b[n]);
}

function isGap(found: Finding | Gap): found is Gap {
  return "missing" in found;
}

function reportTrack({ declared, timeline, fragments, bytes }: TrackState): TrackReport {
  const { trackId, name, bitrate, timescale, isSparse } = declared;
  return { trackId, name, bitrate, timescale, isSparse, fragments, bytes, ...timeline.counts };
}
