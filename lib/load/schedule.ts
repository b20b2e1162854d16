import type { StreamPlan } from "../source/stream_plan.ts";
import type { Timeline } from "../time.ts";
import { fromTicks, subtract, toSeconds } from "../time.ts";

/** When the fragments of a stream are due, pass after pass: known in advance, whatever the point does. */
export class Schedule {
  /** Seconds from the start of a pass, in the order in which they are sent. */
  readonly #seconds: Float64Array;
  readonly #periodSeconds: number;
  /** Of the longest fragment. */
  readonly fragmentSeconds: number;
  /** What one pass has of the stream, in bytes. */
  readonly bytes: number;

  private constructor(
    seconds: Float64Array,
    periodSeconds: number,
    fragmentSeconds: number,
    bytes: number,
  ) {
    this.#seconds = seconds;
    this.#periodSeconds = periodSeconds;
    this.fragmentSeconds = fragmentSeconds;
    this.bytes = bytes;
  }

  static async of(
    { file, tracks }: StreamPlan,
    timeline: Timeline,
    signal?: AbortSignal,
  ): Promise<Schedule> {
    await file.complete(signal);
    const seconds: number[] = [];
    let longest = 0;
    let bytes = 0;
    for (const { trackId } of tracks) {
      const { timescale } = file.tracks.find((it) => it.trackId === trackId)!;
      for (let n = 0; n < file.count(trackId); n++) {
        const row = (await file.fragment(trackId, n, signal))!;
        const end = fromTicks(row.start + row.duration, timescale);
        seconds.push(toSeconds(subtract(end, timeline.origin)));
        longest = Math.max(longest, Number(row.duration) / timescale);
        bytes += row.moofSize + row.payloadSize;
      }
    }
    const sorted = Float64Array.from(seconds).sort();
    return new Schedule(sorted, toSeconds(timeline.period), longest, bytes);
  }

  /** How many fragments one pass has. */
  get length(): number {
    return this.#seconds.length;
  }

  /** How far apart its fragments are, half of them at most. */
  get gridSeconds(): number {
    const apart = this.#seconds.slice(1).map((it, n) => it - this.#seconds[n]!).sort();
    return apart[apart.length >> 1] ?? this.fragmentSeconds;
  }

  /** Seconds from the base of the live stream until a fragment is due, by its place in all passes, from 0. */
  dueSeconds(place: number): number {
    if (this.length === 0) return Infinity;
    const pass = Math.floor(place / this.length);
    return pass * this.#periodSeconds + this.#seconds[place % this.length]!;
  }
}
