import type { Gap, TimelineCounts } from "../report.ts";
import type { Finding } from "../rules.ts";
import { toleranceOf } from "./fragment_rules.ts";

/** A fragment as it lies on the timeline of its track. */
export interface TimedFragment {
  /** In ticks. */
  readonly time: bigint;
  /** In ticks. */
  readonly duration: bigint;
  /** Of `mfhd`. */
  readonly sequenceNumber: number;
  /** How many fragments of the stream were new so far, this one included. */
  readonly place: number;
  /** The same for fragments with the same payload. */
  readonly fingerprint: string;
}

/** What became of a fragment: it is the next of its track, was there before, or comes too late. */
export type FragmentOutcome = "new" | "duplicate" | "late";

/** Times of which is known that they were there: a sender sends again what is not long ago. */
const MAX_RECENT = 64;

/** Gaps that are kept one by one. */
const MAX_GAPS = 20;

/**
 * Follows the times of one track: what is new, what was there before, and where something is missing. Its size does not
 * depend on how long the track is.
 *
 * A hole is a *gap* if the numbers of `mfhd` say that fragments are missing, or if it is nearly as long as a fragment or
 * longer. Otherwise nothing was lost: it is a *seam* where the first fragment of the track comes again, as at the end of
 * each pass of a loop whose tracks are not equally long, and a *small hole* elsewhere.
 */
export class TrackTimeline {
  readonly #tolerance: bigint;
  readonly #isSparse: boolean;
  readonly #recent = new Set<bigint>();
  #first: TimedFragment | undefined;
  #last: TimedFragment | undefined;
  #start: bigint | undefined;
  #duplicates = 0;
  #late = 0;
  #gaps = 0;
  readonly #firstGaps: Gap[] = [];
  #seams = 0;
  #smallHoles = 0;
  #longestHole = 0n;

  /** @param isSparse Whether holes are what such a track is made of. */
  constructor(timescale: number, isSparse: boolean) {
    this.#tolerance = toleranceOf(timescale);
    this.#isSparse = isSparse;
  }

  get counts(): TimelineCounts {
    return {
      start: this.#start,
      end: this.#last && this.#last.time + this.#last.duration,
      duplicates: this.#duplicates,
      late: this.#late,
      gaps: this.#gaps,
      firstGaps: this.#firstGaps,
      seams: this.#seams,
      smallHoles: this.#smallHoles,
      longestHole: this.#longestHole,
    };
  }

  /** Begins anew: after an end of stream, times and numbers may be any. */
  restart(): void {
    this.#first = undefined;
    this.#last = undefined;
    this.#recent.clear();
  }

  /** Says what a fragment would be; it does not count yet. */
  outcomeOf(time: bigint): FragmentOutcome {
    if (!this.#last || time > this.#last.time) return "new";
    return this.#recent.has(time) ? "duplicate" : "late";
  }

  /** Takes in a fragment; yields what is wrong with it, and the gap in front of it. */
  *take(fragment: TimedFragment): Generator<Finding | Gap> {
    const outcome = this.outcomeOf(fragment.time);
    if (outcome === "duplicate") this.#duplicates++;
    else if (outcome === "late") this.#late++;
    else {
      if (this.#last) yield* this.#follow(fragment, this.#last);
      this.#start ??= fragment.time;
      this.#first ??= fragment;
      this.#last = fragment;
      this.#remember(fragment.time);
    }
  }

  #remember(time: bigint): void {
    this.#recent.add(time);
    if (this.#recent.size <= MAX_RECENT) return;
    const { value } = this.#recent.values().next();
    this.#recent.delete(value!);
  }

  *#follow(fragment: TimedFragment, last: TimedFragment): Generator<Finding | Gap> {
    const { time, sequenceNumber } = fragment;
    const step = (sequenceNumber - last.sequenceNumber) | 0; // the number has 32 bits and may start again at 0
    if (step <= 0) {
      const detail = `${sequenceNumber} at ${time}, after ${last.sequenceNumber}`;
      yield { rule: "sequence", detail };
    }
    const hole = time - (last.time + last.duration);
    if (this.#isSparse) return;
    if (hole < -this.#tolerance) {
      yield { rule: "no-overlap", detail: `at ${time}, ${-hole} ticks before that` };
    }
    if (hole > this.#tolerance) {
      const missing = Math.max(0, step - (fragment.place - last.place));
      yield* this.#measure(
        { time: last.time + last.duration, size: hole, missing },
        fragment,
        last,
      );
    }
  }

  *#measure(gap: Gap, fragment: TimedFragment, last: TimedFragment): Generator<Gap> {
    const shorter = last.duration < fragment.duration ? last.duration : fragment.duration;
    const isLoss = gap.missing > 0;
    const isSmall = 4n * gap.size < 3n * shorter;
    if (!isLoss && fragment.fingerprint === this.#first?.fingerprint) this.#seams++;
    else if (!isLoss && isSmall) this.#smallHoles++;
    else {
      this.#gaps++;
      if (this.#firstGaps.length < MAX_GAPS) this.#firstGaps.push(gap);
      yield gap;
      return;
    }
    if (gap.size > this.#longestHole) this.#longestHole = gap.size;
  }
}
