import type { Clock } from "../clock.ts";
import type { Transport } from "../ingest/transport.ts";
import type { Metric } from "./metric.ts";
import type { OpenSource } from "./channel_source.ts";
import type { ChannelOptions } from "./load_options.ts";
import type { LoadCounts, LoadMeter } from "./meter.ts";
import { systemClock } from "../clock.ts";
import { Channel } from "./channel.ts";
import { openSource } from "./channel_source.ts";

/** What takes the metrics of a scenario: the events that Artillery listens to. */
export interface ArtilleryEvents {
  emit(event: "started"): unknown;
  emit(event: "counter" | "histogram", name: string, value: number): unknown;
  emit(event: "error", kind: string): unknown;
}

/** `engines.pushencoder` in the configuration of a script. */
export interface ArtilleryEngineOptions {
  /** Path or URL of the server manifest (`.ism`); a step may name another one. */
  readonly presentation?: string;
  /**
   * Seconds of media per second of the clock.
   *
   * @default {1}
   */
  readonly rate?: number;
  /** Puts the publishing point file of each channel first. */
  readonly create?: boolean;
  readonly user?: string;
  readonly password?: string;
  /** Request headers to add, by name. */
  readonly headers?: Readonly<Record<string, string>>;
  /** Whether what each channel sent is also fetched from the point. */
  readonly watch?: boolean;
  /** @default {"track"} */
  readonly group?: "track" | "file";
}

/** The script, as far as it matters here. */
export interface ArtilleryScript {
  readonly config: {
    readonly target?: string;
    readonly engines?: { readonly pushencoder?: ArtilleryEngineOptions };
  };
}

/** One step of a flow: pushes for a while. */
export interface ArtilleryStep {
  readonly push?: {
    /** How long the channel runs. */
    readonly seconds: number;
    /** Its name, which goes into the URL; a template. By default a part of the id of the virtual user. */
    readonly channel?: string;
  };
}

/** A scenario of a script. */
export interface ArtilleryScenario {
  readonly flow: readonly ArtilleryStep[];
}

/** What Artillery knows of a virtual user. */
export interface ArtilleryContext {
  readonly vars: Readonly<Record<string, unknown>>;
  readonly _uid?: string;
}

type Done = (error: Error | null, context?: ArtilleryContext) => void;

/** In place of the clock and the network; Artillery gives none. */
export interface ArtillerySurroundings {
  readonly clock?: Clock;
  readonly transport?: Transport;
}

/** What Artillery hands an engine beside the script. */
export interface ArtilleryHelpers {
  template(text: string, context: ArtilleryContext): unknown;
}

/** Names of the metrics in the report, in milliseconds each. */
const HISTOGRAMS: Readonly<Record<Metric, string>> = {
  last: "pushencoder.last_byte",
  first: "pushencoder.first_byte",
  watch: "pushencoder.can_be_fetched",
  sparse: "pushencoder.sparse_answer",
  probe: "pushencoder.probe",
  connect: "pushencoder.connect",
  answer: "pushencoder.final_answer",
  stall: "pushencoder.stall",
  own: "pushencoder.own_lateness",
  loop: "pushencoder.event_loop_delay",
};

const COUNTERS: Readonly<Record<keyof LoadCounts, string>> = {
  fragments: "pushencoder.fragments",
  bytes: "pushencoder.bytes",
  reconnects: "pushencoder.reconnects",
  stalls: "pushencoder.stalls",
  dropped: "pushencoder.dropped",
  unsent: "pushencoder.unsent",
  unfetched: "pushencoder.unfetched",
  failedStreams: "pushencoder.failed_streams",
};

/** Tells Artillery what is measured. */
class EventMeter implements LoadMeter {
  #events: ArtilleryEvents;

  constructor(events: ArtilleryEvents) {
    this.#events = events;
  }

  record(metric: Metric, ms: number): void {
    this.#events.emit("histogram", HISTOGRAMS[metric], Math.max(0, ms));
  }

  count(name: keyof LoadCounts, by = 1): void {
    this.#events.emit("counter", COUNTERS[name], by);
  }

  error(kind: string): void {
    this.#events.emit("error", kind);
  }
}

const LOOP_CHECK_MS = 20;

/**
 * An engine for Artillery: each virtual user is a channel, a full set of streams of a presentation to a publishing point of
 * its own. What is measured goes into the report of Artillery, as counters and histograms in milliseconds.
 *
 * @example
 * ```yaml
 * config:
 *   target: http://localhost:8080/live.isml
 *   engines:
 *     pushencoder:
 *       presentation: movie.ism
 *   phases:
 *     - { arrivalRate: 5, duration: 10 }
 * scenarios:
 *   - engine: pushencoder
 *     flow:
 *       - push: { seconds: 30 }
 * ```
 */
export default class PushencoderEngine {
  readonly #script: ArtilleryScript;
  readonly #helpers: ArtilleryHelpers | undefined;
  readonly #clock: Clock;
  readonly #transport: Transport | undefined;
  readonly #over = new AbortController();
  #opened: Promise<OpenSource> | undefined;
  #channels = 0;

