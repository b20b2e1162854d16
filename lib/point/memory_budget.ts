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
}

/** Bounds what all publishing points of a server hold together: the one that holds most lets go of its oldest first. */
export class MemoryBudget {
  readonly maxBytes: number;
  readonly #holders = new Set<MemoryHolder>();
  #pending = 0;

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
  }

  remove(holder: MemoryHolder): void {
    this.#holders.delete(holder);
  }

  /** Counts bytes that have come of a fragment that is not whole; a negative number takes them back. */
  expect(bytes: number): void {
    this.#pending += bytes;
  }

  /**
   * Sees to it that the limit is kept.
   *
   * @returns Whether it is: nothing more may be let go of otherwise.
   */
  makeRoom(): boolean {
    let excess = this.bytes - this.maxBytes;
    while (excess > 0) {
      const [largest, ...others] = [...this.#holders].sort((a, b) => b.bytes - a.bytes);
      const holder = [largest, ...others].find((it) => it?.shed());
      if (!holder) return false;
      excess = this.bytes - this.maxBytes;
    }
    return true;
  }
}
