import type { Clock } from "../clock.ts";
import type { Transport } from "../ingest/transport.ts";
import type { LiveTrack } from "../manifest/live_track.ts";
import type { Fragment, PartStep } from "../part.ts";
import type { PushEvent } from "../push_event.ts";
import type { Presentation } from "../source/presentation.ts";
import type { StreamPlan } from "../source/stream_plan.ts";
import type { ChannelOptions } from "./load_options.ts";
import type { LoadMeter } from "./meter.ts";
import type { Schedule } from "./schedule.ts";
import { Authorization, loginOf } from "../ingest/authorization.ts";
import { push } from "../push.ts";
import { channelUrl } from "./channel_url.ts";
import { isQuestion } from "./error_kind.ts";
import { meterStep } from "./meter_step.ts";
import { STALL_MS } from "./metric.ts";
import { Watcher } from "./watcher.ts";

/** What all channels of a generator share. */
export interface ChannelSource {
  readonly options: ChannelOptions;
  readonly presentation: Presentation;
  readonly plans: readonly StreamPlan[];
  /** By the number of the stream; nothing for sparse ones, which go with their parents. */
  readonly schedules: readonly (Schedule | undefined)[];
  readonly transport: Transport;
  /** The way to fetch what was sent, apart from the connections that are measured. */
  readonly watchTransport: Transport;
  readonly meter: LoadMeter;
  readonly clock: Clock;
}

const STOPPED = "The channel is stopped";

/** One stream of a channel. */
interface ChannelStream {
  readonly schedule: Schedule | undefined;
  readonly plan: StreamPlan;
  /** Fragments that were taken or left out: the place of the next one. */
  place: number;
  /** When the last one was taken, by the clock; `undefined` while one is under way. */
  freeSinceMs: number | undefined;
  /** The one under way. */
  letGo: Fragment | undefined;
  /** Fetches what was sent. */
  readonly watcher: Watcher | undefined;
  isOver: boolean;
  /** Over, and not in order. */
  hasFailed: boolean;
}

/** How a channel did. */
export interface ChannelResult {
  /** Its name, as in the URL. */
  readonly channel: string;
  readonly fragments: number;
  readonly reconnects: number;
  /** The longest time from when a fragment was due until its last byte was taken, in milliseconds. */
  readonly worstMs: number;
  /** Why streams of it did not end in order. */
  readonly error?: string;
}

/** What a channel is used for beside its load. */
export interface ChannelUse {
  /**
   * Whether its first stream is also fetched from the point.
   *
   * @default {false}
   */
  readonly isWatched?: boolean;
  /** Is told what is odd. */
  readonly onWarning?: ((message: string) => void) | undefined;
}

/** A full set of streams of a presentation, with an id of its own, to a publishing point of its own. */
export class Channel {
  readonly name: string;
  readonly #source: ChannelSource;
  readonly #startMs: number;
  readonly #onWarning: ChannelUse["onWarning"];
  /** Refusals that count already: those who were kept out by another's refusal say the same. */
  readonly #refusals = new Set<string>();
  readonly #streams = new Map<string, ChannelStream>();
  readonly #stop = new AbortController();
  readonly #abort = new AbortController();
  #fragments = 0;
  #reconnects = 0;
  #worstMs = 0;
  #error: string | undefined;
  #isMeasured = true;
  #isOver = false;

