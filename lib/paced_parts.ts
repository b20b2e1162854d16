import type { Clock } from "./clock.ts";
import type { Fragment, PartIterator, PartStep, StreamPart } from "./part.ts";
import type { PushOptions } from "./push_options.ts";
import type { StreamPlan } from "./source/stream_plan.ts";
import type { WhenToRead } from "./source/stream_source.ts";
import type { Timeline } from "./time.ts";
import { streamParts } from "./source/stream_source.ts";
import { durationStep, isBehindEnd } from "./stages/duration_stream.ts";
import { Pacer } from "./stages/pace_stream.ts";
import { offsetsOf, rebaseStep } from "./stages/rebase_stream.ts";
import { isSkipped, skipStep } from "./stages/skip_stream.ts";
import { Stepped, UNPACED_COUNT } from "./stages/stepped.ts";
import { add, fromSeconds } from "./time.ts";

/** What holds fragments back beside the clock. */
export interface PartGate {
  /** In place of the rate of the push. */
  readonly rate?: "max";
  readonly pass?: (fragment: Fragment, signal: AbortSignal) => Promise<void>;
}

/** Options for {@linkcode PacedParts}. */
export interface PacedPartsOptions {
  /** Of the push. */
  readonly options: PushOptions;
  readonly plan: StreamPlan;
  /** Over the files of the plan. */
  readonly passes: number;
  readonly clock: Clock;
  readonly timeline: Timeline;
  readonly startMs: () => number;
  readonly gate: PartGate;
  /** Whether the transport is done with a piece when it asks for the next one. */
  readonly isPrompt: boolean;
  /** Writes headers and ends. */
  readonly toHeader: PartStep;
  readonly lastStep: PartStep | undefined;
  readonly onSkip: (fragment: Fragment) => void;
  readonly stop: AbortSignal | undefined;
  readonly signal: AbortSignal | undefined;
  /** Of the upload. */
  readonly failed: AbortSignal;
}

/** The parts of a stream, each when it is due: all stages but the last in one, as a stream for each would cost more. */
export class PacedParts implements PartIterator {
  readonly #pacer: Pacer;
  readonly #parts: Stepped;
  readonly #lastStep: PartStep | undefined;
  #isOver = false;

  constructor(all: PacedPartsOptions) {
    const { options, gate } = all;
    const rate = gate.rate ?? options.rate ?? 1;
    this.#pacer = pacerOf(all, rate);
    this.#lastStep = all.lastStep;
    const source = sourceOf(all, rate, this.#pacer);
    this.#parts = new Stepped(source, stepsOf(all), rate === "max" ? UNPACED_COUNT : 1);
  }

  ready(): Promise<void> | undefined {
    return this.#isOver ? undefined : this.#parts.ready();
  }

  async next(): Promise<IteratorResult<StreamPart>> {
    while (!this.#isOver) {
      const part = await this.#parts.next();
      if (!part) break;
      const paced = this.#pacer.passNow(part) ?? await this.#pacer.pass(part);
      const value = paced && this.#lastStep ? this.#lastStep(paced) : paced;
      if (!value) continue;
      this.#isOver = value.type === "end";
      return { done: false, value };
    }
    return this.return();
  }

  fragmentNow(): Fragment | undefined {
    // What is to be looked at once more may become something else.
    if (this.#isOver || this.#lastStep) return undefined;
    return this.#parts.fragmentNow((fragment) => this.#pacer.passNow(fragment));
  }

  async return(): Promise<IteratorResult<StreamPart>> {
    this.#isOver = true;
    this.#pacer.drop();
    await this.#parts.close();
    return { done: true, value: undefined };
  }

  [Symbol.asyncIterator](): this {
    return this;
  }
}

function pacerOf(
  { options, plan, clock, timeline, startMs, gate, onSkip, stop, signal, failed }:
    PacedPartsOptions,
  rate: number | "max",
): Pacer {
  const { sendAt = "end", late, lateLimitMs } = options;
  return new Pacer({
    ...{ clock, startMs, rate, late, lateLimitMs, onSkip, stop, signal },
    base: timeline.base,
    sendAt: plan.isSparse ? "start" : sendAt,
    gate: gate.pass,
  }, failed);
}

function stepsOf(
  { options: { skip, duration }, plan: { file }, timeline, toHeader }: PacedPartsOptions,
): PartStep[] {
  const limit = duration !== undefined &&
    { duration: fromSeconds(duration), base: timeline.base };
  return [
    ...(skip ? [skipStep(skip)] : []),
    rebaseStep({ timeline, forms: file.forms, parsed: file.parsed }),
    ...(limit ? [durationStep(limit)] : []),
    toHeader,
  ];
}

function sourceOf(all: PacedPartsOptions, rate: number | "max", pacer: Pacer): PartIterator {
  const { options, plan, passes, isPrompt, timeline, stop } = all;
  const { skip, duration, bufferPool: pool } = options;
  const limit = duration !== undefined && add(timeline.base, fromSeconds(duration));
  const offset = offsetsOf(timeline);
  /** What takes no time, or ends the stream, is not waited for. */
  const whenToRead: WhenToRead = ({ index, start, duration }, timescale, pass) => {
    const times = { decodeTime: start + offset(pass, timescale), duration, timescale };
    const isAtOnce = (skip && isSkipped(skip, index)) || (limit && isBehindEnd(limit, times));
    return isAtOnce ? undefined : pacer.whenToRead(times);
  };
  return streamParts({
    ...{ file: plan.file, passes, isPrompt, pool, stop },
    trackIds: plan.tracks.map(({ trackId }) => trackId),
    isUnpaced: rate === "max",
    whenToRead: rate === "max" ? undefined : whenToRead,
  });
}
