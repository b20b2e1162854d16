import type { Clock } from "../../lib/clock.ts";
import { settle } from "./settle.ts";

interface Waiter {
  readonly timeMs: number;
  readonly wake: () => void;
}

/** A clock that stands still until it is told to go on. */
export class FakeClock implements Clock {
  #nowMs: number;
  readonly #waiters = new Set<Waiter>();

  constructor(nowMs = 0) {
    this.#nowMs = nowMs;
  }

  /** How many waits are under way. */
  get pending(): number {
    return this.#waiters.size;
  }

  now(): number {
    return this.#nowMs;
  }

  waitUntil(timeMs: number, signal?: AbortSignal): Promise<void> {
    if (signal?.aborted) return Promise.reject(signal.reason);
    if (timeMs <= this.#nowMs) return Promise.resolve();
    return new Promise((resolve, reject) => {
      const onAbort = () => {
        this.#waiters.delete(waiter);
        reject(signal!.reason);
      };
      const wake = () => {
        this.#waiters.delete(waiter);
        signal?.removeEventListener("abort", onAbort);
        resolve();
      };
      const waiter: Waiter = { timeMs, wake };
      this.#waiters.add(waiter);
      signal?.addEventListener("abort", onAbort, { once: true });
    });
  }

  /** Goes on by `ms`, from one wait to the next in the order of their times, and lets run what each sets off. */
  async advance(ms: number): Promise<void> {
    const endMs = this.#nowMs + ms;
    await settle();
    let next = this.#next(endMs);
    while (next) {
      this.#nowMs = next.timeMs;
      next.wake();
      await settle();
      next = this.#next(endMs);
    }
    this.#nowMs = endMs;
    await settle();
  }

  /** The earliest wait that ends by `endMs`; of two at the same time the one that began first. */
  #next(endMs: number): Waiter | undefined {
    let best: Waiter | undefined;
    for (const waiter of this.#waiters) {
      if (waiter.timeMs <= endMs && (!best || waiter.timeMs < best.timeMs)) best = waiter;
    }
    return best;
  }
}