  constructor(
    script: ArtilleryScript,
    _events?: unknown,
    helpers?: ArtilleryHelpers,
    surroundings: ArtillerySurroundings = {},
  ) {
    this.#script = script;
    this.#helpers = helpers;
    this.#clock = surroundings.clock ?? systemClock;
    this.#transport = surroundings.transport;
  }

  /**
   * Makes a function that runs a virtual user.
   *
   * @throws {TypeError} If the flow has a step that is no push, or none at all.
   */
  createScenario(
    { flow = [] }: ArtilleryScenario,
    events: ArtilleryEvents,
  ): (context: ArtilleryContext, done: Done) => void {
    const steps = flow.map(({ push, ...other }) => {
      // Artillery lets a script name its steps.
      const foreign = Object.keys(other).find((key) => key !== "name");
      if (push && push.seconds > 0 && foreign === undefined) return push;
      throw new TypeError(
        `Cannot run a step as it must be push with seconds above 0: current value is ${
          JSON.stringify(push ? { push } : other)
        }`,
      );
    });
    if (steps.length === 0) {
      throw new TypeError(
        "Cannot run a scenario as its flow must have a push: current value is none",
      );
    }
    return (context, done) => {
      events.emit("started");
      this.#run(steps, context, events).then(
        (error) => done(error ?? null, context),
        (error) => {
          events.emit("error", error instanceof Error ? error.message : String(error));
          done(error instanceof Error ? error : new Error(String(error)), context);
        },
      );
    };
  }

  /** Lets go of everything when all virtual users are through. */
  cleanup(done: () => void): void {
    this.#over.abort();
    Promise.resolve(this.#opened).then((opened) => opened?.close()).then(done, done);
  }

  /** Returns why streams did not end in order; what happened is counted by then. */
  async #run(
    steps: readonly NonNullable<ArtilleryStep["push"]>[],
    context: ArtilleryContext,
    events: ArtilleryEvents,
  ): Promise<Error | undefined> {
    this.#opened ??= this.#open(events);
    const { source } = await this.#opened;
    const errors: string[] = [];
    for (const [n, { seconds, channel: template }] of steps.entries()) {
      const own = `${this.#nameOf(context)}${n === 0 ? "" : `-${n}`}`;
      const name = template === undefined
        ? own
        : String(this.#helpers?.template(template, context) ?? template);
      const { watch = false } = this.#script.config.engines?.pushencoder ?? {};
      const startMs = this.#clock.now();
      const channel = new Channel(source, name, startMs, { isWatched: watch });
      const running = channel.run();
      const over = new AbortController();
      const isOver = running.then(() => over.abort());
      await this.#clock.waitUntil(startMs + seconds * 1000, over.signal).catch(() => {});
      // What is due by now and was never taken counts as it is.
      const late = { record: (ms: number) => source.meter.record("last", ms) };
      let unsent = 0;
      channel.overdue(this.#clock.now(), { record: (ms) => (unsent++, late.record(ms)) });
      if (unsent > 0) source.meter.count("unsent", unsent);
      channel.stop();
      await isOver;
      const { error } = channel.result;
      if (error !== undefined) errors.push(error);
    }
    return errors.length > 0 ? new Error(errors[0]) : undefined;
  }

  async #open(events: ArtilleryEvents): Promise<OpenSource> {
    const meter = new EventMeter(events);
    const opened = await openSource(channelOptions(this.#script), {
      meter,
      clock: this.#clock,
      transport: this.#transport,
    });
    this.#checkLoop(meter).catch(() => {}); // it is over
    return opened;
  }

  /** A name that no other process has. */
  #nameOf({ _uid, vars }: ArtilleryContext): string {
    const uid = _uid ?? vars["$uuid"];
    return typeof uid === "string" ? uid.slice(0, 8) : `${this.#channels++}`;
  }

  async #checkLoop(meter: LoadMeter): Promise<void> {
    while (true) {
      const dueMs = this.#clock.now() + LOOP_CHECK_MS;
      await this.#clock.waitUntil(dueMs, this.#over.signal);
      meter.record("loop", this.#clock.now() - dueMs);
    }
  }
}

function channelOptions({ config }: ArtilleryScript): ChannelOptions {
  const { target, engines } = config;
  const { presentation, user, password, headers = {}, ...options } = engines?.pushencoder ?? {};
  if (target === undefined || presentation === undefined) {
    const missing = target === undefined
      ? "config.target"
      : "config.engines.pushencoder.presentation";
    throw new TypeError(`Cannot push as ${missing} must be set: current value is none`);
  }
  return {
    url: target,
    isSingle: false,
    user,
    password,
    presentation,
    id: "artillery",
    rate: options.rate ?? 1,
    phase: "spread",
    group: options.group ?? "track",
    create: options.create ?? false,
    headers: Object.entries(headers),
    auth: "auto",
    probe: "ingest",
    recovery: {},
    watched: 0,
  };
}
