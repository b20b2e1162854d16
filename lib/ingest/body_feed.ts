import type { PayloadReading } from "../part.ts";

/** Bytes to send, and who waits for it. */
interface Job {
  readonly pieces:
    & (AsyncIterator<Uint8Array> | Iterator<Uint8Array>)
    & Pick<PayloadReading, "nextNow">;
  resolve(): void;
  reject(error: unknown): void;
}

/**
 * The body of a request that lasts: a client takes it piece by piece while others put bytes in, and whoever puts them in
 * is told when they have been taken.
 */
export class BodyFeed implements AsyncIterableIterator<Uint8Array> {
  #job: Job | undefined;
  #isEnded = false;
  #error: { readonly reason: unknown } | undefined;
  #wake: (() => void) | undefined;
  readonly #now: () => number;
  #lastAskedMs: number | undefined;
  #isAsking = false;
  #isTaken = false;
  /** Bytes that the client has taken. */
  bytes = 0;

  /** @param now Tells the time, for {@linkcode lastAskedMs}. */
  constructor(now: () => number = () => 0) {
    this.#now = now;
  }

  /** When the client asked for bytes last; `undefined` before it ever did. */
  get lastAskedMs(): number | undefined {
    return this.#lastAskedMs;
  }

  /** Whether the client has taken everything, up to the end. */
  get isTaken(): boolean {
    return this.#isTaken;
  }

  /** Whether the client is waiting for bytes. */
  get isAsking(): boolean {
    return this.#isAsking;
  }

  /** Whether everything that will be sent was put in. */
  get isEnded(): boolean {
    return this.#isEnded;
  }

  /**
   * Puts bytes in.
   *
   * @returns Settles when the client has taken them all and asks for more.
   * @throws The reason, if the feed fails before; or whatever the pieces throw, which also fails the feed.
   */
  send(pieces: AsyncIterable<Uint8Array> | Iterable<Uint8Array>): Promise<void> {
    if (this.#error) return Promise.reject(this.#error.reason);
    const iterator = Symbol.asyncIterator in pieces
      ? pieces[Symbol.asyncIterator]()
      : pieces[Symbol.iterator]();
    return new Promise((resolve, reject) => {
      this.#job = { pieces: iterator, resolve, reject };
      this.#rouse();
    });
  }

  /** Ends the body behind what was put in. */
  end(): void {
    this.#isEnded = true;
    this.#rouse();
  }

  /** Gives up: what waits is told the reason, and so is the client when it asks again. */
  fail(reason: unknown): void {
    if (this.#error) return;
    this.#error = { reason };
    const job = this.#job;
    this.#job = undefined;
    job?.reject(reason);
    release(job);
    this.#rouse();
  }

  next(): Promise<IteratorResult<Uint8Array>> {
    this.#lastAskedMs = this.#now();
    // What is at hand takes no turn of its own.
    const value = this.#error ? undefined : this.#job?.pieces.nextNow?.();
    if (!value) return this.#nextLater();
    this.bytes += value.length;
    return Promise.resolve({ done: false, value });
  }

  async #nextLater(): Promise<IteratorResult<Uint8Array>> {
    this.#isAsking = true;
    try {
      return await this.#nextResult();
    } finally {
      this.#isAsking = false;
    }
  }

  async #nextResult(): Promise<IteratorResult<Uint8Array>> {
    while (true) {
      if (this.#error) throw this.#error.reason;
      if (this.#job) {
        const value = await this.#nextPiece(this.#job);
        if (value) return { done: false, value };
      } else if (this.#isEnded) {
        this.#isTaken = true;
        return { done: true, value: undefined };
      } else {
        await new Promise<void>((resolve) => this.#wake = resolve);
      }
    }
  }

  async #nextPiece(job: Job): Promise<Uint8Array | undefined> {
    try {
      const { done, value } = await job.pieces.next();
      if (this.#job !== job) return undefined; // failed meanwhile
      if (!done) {
        this.bytes += value.length;
        return value;
      }
      this.#job = undefined;
      job.resolve();
    } catch (error) {
      if (this.#job !== job) return undefined;
      this.fail(error);
    }
    return undefined;
  }

  /** The client gives up. Its request is about to say why, and whoever made it then fails the feed with the reason. */
  return(): Promise<IteratorResult<Uint8Array>> {
    return Promise.resolve({ done: true, value: undefined });
  }

  [Symbol.asyncIterator](): this {
    return this;
  }

  #rouse(): void {
    this.#wake?.();
    this.#wake = undefined;
  }
}

function release(job: Job | undefined): void {
  const released = job?.pieces.return?.();
  if (released instanceof Promise) released.catch(() => {});
}
