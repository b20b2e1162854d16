import type { Clock } from "../clock.ts";
import type { BenchOptions, BenchProgress } from "./bench_options.ts";
import type { BenchConditions, BenchReport, BenchSearch, BenchStep } from "./bench_report.ts";
import type { ChannelResult } from "./channel.ts";
import type { GeneratorInterval } from "./generator.ts";
import type { GeneratorHandle } from "./threaded_generator.ts";
import type { ChannelOptions } from "./load_options.ts";
import type { Trial } from "./search_max.ts";
import type { Goal } from "./slo.ts";
import { systemClock } from "../clock.ts";
import { distributionOf, distributionsOf, isEmpty, worstOf } from "./bench_report.ts";
import { isPattern } from "./channel_url.ts";
import { Generator } from "./generator.ts";
import { hasThreads, openThread } from "./threaded_generator.ts";
import { Histogram } from "./histogram.ts";
import { type Health, judgeHealth } from "./health.ts";
import { cores, cpuSeconds, machine, residentBytes } from "./machine.ts";
import { noCounts } from "./meter.ts";
import { searchMax } from "./search_max.ts";
import { Series } from "./series.ts";
import { lastingMisses, missedGoals } from "./slo.ts";
import { Tally } from "./tally.ts";

/** Most channels that a search tries unless it is told. */
const MAX_CHANNELS = 100_000;

/** What a search asks for unless it is told. */
const DEFAULT_RAMP = 50;
const DEFAULT_SECONDS = 30;
const DEFAULT_STEP_SECONDS = 10;
const DEFAULT_CALIBRATE_SECONDS = 3;

/** The least that a calibration takes, in fragments. */
const CALIBRATED_FRAGMENTS = 1.5;

/** How often it is looked whether there is anything left to measure, in milliseconds. */
const LOOK_MS = 500;

/** How long a point that was overloaded gets to catch up before the next step counts, in fragments. */
const MAX_RECOVERY_FRAGMENTS = 10;

/** Runs a load test. The work is that of the generators: this one only counts. */
export async function runBench(options: BenchOptions): Promise<BenchReport> {
  const run = new Bench(options);
  await run.open();
  try {
    return await run.measure();
  } finally {
    await run.close();
  }
}

class Bench {
  readonly #options: BenchOptions;
  readonly #clock: Clock;
  readonly #channels: number;
  readonly #workers: number;
  /** Whether the generators have threads of their own: putting intervals together must not keep them waiting. */
  readonly #isThreaded: boolean;
  readonly #isSingle: boolean;
  readonly #tally = new Tally();
  readonly #series: Series;
  /** The busy parts of each generator, weighted by time. */
  readonly #busy: { part: number; ms: number }[] = [];
  /** What each generator told last. */
  readonly #latest: (GeneratorInterval | undefined)[] = [];
  readonly #steps: BenchStep[] = [];
  #handles: readonly GeneratorHandle[] = [];
  #window: Window | undefined;
  readonly #warned = new Set<string>();
  #wake: (() => void) | undefined;
  #startMs = 0;
  #startedAt = "";
  #endSeconds = 0;
  #cpuAtStart = 0;
  #cpuAtPoint = 0;
  #target = 0;
  #totalSeconds: number | undefined;
  #state: BenchProgress["state"] = "calibrating";
  #calibratedMs: number | undefined;

