import type { Clock } from "../clock.ts";
import type { Fragment, Payload, PayloadIterator, PayloadReading, StreamPart } from "../part.ts";
import type { Rational } from "../time.ts";
import type { Turn } from "./send_turns.ts";
import { systemClock } from "../clock.ts";
import { secondsSince, ZERO } from "../time.ts";
import { sendTurnsOf } from "./send_turns.ts";

/** When a fragment leaves: when its last sample is due, as from a real encoder, or when its first one is. */
export type SendAt = "end" | "start";

/** What happens to a fragment that is too late: it is sent all the same, or left out. */
export type LatePolicy = "keep" | "skip";

/** Options for {@linkcode PaceStream}. */
export interface PaceStreamOptions {
  /**
   * Tells the time and waits.
   *
   * @default {systemClock}
   */
  clock?: Clock;
  /**
   * When `base` is due, by the clock, in milliseconds; a function is asked when the first fragment comes.
   *
   * @default {when the first fragment comes}
   */
  startMs?: number | (() => number);
  /**
   * Time of the live stream that is due at `startMs`.
   *
   * @default {ZERO}
   */
  base?: Rational;
  /**
   * Seconds of media per second of the clock, 0.001 to 1000; `"max"` does not wait.
   *
   * @default {1}
   */
  rate?: number | "max";
  /** @default {"end"} */
  sendAt?: SendAt;
  /**
   * How long before it is due the reading of a payload begins, in milliseconds.
   *
   * @default {200}
   */
  leadMs?: number;
  /**
   * What happens to a fragment whose turn comes more than `lateLimitMs` after it was due: to leave it out lets a stream
   * catch up, and its payload is never read.
   *
   * @default {"keep"}
   */
  late?: LatePolicy | undefined;
  /** @default {5000} */
  lateLimitMs?: number | undefined;
  /** Is told of a fragment that is left out. */
  onSkip?: ((fragment: Fragment, lateMs: number) => void) | undefined;
  /** Is waited for when a fragment is due, before it leaves. */
  gate?: ((fragment: Fragment, signal: AbortSignal) => Promise<void>) | undefined;
  /** Ends the stream in order: from now on only an end passes. */
  stop?: AbortSignal | undefined;
  /** Ends the stream at once with its reason. */
  signal?: AbortSignal | undefined;
}

/**
 * The rate pacer: holds each fragment back until it is due, never less, and starts reading its payload a little before.
 * Due times are absolute, so that being late is not added up: what is late leaves at once, what follows leaves on time.
 * Headers and ends pass at once. Where more is due than can be sent, a few streams of the process send at a time.
 *
 * @example
 * ```ts
 * const startMs = systemClock.now();
 * const paced = stream.pipeThrough(new PaceStream({ startMs, rate: 2 }));
 * ```
 */
export class PaceStream extends TransformStream<StreamPart, StreamPart> {
  /** @throws {RangeError} If the rate is not between 0.001 and 1000, or the limit is negative. */
  constructor(options: PaceStreamOptions = {}) {
    const cancelled = new AbortController();
    const pacer = new Pacer(options, cancelled.signal);
    const transformer: Transformer<StreamPart, StreamPart> & { cancel(reason: unknown): void } = {
      async transform(part, controller) {
        const paced = await pacer.pass(part);
        if (paced) controller.enqueue(paced);
      },
      cancel(reason) {
        cancelled.abort(reason);
        pacer.drop();
      },
    };
    super(transformer);
  }
}

/** Looks at what sets the pace. @throws {RangeError} As {@linkcode PaceStream} does. */
export function checkPace(
  { rate = 1, lateLimitMs = 0 }: Pick<PaceStreamOptions, "rate" | "lateLimitMs">,
): void {
  if (!(lateLimitMs >= 0)) {
    throw new RangeError(
      `Cannot pace as the limit for late fragments must be 0 or more: current value is ${lateLimitMs} ms`,
    );
  }
  if (rate !== "max" && !(rate >= 0.001 && rate <= 1000)) {
    throw new RangeError(
      `Cannot pace as the rate must be between 0.001 and 1000, or "max": current value is ${rate}`,
    );
  }
}

