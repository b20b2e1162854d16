import type { Clock } from "../clock.ts";
import type { BenchOptions, BenchProgress } from "./bench_options.ts";
import type { BenchConditions, BenchReport, BenchSearch, BenchStep } from "./bench_report.ts";
import type { ChannelResult } from "./channel.ts";
import type { GeneratorInterval } from "./generator.ts";
import type { Trial } from "./search_max.ts";
import type { Goal } from "./slo.ts";
import type { GeneratorHandle } from "./threaded_generator.ts";
import { aborted } from "../aborted.ts";
import { systemClock } from "../clock.ts";
import { distributionOf, distributionsOf, isEmpty, worstOf } from "./bench_report.ts";
import { BusySums } from "./busy_sums.ts";
import { isPattern } from "./channel_url.ts";
import { type Health, judgeHealth } from "./health.ts";
import { Histogram } from "./histogram.ts";
import { cores, CpuMeter, cpuSeconds, machine, residentBytes } from "./machine.ts";
import { channelOptions, openGenerators } from "./open_generators.ts";
import { searchMax } from "./search_max.ts";
import { SearchWindow } from "./search_window.ts";
import { Series } from "./series.ts";
import { lastingMisses, missedGoals } from "./slo.ts";
import { Tally } from "./tally.ts";
import { hasThreads } from "./threaded_generator.ts";

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