  constructor(options: BenchOptions) {
    this.#options = options;
    this.#clock = options.clock ?? systemClock;
    this.#channels = options.channels ?? 1;
    const { count } = options.shard ?? { count: 1 };
    const isHere = options.transport !== undefined || options.clock !== undefined || !hasThreads();
    const asked = isHere ? 1 : options.workers ?? cores();
    if (asked < (options.workers ?? 1)) {
      options.onWarning?.(
        "This runtime starts no threads from the sources: one thread does it all",
      );
    }
    // A thread without a channel would only cost.
    const useful = options.findMax ? Infinity : Math.ceil(this.#channels / count);
    this.#workers = Math.max(1, Math.min(asked, useful));
    this.#isThreaded = !isHere && useful > 1;
    this.#isSingle = this.#channels === 1 && !options.findMax && !isPattern(options.url);
    this.#series = new Series(this.#workers);
  }

  /** @throws {InputError} If the presentation cannot be pushed. */
  async open(): Promise<void> {
    const { shard = { index: 0, count: 1 }, clock, transport, onFacts } = this.#options;
    const channel = channelOptions(this.#options, this.#isSingle);
    const opened = await Promise.allSettled(
      Array.from({ length: this.#workers }, async (_, n) => {
        const share = { first: shard.index + n * shard.count, step: this.#workers * shard.count };
        const onInterval = (interval: GeneratorInterval) => this.#onInterval(n, interval);
        return this.#isThreaded
          ? await openThread({ channel, share, onInterval })
          : await openHere({ channel, share, clock, transport, onInterval });
      }),
    );
    this.#handles = opened.flatMap((it) => it.status === "fulfilled" ? [it.value] : []);
    const failed = opened.find((it) => it.status === "rejected");
    if (failed) {
      await this.close();
      throw failed.reason;
    }
    const { facts } = this.#handles[0]!;
    for (const warning of facts.warnings) this.#warn(warning);
    onFacts?.(facts);
  }

  async close(): Promise<void> {
    await Promise.all(this.#handles.map((handle) => handle.close()));
  }

  async measure(): Promise<BenchReport> {
    const { signal, findMax } = this.#options;
    const onAbort = () => {
      for (const handle of this.#handles) handle.abort();
    };
    if (signal?.aborted) onAbort();
    signal?.addEventListener("abort", onAbort, { once: true });
    try {
      // It also warms up: the first fragments of a search are not to be late because code is new.
      await this.#calibrate(this.#channels);
      this.#begin();
      const search = findMax ? await this.#search() : undefined;
      if (!findMax) await this.#hold();
      const { results, health, isStopped } = await this.#finish(search);
      return this.#report(results, health, isStopped, search);
    } finally {
      signal?.removeEventListener("abort", onAbort);
    }
  }

  #begin(): void {
    this.#startedAt = new Date().toISOString();
    this.#startMs = this.#clock.now();
    this.#cpuAtStart = this.#cpuAtPoint = cpuSeconds();
    this.#state = "measuring";
    for (const handle of this.#handles) handle.begin();
  }

  get #elapsedMs(): number {
    return this.#clock.now() - this.#startMs;
  }

  async #calibrate(channels: number): Promise<void> {
    const { calibrateSeconds = DEFAULT_CALIBRATE_SECONDS, stop } = this.#options;
    if (calibrateSeconds === 0 || stop?.aborted) return;
    this.#startMs = this.#clock.now();
    this.#state = "calibrating";
    this.#target = channels;
    this.#tell(undefined);
    // In less than a fragment nothing would be due.
    const leastMs = CALIBRATED_FRAGMENTS * this.#handles[0]!.facts.fragmentMs;
    const ms = Math.max(calibrateSeconds * 1000, leastMs);
    const parts = await Promise.all(
      this.#handles.map((handle) => handle.calibrate(channels, ms)),
    );
    const all = Histogram.create();
    for (const part of parts) all.add(Histogram.decode(part));
    if (all.count > 0) this.#calibratedMs = all.percentile(99);
  }

  /** One number of channels for as long as asked. */
  async #hold(): Promise<void> {
    const { ramp = DEFAULT_RAMP, seconds = DEFAULT_SECONDS } = this.#options;
    // The first fragment of the last one that starts may be due a fragment later, for its phase.
    const { fragmentMs } = this.#handles[0]!.facts;
    this.#totalSeconds = this.#channels / ramp + fragmentMs / 1000 + seconds;
    this.#aim(this.#channels);
    const untilMs = this.#startMs + this.#totalSeconds * 1000;
    const { stop } = this.#options;
    while (!stop?.aborted && this.#clock.now() < untilMs && !this.#isNothingLeft()) {
      const nextMs = Math.min(untilMs, this.#clock.now() + LOOK_MS);
      await this.#clock.waitUntil(nextMs, stop).catch(() => {}); // it is stopped
    }
  }

  /** Whether all channels were started and have failed: there is no load to wait for. */
  #isNothingLeft(): boolean {
    const { ramp = DEFAULT_RAMP } = this.#options;
    const startedMs = this.#channels * 1000 / ramp + this.#handles[0]!.facts.fragmentMs;
    return this.#handles.every((_, n) => {
      const latest = this.#latest[n];
      return latest !== undefined && latest.fromMs > startedMs && latest.channels === 0;
    });
  }

