import type { Clock } from "../clock.ts";
import type { Transport } from "../ingest/transport.ts";
import type { ChannelResult, ChannelSource } from "./channel.ts";
import type { ChannelFacts, OpenSource } from "./channel_source.ts";
import type { ChannelOptions, ChannelShare } from "./load_options.ts";
import type { Measured } from "./meter.ts";
import { systemClock } from "../clock.ts";
import { Channel } from "./channel.ts";
import { openSource } from "./channel_source.ts";
import { Histogram } from "./histogram.ts";
import { BusyMeter } from "./machine.ts";
import { Meter } from "./meter.ts";
import { NullTransport } from "./null_transport.ts";

/** What a generator measured in a while. */
export interface GeneratorInterval extends Measured {
  /** Number of the second, from 0; the last one of a run may be shorter, and one after a hold-up longer. */
  readonly second: number;
  /** When it began and ended, from the origin, in milliseconds. */
  readonly fromMs: number;
  readonly toMs: number;
  /** Channels that run. */
  readonly channels: number;
  /** How late what is due and was not taken yet is already: only the state of this instant, it is not in the histograms. */
  readonly overdue?: string;
  /** Which part of the time the thread was busy, from 0 to 1. */
  readonly busy?: number;
  /** Whether the measurement is over and the streams come to their ends. */
  readonly isEnding: boolean;
  /** What is odd, and was not told before. */
  readonly warnings: readonly string[];
}

/** Options for {@linkcode Generator}. */
export interface GeneratorOptions {
  readonly channel: ChannelOptions;
  readonly share: ChannelShare;
  readonly clock?: Clock | undefined;
  /** Ends the opening with its reason. */
  readonly signal?: AbortSignal | undefined;
  /** In place of a transport of its own. */
  readonly transport?: Transport | undefined;
  readonly onInterval: (interval: GeneratorInterval) => void;
}

/** How many channels there are to be. */
export interface Target {
  /** Of all generators together. */
  readonly channels: number;
  /** When the first new one starts, from the origin, in milliseconds. */
  readonly atMs: number;
  /** New channels per second, of all generators together. */
  readonly ramp: number;
}

const INTERVAL_MS = 1000;
const LOOP_CHECK_MS = 20;

/** How long it takes at most until the last channel is told to end. */
const MAX_ENDING_MS = 2000;

/** More would not be read. */
const MAX_WARNINGS = 20;

/** Any number of phases lie evenly in a fragment when each is so far behind the one before. */
const GOLDEN = (Math.sqrt(5) - 1) / 2;

/** Runs the channels of one thread and measures them, second by second. */
export class Generator {
  readonly facts: ChannelFacts;
  readonly #options: GeneratorOptions;
  readonly #opened: OpenSource;
  readonly #meter: Meter;
  readonly #source: ChannelSource;
  readonly #clock: Clock;
  readonly #channels = new Map<number, Channel>();
  readonly #starts = new Map<number, AbortController>();
  readonly #results: ChannelResult[] = [];
  readonly #running = new Set<Promise<void>>();
  readonly #over = new AbortController();
  readonly #cut = new AbortController();
  /** What tells another time knows nothing of how busy the machine is. */
  readonly #busy: BusyMeter | undefined;
  /** How often the channel of a place was started. */
  readonly #generations = new Map<number, number>();
  readonly #warned = new Set<string>();
  readonly #warnings: string[] = [];
  #originMs = 0;
  #intervalMs = 0;
  #isEnding = false;

  private constructor(options: GeneratorOptions, meter: Meter, opened: OpenSource) {
    const { source, facts } = opened;
    this.#options = options;
    this.#opened = opened;
    this.#meter = meter;
    this.#source = source;
    this.facts = facts;
    this.#clock = source.clock;
    this.#busy = source.clock === systemClock ? new BusyMeter() : undefined;
  }

