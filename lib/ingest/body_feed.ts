import type { PayloadIterator } from "../part.ts";

/** Bytes to send, and who waits for it. */
interface Job {
  readonly pieces:
    | PayloadIterator
    | (Iterator<Uint8Array> & Pick<PayloadIterator, "nextNow" | "isAtEnd">);
  resolve(): void;
  reject(error: unknown): void;
}

/** A client that waits for bytes. */
interface Asker {
  resolve(result: IteratorResult<Uint8Array>): void;
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
  #asker: Asker | undefined;
  /** Whether a piece for it is on the way. */
  #isReading = false;
  readonly #now: () => number;
  #lastAskedMs: number | undefined;
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
    return this.#asker !== undefined;
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
      const value = this.#asker && !this.#isReading ? this.#pieceNow() : undefined;
      if (value) this.#hand(value);
      else this.#serve();
    });
  }

  /** Ends the body behind what was put in. */
  end(): void {
    this.#isEnded = true;
    this.#serve();
  }

  /** Gives up: what waits is told the reason, and so is the client when it asks again. */
  fail(reason: unknown): void {
    if (this.#error) return;
    this.#error = { reason };
    const job = this.#job;
    this.#job = undefined;
    job?.reject(reason);
    release(job);
    this.#serve();
  }

  next(): Promise<IteratorResult<Uint8Array>> {
    this.#lastAskedMs = this.#now();
    // What is at hand takes no turn of its own.
    const value = this.#pieceNow();
    if (value) return Promise.resolve({ done: false, value });
    // No function of its own waits here: most of a thousand streams do so most of the time.
    return new Promise((resolve, reject) => {
      this.#asker = { resolve, reject };
      this.#serve();
    });
  }

  /** The next piece without a wait; whoever put the last one in is told here that it was taken. */
  #pieceNow(): Uint8Array | undefined {
    const job = this.#error ? undefined : this.#job;
    if (!job) return undefined;
    try {
      const value = job.pieces.nextNow?.();
      if (value) this.bytes += value.length;
      else if (job.pieces.isAtEnd) this.#finish(job);
      return value;
    } catch (error) {
      this.fail(error);
      return undefined;
    }
  }

  #finish(job: Job): void {
    this.#job = undefined;
    job.resolve();
  }

  #hand(value: Uint8Array): void {
    const asker = this.#asker;
    this.#asker = undefined;
    asker?.resolve({ done: false, value });
  }

  /** Gives the client that waits what there is, once there was nothing at hand. */
  #serve(): void {
    const asker = this.#asker;
    if (!asker || this.#isReading) return;
    if (!this.#error && this.#job) {
      this.#readPiece(this.#job);
      return;
    }
    if (!this.#error && !this.#isEnded) return;
    this.#asker = undefined;
    if (this.#error) {
      asker.reject(this.#error.reason);
      return;
    }
    this.#isTaken = true;
    asker.resolve({ done: true, value: undefined });
  }

  async #readPiece(job: Job): Promise<void> {
    this.#isReading = true;
    const value = await this.#nextPiece(job);
    this.#isReading = false;
    if (value) this.#hand(value);
    else this.#serve();
  }

  async #nextPiece(job: Job): Promise<Uint8Array | undefined> {
    try {
      const { done, value } = await job.pieces.next();
      if (this.#job !== job) return undefined; // failed meanwhile
      if (done) {
        this.#finish(job);
        return undefined;
      }
      this.bytes += value.length;
      return value;
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
}

function release(job: Job | undefined): void {
  const released = job?.pieces.return?.();
  if (released instanceof Promise) released.catch(() => {});
}