  #aim(channels: number): void {
    const { ramp = DEFAULT_RAMP } = this.#options;
    this.#target = channels;
    for (const handle of this.#handles) {
      handle.aim({ channels, atMs: Math.max(0, this.#elapsedMs), ramp });
    }
  }

  async #search(): Promise<BenchSearch> {
    const { slo = [], maxChannels = MAX_CHANNELS } = this.#options;
    const result = await searchMax({
      start: this.#channels,
      limit: maxChannels,
      attempt: (channels) => this.#attempt(channels),
    });
    return { objective: slo.map(({ text }) => text).join(","), ...result, steps: this.#steps };
  }

  /** One step of a search. */
  async #attempt(channels: number): Promise<Trial | undefined> {
    const { slo = [], stop, ramp = DEFAULT_RAMP, stepSeconds = DEFAULT_STEP_SECONDS } =
      this.#options;
    const { fragmentMs } = this.#handles[0]!.facts;
    const added = Math.max(0, channels - this.#target);
    const aimedMs = this.#elapsedMs;
    const window = new Window(added > 0 ? aimedMs : Infinity);
    this.#window = window;
    this.#aim(channels);
    // All channels run and have had a fragment before it counts.
    await this.#waitUntil(this.#elapsedMs + added * 1000 / ramp + fragmentMs + 1000);
    await this.#recover(fragmentMs);
    window.fromMs = this.#elapsedMs;
    const toMs = window.fromMs + stepSeconds * 1000;
    while (!stop?.aborted && !this.#isPast(toMs)) {
      await this.#nextInterval();
      // What has happened too often already does not become less.
      if (lastingMisses(slo, window.tally).length > 0) break;
    }
    this.#window = undefined;
    if (stop?.aborted) return undefined;
    for (const latest of this.#latest) {
      if (latest?.overdue === undefined) continue;
      window.tally.histogram("last").add(Histogram.decode(latest.overdue));
    }
    return this.#judge(channels, window, slo);
  }

  #judge(channels: number, window: Window, slo: readonly Goal[]): Trial {
    const { tally } = window;
    const misses = missedGoals(slo, tally).map(({ text }) => text);
    const running = this.#latest.reduce((sum, it) => sum + (it?.channels ?? 0), 0);
    if (running < channels) misses.push(`${running} of ${channels} channels were left`);
    const { problems } = judgeHealth(tally, {
      busiest: window.busiest,
      cpuCores: 0,
      residentBytes: 0,
    });
    const isKept = misses.length === 0;
    this.#steps.push({
      channels,
      isKept,
      misses,
      problems,
      last: distributionOf(tally.histogram("last")),
      bytesPerSecond: tally.counts.bytes * 1000 / window.measuredMs,
      errors: { ...tally.errors },
    });
    if (isKept) return { isKept };
    const reason = misses.join("; ");
    if (problems.length === 0) return { isKept, reason };
    return {
      isKept,
      reason: `${reason}; the load generator was too slow: ${problems.join("; ")}`,
      isLast: true,
    };
  }

  /** Waits for a point that was overloaded, within limits. */
  async #recover(fragmentMs: number): Promise<void> {
    const untilMs = this.#elapsedMs + MAX_RECOVERY_FRAGMENTS * fragmentMs;
    const isBehind = () => this.#latest.some((it) => it?.overdue !== undefined);
    while (isBehind() && this.#elapsedMs < untilMs && !this.#options.stop?.aborted) {
      await this.#nextInterval();
    }
  }

  /** Whether all generators have told of everything up to a time. */
  #isPast(ms: number): boolean {
    return this.#handles.every((_, n) => (this.#latest[n]?.toMs ?? 0) >= ms);
  }

  /** Waits for more to be told, or for the stop. */
  async #nextInterval(): Promise<void> {
    const { stop } = this.#options;
    await new Promise<void>((resolve) => {
      this.#wake = resolve;
      stop?.addEventListener("abort", () => resolve(), { once: true });
    });
  }

  async #waitUntil(ms: number): Promise<void> {
    await this.#clock.waitUntil(this.#startMs + ms, this.#options.stop).catch(() => {});
  }

  async #finish(search: BenchSearch | undefined) {
    const isStopped = this.#options.stop?.aborted ?? false;
    this.#state = "ending";
    this.#endSeconds = this.#elapsedMs / 1000;
    const cpuCores = (cpuSeconds() - this.#cpuAtStart) / this.#endSeconds;
    const memory = residentBytes();
    const results = (await Promise.all(this.#handles.map((handle) => handle.finish()))).flat();
    if (search && search.best > 0) await this.#calibrate(search.best);
    const busiest = Math.max(...this.#busy.map(({ part, ms }) => ms > 0 ? part / ms : NaN));
    const health = judgeHealth(this.#tally, {
      calibratedP99Ms: this.#calibratedMs,
      busiest: Number.isFinite(busiest) ? busiest : undefined,
      cpuCores,
      residentBytes: memory,
    });
    return { results, health, isStopped };
  }

  #onInterval(n: number, interval: GeneratorInterval): void {
    if (this.#state === "calibrating") return;
    this.#latest[n] = interval;
    for (const message of interval.warnings) this.#warn(message);
    this.#tally.add(interval);
    this.#window?.add(n, interval);
    if (!interval.isEnding && interval.busy !== undefined) {
      const busy = this.#busy[n] ??= { part: 0, ms: 0 };
      const ms = interval.toMs - interval.fromMs;
      busy.part += interval.busy * ms;
      busy.ms += ms;
    }
    const point = this.#series.add(n, interval);
    if (point) this.#tell(point);
    this.#wake?.();
  }

  /** Each generator says it once. */
  #warn(message: string): void {
    if (this.#warned.has(message)) return;
    this.#warned.add(message);
    this.#options.onWarning?.(message);
  }

  #tell(point: ReturnType<Series["add"]>): void {
    const { onProgress } = this.#options;
    if (!onProgress) return;
    const cpu = cpuSeconds();
    const seconds = point?.seconds || 1;
    onProgress({
      state: this.#state,
      elapsedSeconds: this.#elapsedMs / 1000,
      ...(this.#totalSeconds !== undefined && { totalSeconds: this.#totalSeconds }),
      channels: point?.channels ?? 0,
      target: this.#target,
      tally: this.#tally,
      bytesPerSecond: (point?.counts.bytes ?? 0) / seconds,
      fragmentsPerSecond: (point?.counts.fragments ?? 0) / seconds,
      overdueMs: point?.overdueMs ?? 0,
      cpuCores: (cpu - this.#cpuAtPoint) / seconds,
      steps: this.#steps,
    });
    this.#cpuAtPoint = cpu;
  }

  #report(
    results: readonly ChannelResult[],
    health: Health,
    isStopped: boolean,
    search: BenchSearch | undefined,
  ): BenchReport {
    const { slo } = this.#options;
    const tally = this.#tally;
    const metrics = distributionsOf(tally);
    const asked = Math.max(this.#channels, ...this.#steps.map(({ channels }) => channels));
    // A search goes on until the generator or the point is at its end: what counts is whether it knows which it was.
    const isVoid = search
      ? this.#steps.some(({ problems, isKept }) => problems.length > 0 && !isKept)
      : health.problems.length > 0 ||
        isEmpty({ counts: tally.counts, metrics, errors: tally.errors });
    return {
      type: "pushencoder-bench",
      format: 1,
      conditions: [this.#conditions()],
      channels: asked,
      seconds: this.#endSeconds,
      isStopped,
      counts: { ...tally.counts },
      errors: { ...tally.errors },
      metrics,
      histograms: tally.encode(),
      series: this.#series.points(),
      worst: worstOf(results),
      health: [health],
      isVoid,
      ...(slo && slo.length > 0 && { objective: slo.map(({ text }) => text).join(",") }),
      ...(slo && slo.length > 0 && !search && {
        misses: missedGoals(slo, tally).map(({ text }) => text),
      }),
      ...(search && { search }),
    };
  }

  #conditions(): BenchConditions {
    const { url, presentation, version = "", conditions = {} } = this.#options;
    const { streams, fragmentsPerSecond, bytesPerSecond, fragmentMs } = this.#handles[0]!.facts;
    return {
      startedAt: this.#startedAt,
      machine: machine(),
      version,
      url,
      presentation,
      workers: this.#workers,
      options: conditions,
      channel: { streams, fragmentsPerSecond, bytesPerSecond, fragmentMs },
    };
  }
}

/** The time in which one step of a search counts. */
class Window {
  readonly tally = new Tally();
  /** Errors count from here on: what goes wrong with new channels goes wrong when they start. */
  readonly #errorsFromMs: number;
  /** Everything counts from here on. */
  fromMs = Infinity;
  readonly #busy: { part: number; ms: number }[] = [];
  #measuredMs = 0;

  constructor(errorsFromMs: number) {
    this.#errorsFromMs = errorsFromMs;
  }

  /** How long it was in fact. */
  get measuredMs(): number {
    return Math.max(1, this.#measuredMs);
  }

  /** Which part of the time the busiest generator was busy. */
  get busiest(): number | undefined {
    const parts = this.#busy.filter((it) => it).map(({ part, ms }) => part / ms);
    return parts.length > 0 ? Math.max(...parts) : undefined;
  }

  add(n: number, interval: GeneratorInterval): void {
    const { fromMs, toMs, busy, errors, counts: { failedStreams } } = interval;
    if (fromMs < this.fromMs) {
      if (toMs <= this.#errorsFromMs) return;
      this.tally.add({ counts: { ...noCounts(), failedStreams }, errors, histograms: {} });
      return;
    }
    this.tally.add(interval);
    this.#measuredMs = Math.max(this.#measuredMs, toMs - this.fromMs);
    if (busy === undefined) return;
    const sum = this.#busy[n] ??= { part: 0, ms: 0 };
    sum.part += busy * (toMs - fromMs);
    sum.ms += toMs - fromMs;
  }
}

/** A generator in this thread. */
async function openHere(
  options: Parameters<typeof Generator.open>[0],
): Promise<GeneratorHandle> {
  const generator = await Generator.open(options);
  return {
    facts: generator.facts,
    begin: () => generator.begin(),
    aim: (target) => generator.aim(target),
    calibrate: (channels, ms) => generator.calibrate(channels, ms),
    finish: () => generator.finish(),
    abort: () => generator.abort(),
    close: () => generator.close(),
  };
}

function channelOptions(options: BenchOptions, isSingle: boolean): ChannelOptions {
  const { url, user, password, presentation, bearer, tls, maxFragmentBytes, cacheBytes } = options;
  return {
    url,
    isSingle,
    user,
    password,
    presentation,
    id: options.id ?? "bench",
    rate: options.rate ?? 1,
    phase: options.phase ?? "spread",
    group: options.group ?? "track",
    create: options.create ?? false,
    isml: options.isml,
    headers: options.headers ?? [],
    auth: options.auth ?? "auto",
    bearer,
    tls,
    probe: options.probe ?? "ingest",
    recovery: options.recovery ?? {},
    maxFragmentBytes,
    cacheBytes,
    watched: options.watch ?? 0,
  };
}
