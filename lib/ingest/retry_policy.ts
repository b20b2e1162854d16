/** Options for {@linkcode RetryPolicy}. */
export interface RetryOptions {
  /**
   * New tries in a row without progress.
   *
   * @default {Infinity}
   */
  retries?: number | undefined;
  /**
   * How long tries may go on without progress, in milliseconds.
   *
   * @default {Infinity}
   */
  giveUpAfterMs?: number | undefined;
  /**
   * Wait before the first new try, in milliseconds; it doubles with each one up to ten times as much.
   *
   * @default {500}
   */
  retryDelayMs?: number | undefined;
  /**
   * A number from 0 to below 1, by chance.
   *
   * @default {Math.random}
   */
  random?: (() => number) | undefined;
}

const MAX_GROWTH = 10;

/** Decides whether and when a lost connection is tried again. */
export class RetryPolicy {
  readonly #options: RetryOptions;
  #attempts = 0;
  #firstFailureMs: number | undefined;

  constructor(options: RetryOptions = {}) {
    this.#options = options;
  }

  /** Tries in a row without progress. */
  get attempts(): number {
    return this.#attempts;
  }

  /** Something new arrived: everything begins anew. */
  progress(): void {
    this.#attempts = 0;
    this.#firstFailureMs = undefined;
  }

  /**
   * Takes in a failure.
   *
   * @param retryAfterMs What the server asked for.
   * @returns How long to wait, in milliseconds; `undefined` if it is enough.
   */
  fail(nowMs: number, retryAfterMs = 0): number | undefined {
    const { retries = Infinity, giveUpAfterMs = Infinity, retryDelayMs = 500 } = this.#options;
    const { random = Math.random } = this.#options;
    this.#firstFailureMs ??= nowMs;
    if (this.#attempts >= retries) return undefined;
    const growth = Math.min(2 ** this.#attempts, MAX_GROWTH);
    // Half of it is by chance, so that a thousand streams do not come back at the same instant.
    const delayMs = Math.max(retryDelayMs * growth * (0.5 + random() / 2), retryAfterMs);
    if (nowMs + delayMs - this.#firstFailureMs > giveUpAfterMs) return undefined;
    this.#attempts++;
    return delayMs;
  }
}
