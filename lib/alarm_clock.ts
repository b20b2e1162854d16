import type { Clock } from "./clock.ts";

/** What wakes a clock: it may ring early or late, but not never. */
export interface Alarm {
  /**
   * Rings once after a delay, in place of what was set before.
   *
   * @param delayMs Above 0, with a fraction.
   */
  set(delayMs: number): void;
  /** Does not ring. */
  clear(): void;
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

/** All waits behind one alarm: a thousand streams cost as little as one, and none is woken early. */
export class AlarmClock implements Clock {
  readonly #heap = new WaiterHeap();
  readonly #alarm: Alarm;
  #alarmMs = Infinity;

  /** @param makeAlarm Makes the alarm, which calls `ring` when it rings. */
  constructor(makeAlarm: (ring: () => void) => Alarm) {
    this.#alarm = makeAlarm(() => this.#fire());
  }

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
    if (next === this.#alarmMs) return;
    this.#alarmMs = next;
    if (next === Infinity) this.#alarm.clear();
    else this.#alarm.set(Math.max(next - this.now(), 0));
  }

  #fire(): void {
    this.#alarmMs = Infinity;
    let first = this.#heap.first;
    // An alarm may ring early: whoever is not due stays, and it is set again.
    while (first && first.timeMs <= this.now()) {
      this.#heap.remove(first);
      first.wake();
      first = this.#heap.first;
    }
    if (first) this.#arm();
    else this.#alarm.clear();
  }
}
