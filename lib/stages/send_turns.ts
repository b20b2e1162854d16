import type { Clock } from "../clock.ts";

/** Streams that send at the same time, at most, unless they have to wait for the network. */
const MAX_SENDERS = 16;

/** How often those who send are looked at while others wait. */
const LOOK_MS = 3;

/**
 * Who has asked for nothing at so many looks waits for the network, and keeps nobody from the processor. One is not enough:
 * where the processor has too much to do, a look comes right before the events that it was late for.
 */
const STILL_LOOKS = 2;

/** What a stream has from when it may send a fragment until it has sent it. */
export interface Turn {
  /** Says that the client asks for more of the fragment: it does not wait for the network. */
  proceed(): void;
  /** Says that the fragment was sent, or will not be; more than once is no harm. */
  leave(): void;
}

/** A turn that has begun. */
class Sender implements Turn {
  readonly #onLeave: (sender: Sender) => void;
  /** Since it asked for something last. */
  #stillLooks = 0;

  constructor(onLeave: (sender: Sender) => void) {
    this.#onLeave = onLeave;
  }

  proceed(): void {
    this.#stillLooks = 0;
  }

  leave(): void {
    this.#onLeave(this);
  }

  /** Looks once more, and says whether it still needs the processor. */
  look(): boolean {
    return ++this.#stillLooks < STILL_LOOKS;
  }
}

/**
 * Lets a few streams of a process send at a time, in the order in which they came. Where more are due than the processor
 * can send, all together would be late with everything, and hold a buffer each meanwhile, until there is no memory for
 * pieces of a size that is worth while: then even less is sent. One after the other is done soonest. A stream that waits
 * for its receiver does not keep others waiting for more than a few milliseconds.
 */
export class SendTurns {
  readonly #clock: Clock;
  #senders: Sender[] = [];
  #waiting: (() => void)[] = [];
  #isWatched = false;

  /** @param clock That the streams keep time by. */
  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /**
   * Waits for a turn.
   *
   * @returns It, at once where there is no need to wait.
   * @throws The signal's reason.
   */
  enter(signal: AbortSignal): Turn | Promise<Turn> {
    signal.throwIfAborted();
    return this.#hasRoom() ? this.#begin() : this.#wait(signal);
  }

  /** Whether there are some who wait for a turn: what is due later has time. */
  get areAwaited(): boolean {
    return this.#waiting.length > 0;
  }

  #hasRoom(): boolean {
    return this.#senders.length < MAX_SENDERS;
  }

  #begin(): Turn {
    const sender = new Sender(this.#leave);
    this.#senders.push(sender);
    return sender;
  }

  readonly #leave = (sender: Sender): void => {
    const place = this.#senders.indexOf(sender);
    if (place < 0) return;
    this.#senders.splice(place, 1);
    if (this.#waiting.length > 0) this.#admit();
  };

  #admit(): void {
    for (const begin of this.#waiting.splice(0, MAX_SENDERS - this.#senders.length)) begin();
  }

  #wait(signal: AbortSignal): Promise<Turn> {
    return new Promise((resolve, reject) => {
      const begin = () => {
        signal.removeEventListener("abort", onAbort);
        resolve(this.#begin());
      };
      const onAbort = () => {
        this.#waiting = this.#waiting.filter((it) => it !== begin);
        reject(signal.reason);
      };
      signal.addEventListener("abort", onAbort, { once: true });
      this.#waiting.push(begin);
      this.#watch();
    });
  }

  /** While there are some who wait, those are left out of account who wait for the network. */
  async #watch(): Promise<void> {
    if (this.#isWatched) return;
    this.#isWatched = true;
    while (this.#waiting.length > 0) {
      await this.#clock.waitUntil(this.#clock.now() + LOOK_MS);
      this.#senders = this.#senders.filter((sender) => sender.look());
      this.#admit();
    }
    this.#isWatched = false;
  }
}

const turnsByClock = new WeakMap<Clock, SendTurns>();

/** The turns of all streams of the process that keep time by a clock. */
export function sendTurnsOf(clock: Clock): SendTurns {
  let turns = turnsByClock.get(clock);
  if (!turns) turnsByClock.set(clock, turns = new SendTurns(clock));
  return turns;
}
