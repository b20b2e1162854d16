import type { Clock } from "../clock.ts";
import type { Transport } from "../ingest/transport.ts";
import type { StreamPlan } from "../source/stream_plan.ts";
import type { ChannelSource } from "./channel.ts";
import type { ChannelOptions } from "./load_options.ts";
import type { LoadMeter } from "./meter.ts";
import { systemClock } from "../clock.ts";
import { openTransport } from "../ingest/transport.ts";
import { FragmentCache } from "../source/fragment_cache.ts";
import { Presentation } from "../source/presentation.ts";
import { planStreams } from "../source/stream_plan.ts";
import { toSeconds } from "../time.ts";
import { MeteredTransport } from "./metered_transport.ts";
import { Schedule } from "./schedule.ts";

/** What one channel sends. */
export interface ChannelFacts {
  readonly streams: number;
  /** Fragments per second, at the rate that was asked for. */
  readonly fragmentsPerSecond: number;
  readonly bytesPerSecond: number;
  /** Of the longest fragment, at the rate that was asked for. */
  readonly fragmentMs: number;
  /** How far apart the fragments of the stream with the most bytes are, at the rate that was asked for. */
  readonly gridMs: number;
  /** What is odd about the presentation. */
  readonly warnings: readonly string[];
}

/** What channels need, open. */
export interface OpenSource {
  readonly source: ChannelSource;
  readonly facts: ChannelFacts;
  /** Lets go of the presentation, and of the transport unless it was handed in. */
  close(): Promise<void>;
}

/** Options for {@linkcode openSource}. */
export interface OpenSourceOptions {
  readonly meter: LoadMeter;
  /** @default {systemClock} */
  readonly clock?: Clock | undefined;
  /** In place of one of its own. */
  readonly transport?: Transport | undefined;
  /** Ends the opening with its reason. */
  readonly signal?: AbortSignal | undefined;
}

const LEAST_FRAGMENT_SECONDS = 0.001;

/**
 * Opens a presentation for many channels.
 *
 * @throws {InputError} If it cannot be pushed.
 */
export async function openSource(
  channel: ChannelOptions,
  { meter, clock = systemClock, signal, ...given }: OpenSourceOptions,
): Promise<OpenSource> {
  const warnings: string[] = [];
  const presentation = await Presentation.open(channel.presentation, {
    maxFragmentBytes: channel.maxFragmentBytes,
    cache: new FragmentCache(channel.cacheBytes),
    signal,
    onWarning: (message) => warnings.push(message),
  });
  try {
    const timeline = await presentation.timeline();
    const plans = planStreams(presentation, channel.group);
    const schedules: (Schedule | undefined)[] = [];
    for (const plan of plans) {
      schedules.push(plan.isSparse ? undefined : await Schedule.of(plan, timeline, signal));
    }
    const { connectTimeoutMs } = channel.recovery;
    const open = async () =>
      given.transport ?? await openTransport({ tls: channel.tls, connectTimeoutMs });
    const own = await open();
    const asksWhenConnected = !("Deno" in globalThis) || channel.tls !== undefined;
    const metered = { transport: own, meter, clock, asksWhenConnected, isShort: shortOf(plans) };
    const transport = new MeteredTransport(metered);
    const watchTransport = await open();
    const source: ChannelSource = {
      options: channel,
      presentation,
      plans,
      schedules,
      transport,
      watchTransport,
      meter,
      clock,
    };
    return {
      source,
      facts: factsOf(
        plans,
        schedules,
        toSeconds(timeline.period) / channel.rate,
        channel.rate,
        warnings,
      ),
      async close() {
        if (!given.transport) await Promise.all([own.close(), watchTransport.close()]);
        await presentation.close();
      },
    };
  } catch (error) {
    await presentation.close();
    throw error;
  }
}

/** Which URLs are those of sparse streams. */
function shortOf(plans: readonly StreamPlan[]): (url: string) => boolean {
  const ends = plans.filter(({ isSparse }) => isSparse).map(({ number }) => `-stream${number})`);
  return (url) => ends.some((end) => url.includes(end));
}

function factsOf(
  plans: readonly StreamPlan[],
  schedules: readonly (Schedule | undefined)[],
  passSeconds: number,
  rate: number,
  warnings: readonly string[],
): ChannelFacts {
  const dense = schedules.filter((schedule) => schedule !== undefined);
  const sum = (of: (schedule: Schedule) => number) =>
    dense.reduce((total, schedule) => total + of(schedule), 0);
  return {
    streams: plans.length,
    fragmentsPerSecond: sum(({ length }) => length) / passSeconds,
    bytesPerSecond: sum(({ bytes }) => bytes) / passSeconds,
    fragmentMs: Math.max(LEAST_FRAGMENT_SECONDS, ...dense.map((it) => it.fragmentSeconds)) * 1000 /
      rate,
    gridMs: Math.max(LEAST_FRAGMENT_SECONDS, heaviest(dense)?.gridSeconds ?? 0) * 1000 / rate,
    warnings,
  };
}

function heaviest(schedules: readonly Schedule[]): Schedule | undefined {
  return schedules.toSorted((a, b) => b.bytes - a.bytes)[0];
}
