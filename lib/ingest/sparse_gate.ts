import type { Clock } from "../clock.ts";
import type { Fragment } from "../part.ts";
import type { Rational } from "../time.ts";
import { compare, fromTicks } from "../time.ts";

/** Longest time that a fragment of the parent waits for the answers to sparse ones. */
const PATIENCE_MS = 1000;

/** One sparse stream as the gate sees it. */
interface Member {
  /** Start of the fragment that waits at the gate; `undefined` while one is under way. */
  waitsAt: Rational | undefined;
  /** The one under way has been waited for long enough: nobody waits for it again. */
  isLate: boolean;
}

/**
 * Lets the fragments of sparse streams go together with those of their parent: a sparse fragment is due when the parent's
 * fragment of its time is, and the parent's waits a moment for the answer to it, as clients are told of a sparse fragment
 * only with a parent fragment that comes after it.
 */
export class SparseGate {
  readonly #clock: Clock;
  readonly #dueMs: (time: Rational) => number;
  readonly #members = new Set<Member>();
  #parents = 0;
  #reached: Rational | undefined;
  #changed: (() => void)[] = [];

  /** @param dueMs When a time of the live stream is due by the clock, for when there is no parent any more. */
  constructor(clock: Clock, dueMs: (time: Rational) => number) {
    this.#clock = clock;
    this.#dueMs = dueMs;
  }

  /** Adds a stream of the parent track; the gate it returns is for its pacer, and `leave` for its end. */
  addParent(): { gate(fragment: Fragment, signal: AbortSignal): Promise<void>; leave(): void } {
    this.#parents++;
    return {
      gate: (fragment, signal) => this.#passParent(fragment, signal),
      leave: once(() => {
        this.#parents--;
        this.#tell();
      }),
    };
  }

  /** Adds a sparse stream. */
  addSparse(): { gate(fragment: Fragment, signal: AbortSignal): Promise<void>; leave(): void } {
    const member: Member = { waitsAt: undefined, isLate: false };
    this.#members.add(member);
    return {
      gate: (fragment, signal) => this.#passSparse(member, fragment, signal),
      leave: () => {
        this.#members.delete(member);
        this.#tell();
      },
    };
  }

  async #passParent(fragment: Fragment, signal: AbortSignal): Promise<void> {
    const { decodeTime, duration, timescale } = fragment;
    const end = fromTicks(decodeTime + duration, timescale);
    if (!this.#reached || compare(end, this.#reached) > 0) this.#reached = end;
    this.#tell();
    const isClear = () =>
      [...this.#members].every(({ waitsAt, isLate }) =>
        isLate || (waitsAt !== undefined && compare(waitsAt, end) >= 0)
      );
    if (isClear()) return;
    const enough = new AbortController();
    const limit = AbortSignal.any([signal, enough.signal]);
    const timeout = this.#clock.waitUntil(this.#clock.now() + PATIENCE_MS, limit)
      .then(() => true, () => false);
    let isOver = false;
    timeout.then((isLate) => {
      isOver = true;
      for (const member of this.#members) member.isLate ||= isLate && !member.waitsAt;
      this.#tell();
    });
    while (!isClear() && !isOver) await this.#change();
    enough.abort();
    signal.throwIfAborted();
  }

  async #passSparse(member: Member, fragment: Fragment, signal: AbortSignal): Promise<void> {
    const time = fromTicks(fragment.decodeTime, fragment.timescale);
    member.waitsAt = time;
    member.isLate = false;
    this.#tell();
    const onAbort = () => this.#tell();
    signal.addEventListener("abort", onAbort, { once: true });
    const isOpen = () => this.#reached !== undefined && compare(time, this.#reached) < 0;
    while (!isOpen() && this.#parents > 0 && !signal.aborted) await this.#change();
    signal.removeEventListener("abort", onAbort);
    signal.throwIfAborted();
    if (!isOpen()) await this.#clock.waitUntil(this.#dueMs(time), signal);
    member.waitsAt = undefined;
  }

  #change(): Promise<void> {
    return new Promise((resolve) => this.#changed.push(resolve));
  }

  #tell(): void {
    const waiting = this.#changed;
    this.#changed = [];
    for (const resolve of waiting) resolve();
  }
}

function once(action: () => void): () => void {
  let isDone = false;
  return () => {
    if (!isDone) action();
    isDone = true;
  };
}
