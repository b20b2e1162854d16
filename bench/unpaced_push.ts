import type { Client } from "./clients.ts";
import type { Input } from "./make_input.ts";
import type { Cost } from "./measure.ts";
import type { Sink } from "./start_sink.ts";
import { measure } from "./measure.ts";
import { median } from "./median.ts";
import { startSink } from "./start_sink.ts";

/** Options for {@linkcode unpacedPush}. */
export interface UnpacedPushOptions {
  readonly input: Input;
  /** What the others are compared with. */
  readonly yardstick: Client;
  readonly clients: readonly Client[];
  /** Rounds that count. */
  readonly runs: number;
}

/** Figures of one client: medians over all rounds, ratios taken round by round. */
export interface UnpacedPushRow {
  readonly client: string;
  /** Why there are no figures. */
  readonly missing?: string | undefined;
  readonly bytesPerSecond?: number | undefined;
  /** Of the speed to that of the yardstick. */
  readonly speedRatio?: number | undefined;
  /** Per 10^9 bytes. */
  readonly cpuSecondsPerGigabyte?: number | undefined;
  /** Of the CPU time to that of the yardstick. */
  readonly cpuRatio?: number | undefined;
  /** The most of all rounds. */
  readonly peakBytes?: number | undefined;
}

/**
 * How fast is a whole process that pushes a file as fast as it can, and what does it take? All clients go by turns, and
 * the first round does not count, as it warms the caches of files and of compiled code.
 */
export async function unpacedPush(options: UnpacedPushOptions): Promise<UnpacedPushRow[]> {
  const { input, yardstick, clients, runs } = options;
  const present = [yardstick, ...clients].filter(({ missing }) => missing === undefined);
  const rounds: Map<Client, Transfer>[] = [];
  const sink = await startSink();
  try {
    for (let n = 0; n <= runs; n++) {
      const round = new Map<Client, Transfer>();
      for (const client of present) round.set(client, await transfer(client, input, sink));
      if (n > 0) rounds.push(round);
    }
  } finally {
    sink.close();
  }
  return [yardstick, ...clients].map((client) => row(client, yardstick, rounds));
}

interface Transfer extends Cost {
  readonly bytes: number;
}

/** One run of a client; what it says it has sent must be what the sink has got. */
async function transfer(client: Client, input: Input, sink: Sink): Promise<Transfer> {
  const cost = await measure(client.command(input, sink.origin));
  const sent = client.sentBytes(input, cost.output);
  const received = (await sink.records()).reduce((sum, { bytes }) => sum + bytes, 0);
  if (sent !== received) {
    throw new Error(`${client.name} has sent ${sent} bytes, but the sink has got ${received}`);
  }
  return { ...cost, bytes: received };
}

function row(
  client: Client,
  yardstick: Client,
  rounds: readonly ReadonlyMap<Client, Transfer>[],
): UnpacedPushRow {
  if (client.missing !== undefined) return { client: client.name, missing: client.missing };
  const own = rounds.map((round) => round.get(client)!);
  const ratio = (figure: (transfer: Transfer) => number | undefined) =>
    median(rounds.map((round) => {
      const measured = figure(round.get(client)!);
      const compared = round.has(yardstick) ? figure(round.get(yardstick)!) : undefined;
      return measured === undefined || !compared ? undefined : measured / compared;
    }));
  const cpu = ({ cpuSeconds, bytes }: Transfer) =>
    cpuSeconds === undefined ? undefined : cpuSeconds / bytes * 1e9;
  const speed = ({ bytes, seconds }: Transfer) => bytes / seconds;
  const peaks = own.flatMap(({ peakBytes }) => peakBytes ?? []);
  return {
    client: client.name,
    bytesPerSecond: median(own.map(speed)),
    speedRatio: ratio(speed),
    cpuSecondsPerGigabyte: median(own.map(cpu)),
    cpuRatio: ratio(cpu),
    peakBytes: peaks.length > 0 ? Math.max(...peaks) : undefined,
  };
}
