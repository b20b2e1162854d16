import type { Clock } from "../clock.ts";
import type { Transport } from "../ingest/transport.ts";
import type { BenchOptions } from "./bench_options.ts";
import type { GeneratorInterval } from "./generator.ts";
import type { ChannelOptions } from "./load_options.ts";
import type { GeneratorHandle } from "./threaded_generator.ts";
import { Generator } from "./generator.ts";
import { openThread } from "./threaded_generator.ts";

/** Options for {@linkcode openGenerators}. */
export interface OpenGeneratorsOptions {
  readonly channel: ChannelOptions;
  /** How many share the channels. */
  readonly workers: number;
  /** Whether each has a thread of its own. */
  readonly isThreaded: boolean;
  /** The part of the channels that this machine has. */
  readonly shard: { readonly index: number; readonly count: number };
  readonly clock?: Clock | undefined;
  readonly transport?: Transport | undefined;
  /** Ends the opening with its reason. */
  readonly signal: AbortSignal;
  readonly onInterval: (n: number, interval: GeneratorInterval) => void;
}

/**
 * Opens the generators of a load test.
 *
 * @throws {InputError} If the presentation cannot be pushed; none is open then.
 */
export async function openGenerators(
  options: OpenGeneratorsOptions,
): Promise<readonly GeneratorHandle[]> {
  const { channel, workers, isThreaded, shard, clock, transport, signal } = options;
  const opened = await Promise.allSettled(
    Array.from({ length: workers }, async (_, n) => {
      const share = { first: shard.index + n * shard.count, step: workers * shard.count };
      const onInterval = (interval: GeneratorInterval) => options.onInterval(n, interval);
      return isThreaded
        ? await openThread({ channel, share, signal, onInterval })
        : await openHere({ channel, share, clock, transport, signal, onInterval });
    }),
  );
  const handles = opened.flatMap((it) => it.status === "fulfilled" ? [it.value] : []);
  const failed = opened.find((it) => it.status === "rejected");
  if (!failed) return handles;
  await Promise.all(handles.map((handle) => handle.close()));
  throw failed.reason;
}

/** A generator in this thread. */
async function openHere(
  options: Parameters<typeof Generator.open>[0],
): Promise<GeneratorHandle> {
  const generator = await Generator.open(options);
  return {
    failed: new Promise<never>(() => {}),
    facts: generator.facts,
    begin: () => generator.begin(),
    aim: (target) => generator.aim(target),
    calibrate: (channels, ms) => generator.calibrate(channels, ms),
    empty: () => generator.empty(),
    finish: () => generator.finish(),
    abort: () => generator.abort(),
    close: () => generator.close(),
  };
}

/** What each channel of a load test does. */
export function channelOptions(options: BenchOptions, isSingle: boolean): ChannelOptions {
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
