import type { Alarm } from "./alarm_clock.ts";
import { AlarmClock } from "./alarm_clock.ts";

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

// A longer delay would overflow the timer's 32 bits and fire at once.
const MAX_DELAY_MS = 0x7fffffff;

/** The timer of the runtime. */
function timerAlarm(ring: () => void): Alarm {
  let timer: ReturnType<typeof setTimeout> | undefined;
  return {
    set(delayMs) {
      clearTimeout(timer);
      // Rounded up, as runtimes cut the fraction off and would fire up to a millisecond early.
      timer = setTimeout(ring, Math.min(Math.ceil(delayMs), MAX_DELAY_MS));
    },
    clear() {
      clearTimeout(timer);
    },
  };
}

/** The clock of this process. */
export const systemClock: Clock = new AlarmClock(timerAlarm);
