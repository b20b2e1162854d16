import type { Fragment, PartStep, StreamPart } from "../part.ts";
import type { Rational } from "../time.ts";
import { add, compare, fromTicks, ZERO } from "../time.ts";

/** Options for {@linkcode DurationStream}. */
export interface DurationStreamOptions {
  /** How long the stream may become, from `base`. */
  duration: Rational;
  /**
   * Where it starts.
   *
   * @default {ZERO}
   */
  base?: Rational;
}

/**
 * Ends a stream: each track stops before its first fragment that starts at or after a time, and the stream with the last
 * of them. It stands behind the rebaser, as it looks at the times of the live stream.
 *
 * @example
 * ```ts
 * const minute = live.pipeThrough(new DurationStream({ duration: fromSeconds(60) }));
 * ```
 */
export class DurationStream extends TransformStream<StreamPart, StreamPart> {
  /** @throws {RangeError} If the duration is not above 0. */
  constructor(options: DurationStreamOptions) {
    const step = durationStep(options);
    super({
      transform(part, controller) {
        const kept = step(part);
        if (!kept) return;
        controller.enqueue(kept);
        if (kept !== part) controller.terminate();
      },
    });
  }
}

/** Whether a fragment starts too late for a stream that ends at `limit`. */
export function isBehindEnd(
  limit: Rational,
  { decodeTime, timescale }: Pick<Fragment, "decodeTime" | "timescale">,
): boolean {
  return compare(fromTicks(decodeTime, timescale), limit) >= 0;
}

/** What stands behind {@linkcode DurationStream}, for those who have no streams; it throws the same. */
export function durationStep({ duration, base = ZERO }: DurationStreamOptions): PartStep {
  if (compare(duration, ZERO) <= 0) {
    throw new RangeError(
      `Cannot limit the duration as it must be above 0: current value is ${duration.numerator}/${duration.denominator} s`,
    );
  }
  const limit = add(base, duration);
  const running = new Set<number>();
  const silent = new Set<number>();
  return (part) => {
    if (part.type !== "fragment") {
      const tracks = part.type === "header" ? part.tracks : [];
      for (const { trackId } of tracks) {
        running.add(trackId);
        silent.add(trackId);
      }
      return part;
    }
    const { trackId, pass } = part;
    silent.delete(trackId);
    if (!isBehindEnd(limit, part)) {
      return running.has(trackId) ? part : undefined;
    }
    running.delete(trackId);
    // A track that said nothing in a whole pass has nothing to say: a loop would be waited for without end.
    if (pass > 0) { for (const it of silent) running.delete(it); }
    return running.size > 0 ? undefined : { type: "end", boxes: [] };
  };
}
