import type { Clock } from "../../lib/clock.ts";
import type { Fragment, StreamPart } from "../../lib/part.ts";
import type { Timeline } from "../../lib/time.ts";
import type { Row } from "../row.ts";
import { fileURLToPath } from "node:url";
import { readMoof } from "../../lib/mp4/moof.ts";
import { readableFrom } from "../../lib/readable.ts";
import { Presentation } from "../../lib/source/presentation.ts";
import { streamSource } from "../../lib/source/stream_source.ts";
import { PaceStream } from "../../lib/stages/pace_stream.ts";
import { RebaseStream } from "../../lib/stages/rebase_stream.ts";

const SAMPLE = fileURLToPath(new URL("../../testdata/sample.ism", import.meta.url));

/** Where the live stream begins: a time since 1970 that no number of timescale's ticks divides evenly. */
const BASE = { numerator: 17_040_672_001_234_567n, denominator: 10_000_000n };

const TICKS_PER_MS = 10_000;

const HOUR_MS = 3_600_000;

/** A clock on which every wait is over at once, and takes it on to its end. */
class JumpingClock implements Clock {
  #nowMs = 0;

  now(): number {
    return this.#nowMs;
  }

  waitUntil(timeMs: number): Promise<void> {
    this.#nowMs = Math.max(this.#nowMs, timeMs);
    return Promise.resolve();
  }
}

/** Ticks of a fragment's own timescale by exact arithmetic, none of it the product's. */
function exactTicks(
  { pass, timescale }: Fragment,
  ticks: bigint,
  { base, period, origin }: Timeline,
): bigint {
  const denominator = base.denominator * period.denominator * origin.denominator;
  const seconds = base.numerator * period.denominator * origin.denominator +
    BigInt(pass) * period.numerator * base.denominator * origin.denominator -
    origin.numerator * base.denominator * period.denominator;
  return ticks + floor(seconds * BigInt(timescale), denominator);
}

function floor(dividend: bigint, divisor: bigint): bigint {
  const rest = ((dividend % divisor) + divisor) % divisor;
  return (dividend - rest) / divisor;
}

function distance(a: bigint, b: bigint): number {
  return Number(a > b ? a - b : b - a);
}

/** One track of each kind: the others of its kind are laid out by the same numbers. */
function tracksOfEachKind({ wantedTracks }: Presentation) {
  return [...new Map(wantedTracks.map((track) => [track.live.kind, track])).values()];
}

/** How far timestamps come from where they belong after so many passes, in ticks. */
async function driftOverLoops(presentation: Presentation, loops: number): Promise<number> {
  const timeline = await presentation.timeline(BASE);
  let worst = 0;
  for (const { file, live: { trackId } } of tracksOfEachKind(presentation)) {
    const once: Fragment[] = [];
    for await (const part of streamSource({ file, trackIds: [trackId] })) {
      if (part.type === "fragment") once.push(part);
    }
    // The first and the last of each pass: those between are laid out by the same numbers.
    const ends = [once[0]!, once.at(-1)!];
    const passes = (function* (): Generator<StreamPart> {
      for (let pass = 0; pass < loops; pass++) for (const part of ends) yield { ...part, pass };
    })();
    let n = 0;
    for await (const part of readableFrom(passes).pipeThrough(new RebaseStream({ timeline }))) {
      if (part.type !== "fragment") continue;
      const expected = exactTicks(part, ends[n++ % 2]!.decodeTime, timeline);
      const { time } = readMoof(part.moof, 0).tfxd!.value;
      worst = Math.max(worst, distance(part.decodeTime, expected), distance(time, expected));
    }
  }
  return worst;
}

/** How far the time at which fragments leave comes from where it belongs over an hour, in ticks of 100 ns. */
async function driftOverAnHour(presentation: Presentation): Promise<number> {
  const timeline = await presentation.timeline(BASE);
  let worst = 0;
  for (const { file, live: { trackId } } of tracksOfEachKind(presentation)) {
    const clock = new JumpingClock();
    const source = streamSource({ file, trackIds: [trackId], passes: Infinity });
    const paced = source
      .pipeThrough(new RebaseStream({ timeline }))
      .pipeThrough(new PaceStream({ clock, startMs: 0, base: timeline.base }));
    for await (const part of paced) {
      if (part.type !== "fragment") continue;
      const { decodeTime, duration, timescale, dueMs } = part;
      const sinceBase = (decodeTime + duration) * timeline.base.denominator -
        timeline.base.numerator * BigInt(timescale);
      const due = floor(
        sinceBase * BigInt(TICKS_PER_MS * 1000),
        BigInt(timescale) * timeline.base.denominator,
      );
      worst = Math.max(worst, distance(BigInt(Math.round(dueMs! * TICKS_PER_MS)), due));
      if (dueMs! >= HOUR_MS) break;
    }
  }
  return worst;
}

/** Do times stay where they belong? */
export const drift: Row = {
  id: "drift",
  question: "Do times stay where they belong?",
  async run({ isQuick }) {
    const loops = isQuick ? 1000 : 100_000;
    const presentation = await Presentation.open(SAMPLE);
    try {
      return {
        figures: [
          {
            name: "Drift of due times over 1 h of media, by a clock that jumps",
            unit: "ticks",
            target: { atMost: 0 },
            measured: await driftOverAnHour(presentation),
            detail: "a track of each kind of the sample, against exact arithmetic, ticks of 100 ns",
          },
          {
            name: `Drift of timestamps over ${loops.toLocaleString("en")} loops`,
            unit: "ticks",
            target: { atMost: 0 },
            measured: await driftOverLoops(presentation, loops),
            detail: "tfxd and decode times of a track of each kind, against exact arithmetic",
          },
        ],
      };
    } finally {
      await presentation.close();
    }
  },
};
