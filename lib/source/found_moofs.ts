import type { FragmentFacts } from "../mp4/fragment.ts";

/** A `moof` box and what it says. */
export interface FoundMoof {
  readonly bytes: Uint8Array;
  readonly facts: FragmentFacts;
}

/** Where some tracks of a file are not asked for, their boxes stay until they are this many. */
const MAX_FOUND = 64;

/** The `moof` boxes of fragments that are about to be asked for, by their offset in the file. */
export class FoundMoofs {
  readonly #moofs = new Map<number, FoundMoof>();

  /** Keeps one; that which has been kept for longest makes room for it. */
  keep(offset: number, moof: FoundMoof): void {
    this.#moofs.set(offset, moof);
    if (this.#moofs.size <= MAX_FOUND) return;
    for (const oldest of this.#moofs.keys()) {
      this.#moofs.delete(oldest);
      return;
    }
  }

  /** Hands out what was kept, once. */
  take(offset: number): FoundMoof | undefined {
    const moof = this.#moofs.get(offset);
    if (moof) this.#moofs.delete(offset);
    return moof;
  }
}
