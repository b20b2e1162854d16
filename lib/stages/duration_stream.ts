import type { StreamPart } from "../part.ts";
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
  constructor({ duration, base = ZERO }: DurationStreamOptions) {
    if (compare(duration, ZERO) <= 0) {
      throw new RangeError(
        `Cannot limit the duration as it must be above 0: current value is ${duration.numerator}/${duration.denominator} s`,
      );
    }
    const limit = add(base, duration);
    const running = new Set<number>();
    super({
      transform(part, controller) {
        if (part.type === "header") {
          for (const { trackId } of part.tracks) running.add(trackId);
          controller.enqueue(part);
        } else if (part.type === "end") {
          controller.enqueue(part);
        } else if (compare(fromTicks(part.decodeTime, part.timescale), limit) < 0) {
          if (running.has(part.trackId)) controller.enqueue(part);
        } else if (running.delete(part.trackId) && running.size === 0) {
          controller.enqueue({ type: "end", boxes: [] });
          controller.terminate();
        }
      },
    });
  }
}
