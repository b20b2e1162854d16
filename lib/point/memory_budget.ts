/** Something that holds fragments and can let go of the oldest. */
export interface MemoryHolder {
  /** What it holds, in bytes. */
  readonly bytes: number;
  /**
   * Lets go of its oldest fragment.
   *
   * @returns Whether there was one that it could do without.
   */
  shed(): boolean;
  /**
   * Lets go of all its fragments, if nobody waits for more of them.
   *
   * @returns Whether there were any.
   */
  drop(): boolean;
}

/** What is held for a byte that came, at most: text is kept as it is and as Base64, and each fragment has a place in lists. */
const GROWTH = 4;

/**
 * Bounds what all publishing points of a server hold together: the one that holds most lets go of its oldest first, down
 * to what its players wait for; then broadcasts that are over go as a whole.
 */
export class MemoryBudget {
  readonly maxBytes: number;
  readonly #holders = new Set<MemoryHolder>();
  #pending = 0;
  /** What was held when it was added up last, and what has come since: thousands of points are not asked for each piece. */
  #summedBytes = Infinity;
  #arrivedBytes = 0;

  constructor(maxBytes: number) {
    this.maxBytes = maxBytes;
  }

  /** What is held now, in bytes, with what is on its way. */
  get bytes(): number {
    let sum = this.#pending;
    for (const { bytes } of this.#holders) sum += bytes;
    return sum;
  }

  add(holder: MemoryHolder): void {
    this.#holders.add(holder);
    this.#summedBytes = Infinity;
  }

  remove(holder: MemoryHolder): void {
    this.#holders.delete(holder);
  }

  /** Counts bytes that have come of a fragment that is not whole; a negative number takes them back. */
  expect(bytes: number): void {
    this.#pending += bytes;
    if (bytes > 0) this.#arrivedBytes += bytes;
  }

  /**
   * Sees to it that the limit is kept.
   *
   * @returns Whether it is: nothing more may be let go of otherwise.
   */
  makeRoom(): boolean {
    if (this.#summedBytes + GROWTH * this.#arrivedBytes <= this.maxBytes) return true;
    let bytes = this.bytes;
    while (bytes > this.maxBytes) {
      const freed = this.#free((it) => it.shed()) || this.#free((it) => it.drop());
      if (freed === 0) return false;
      bytes -= freed;
    }
    this.#summedBytes = bytes;
    this.#arrivedBytes = 0;
    return true;
  }

  /** @returns How many bytes were let go of, by the largest holder that can. */
  #free(letGo: (holder: MemoryHolder) => boolean): number {
    const tryOne = (holder: MemoryHolder) => {
      const { bytes } = holder;
      return letGo(holder) ? bytes - holder.bytes : 0;
    };
    const first = this.#largest();
    const freed = first ? tryOne(first) : 0;
    if (freed > 0) return freed;
    // To put them in order takes longer, and is seldom needed.
    for (const holder of [...this.#holders].sort((a, b) => b.bytes - a.bytes)) {
      const freed = tryOne(holder);
      if (freed > 0) return freed;
    }
    return 0;
  }

  #largest(): MemoryHolder | undefined {
    let largest: MemoryHolder | undefined;
    for (const holder of this.#holders) {
      if (!largest || holder.bytes > largest.bytes) largest = holder;
    }
    return largest;
  }
}
