import * as assert from "uvu/assert";
import type { PushEvent } from "../../lib/push_event.ts";
import type { PushOptions } from "../../lib/push_options.ts";
import { push, type PushReport, type StreamOutcome } from "../../lib/push.ts";
import { accept, type BadRequest, BadServer, type Script } from "./bad_server.ts";
import { FakeClock } from "./fake_clock.ts";
import { SAMPLE_ISM } from "./sample.ts";
import { settle } from "./settle.ts";
import { SampleUnion } from "./union.ts";
import { until } from "./until.ts";

/** Streams of the sample that keep a request open. */
export const DENSE: readonly number[] = [0, 1, 2, 3];

/** How long a fragment of them lasts. */
const FRAGMENT_MS = 2000;

export const COMPLETE = Array(5).fill("complete").join(" ");
export const STOPPED = Array(5).fill("stopped").join(" ");

/** The number of a stream, by the URL of a request to it. */
export function streamNumber(url: string): number {
  return Number(/-stream(\d)/.exec(url)![1]);
}

/** Checks and forgets all that comes in, and does to a request first what `misbehave` does: `true` if that was all. */
export function checking(
  union: SampleUnion,
  misbehave: (request: BadRequest) => boolean | Promise<boolean> = () => false,
): Script {
  return async (request) => {
    if (!request.isProbe) request.sink = union.of(request.url).connection();
    if (await misbehave(request)) return;
    await accept(request);
  };
}

/** Nothing is missing of any stream, and each was ended. */
export function checkWhole(union: SampleUnion, passes?: number): void {
  for (const [n, { holes, gaps, last, ends }] of union.streams.entries()) {
    assert.equal(holes, [], `holes in stream ${n}`);
    assert.is(gaps, 0, `gaps in stream ${n}`);
    if (passes !== undefined) assert.is(last, passes * (n === 4 ? 3 : 10), `end of stream ${n}`);
    assert.ok(ends >= 1, `end of stream ${n}`);
  }
}

type Told<Name extends PushEvent["event"]> = Extract<PushEvent, { event: Name }>;

/**
 * A push of the sample to servers of this process, what it told, and when it was over.
 *
 * Its clock never goes on while something is under way over a socket that it could be too slow for: each new try is waited
 * for before the clock passes the time that it began at.
 */
export class OutageRun {
  readonly clock = new FakeClock();
  readonly events: PushEvent[] = [];
  readonly stop = new AbortController();
  readonly abort = new AbortController();
  readonly report: Promise<PushReport>;
  readonly #points: readonly string[];
  /** When a stream tries again, by point and stream. */
  readonly #dueMs = new Map<string, number>();
  readonly #counts = new Map<string, number>();
  #isOver = false;

  /** @param servers Where it goes, and what is watched for scripts that go wrong. */
  constructor(servers: BadServer | readonly BadServer[], options: Partial<PushOptions> = {}) {
    const all = servers instanceof BadServer ? [servers] : servers;
    this.#points = all.map(({ url }) => `${url}/live.isml`);
    const report = push({
      points: this.#points.map((url) => ({ url })),
      presentation: SAMPLE_ISM,
      id: "9",
      clock: this.clock,
      stop: this.stop.signal,
      signal: this.abort.signal,
      onEvent: (event) => this.#note(event),
      ...options,
      recovery: { random: () => 1, ...options.recovery },
    });
    this.report = Promise.race([report, ...all.map(({ failed }) => failed)]);
    this.report.then(() => this.#isOver = true, () => {});
  }

  get isOver(): boolean {
    return this.#isOver;
  }

  /** What was told by a name, of one stream or of all. */
  told<Name extends PushEvent["event"]>(name: Name, stream?: number): Told<Name>[] {
    return this.events.filter((it) =>
      it.event === name && (stream === undefined || it.stream === `9-stream${stream}`)
    ) as Told<Name>[];
  }

  /** Waits until a paced push has come to its first fragments, and goes on to a moment after which all is sent. */
  async start(): Promise<void> {
    const streams = 5 * this.#points.length;
    await until(() => this.told("connected").length === streams, "the probes");
    const pacers = DENSE.length * this.#points.length;
    // Each dense stream waits for the time of its fragment, and looks after its connection.
    await until(() => this.clock.pending >= 2 * pacers, "the pacers");
    await settle();
    await this.clock.advance(100);
  }

  /** Goes on by the length of a fragment, until what is due then was taken and has arrived at a point. */
  async step(union: SampleUnion, streams = DENSE, point = 0): Promise<void> {
    await this.passTo(this.clock.now() + FRAGMENT_MS);
    const count = Math.floor(this.clock.now() / FRAGMENT_MS);
    const isThere = (n: number) =>
      union.streams[n]!.arrived.has(count) && this.#handled(n, point) >= count;
    await until(() => streams.every(isThere), `fragment ${count} of streams ${streams}`);
  }

  /** Goes on step by step up to a time. */
  async stepTo(timeMs: number, union: SampleUnion, streams = DENSE, point = 0): Promise<void> {
    while (this.clock.now() < timeMs) await this.step(union, streams, point);
  }

  /** Goes on up to a time, and waits for each new try on the way. */
  async passTo(timeMs: number): Promise<void> {
    while (this.clock.now() < timeMs) {
      await this.#tried();
      const nextMs = Math.min(timeMs, ...this.#dueMs.values());
      await this.clock.advance(nextMs - this.clock.now());
    }
    await this.#tried();
  }

  /** Goes on until something is so. */
  async passUntil(condition: () => boolean, what: string, limitMs = 600_000): Promise<void> {
    const endMs = this.clock.now() + limitMs;
    while (!condition()) {
      if (this.clock.now() > endMs) throw new Error(`Nothing came of ${what} in ${limitMs} ms`);
      await this.passTo(this.clock.now() + 500);
    }
  }

  async outcome(stream: number): Promise<StreamOutcome> {
    return (await this.report).streams[stream]!;
  }

  /** How the streams ended. */
  async states(): Promise<string> {
    return (await this.report).streams.map(({ state }) => state).join(" ");
  }

  async #tried(): Promise<void> {
    const isDue = (dueMs: number) => dueMs <= this.clock.now();
    await until(() => ![...this.#dueMs.values()].some(isDue), "the tries that are due");
  }

  /** Fragments of a stream that were sent or left out. */
  #handled(stream: number, point: number): number {
    const key = `${this.#points[point]} 9-stream${stream}`;
    return (this.#counts.get(`fragment ${key}`) ?? 0) + (this.#counts.get(`dropped ${key}`) ?? 0);
  }

  #note(event: PushEvent): void {
    this.events.push(event);
    const key = `${event.point} ${event.stream}`;
    const counted = `${event.event} ${key}`;
    this.#counts.set(counted, (this.#counts.get(counted) ?? 0) + 1);
    if (event.event === "retrying") {
      if (event.delayMs > 0) this.#dueMs.set(key, this.clock.now() + event.delayMs);
    } else if (["connected", "recovered", "ended"].includes(event.event)) this.#dueMs.delete(key);
  }
}