  /**
   * @param name Goes into the URL and the stream IDs.
   * @param startMs When its base is due, by the clock.
   */
  constructor(
    source: ChannelSource,
    name: string,
    startMs: number,
    { isWatched = false, onWarning }: ChannelUse = {},
  ) {
    this.name = name;
    this.#onWarning = onWarning;
    this.#source = source;
    this.#startMs = startMs;
    const watched = isWatched ? source.plans.find(({ isSparse }) => !isSparse) : undefined;
    for (const plan of source.plans) {
      this.#streams.set(`${this.#id}-stream${plan.number}`, {
        schedule: source.schedules[plan.number],
        plan,
        place: 0,
        freeSinceMs: undefined,
        letGo: undefined,
        watcher: plan === watched ? this.#watcherOf(plan.tracks[0]!) : undefined,
        isOver: false,
        hasFailed: false,
      });
    }
  }

  #watcherOf(track: LiveTrack): Watcher {
    const { options, watchTransport: transport, meter, clock } = this.#source;
    const { auth: scheme, headers, rate } = options;
    const authorization = new Authorization({ ...loginOf(options), scheme });
    const { url } = this;
    return new Watcher({ url, rate, track, transport, authorization, headers, meter, clock });
  }

  get #id(): string {
    return `${this.#source.options.id}-${this.name}`;
  }

  /** URL of its publishing point. */
  get url(): string {
    const { url, isSingle } = this.#source.options;
    return isSingle ? url : channelUrl(url, this.name);
  }

  /** Whether it has come to its end, in order or not. */
  get isOver(): boolean {
    return this.#isOver;
  }

  get result(): ChannelResult {
    return {
      channel: this.name,
      fragments: this.#fragments,
      reconnects: this.#reconnects,
      worstMs: this.#worstMs,
      ...(this.#error !== undefined && { error: this.#error }),
    };
  }

  /** Pushes until it is stopped or nothing helps any more. Never fails: what went wrong is counted. */
  async run(): Promise<void> {
    const { options, presentation, transport, meter, clock } = this.#source;
    const { user, password } = options;
    const { url } = this;
    try {
      await push({
        ...options,
        points: [{ url, user, password }],
        presentation,
        transport,
        clock,
        startMs: this.#startMs,
        id: this.#id,
        loop: Infinity,
        lastStep: (stream) => this.#stepOf(this.#streams.get(stream)!),
        stop: this.#stop.signal,
        signal: this.#abort.signal,
        onEvent: (event) => this.#onEvent(event),
      });
    } catch (error) {
      // The presentation is open already: what goes wrong here is a defect, and would be one for each channel.
      this.#fail(error instanceof Error ? error.message : String(error));
      meter.error("defect");
    } finally {
      this.#isOver = true;
      this.endMeasurement();
    }
  }

  /** What happens to fragments from now on does not count. */
  endMeasurement(): void {
    this.#isMeasured = false;
    for (const { watcher } of this.#streams.values()) watcher?.stop();
  }

  /** Ends its streams in order. */
  stop(): void {
    this.endMeasurement();
    this.#stop.abort(new Error(STOPPED));
  }

  /** Cuts its connections. */
  abort(): void {
    this.stop();
    this.#abort.abort(new Error("The channel is cut off"));
  }

  /**
   * Looks at what is due and was not taken yet, and adds how late it is already.
   *
   * @returns How late the latest one is, in milliseconds; 0 if nothing is.
   */
  overdue(nowMs: number, late: { record(ms: number): void }): number {
    if (!this.#isMeasured) return 0;
    let mostMs = 0;
    for (const stream of this.#streams.values()) {
      if (stream.isOver) continue;
      this.#dueUntil(stream, nowMs, (ms) => {
        late.record(ms);
        mostMs = Math.max(mostMs, ms);
      });
    }
    return mostMs;
  }

  /**
   * Adds what streams that failed were to send since: load that was asked for counts, also where the point has refused it.
   */
  missing(nowMs: number, late: { record(ms: number): void }): void {
    if (!this.#isMeasured) return;
    for (const stream of this.#streams.values()) {
      if (stream.hasFailed) this.#dueUntil(stream, nowMs, (ms) => late.record(ms));
    }
  }

  /** What a stream has not got rid of and should have, with how late it is. */
  #dueUntil(
    { schedule, place }: ChannelStream,
    nowMs: number,
    tell: (lateMs: number) => void,
  ): void {
    if (!schedule) return;
    for (let n = place;; n++) {
      const dueMs = this.#dueMs(schedule, n);
      // What fell due just now has had no chance yet.
      if (!(dueMs < nowMs - STALL_MS)) return;
      tell(nowMs - dueMs);
    }
  }

  /** When a fragment of a stream is due, by the clock. */
  #dueMs(schedule: Schedule, place: number): number {
    return this.#startMs + schedule.dueSeconds(place) * 1000 / this.#source.options.rate;
  }

  #stepOf(stream: ChannelStream): PartStep | undefined {
    if (stream.plan.isSparse) return undefined;
    const { meter, clock } = this.#source;
    const onLetGo = (fragment: Fragment) => {
      const { freeSinceMs } = stream;
      stream.freeSinceMs = undefined;
      stream.letGo = fragment;
      return freeSinceMs;
    };
    return meterStep({ meter, clock, onLetGo });
  }

  #onEvent(event: PushEvent): void {
    const { meter } = this.#source;
    if (event.event === "warning") return this.#onWarning?.(event.message);
    const stream = this.#streams.get(event.stream);
    if (event.event === "fragment") this.#onFragment(event, stream!);
    else if (event.event === "dropped") {
      this.#onDropped(stream!);
    } else if (event.event === "recovered") {
      this.#reconnects++;
      meter.count("reconnects");
    } else if (event.event === "ended") {
      stream!.isOver = true;
      const { state, status, message = "" } = event;
      if (state === "complete" || state === "stopped") return;
      if (this.#abort.signal.aborted) return;
      stream!.hasFailed = true;
      this.#fail(message);
      meter.count("failedStreams");
      // Every other status was counted when it came.
      if (state === "refused" && isQuestion(status!) && !this.#refusals.has(message)) {
        this.#refusals.add(message);
        meter.error(`HTTP ${status}`);
      }
      if (state === "broken") meter.error("input");
      // A stream that was stopped while it waited for its turn says why it was stopped.
      if (state === "failed" && message !== STOPPED) meter.error("defect");
    }
  }

  /** One that was left out was late all the same: an outage must not look short for what it cost. */
  #onDropped(stream: ChannelStream): void {
    const { meter, clock } = this.#source;
    const place = stream.place++;
    stream.freeSinceMs = clock.now();
    if (!this.#isMeasured) return;
    meter.count("dropped");
    if (stream.schedule) meter.record("last", clock.now() - this.#dueMs(stream.schedule, place));
  }

  #onFragment(
    { lateMs, bytes }: Extract<PushEvent, { event: "fragment" }>,
    stream: ChannelStream,
  ): void {
    const { meter, clock } = this.#source;
    stream.place++;
    stream.freeSinceMs = clock.now();
    if (!this.#isMeasured) return;
    meter.count("fragments");
    meter.count("bytes", bytes);
    this.#fragments++;
    if (stream.plan.isSparse) {
      meter.record("sparse", lateMs);
      return;
    }
    meter.record("last", lateMs);
    this.#worstMs = Math.max(this.#worstMs, lateMs);
    if (stream.letGo) stream.watcher?.expect(stream.letGo);
  }

  #fail(message: string): void {
    this.#error ??= message;
  }
}