  /** @throws {InputError} If the presentation cannot be pushed. */
  static async open(options: GeneratorOptions): Promise<Generator> {
    const { channel, ...given } = options;
    const meter = new Meter();
    return new Generator(options, meter, await openSource(channel, { ...given, meter }));
  }

  /**
   * Begins to measure.
   *
   * @param agoMs How long ago the run began, in milliseconds.
   */
  begin(agoMs = 0): void {
    this.#originMs = this.#clock.now() - agoMs;
    this.#intervalMs = agoMs;
    this.#meter.take();
    this.#busy?.take();
    this.#tick().catch(() => {}); // it is over
    this.#checkLoop().catch(() => {}); // it is over
  }

  /** Starts and stops channels until there are as many as asked for; those that failed are started again. */
  aim({ channels, atMs, ramp }: Target): void {
    const { first, step } = this.#options.share;
    for (const [place, channel] of this.#channels) {
      if (place >= channels) {
        channel.stop();
        this.#channels.delete(place);
      } else if (channel.isOver) this.#channels.delete(place);
    }
    for (const [place, start] of this.#starts) if (place >= channels) start.abort();
    // All generators count the new ones alike, so that the ramp is that of them together.
    let behind = 0;
    for (let place = first; place < channels; place += step) {
      if (this.#channels.has(place) || this.#starts.has(place)) continue;
      const waitMs = (behind++ * step + first % step) * 1000 / ramp;
      this.#startAt(place, atMs + waitMs);
    }
  }

  /** Ends all channels, and waits until they are at their ends. */
  async empty(): Promise<void> {
    for (const start of this.#starts.values()) start.abort();
    await this.#stopAll();
    await Promise.all(this.#running);
    this.#channels.clear();
  }

  /** Ends the measurement: what is due and was not taken counts as it is. Then all streams are ended in order. */
  async finish(): Promise<readonly ChannelResult[]> {
    for (const start of this.#starts.values()) start.abort();
    const nowMs = this.#clock.now();
    const meter = this.#meter;
    const late = meter.histogram("last");
    const before = late.count;
    for (const channel of this.#channels.values()) {
      channel.overdue(nowMs, late);
      channel.missing(nowMs, late);
      channel.endMeasurement();
    }
    meter.count("unsent", late.count - before);
    this.#report();
    this.#isEnding = true;
    await this.#stopAll();
    await Promise.all(this.#running);
    this.#report();
    return this.#results;
  }

  /** One after the other, as all ends at once would wait for each other, here and at the point. */
  async #stopAll(): Promise<void> {
    const nowMs = this.#clock.now();
    const running = [...this.#channels.values()].filter(({ isOver }) => !isOver);
    const apartMs = Math.min(this.facts.fragmentMs, MAX_ENDING_MS) / running.length;
    for (const [n, channel] of running.entries()) {
      await this.#clock.waitUntil(nowMs + n * apartMs, this.#cut.signal).catch(() => {}); // cut: at once
      channel.stop();
    }
  }

  /** Cuts all connections. */
  abort(): void {
    this.#cut.abort(new Error("All connections are cut"));
    for (const start of this.#starts.values()) start.abort();
    for (const channel of this.#channels.values()) channel.abort();
  }

  /** Lets go of everything. */
  async close(): Promise<void> {
    this.#over.abort(new Error("The generator is closed"));
    this.abort();
    await Promise.all(this.#running);
    await this.#opened.close();
  }

  /**
   * How late fragments of so many channels leave where the point takes all at once: what is left is our own.
   *
   * @param ms How long it may take.
   * @returns Times from due until taken, encoded.
   */
  async calibrate(channels: number, ms: number): Promise<string> {
    const { first, step } = this.#options.share;
    const meter = new Meter();
    const source = { ...this.#source, transport: new NullTransport(), meter };
    const running: Promise<void>[] = [];
    const started: Channel[] = [];
    const nowMs = this.#clock.now();
    for (let place = first; place < channels; place += step) {
      const channel = new Channel(source, `${place}`, this.#phased(place, nowMs));
      started.push(channel);
      running.push(channel.run());
    }
    try {
      await this.#clock.waitUntil(nowMs + ms, this.#cut.signal);
    } catch {
      // Cut: nobody wants to know any more.
    } finally {
      for (const channel of started) channel.stop();
    }
    await Promise.all(running);
    return meter.histogram("last").encode();
  }

  /** The next instant from `atMs` on at which the channel of a place may begin, both by the clock. */
  #phased(place: number, atMs: number): number {
    const { phase } = this.#options.channel;
    const { fragmentMs, gridMs } = this.facts;
    const [phaseMs, apartMs] = phase === "aligned"
      ? [0, gridMs]
      : [(place * GOLDEN % 1) * fragmentMs, fragmentMs];
    const rest = (atMs - this.#originMs - phaseMs) % apartMs;
    return atMs + (rest <= 0 ? -rest : apartMs - rest);
  }

  #startAt(place: number, atMs: number): void {
    const start = new AbortController();
    this.#starts.set(place, start);
    const untilMs = this.#originMs + atMs;
    this.#clock.waitUntil(untilMs, start.signal).then(() => this.#start(place, untilMs), () => {})
      .finally(() => {
        if (this.#starts.get(place) === start) this.#starts.delete(place);
      });
  }

  #start(place: number, atMs: number): void {
    const generation = this.#generations.get(place) ?? 0;
    this.#generations.set(place, generation + 1);
    // A point that has seen the end of a stream wants no second one.
    const name = generation === 0 ? `${place}` : `${place}-${generation + 1}`;
    const isWatched = place < this.#options.channel.watched;
    const channel = new Channel(this.#source, name, this.#phased(place, atMs), {
      isWatched,
      onWarning: (message) => this.#warn(message),
    });
    this.#channels.set(place, channel);
    const running = channel.run().then(() => {
      this.#running.delete(running);
      this.#results.push(channel.result);
    });
    this.#running.add(running);
  }

  /** Many channels say the same. */
  #warn(message: string): void {
    if (this.#warned.has(message) || this.#warned.size >= MAX_WARNINGS) return;
    this.#warned.add(message);
    this.#warnings.push(message);
  }

  async #tick(): Promise<void> {
    while (true) {
      const next = Math.floor(this.#intervalMs / INTERVAL_MS) + 1;
      await this.#clock.waitUntil(this.#originMs + next * INTERVAL_MS, this.#over.signal);
      // The end of a run may have reported meanwhile.
      if (this.#clock.now() - this.#originMs > this.#intervalMs) this.#report();
    }
  }

  #report(): void {
    const nowMs = this.#clock.now();
    const toMs = nowMs - this.#originMs;
    const overdue = Histogram.create();
    let channels = 0;
    for (const channel of this.#channels.values()) {
      channel.overdue(nowMs, overdue);
      if (!channel.isOver) channels++;
    }
    const interval: GeneratorInterval = {
      ...this.#meter.take(),
      second: Math.max(0, Math.ceil(toMs / INTERVAL_MS) - 1),
      fromMs: this.#intervalMs,
      toMs,
      channels,
      ...(overdue.count > 0 && { overdue: overdue.encode() }),
      ...busyOf(this.#busy),
      isEnding: this.#isEnding,
      warnings: this.#warnings.splice(0),
    };
    this.#intervalMs = toMs;
    this.#options.onInterval(interval);
  }

  /** Nothing else tells how long everything in this thread has to wait. */
  async #checkLoop(): Promise<void> {
    while (true) {
      const dueMs = this.#clock.now() + LOOP_CHECK_MS;
      await this.#clock.waitUntil(dueMs, this.#over.signal);
      if (!this.#isEnding) this.#meter.record("loop", this.#clock.now() - dueMs);
    }
  }
}

function busyOf(meter: BusyMeter | undefined): { busy?: number } {
  const busy = meter?.take();
  return busy === undefined ? {} : { busy };
}
