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
}

/** The last fragments that were handed over: what a new connection begins with. Payloads are read again, not kept. */
export class ResendWindow {
  readonly #resend: number;
  readonly #maxBytes: number;
  #limitBytes: number;
  #entries: Entry[] = [];
  #bytes = 0;
  #trimBytes: number;

  constructor({ resend = 2, resendWindowBytes = 16 * 1024 * 1024 }: ResendOptions = {}) {
    this.#resend = resend;
    this.#maxBytes = resendWindowBytes;
    this.#limitBytes = resendWindowBytes;
    this.#trimBytes = 2 * resendWindowBytes;
  }

  /** Takes in a fragment that was handed over for the first time. */
  add(fragment: Fragment): void {
    const bytes = fragment.moof.length + fragment.payload.size;
    this.#entries.push({ fragment, bytes });
    this.#bytes += bytes;
    this.#limitBytes = this.#maxBytes;
    // Looked at when half of them may go, as a look at all of them each time would cost more than it frees.
    if (this.#bytes > this.#trimBytes) this.#trim();
  }

  /** The connection died before anything new was sent: the next one begins with less. */
  halve(): void {
    this.#limitBytes = Math.floor(this.#limitBytes / 2);
  }

  /** What goes out again, in order. */
  fragments(): readonly Fragment[] {
    return this.#within(this.#limitBytes).map(({ fragment }) => fragment);
  }

  #trim(): void {
    this.#entries = this.#within(this.#maxBytes);
    this.#bytes = this.#entries.reduce((sum, { bytes }) => sum + bytes, 0);
    this.#trimBytes = 2 * Math.max(this.#maxBytes, this.#bytes);
  }

  #within(maxBytes: number): Entry[] {
    const counts = new Map<number, number>();
    const kept: Entry[] = [];
    let total = 0;
    for (const entry of this.#entries.toReversed()) {
      const { trackId } = entry.fragment;
      const count = counts.get(trackId) ?? 0;
      counts.set(trackId, count + 1);
      total += entry.bytes;
      if (total <= maxBytes || count < this.#resend) kept.push(entry);
    }
    return kept.reverse();
  }
}
