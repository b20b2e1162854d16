/** What tells the time and waits: the real one is {@linkcode systemClock}; tests bring their own. */
export interface Clock {
  /** Milliseconds since a fixed instant of this process; it never goes back. */
  now(): number;
  /**
   * Waits until `now()` is at or past `timeMs`, never less.
   *
   * @throws The signal's reason, if it aborts first.
   */
  waitUntil(timeMs: number, signal?: AbortSignal): Promise<void>;
}

interface Waiter {
  readonly timeMs: number;
  /** Place in the heap, -1 once it has left. */
  place: number;
  readonly wake: () => void;
}

/** A binary heap of waiters, the earliest first, from which any one can be taken out. */
class WaiterHeap {
  readonly #waiters: Waiter[] = [];

  get first(): Waiter | undefined {
    return this.#waiters[0];
  }

  add(waiter: Waiter): void {
    this.#put(waiter, this.#waiters.length);
    this.#rise(waiter);
  }

  remove(waiter: Waiter): void {
    if (waiter.place < 0) return;
    const last = this.#waiters.pop()!;
    if (last !== waiter) {
      this.#put(last, waiter.place);
      this.#rise(last);
      this.#sink(last);
    }
    waiter.place = -1;
  }

  #put(waiter: Waiter, place: number): void {
    this.#waiters[place] = waiter;
    waiter.place = place;
  }

  #rise(waiter: Waiter): void {
    while (waiter.place > 0) {
      const parent = this.#waiters[(waiter.place - 1) >> 1]!;
      if (parent.timeMs <= waiter.timeMs) return;
      this.#swap(parent, waiter);
    }
  }

  #sink(waiter: Waiter): void {
    while (true) {
      const left = this.#waiters[2 * waiter.place + 1];
      const right = this.#waiters[2 * waiter.place + 2];
      const child = right && right.timeMs < left!.timeMs ? right : left;
      if (!child || child.timeMs >= waiter.timeMs) return;
      this.#swap(waiter, child);
    }
  }

  #swap(upper: Waiter, lower: Waiter): void {
    const place = upper.place;
    this.#put(upper, lower.place);
    this.#put(lower, place);
  }
}

// A longer delay would overflow the timer's 32 bits and fire at once.
const MAX_DELAY_MS = 0x7fffffff;

/** All waits of a process behind one timer: a thousand streams cost as little as one, and none is woken early. */
class SystemClock implements Clock {
  readonly #heap = new WaiterHeap();
  #timer: ReturnType<typeof setTimeout> | undefined;
  #timerMs = Infinity;

  now(): number {
    return performance.now();
  }

  waitUntil(timeMs: number, signal?: AbortSignal): Promise<void> {
    if (signal?.aborted) return Promise.reject(signal.reason);
    if (timeMs <= this.now()) return Promise.resolve();
    return new Promise((resolve, reject) => {
      const onAbort = () => {
        this.#heap.remove(waiter);
        this.#arm();
        reject(signal!.reason);
      };
      const wake = () => {
        signal?.removeEventListener("abort", onAbort);
        resolve();
      };
      const waiter: Waiter = { timeMs, place: -1, wake };
      signal?.addEventListener("abort", onAbort, { once: true });
      this.#heap.add(waiter);
      this.#arm();
    });
  }

  #arm(): void {
    const next = this.#heap.first?.timeMs ?? Infinity;
    if (next === this.#timerMs) return;
    clearTimeout(this.#timer);
    this.#timerMs = next;
    if (next === Infinity) return;
    // Rounded up, as runtimes cut the fraction off and would fire up to a millisecond early.
    const delayMs = Math.min(Math.ceil(next - this.now()), MAX_DELAY_MS);
    this.#timer = setTimeout(() => this.#fire(), Math.max(delayMs, 0));
  }

  #fire(): void {
    this.#timerMs = Infinity;
    let first = this.#heap.first;
    // A timer may still fire early: whoever is not due stays, and the timer is set again.
    while (first && first.timeMs <= this.now()) {
      this.#heap.remove(first);
      first.wake();
      first = this.#heap.first;
    }
    this.#arm();
  }
}

/** The clock of this process. */
export const systemClock: Clock = new SystemClock();
