/** Most rows that an inspection holds in all: what keeps its memory bounded. */
const MAX_ROWS = 200_000;

/** How many fragments may still be listed one by one. */
export class RowBudget {
  readonly #perTrack: number;
  #left = MAX_ROWS;

  /** @param perTrack Most rows of one track. */
  constructor(perTrack: number) {
    this.#perTrack = perTrack;
  }

  /**
   * Takes rows of one track out of what is left.
   *
   * @param wanted How many are wanted.
   * @param taken How many the track has already.
   * @returns How many it gets.
   */
  take(wanted: number, taken = 0): number {
    const given = Math.max(0, Math.min(wanted, this.#perTrack - taken, this.#left));
    this.#left -= given;
    return given;
  }
}
