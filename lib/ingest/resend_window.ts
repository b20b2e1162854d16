import type { Fragment, Payload } from "../part.ts";
import type { StoredBytes } from "./byte_store.ts";
import { ByteStore } from "./byte_store.ts";

/** Options for {@linkcode ResendWindow}. */
export interface ResendOptions {
  /**
   * Fragments of each track that go out again on a new connection, whatever their size.
   *
   * @default {2}
   */
  resend?: number | undefined;
  /**
   * What was handed over within the last so many bytes goes out again too, as the operating systems at both ends hold
   * megabytes that a broken connection throws away.
   *
   * @default {16777216}
   */
  resendWindowBytes?: number | undefined;
}

/** How often a place is tried before less is taken to have been lost. */
const TRIES_OF_GUESS = 3;

/** By how much the window may be too large until what is outside is let go: a look at each entry costs more than it frees. */
const SLACK = 1.25;

/** What is needed of a fragment to send it again. */
export type SentFragment = Pick<Fragment, "trackId" | "index" | "moof" | "payload">;

/** A fragment that was sent, without what nobody asks for any more. */
interface Entry {
  readonly trackId: number;
  readonly index: number;
  readonly moof: StoredBytes;
  readonly payload: Payload;
  readonly bytes: number;
  /** Place in the stream, from 0. */
  readonly place: number;
}

/**
 * The last fragments that were handed over: what a new connection begins with. Payloads are read again, not kept.
 *
 * Nobody tells what arrived. A connection that gets beyond the window is as good as a word that what lies in front of the
 * window did. One that dies before that may have lost the end of what it took. How much, is guessed: half of the window,
 * and half as much again with every third try that is in vain, but not less than half of what the connection took. The
 * window then begins where the guess says, not further: what no connection took stays in it. After that the guess is as
 * large as at first, so that every place is tried several times. With losses of up to half of the window nothing is left
 * out before a fourth connection in a row has died within it, and nothing at all where each brings half of what it took.
 */
export class ResendWindow {
  readonly #resend: number;
  readonly #maxBytes: number;
  /** Where the window begins at the earliest. */
  #first = 0;
  /** Connections in a row that died within the window and did not move it. */
  #tries = 0;
  readonly #moofs = new ByteStore();
  #entries: Entry[] = [];
  #bytes = 0;
  #count = 0;
  #trimBytes: number;

  constructor({ resend = 2, resendWindowBytes = 16 * 1024 * 1024 }: ResendOptions = {}) {
    this.#resend = resend;
    this.#maxBytes = resendWindowBytes;
    this.#trimBytes = SLACK * resendWindowBytes;
  }

  /** Takes in a fragment that was handed over for the first time: the window is whole again. */
  add({ trackId, index, moof, payload }: SentFragment): void {
    const bytes = moof.length + payload.size;
    const place = this.#count++;
    this.#entries.push({ trackId, index, moof: this.#moofs.add(moof), payload, bytes, place });
    this.#bytes += bytes;
    this.#first = 0;
    this.#tries = 0;
    if (this.#bytes > this.#trimBytes) this.#trim();
  }

  /**
   * A connection died before anything new was sent: the next one may begin later, so that a point that always cuts early
   * gets ahead.
   *
   * @param taken How many of {@linkcode fragments} it took whole.
   */
  narrow(taken: number): void {
    const entries = this.#window().slice(0, taken);
    this.#tries++;
    const guessBytes = Math.floor(this.#maxBytes / 2 ** Math.ceil(this.#tries / TRIES_OF_GUESS));
    const takenBytes = sum(entries);
    // A large fragment in front of small ones must not hold up the stream for ever.
    const leastBytes = Math.min(takenBytes / 2, takenBytes - (entries[0]?.bytes ?? 0));
    const lostBytes = Math.max(guessBytes, leastBytes);
    let first = this.#first;
    let leftBytes = takenBytes;
    for (const { bytes, place } of entries) {
      leftBytes -= bytes;
      if (leftBytes < lostBytes) break;
      first = Math.max(first, place + 1);
    }
    if (first === this.#first) return;
    this.#first = first;
    this.#tries = 0;
  }

  /** What goes out again, in order. */
  fragments(): readonly SentFragment[] {
    return this.#window().map(({ trackId, index, moof, payload }) => ({
      ...{ trackId, index, payload },
      moof: this.#moofs.get(moof),
    }));
  }

  #window(): Entry[] {
    return this.#within(this.#maxBytes, this.#first);
  }

  #trim(): void {
    this.#entries = this.#within(this.#maxBytes);
    this.#moofs.keep(this.#entries.map(({ moof }) => moof));
    this.#bytes = sum(this.#entries);
    this.#trimBytes = SLACK * Math.max(this.#maxBytes, this.#bytes);
  }

  /** The last fragments of each track, and those up to a size that do not come before a place. */
  #within(maxBytes: number, first = 0): Entry[] {
    const counts = new Map<number, number>();
    const kept: Entry[] = [];
    let total = 0;
    for (const entry of this.#entries.toReversed()) {
      const { trackId } = entry;
      const count = counts.get(trackId) ?? 0;
      counts.set(trackId, count + 1);
      total += entry.bytes;
      const isInside = total <= maxBytes && entry.place >= first;
      if (isInside || count < this.#resend) kept.push(entry);
    }
    return kept.reverse();
  }
}

function sum(entries: readonly Entry[]): number {
  return entries.reduce((total, { bytes }) => total + bytes, 0);
}
