import type { Fragment } from "../part.ts";

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

interface Entry {
  readonly fragment: Fragment;
  readonly bytes: number;
  /** Place in the stream, from 0. */
  readonly place: number;
}

/**
 * The last fragments that were handed over: what a new connection begins with. Payloads are read again, not kept.
 *
 * Nobody tells what arrived. A connection that gets beyond the window is as good as a word that what lies in front of the
 * window did. One that dies before that may have lost the end of what it took. How much, is guessed: half as much with
 * each try that is in vain, but not less than half of what it took. Where the window begins is moved up to there, and
 * not further: what no connection took stays in it. After each move the guess is as large as at first, so that every place
 * is tried several times. With losses of up to a quarter of the window nothing is left out before a third connection in a
 * row has died within it, and nothing at all where each connection brings half of what it took.
 */
export class ResendWindow {
  readonly #resend: number;
  readonly #maxBytes: number;
  /** Where the window begins at the earliest. */
  #first = 0;
  /** Most bytes that a connection that died is taken to have lost. */
  #lossBytes: number;
  #entries: Entry[] = [];
  #bytes = 0;
  #count = 0;
  #trimBytes: number;

  constructor({ resend = 2, resendWindowBytes = 16 * 1024 * 1024 }: ResendOptions = {}) {
    this.#resend = resend;
    this.#maxBytes = resendWindowBytes;
    this.#lossBytes = resendWindowBytes;
    this.#trimBytes = 2 * resendWindowBytes;
  }

  /** Takes in a fragment that was handed over for the first time: the window is whole again. */
  add(fragment: Fragment): void {
    const bytes = fragment.moof.length + fragment.payload.size;
    this.#entries.push({ fragment, bytes, place: this.#count++ });
    this.#bytes += bytes;
    this.#first = 0;
    this.#lossBytes = this.#maxBytes;
    // Looked at when half of them may go, as a look at all of them each time would cost more than it frees.
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
    this.#lossBytes = Math.floor(this.#lossBytes / 2);
    const takenBytes = sum(entries);
    // A large fragment in front of small ones must not hold up the stream for ever.
    const leastBytes = Math.min(takenBytes / 2, takenBytes - (entries[0]?.bytes ?? 0));
    const lostBytes = Math.max(this.#lossBytes, leastBytes);
    let first = this.#first;
    let leftBytes = takenBytes;
    for (const { bytes, place } of entries) {
      leftBytes -= bytes;
      if (leftBytes < lostBytes) break;
      first = Math.max(first, place + 1);
    }
    if (first === this.#first) return;
    this.#first = first;
    this.#lossBytes = this.#maxBytes;
  }

  /** What goes out again, in order. */
  fragments(): readonly Fragment[] {
    return this.#window().map(({ fragment }) => fragment);
  }

  #window(): Entry[] {
    return this.#within(this.#maxBytes, this.#first);
  }

  #trim(): void {
    this.#entries = this.#within(this.#maxBytes);
    this.#bytes = sum(this.#entries);
    this.#trimBytes = 2 * Math.max(this.#maxBytes, this.#bytes);
  }

  /** The last fragments of each track, and those up to a size that do not come before a place. */
  #within(maxBytes: number, first = 0): Entry[] {
    const counts = new Map<number, number>();
    const kept: Entry[] = [];
    let total = 0;
    for (const entry of this.#entries.toReversed()) {
      const { trackId } = entry.fragment;
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
