import type { LiveTrack } from "../../manifest/live_track.ts";
import type { FragmentOutcome } from "../ingest/track_timeline.ts";

/** A fragment as it is kept. */
export interface StoredFragment {
  /** When it starts for clients, in ticks: never below 0. */
  readonly time: bigint;
  /** In ticks. */
  readonly duration: bigint;
  /** As it came. */
  readonly moof: Uint8Array;
  readonly payload: Uint8Array;
  /** What it takes in the manifest, in bytes. */
  readonly dataBytes: number;
}

/** What was asked for: a fragment and those that follow it, or why there is none. */
export type Found =
  | { readonly fragment: StoredFragment; readonly next: readonly StoredFragment[] }
  | "early"
  | "gone";

/** Bytes that a fragment costs beside its own. */
const OVERHEAD_BYTES = 200;

/** What a fragment counts for, in bytes. */
export function costOf({ moof, payload, dataBytes }: StoredFragment): number {
  return moof.length + payload.length + dataBytes + OVERHEAD_BYTES;
}

/** Players in JavaScript round times above 2^53: they are matched within 0.2 ms. */
const MATCH_SECONDS = 0.0002;

const NOTHING = new Uint8Array(0);

/** The fragments of one track in one encoding, which several streams may send. */
export class StoredTrack {
  readonly facts: LiveTrack;
  readonly #matchTicks: bigint;
  #fragments: StoredFragment[] = [];
  /** How many of the first ones are let go of. */
  #first = 0;
  #start: bigint | undefined;
  #last: bigint | undefined;
  #hasLost = false;
  #duplicates = 0;
  #late = 0;

  constructor(facts: LiveTrack) {
    this.facts = facts;
    this.#matchTicks = BigInt(Math.max(1, Math.floor(facts.timescale * MATCH_SECONDS)));
  }

  /** How many are kept. */
  get count(): number {
    return this.#fragments.length - this.#first;
  }

  /** Time of the first one that came, in ticks. */
  get startTime(): bigint | undefined {
    return this.#start;
  }

  /** Whether some were let go of. */
  get hasLost(): boolean {
    return this.#hasLost;
  }

  /** Time of the last one that came, in ticks. */
  get lastTime(): bigint | undefined {
    return this.#last;
  }

  /** How many came again, and too late. */
  get dropped(): { readonly duplicates: number; readonly late: number } {
    return { duplicates: this.#duplicates, late: this.#late };
  }

  /** The n-th one that is kept; the last one is -1. */
  at(n: number): StoredFragment | undefined {
    return n < 0 ? this.#fragments[this.#fragments.length + n] : this.#fragments[this.#first + n];
  }

  /** Whether one is kept. */
  has(fragment: StoredFragment): boolean {
    return this.count > 0 && this.at(this.indexOf(fragment.time)) === fragment;
  }

  /** All that are kept. */
  list(): readonly StoredFragment[] {
    return this.#fragments.slice(this.#first);
  }

  /** Takes in what is new; what was there, or comes out of order, is counted alone. */
  take(fragment: StoredFragment): FragmentOutcome {
    const { time } = fragment;
    if (this.#last !== undefined && time <= this.#last) {
      const isKnown = time === this.#last || this.at(this.indexOf(time))?.time === time;
      if (isKnown) this.#duplicates++;
      else this.#late++;
      return isKnown ? "duplicate" : "late";
    }
    this.#fragments.push(fragment);
    this.#start ??= time;
    this.#last = time;
    return "new";
  }

  /** Lets go of the oldest one. */
  shift(): StoredFragment | undefined {
    const fragment = this.at(0);
    if (!fragment) return undefined;
    this.#hasLost = true;
    // Its time may still be asked for; what it holds must go now.
    this.#fragments[this.#first] = { ...fragment, moof: NOTHING, payload: NOTHING };
    this.#first++;
    // Moved together now and then: one by one would cost the length of the list each time.
    if (this.#first > 64 && 2 * this.#first > this.#fragments.length) {
      this.#fragments = this.#fragments.slice(this.#first);
      this.#first = 0;
    }
    return fragment;
  }

  /** Lets go of all. */
  clear(): readonly StoredFragment[] {
    const gone = this.list();
    this.#hasLost ||= gone.length > 0;
    this.#fragments = [];
    this.#first = 0;
    return gone;
  }

  /** Number of the first one at or after a time; the count if there is none. */
  indexOf(time: bigint): number {
    let low = 0;
    let high = this.count;
    while (low < high) {
      const middle = (low + high) >> 1;
      if (this.at(middle)!.time < time) low = middle + 1;
      else high = middle;
    }
    return low;
  }

  /**
   * Finds the fragment that a client means.
   *
   * @param time In ticks, rounded as a double is.
   * @param offered Time of the last one that clients may have; none if there is none.
   * @param isOver Whether no more will come.
   * @param lookahead How many of those that follow are wanted.
   */
  find(time: bigint, offered: bigint | undefined, isOver: boolean, lookahead: number): Found {
    const index = this.indexOf(time - this.#matchTicks);
    const fragment = this.at(index);
    const isMet = fragment && fragment.time <= time + this.#matchTicks;
    const isOffered = offered !== undefined && time <= offered + this.#matchTicks;
    if (isMet && (isOffered || isOver)) {
      const next = Array.from({ length: lookahead }, (_, n) => this.at(index + 1 + n));
      return { fragment, next: next.filter((it) => it !== undefined) };
    }
    return isOver || isOffered ? "gone" : "early";
  }
}
