import type { FragmentFacts } from "./fragment.ts";

/** Where the start of a fragment was taken from, the best source first. */
export type TimeSource = "tfxd" | "tfdt" | "manifest" | "tfra" | "sum";

/** When a fragment starts and how long it is. */
export interface FragmentTimes {
  /** Position in the track, from 0. */
  readonly index: number;
  /** In ticks. */
  readonly start: bigint;
  /** In ticks. */
  readonly duration: bigint;
  readonly source: TimeSource;
}

/** What else is known of the times of a track beside its `moof` boxes. */
export interface TrackTimesOptions {
  /** The fragments of the client manifest (`.ismc`), in order, in ticks of `manifestTimescale`. */
  manifest?: readonly { readonly start: bigint; readonly duration: bigint }[] | undefined;
  /** Ticks per second of `manifest`. */
  manifestTimescale?: number | undefined;
  /** Times of the index at the end of the file by the offset of the `moof` box. */
  tfra?: Pick<ReadonlyMap<number, bigint>, "get"> | undefined;
  /** Is told, once for each kind, what does not fit together. */
  onWarning?: ((message: string) => void) | undefined;
}

/**
 * Finds out when the fragments of one track start: from the TfxdBox, else `tfdt`, else the client manifest by position,
 * else the index at the end of the file, else as the sum of the durations so far. Times are signed, as priming samples
 * come before 0.
 */
export class TrackTimes {
  readonly #options: TrackTimesOptions;
  readonly #warned = new Set<string>();
  #index = 0;
  #nextStart = 0n;

  constructor(options: TrackTimesOptions = {}) {
    this.#options = options;
  }

  /** Takes the next fragment of the track, in the order of the file. */
  next(facts: FragmentFacts, moofOffset: number): FragmentTimes {
    const times = this.at(facts, moofOffset, this.#index);
    if (this.#index > 0 && 2n * (this.#nextStart - times.start) > times.duration) {
      this.#warn(
        "order",
        `${
          this.#track(facts)
        }: fragment ${this.#index} starts before the end of the one in front of it`,
      );
    }
    this.#nextStart = times.start + times.duration;
    this.#index++;
    return times;
  }

  /** The times of a fragment whose position in the track is known; does not move on. */
  at(facts: FragmentFacts, moofOffset: number, index: number): FragmentTimes {
    const listed = this.#listed(facts, index);
    const found = this.#start(facts, moofOffset, listed?.start);
    const duration = facts.duration > 0n ? facts.duration : listed?.duration ?? 0n;
    if (listed && found.source !== "manifest") this.#compare(facts, index, found, listed.start);
    return { index, ...found, duration };
  }

  #start(
    facts: FragmentFacts,
    moofOffset: number,
    listed: bigint | undefined,
  ): { start: bigint; source: TimeSource } {
    if (facts.tfxd) return { start: facts.tfxd.time, source: "tfxd" };
    if (facts.decodeTime !== undefined) return { start: facts.decodeTime, source: "tfdt" };
    if (listed !== undefined) return { start: listed, source: "manifest" };
    const indexed = this.#options.tfra?.get(moofOffset);
    if (indexed !== undefined) return { start: indexed, source: "tfra" };
    return { start: this.#nextStart, source: "sum" };
  }

  /** The entry of the client manifest in ticks of the track. */
  #listed(facts: FragmentFacts, index: number): { start: bigint; duration: bigint } | undefined {
    const { manifest, manifestTimescale } = this.#options;
    const entry = manifest?.[index];
    if (!entry || !manifestTimescale || manifestTimescale === facts.track.timescale) return entry;
    const scale = (ticks: bigint) =>
      ticks * BigInt(facts.track.timescale) / BigInt(manifestTimescale);
    return { start: scale(entry.start), duration: scale(entry.duration) };
  }

  #compare(
    facts: FragmentFacts,
    index: number,
    found: { start: bigint; source: TimeSource },
    listed: bigint,
  ): void {
    const difference = found.start > listed ? found.start - listed : listed - found.start;
    if (2n * difference <= facts.duration) return;
    this.#warn(
      "manifest",
      `${
        this.#track(facts)
      }: fragment ${index} starts at ${found.start} by its ${found.source}, at ${listed} by the client manifest; the former counts`,
    );
  }

  #track(facts: FragmentFacts): string {
    return `track ${facts.track.trackId}`;
  }

  #warn(kind: string, message: string): void {
    if (this.#warned.has(kind)) return;
    this.#warned.add(kind);
    this.#options.onWarning?.(message);
  }
}
