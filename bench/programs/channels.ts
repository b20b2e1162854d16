/**
 * Sends the one stream of a presentation many times over, each at its own pace, as the channels of a head end: `channels.ts <json>`. It
 * prints when each is due by the clock of the sink, and what the process took; the sink says when the fragments came.
 */
import type { Clock } from "../../mod.ts";
import process from "node:process";
import { FragmentCache, openTransport, Presentation, push } from "../../mod.ts";
import { clockFor } from "./clocks.ts";
import { usage } from "./usage.ts";

/** What the program is told. */
export interface ChannelsArgument {
  readonly presentation: string;
  /** Of the sink. */
  readonly origin: string;
  readonly channels: number;
  /** Seconds from the due time of one fragment of a channel to that of the next. */
  readonly periodSeconds: number;
  /** Whether the channels are due one after the other over a period, or all at once. */
  readonly phase: "spread" | "aligned";
  /** Whether all channels share one reading of a fragment. */
  readonly isShared: boolean;
  /** By the clock with a thread of its own. */
  readonly isPrecise: boolean;
  /** That count. */
  readonly seconds: number;
}

/** What it prints. */
export interface ChannelsResult {
  /** When the time 0 of each channel is due, in milliseconds by the clock of the sink. */
  readonly startsMs: readonly number[];
  /** What counts, in milliseconds by the clock of the sink. */
  readonly fromMs: number;
  readonly toMs: number;
  /** By how much the two clocks may differ beyond what was found, either way. */
  readonly clockErrorMs: number;
  /** Ticks per second. */
  readonly timescale: number;
  /** Of one core, while it counts. */
  readonly cpuShare?: number | undefined;
  /** Most memory beyond what the process held before the first channel. */
  readonly grownBytes?: number | undefined;
}

const argument = JSON.parse(process.argv[2]!) as ChannelsArgument;

/** Most time until the last fragment that counts must have come; what comes later counts as lost. */
const GRACE_MS = 1000;

/** Channels that are started in one period, at most: to start one takes more than to keep it going. */
const STARTS_PER_PERIOD = 125;

/** From the start of the last channel until something counts: its first fragment is due after one of them, and dear. */
const WARM_UP_PERIODS = 3;

function startRounds(channels: number): number {
  return Math.ceil(channels / STARTS_PER_PERIOD);
}

/** How often the clocks are compared: the quickest exchange tells most. */
const EXCHANGES = 200;

/** What to add to a time of this process to get that of the sink, and how wrong this may be, in milliseconds. */
async function compareClocks(
  clock: Clock,
  origin: string,
): Promise<{ offsetMs: number; clockErrorMs: number }> {
  let bestMs = Infinity;
  let offsetMs = 0;
  for (let n = 0; n < EXCHANGES; n++) {
    const beforeMs = clock.now();
    const answer = await fetch(`${origin}/time`);
    const sinkMs = Number(await answer.text()) / 1e6;
    const afterMs = clock.now();
    if (afterMs - beforeMs >= bestMs) continue;
    bestMs = afterMs - beforeMs;
    offsetMs = sinkMs - (beforeMs + afterMs) / 2;
  }
  return { offsetMs, clockErrorMs: bestMs / 2 };
}

async function run(): Promise<ChannelsResult> {
  const { origin, channels, phase, periodSeconds, seconds } = argument;
  const clock = await clockFor(argument.isPrecise);
  const cache = argument.isShared ? new FragmentCache() : undefined;
  const presentation = await Presentation.open(argument.presentation, { ...(cache && { cache }) });
  const transport = await openTransport();
  const { offsetMs, clockErrorMs } = await compareClocks(clock, origin);
  const before = usage();
  const firstMs = clock.now() + 100;
  const periodMs = periodSeconds * 1000;
  const rounds = startRounds(channels);
  // Each round starts channels all over a period, so that in the end they are spread evenly.
  const startOf = (n: number) =>
    firstMs + (phase === "spread" ? (n % rounds + n / channels) * periodMs : 0);
  const start = (n: number) =>
    push({
      points: [{ url: `${origin}/watch/live-${n}.isml` }],
      ...{ presentation, transport, clock, id: "1", loop: Infinity, startMs: startOf(n) },
    }).then(({ streams }) => {
      const { state, error } = streams[0]!;
      throw new Error(`it is ${state}`, { cause: error });
    }).catch((error) => {
      process.stderr.write(`Channel ${n} has ended: ${error.cause ?? error}\n`);
      process.exit(1);
    });
  for (let n = 0; n < channels; n++) clock.waitUntil(startOf(n)).then(() => start(n));
  // The first fragment of a channel is due a period after its start.
  const fromMs = firstMs + ((phase === "spread" ? rounds : 0) + WARM_UP_PERIODS) * periodMs;
  const toMs = fromMs + seconds * 1000;
  await clock.waitUntil(fromMs);
  const atFrom = usage();
  await clock.waitUntil(toMs);
  const atTo = usage();
  await clock.waitUntil(toMs + GRACE_MS);
  return {
    startsMs: Array.from({ length: channels }, (_, n) => startOf(n) + offsetMs),
    fromMs: fromMs + offsetMs,
    toMs: toMs + offsetMs,
    clockErrorMs,
    timescale: presentation.wantedTracks[0]!.live.timescale,
    cpuShare: atFrom && atTo && (atTo.cpuSeconds - atFrom.cpuSeconds) / seconds,
    grownBytes: before && atTo && atTo.peakBytes - before.residentBytes,
  };
}

process.stdout.write(`${JSON.stringify(await run())}\n`);
// The channels go on for ever.
process.exit();