/** When a fragment is due. */
export type FragmentTimes = Pick<Fragment, "decodeTime" | "duration" | "timescale">;

/** What stands behind {@linkcode PaceStream}, for those who have no streams. */
export class Pacer {
  readonly #options: PaceStreamOptions;
  readonly #rate: number | "max";
  readonly #leadMs: number;
  readonly #clock: Clock;
  readonly #cancelled: AbortSignal;
  readonly #waiting: AbortSignal;
  #startMs: number | undefined;
  /** The last one that left. */
  #released: EarlyPayload | undefined;
  #turn: Turn | undefined;

  /**
   * @param cancelled Ends whatever waits.
   * @throws {RangeError} If the rate is not between 0.001 and 1000, or the limit is negative.
   */
  constructor(options: PaceStreamOptions, cancelled: AbortSignal) {
    checkPace(options);
    const { rate = 1, signal, stop } = options;
    this.#options = options;
    this.#rate = rate;
    this.#leadMs = options.leadMs ?? 200;
    this.#clock = options.clock ?? systemClock;
    this.#waiting = AbortSignal.any([
      cancelled,
      ...(signal ? [signal] : []),
      ...(stop ? [stop] : []),
    ]);
    this.#cancelled = cancelled;
  }

  /**
   * Tells when to read a fragment of the live stream: `leadMs` before it is due.
   *
   * @returns Settles then, or when nothing is waited for any more; nothing where it is time already.
   */
  whenToRead(times: FragmentTimes): Promise<void> | undefined {
    // Whoever asks for the next one has taken the last one.
    this.#turn?.leave();
    this.#released = undefined;
    if (this.#rate === "max") return undefined;
    const timeMs = this.#dueMs(times) - this.#leadMs;
    if (timeMs <= this.#clock.now()) return undefined;
    return this.#clock.waitUntil(timeMs, this.#waiting).catch(() => {}); // whatever comes next finds out
  }

  /**
   * The part without a wait, where it has none.
   *
   * @returns `undefined` where it has to {@linkcode pass}.
   */
  passNow<T extends StreamPart>(part: T): T | undefined {
    // Whoever asks for the next part has taken the last one.
    this.#turn?.leave();
    if (part.type !== "fragment") return part;
    if (this.#rate !== "max" || this.#options.gate || this.#waiting.aborted) return undefined;
    // It is read at once by whoever asked for it: there is nothing to be early for.
    const { signal } = this.#options;
    const payload = signal ? new CancellablePayload(part.payload, signal) : part.payload;
    return { ...part, payload, dueMs: this.#clock.now() };
  }

  /**
   * Waits until a part is due.
   *
   * @returns The part; `undefined` if the stop came before, or it is too late.
   */
  async pass(part: StreamPart): Promise<StreamPart | undefined> {
    const now = this.passNow(part);
    if (now || part.type !== "fragment") return now;
    const { stop, signal } = this.#options;
    try {
      return await this.#hold(part, this.#waiting);
    } catch (error) {
      // What the stop came before is dropped; whatever else went wrong is an error.
      if (stop?.aborted && !signal?.aborted && !this.#cancelled.aborted) return undefined;
      throw error;
    }
  }

  async #hold(fragment: Fragment, signal: AbortSignal): Promise<Fragment | undefined> {
    signal.throwIfAborted();
    const dueMs = this.#dueMs(fragment);
    if (this.#isTooLate(fragment, dueMs)) return undefined;
    await this.#clock.waitUntil(dueMs - this.#leadMs, signal);
    // What is late already, or will be, takes no memory before its turn.
    const turns = sendTurnsOf(this.#clock);
    const isInTime = this.#clock.now() < dueMs && !turns.areAwaited;
    const early = this.#rate === "max" || isInTime ? this.#early(fragment) : undefined;
    let heldMs: number | undefined;
    try {
      await this.#clock.waitUntil(dueMs, signal);
      heldMs = await this.#passGate(fragment, signal);
      if (this.#rate !== "max") this.#turn = await turns.enter(signal);
    } catch (error) {
      early?.drop();
      throw error;
    }
    const payload = this.#released = early ?? this.#early(fragment);
    payload.turn = this.#turn;
    // Without a pace of its own, a stream is due when its gate opens.
    if (this.#rate === "max") return { ...fragment, payload, dueMs: this.#clock.now() };
    return { ...fragment, payload, dueMs, ...(heldMs !== undefined && { heldMs }) };
  }

  #early({ payload }: Fragment): EarlyPayload {
    return new EarlyPayload(payload, this.#options.signal);
  }

  /** Waits for the gate, if there is one, and says for how long. */
  async #passGate(fragment: Fragment, signal: AbortSignal): Promise<number | undefined> {
    const { gate } = this.#options;
    if (!gate) return undefined;
    const fromMs = this.#clock.now();
    await gate(fragment, signal);
    return this.#clock.now() - fromMs;
  }

  /** Lets go of what was read for a fragment that left and that nobody will send any more. */
  drop(): void {
    this.#released?.drop();
    this.#turn?.leave();
  }

  #isTooLate(fragment: Fragment, dueMs: number): boolean {
    const { late, lateLimitMs = 5000, onSkip } = this.#options;
    if (late !== "skip") return false;
    const lateMs = this.#clock.now() - dueMs;
    if (lateMs <= lateLimitMs) return false;
    onSkip?.(fragment, lateMs);
    return true;
  }

  #dueMs({ decodeTime, duration, timescale }: FragmentTimes): number {
    if (this.#rate === "max") return this.#clock.now();
    const { base = ZERO, sendAt = "end", startMs } = this.#options;
    this.#startMs ??= (typeof startMs === "function" ? startMs() : startMs) ?? this.#clock.now();
    const ticks = sendAt === "end" ? decodeTime + duration : decodeTime;
    return this.#startMs + secondsSince(base, ticks, timescale) * 1000 / this.#rate;
  }
}

/** A payload whose readings end with a signal. */
class CancellablePayload implements Payload {
  readonly size: number;
  readonly #payload: Payload;
  readonly #signal: AbortSignal;

  constructor(payload: Payload, signal: AbortSignal) {
    this.size = payload.size;
    this.#payload = payload;
    this.#signal = signal;
  }

  read(signal: AbortSignal = this.#signal): PayloadReading {
    return this.#payload.read(signal);
  }
}

/** A payload whose first reading has begun already. */
class EarlyPayload implements Payload {
  readonly size: number;
  readonly #payload: Payload;
  #reading: PayloadReading | undefined;
  /** Is told when the first reading goes on. */
  turn: Turn | undefined;

  constructor(payload: Payload, signal: AbortSignal | undefined) {
    this.size = payload.size;
    this.#payload = payload;
    this.#reading = payload.read(signal);
  }

  read(signal?: AbortSignal): PayloadReading {
    const { turn } = this;
    const reading = this.#reading ?? this.#payload.read(signal);
    this.turn = this.#reading = undefined;
    return turn ? new ReadingInTurn(reading, turn) : reading;
  }

  /** Lets go of what was read and will not be sent. */
  drop(): void {
    const iterator = this.#reading?.[Symbol.asyncIterator]();
    this.#reading = undefined;
    iterator?.return?.().catch(() => {});
  }
}

/** Tells a turn when it is asked for more. */
class ReadingInTurn implements PayloadReading, AsyncIterableIterator<Uint8Array> {
  readonly #reading: PayloadReading;
  readonly #pieces: PayloadIterator;
  readonly #turn: Turn;

  constructor(reading: PayloadReading, turn: Turn) {
    this.#reading = reading;
    this.#pieces = reading[Symbol.asyncIterator]();
    this.#turn = turn;
  }

  get isAtEnd(): boolean {
    return this.#pieces.isAtEnd ?? false;
  }

  putInFront(...head: readonly Uint8Array[]): boolean {
    return this.#reading.putInFront?.(...head) ?? false;
  }

  nextNow(): Uint8Array | undefined {
    this.#turn.proceed();
    return this.#pieces.nextNow?.();
  }

  next(): Promise<IteratorResult<Uint8Array>> {
    this.#turn.proceed();
    return this.#pieces.next();
  }

  return(): Promise<IteratorResult<Uint8Array>> {
    return this.#pieces.return?.() ?? Promise.resolve({ done: true, value: undefined });
  }

  [Symbol.asyncIterator](): this {
    return this;
  }
}
