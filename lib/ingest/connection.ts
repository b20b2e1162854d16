import type { Clock } from "../clock.ts";
import type { TransportAnswer } from "./transport.ts";
import { BodyFeed } from "./body_feed.ts";

/** Options for {@linkcode Connection}. */
export interface ConnectionOptions {
  readonly clock: Clock;
  /** How long the point may take no byte of what was put in, in milliseconds; asked for whenever it counts. */
  readonly sendTimeoutMs: () => number;
  /** How long it may take until the point takes the first byte, in milliseconds. */
  readonly connectTimeoutMs: number;
  /** How long the answer may take after the end of the body, in milliseconds. */
  readonly answerTimeoutMs: number;
  /** Starts the request with a body. */
  readonly request: (body: BodyFeed, signal: AbortSignal) => Promise<TransportAnswer>;
  /** Makes an error of an answer that comes too early, or of none. */
  readonly errorOf: (cause: TransportAnswer | Error) => Error;
}

/** One POST under way. It fails as a whole: by an early answer, a lost connection or a time-out, whichever is first. */
export class Connection {
  readonly #options: ConnectionOptions;
  readonly #feed: BodyFeed;
  readonly #abort = new AbortController();
  readonly #over = new AbortController();
  readonly #answer: Promise<TransportAnswer>;
  readonly #failed: Promise<never>;
  #reject!: (error: Error) => void;

  constructor(options: ConnectionOptions) {
    this.#options = options;
    this.#feed = new BodyFeed(() => options.clock.now());
    this.#failed = new Promise((_, reject) => this.#reject = reject);
    this.#failed.catch(() => {}); // whoever waits for something learns it there
    this.#answer = options.request(this.#feed, this.#abort.signal);
    this.#answer.then(
      (answer) => {
        if (!this.#feed.isEnded && !this.#over.signal.aborted) this.abort(options.errorOf(answer));
      },
      (error) => this.abort(options.errorOf(error)),
    );
    this.#watch();
  }

  /** Bytes of the body that were taken. */
  get bytes(): number {
    return this.#feed.bytes;
  }

  /** Rejects when the request fails; never resolves. */
  get failed(): Promise<never> {
    return this.#failed;
  }

  /**
   * Sends bytes.
   *
   * @returns Settles when they were all taken.
   * @throws Why the request failed, or why the bytes could not be read.
   */
  async send(pieces: AsyncIterable<Uint8Array> | Iterable<Uint8Array>): Promise<void> {
    try {
      // A failure reaches it through the feed: one more race for each fragment would be kept until the end.
      await this.#feed.send(pieces);
    } catch (error) {
      this.abort(error as Error);
      throw error;
    }
  }

  /**
   * Ends the body.
   *
   * @returns The answer, whatever its status.
   * @throws Why there is none.
   */
  async end(): Promise<TransportAnswer> {
    this.#feed.end();
    const { clock, answerTimeoutMs, errorOf } = this.#options;
    clock.waitUntil(clock.now() + answerTimeoutMs, this.#over.signal).then(() => {
      this.abort(errorOf(new Error(`no answer within ${answerTimeoutMs / 1000} s`)));
    }, () => {});
    const answer = await Promise.race([this.#answer.catch(() => this.#failed), this.#failed]);
    this.#over.abort();
    return answer;
  }

  /** Cuts the connection; the first reason counts. */
  abort(reason: Error): void {
    if (this.#over.signal.aborted) return;
    this.#over.abort();
    this.#reject(reason);
    this.#feed.fail(reason);
    this.#abort.abort(reason);
  }

  /** Looks after the body: no client tells that its server has stopped reading. */
  async #watch(): Promise<void> {
    const { clock, connectTimeoutMs, errorOf } = this.#options;
    const startMs = clock.now();
    const { signal } = this.#over;
    while (!signal.aborted && !this.#feed.isTaken) {
      const { lastAskedMs, isAsking } = this.#feed;
      const timeoutMs = lastAskedMs === undefined
        ? connectTimeoutMs
        : this.#options.sendTimeoutMs();
      const nowMs = clock.now();
      // While it asks for more than there is, it is we who are slow.
      const limitMs = isAsking ? nowMs + timeoutMs : (lastAskedMs ?? startMs) + timeoutMs;
      if (nowMs >= limitMs) {
        const what = lastAskedMs === undefined ? "no connection" : "no byte taken";
        this.abort(errorOf(new Error(`${what} within ${timeoutMs / 1000} s`)));
        return;
      }
      // Once there is a connection, what counts is the other time-out.
      const wakeMs = Math.min(limitMs, nowMs + this.#options.sendTimeoutMs());
      await clock.waitUntil(wakeMs, signal).catch(() => {});
    }
  }
}
