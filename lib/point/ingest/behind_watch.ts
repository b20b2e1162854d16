/** Fragments in a row of which players get nothing. */
const PATIENCE = 3;

/** Less is what a sender repeats after it was cut off, or what one of two is behind the other. */
const MIN_SECONDS = 10;
const MIN_FRAGMENTS = 3;

/** A fragment beside what players have already. */
export interface WatchedFragment {
  /** Whether it is new to players. */
  readonly isNew: boolean;
  /** How far it starts before the last one that players have, in seconds. */
  readonly behindSeconds: number;
  readonly durationSeconds: number;
}

/** Sees when all that a stream sends is late, such as that of an encoder that was killed and has begun again at 0. */
export class BehindWatch {
  #count = 0;
  #isTold = false;

  /**
   * Takes the next fragment of the stream.
   *
   * @returns Whether that is to be told: once, until something new comes.
   */
  take({ isNew, behindSeconds, durationSeconds }: WatchedFragment): boolean {
    if (isNew) {
      this.#count = 0;
      this.#isTold = false;
      return false;
    }
    this.#count++;
    const isFar = behindSeconds >= Math.max(MIN_SECONDS, MIN_FRAGMENTS * durationSeconds);
    if (this.#isTold || this.#count < PATIENCE || !isFar) return false;
    this.#isTold = true;
    return true;
  }
}
