import type { Clock } from "../../clock.ts";
import { systemClock } from "../../clock.ts";
import { join } from "../../mp4/box.ts";

/** The connection was lost while the body of a request was read. */
export class BodyLostError extends Error {
  override readonly name = "BodyLostError";
}

/** The server does not want the rest of a body. */
export class BodyCutError extends Error {
  override readonly name = "BodyCutError";
  /** What the request is answered with. */
  readonly status: number;

  constructor(status: number, message: string) {
    super(message);
    this.status = status;
  }
}

/** Options for {@linkcode RequestBody}. */
export interface RequestBodyOptions {
  clock?: Clock;
  /**
   * How long a reading may wait without getting on, in milliseconds.
   *
   * @default {no limit}
   */
  idleMs?: number;
}

/** Fewer bytes are no progress: a sender of single bytes could hold a connection for ever. */
const PROGRESS_BYTES = 1024;

/** The body of a request, read piece by piece. */
export class RequestBody {
  readonly #reader: ReadableStreamDefaultReader<Uint8Array> | undefined;
  readonly #clock: Clock;
  readonly #idleMs: number;
  readonly #over = new AbortController();
  #isOver = false;
  #isWatched = false;
  /** When it got on last. */
  #progressMs = 0;
  #bytes = 0;
  #isReading = false;
  #cut: BodyCutError | undefined;
  #stopWaiting: (error: BodyCutError) => void = () => {};

  constructor({ body }: Request, { clock = systemClock, idleMs = 0 }: RequestBodyOptions = {}) {
    this.#reader = body?.getReader();
    this.#clock = clock;
    this.#idleMs = idleMs;
  }

  /**
   * Reads the next piece.
   *
   * @returns At least one byte, or `undefined` at the end.
   * @throws {BodyLostError} If the body breaks off.
   * @throws {BodyCutError} If it is cut, or does not get on for too long.
   */
  async read(): Promise<Uint8Array | undefined> {
    while (this.#reader && !this.#isOver) {
      if (this.#cut) throw this.#cut;
      this.#watch();
      this.#isReading = true;
      const { done, value } = await this.#next(this.#reader);
      this.#isReading = false;
      if (done) this.#finish();
      else if (value.length > 0) {
        this.#bytes += value.length;
        if (this.#bytes >= PROGRESS_BYTES) this.progress();
        return value;
      }
    }
    return undefined;
  }

  async #next(reader: ReadableStreamDefaultReader<Uint8Array>) {
    try {
      // No race with a promise that lasts as long as the body: it would remember every piece.
      return await new Promise<ReadableStreamReadResult<Uint8Array>>((resolve, reject) => {
        this.#stopWaiting = reject;
        reader.read().then(resolve, reject);
      });
    } catch (cause) {
      if (cause instanceof BodyCutError) throw cause;
      this.#finish();
      const message = cause instanceof Error ? cause.message : String(cause);
      throw new BodyLostError(message, { cause });
    }
  }

  /**
   * Reads a body that is small.
   *
   * @returns Nothing if it has more than `maxBytes`.
   * @throws {BodyLostError} If the body breaks off.
   * @throws {BodyCutError} If it is cut, or does not get on for too long.
   */
  async readWhole(maxBytes: number): Promise<Uint8Array | undefined> {
    const pieces: Uint8Array[] = [];
    let bytes = 0;
    for (let piece = await this.read(); piece; piece = await this.read()) {
      pieces.push(piece);
      bytes += piece.length;
      if (bytes > maxBytes) return undefined;
    }
    return join(pieces);
  }

  /** Something came whole: the body got on. */
  progress(): void {
    this.#bytes = 0;
    this.#progressMs = this.#clock.now();
  }

  #watch(): void {
    if (this.#isWatched || this.#idleMs <= 0) return;
    this.#isWatched = true;
    this.progress();
    this.#cutWhenIdle().catch(() => {});
  }

  /** One wait for the whole body, not one for each piece. */
  async #cutWhenIdle(): Promise<void> {
    while (!this.#isOver && !this.#cut) {
      await this.#clock.waitUntil(this.#progressMs + this.#idleMs, this.#over.signal);
      // As long as the server has pieces to work on, it is not the sender who is slow.
      if (!this.#isReading) this.progress();
      else if (this.#progressMs + this.#idleMs <= this.#clock.now()) {
        this.cut(408, `the body did not get on for ${this.#idleMs / 1000} s`);
      }
    }
  }

  /** Makes the reading under way fail, and every further one. */
  cut(status: number, message: string): void {
    this.#cut ??= new BodyCutError(status, message);
    this.#stopWaiting(this.#cut);
  }

  /** Reads no more. */
  drop(): void {
    if (!this.#isOver) this.#reader?.cancel().catch(() => {});
    this.#finish();
  }

  #finish(): void {
    this.#isOver = true;
    this.#over.abort();
  }
}
