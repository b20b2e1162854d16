import type { ChannelsArgument, ChannelsResult } from "./programs/channels.ts";
import type { Input } from "./make_input.ts";
import type { GridDeviation } from "./grid.ts";
import type { Lateness } from "./lateness.ts";
import type { Runtime } from "./runtimes.ts";
import { gridDeviation } from "./grid.ts";
import { makeInput } from "./make_input.ts";
import { measure } from "./measure.ts";
import { latenessOf } from "./lateness.ts";
import { CLIENT_CORE, pinned, SINK_CORE } from "./pin.ts";
import { startWatchingSink } from "./start_sink.ts";

/** Options for {@linkcode runChannels}. */
export interface ChannelsOptions {
  readonly channels: number;
  readonly seconds: number;
  /** @default {"spread"} */
  readonly phase?: ChannelsArgument["phase"];
  /** @default {false} */
  readonly isShared?: boolean;
  /** @default {false} */
  readonly isPrecise?: boolean;
}

/** What came of many channels in one process. */
export interface ChannelsRun extends Lateness {
  /** Of one core. */
  readonly cpuShare: number | undefined;
  /** Memory for each channel, beyond what the process held before. */
  readonly bytesPerChannel: number | undefined;
  readonly grid: GridDeviation;
}

/** Of each channel, in bytes: 5 Mbit/s in fragments of 2 s. */
export const CHANNEL_FRAGMENT_BYTES = 1_250_000;

const PERIOD_SECONDS = 2;

/** What the channels send: video alone, from a file that stays in the page cache. */
export function channelInput(): Promise<Input> {
  return makeInput({
    bytes: 100e6,
    videoFragmentBytes: CHANNEL_FRAGMENT_BYTES,
    audioFragmentBytes: 0,
  });
}

/**
 * Sends many channels from one process on one core to the sink on another.
 *
 * @returns Or why it could not be measured.
 */
export async function runChannels(
  runtime: Runtime,
  { channels, seconds, phase = "spread", isShared = false, isPrecise = false }: ChannelsOptions,
): Promise<ChannelsRun | string> {
  const { presentation } = await channelInput();
  const sink = await startWatchingSink(SINK_CORE);
  if (!sink) return "there is no C compiler for the sink that looks at fragments";
  try {
    const { origin } = sink;
    const argument: ChannelsArgument = {
      ...{ presentation, origin, channels, seconds, phase, isShared, isPrecise },
      periodSeconds: PERIOD_SECONDS,
    };
    const command = pinned(runtime.command("channels", argument), CLIENT_CORE);
    const { output } = await measure(command);
    const result = JSON.parse(output) as ChannelsResult;
    const seen = await sink.fragments();
    const { cpuShare, grownBytes, timescale } = result;
    return {
      ...latenessOf(result, seen, PERIOD_SECONDS),
      cpuShare,
      bytesPerChannel: grownBytes && grownBytes / channels,
      grid: gridDeviation(seen, timescale),
    };
  } finally {
    sink.close();
  }
}
