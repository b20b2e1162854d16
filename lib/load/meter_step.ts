import type { Clock } from "../clock.ts";
import type { Fragment, PartStep, Payload, PayloadIterator, PayloadReading } from "../part.ts";
import type { LoadMeter } from "./meter.ts";
import { STALL_MS } from "./metric.ts";

/** Options for {@linkcode meterStep}. */
export interface MeterStepOptions {
  readonly meter: LoadMeter;
  readonly clock: Clock;
  /** Is told of a fragment that is let go. Returns since when nothing was in its way, by the clock, if so. */
  readonly onLetGo: (fragment: Fragment) => number | undefined;
}

/** What stands in front of an upload: notes when a fragment was let go and when it was taken, from when it was due. */
export function meterStep({ meter, clock, onLetGo }: MeterStepOptions): PartStep {
  return (part) => {
    if (part.type !== "fragment" || part.dueMs === undefined) return part;
    const { dueMs, heldMs = 0 } = part;
    const freeMs = onLetGo(part);
    // Behind one that was held up it is not us who are late.
    if (freeMs !== undefined && freeMs <= dueMs) meter.record("own", clock.now() - dueMs - heldMs);
    return { ...part, payload: new MeteredPayload(part, meter, clock) };
  };
}

/** A payload whose first reading is measured; it comes behind the first bytes of its fragment. */
class MeteredPayload implements Payload {
  readonly size: number;
  readonly #payload: Payload;
  readonly #dueMs: number;
  readonly #meter: LoadMeter;
  readonly #clock: Clock;
  #isRead = false;

  constructor({ payload, dueMs }: Fragment, meter: LoadMeter, clock: Clock) {
    this.size = payload.size;
    this.#payload = payload;
    this.#dueMs = dueMs!;
    this.#meter = meter;
    this.#clock = clock;
  }

  read(signal?: AbortSignal): PayloadReading {
    const pieces = this.#payload.read(signal);
    if (this.#isRead) return pieces;
    this.#isRead = true;
    return new MeteredPieces(pieces, this.#dueMs, this.#meter, this.#clock);
  }
}

class MeteredPieces implements PayloadReading, AsyncIterableIterator<Uint8Array> {
  readonly #pieces: PayloadIterator;
  readonly #dueMs: number;
  readonly #meter: LoadMeter;
  readonly #clock: Clock;
  /** When the last piece was handed over, until another one is asked for. */
  #handedMs: number | undefined;
  #isFirst = true;

  constructor(pieces: PayloadReading, dueMs: number, meter: LoadMeter, clock: Clock) {
    this.#pieces = pieces[Symbol.asyncIterator]();
    this.#dueMs = dueMs;
    this.#meter = meter;
    this.#clock = clock;
  }

  get isAtEnd(): boolean {
    return this.#pieces.isAtEnd ?? false;
  }

  nextNow(): Uint8Array | undefined {
    this.#noteAsked();
    const piece = this.#pieces.nextNow?.();
    if (piece) this.#handedMs = this.#clock.now();
    return piece;
  }

  async next(): Promise<IteratorResult<Uint8Array>> {
    this.#noteAsked();
    const result = await this.#pieces.next();
    this.#handedMs = this.#clock.now();
    return result;
  }

  /** Once for a piece, whether it is asked for with a wait, without one, or in both ways. */
  #noteAsked(): void {
    const nowMs = this.#clock.now();
    if (this.#isFirst) this.#meter.record("first", nowMs - this.#dueMs);
    this.#isFirst = false;
    if (this.#handedMs !== undefined) this.#noteStall(nowMs - this.#handedMs);
    this.#handedMs = undefined;
  }

  #noteStall(ms: number): void {
    if (ms < STALL_MS) return;
    this.#meter.record("stall", ms);
    this.#meter.count("stalls");
  }

  async return(): Promise<IteratorResult<Uint8Array>> {
    await this.#pieces.return?.();
    return { done: true, value: undefined };
  }

  [Symbol.asyncIterator](): this {
    return this;
  }
}
