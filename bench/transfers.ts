import type { Client } from "./clients.ts";
import type { Input } from "./make_input.ts";
import type { Cost } from "./measure.ts";
import type { Runtime } from "./runtimes.ts";
import type { Sink } from "./start_sink.ts";
import { pushClient } from "./clients.ts";
import { measure } from "./measure.ts";
import { median } from "./median.ts";
import { startSink } from "./start_sink.ts";

/** What one run of a client took. */
export interface Transfer extends Cost {
  /** That the sink got. */
  readonly bytes: number;
  /** CPU time that the sink took for it. */
  readonly sinkSeconds: number | undefined;
}

/** All runs of some clients, by their names; the runs of a round have the same place in each list. */
export type Transfers = ReadonlyMap<string, readonly Transfer[]>;

/**
 * Lets clients send a presentation, all of them by turns, round after round. The first round does not count, as it warms
 * the caches of files and of compiled code. Those that are missing are left out.
 */
export async function alternate(
  input: Input,
  clients: readonly Client[],
  rounds: number,
): Promise<Transfers> {
  const present = clients.filter(({ missing }) => missing === undefined);
  const transfers = new Map<string, Transfer[]>(present.map(({ name }) => [name, []]));
  const sink = await startSink();
  try {
    for (let n = 0; n <= rounds; n++) {
      for (const client of present) {
        const transfer = await transferOnce(client, input, sink);
        if (n > 0) transfers.get(client.name)!.push(transfer);
      }
    }
  } finally {
    sink.close();
  }
  return transfers;
}

/** How many bytes a push of a presentation sends, by the first runtime that there is; 0 where there is none. */
export async function bytesOfPush(input: Input, runtimes: readonly Runtime[]): Promise<number> {
  const runtime = runtimes.find(({ missing }) => missing === undefined);
  if (!runtime) return 0;
  const sink = await startSink();
  try {
    return (await transferOnce(pushClient(runtime), input, sink)).bytes;
  } finally {
    sink.close();
  }
}

/** One run of a client; what it says it has sent must be what the sink has got. */
export async function transferOnce(client: Client, input: Input, sink: Sink): Promise<Transfer> {
  const before = sink.cpuSeconds();
  const cost = await measure(client.command(input, sink.origin));
  const bytes = (await sink.records()).reduce((sum, { bytes }) => sum + bytes, 0);
  const sent = client.sentBytes?.(input, cost.output);
  // One that does not say so sends at least the payloads, which are nearly all of the file.
  if (sent === undefined ? bytes < input.bytes * 0.95 : sent !== bytes) {
    throw new Error(
      `${client.name} has sent ${sent ?? input.bytes}, but the sink has got ${bytes}`,
    );
  }
  const after = sink.cpuSeconds();
  const sinkSeconds = before === undefined ? undefined : after! - before;
  return { ...cost, bytes, sinkSeconds };
}

/** In bytes per second. */
export function speedOf({ bytes, seconds }: Transfer): number {
  return bytes / seconds;
}

/** CPU time for 10^9 bytes. */
export function cpuPerGigabyte({ cpuSeconds, bytes }: Transfer): number | undefined {
  return cpuSeconds === undefined ? undefined : cpuSeconds / bytes * 1e9;
}

/** CPU time of the sink for that of the client. */
export function sinkShare({ sinkSeconds, cpuSeconds }: Transfer): number | undefined {
  return sinkSeconds === undefined || !cpuSeconds ? undefined : sinkSeconds / cpuSeconds;
}

/** Taken round by round, then their median; `undefined` where one of the two is missing. */
export function medianRatio(
  transfers: Transfers,
  client: Pick<Client, "name">,
  yardstick: Pick<Client, "name">,
  figure: (transfer: Transfer) => number | undefined,
): number | undefined {
  const [own, other] = [client, yardstick].map(({ name }) => transfers.get(name));
  if (!own || !other) return undefined;
  return median(own.map((transfer, n) => {
    const [a, b] = [figure(transfer), figure(other[n]!)];
    return a === undefined || !b ? undefined : a / b;
  }));
}