/** How long streams get to catch up with what the starts of others held up before a step counts, in fragments. */
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
  /** Aborts when nobody waits for it any more. */
  readonly #over = new AbortController();
  /** Ends the measurement. */
  readonly #stop: AbortSignal;
  /** The same, or that all is cut. */
  readonly #halt: AbortSignal;
  readonly #clock: Clock;
  readonly #channels: number;
  readonly #workers: number;
  /** Whether the generators have threads of their own: putting intervals together must not keep them waiting. */
  readonly #isThreaded: boolean;
  readonly #isSingle: boolean;
  readonly #tally = new Tally();
  readonly #series: Series;
  readonly #busy = new BusySums();
  /** What each generator told last. */
  readonly #latest: (GeneratorInterval | undefined)[] = [];
  readonly #steps: BenchStep[] = [];
  #handles: readonly GeneratorHandle[] = [];
  #window: SearchWindow | undefined;
  readonly #warned = new Set<string>();
  #wake: (() => void) | undefined;
  #startMs = 0;
  #startedAt = "";
  #endSeconds = 0;
  #cpuAtStart = 0;
  readonly #cpuMeter = new CpuMeter();
  #target = 0;
  #totalSeconds: number | undefined;
  #state: BenchProgress["state"] = "calibrating";
  #calibratedMs: number | undefined;

  constructor(options: BenchOptions) {
    const { stop, signal } = options;
    this.#options = options;
    this.#stop = AbortSignal.any([...(stop ? [stop] : []), this.#over.signal]);
    this.#halt = AbortSignal.any([...(signal ? [signal] : []), this.#stop]);
    this.#stop.addEventListener("abort", () => this.#wake?.(), { once: true });
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
    this.#handles = await openGenerators({
      channel: channelOptions(this.#options, this.#isSingle),
      workers: this.#workers,
      isThreaded: this.#isThreaded,
      shard,
      clock,
      transport,
      signal: this.#halt,
      onInterval: (n, interval) => this.#onInterval(n, interval),
    });
    const { facts } = this.#handles[0]!;
    for (const warning of facts.warnings) this.#warn(warning);
    onFacts?.(facts);
  }

  async close(): Promise<void> {
    this.#over.abort(new Error("The load test is over"));
    await Promise.all(this.#handles.map((handle) => handle.close()));
  }

  async measure(): Promise<BenchReport> {
    const { signal } = this.#options;
    const onAbort = () => {
      for (const handle of this.#handles) handle.abort();
    };
    if (signal?.aborted) onAbort();
    signal?.addEventListener("abort", onAbort, { once: true });
    try {
      return await Promise.race([
        this.#measure(),
        ...this.#handles.map(({ failed }) => failed),
      ]);
    } finally {
      signal?.removeEventListener("abort", onAbort);
    }
  }

  async #measure(): Promise<BenchReport> {
    const { findMax } = this.#options;
    // It also warms up: the first fragments of a search are not to be late because code is new.
    await this.#calibrate(this.#channels);
    this.#begin();
    const search = findMax ? await this.#search() : undefined;
    if (!findMax) await this.#hold();
    const { results, health, isStopped } = await this.#finish(search);
    return this.#report(results, health, isStopped, search);
  }

  #begin(): void {
    this.#startedAt = new Date().toISOString();
    this.#startMs = this.#clock.now();
    this.#cpuAtStart = cpuSeconds();
    this.#state = "measuring";
    for (const handle of this.#handles) handle.begin();
  }

  get #elapsedMs(): number {
    return this.#clock.now() - this.#startMs;
  }

  async #calibrate(channels: number): Promise<void> {
    const { calibrateSeconds = DEFAULT_CALIBRATE_SECONDS } = this.#options;
    if (calibrateSeconds === 0 || this.#halt.aborted) return;
    this.#startMs = this.#clock.now();
    this.#state = "calibrating";
    this.#target = channels;
    this.#tell(undefined);
    // In less than a fragment nothing would be due.
    const leastMs = CALIBRATED_FRAGMENTS * this.#handles[0]!.facts.fragmentMs;
    const ms = Math.max(calibrateSeconds * 1000, leastMs);
    const calibrated = Promise.all(this.#handles.map((handle) => handle.calibrate(channels, ms)));
    // Whoever wants it to end does not want to know any more.
    const parts = await Promise.race([calibrated, aborted(this.#halt)]);
    if (!parts) return;
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
    while (!this.#stop.aborted && this.#clock.now() < untilMs && !this.#isNothingLeft()) {
      await this.#waitUntil(Math.min(untilMs, this.#clock.now() + LOOK_MS));
    }
  }

  /** Whether all channels were started and have failed: there is no load to wait for. */
  #isNothingLeft(): boolean {
    const { ramp = DEFAULT_RAMP } = this.#options;
    const startedMs = this.#channels * 1000 / ramp;
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
    const { slo = [], ramp = DEFAULT_RAMP, stepSeconds = DEFAULT_STEP_SECONDS } = this.#options;
    const { fragmentMs } = this.#handles[0]!.facts;
    if (this.#steps.at(-1)?.isKept === false) await this.#empty();
    const added = Math.max(0, channels - this.#target);
    const window = new SearchWindow(added > 0 ? this.#elapsedMs : Infinity);
    this.#window = window;
    // What has happened too often already does not become less.
    const isLost = () => lastingMisses(slo, window.tally).length > 0;
    this.#aim(channels);
    // All channels run and have had a fragment before it counts.
    await this.#listenUntil(this.#elapsedMs + added * 1000 / ramp + fragmentMs + 1000, isLost);
    await this.#recover(fragmentMs, isLost);
    window.fromMs = this.#elapsedMs;
    await this.#listenUntil(window.fromMs + stepSeconds * 1000, isLost);
    this.#window = undefined;
    if (this.#stop.aborted) return undefined;
    for (const latest of this.#latest) {
      if (latest?.overdue === undefined) continue;
      window.tally.histogram("last").add(Histogram.decode(latest.overdue));
    }
    return this.#judge(channels, window, slo);
  }

  #judge(channels: number, window: SearchWindow, slo: readonly Goal[]): Trial {
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

  /**
   * Ends all channels, so that the next ones meet a point that has nothing left of an overload: streams that are behind
   * send all that they missed, and would keep the point where it is.
   */
  async #empty(): Promise<void> {
    const ended = Promise.all(this.#handles.map((handle) => handle.empty()));
    await Promise.race([ended, aborted(this.#halt)]);
    this.#target = 0;
  }

  /** Waits until all generators have told of everything up to a time, or until there is no need to. */
  async #listenUntil(ms: number, isEnough: () => boolean): Promise<void> {
    const isPast = () => this.#handles.every((_, n) => (this.#latest[n]?.toMs ?? 0) >= ms);
    while (!this.#stop.aborted && !isPast() && !isEnough()) await this.#nextInterval();
  }

  /** Waits until new channels have got rid of what was held up when they started, within limits. */
  async #recover(fragmentMs: number, isEnough: () => boolean): Promise<void> {
    const untilMs = this.#elapsedMs + MAX_RECOVERY_FRAGMENTS * fragmentMs;
    const isBehind = () => this.#latest.some((it) => it?.overdue !== undefined);
    await this.#listenUntil(untilMs, () => !isBehind() || isEnough());
  }

  /** Waits for more to be told, or for the stop. */
  async #nextInterval(): Promise<void> {
    if (this.#stop.aborted) return;
    await new Promise<void>((resolve) => this.#wake = resolve);
  }

  /** @param ms By the clock. */
  async #waitUntil(ms: number): Promise<void> {
    await this.#clock.waitUntil(ms, this.#stop).catch(() => {}); // it is stopped
  }

  async #finish(search: BenchSearch | undefined) {
    const isStopped = this.#options.stop?.aborted ?? false;
    this.#state = "ending";
    this.#endSeconds = this.#elapsedMs / 1000;
    const cpuCores = (cpuSeconds() - this.#cpuAtStart) / this.#endSeconds;
    const memory = residentBytes();
    const results = (await Promise.all(this.#handles.map((handle) => handle.finish()))).flat();
    if (search && search.best > 0) await this.#calibrate(search.best);
    const health = judgeHealth(this.#tally, {
      calibratedP99Ms: this.#calibratedMs,
      busiest: this.#busy.busiest,
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
    if (!interval.isEnding) this.#busy.add(n, interval);
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
      cpuCores: this.#cpuMeter.take(),
      steps: this.#steps,
    });
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
