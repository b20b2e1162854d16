import type { StreamPart } from "../part.ts";

/** Options for {@linkcode SkipStream}. */
export interface SkipStreamOptions {
  /** Index of the first fragment of each track to leave out, from 0. */
  first: number;
  /** Index of the last one, inclusive. */
  last: number;
}

/**
 * Leaves out a range of fragments of every track, the same in every pass of a loop. Headers and ends pass. The decode
 * times stay as they are, so that a hole remains; payloads of what is left out are never read.
 *
 * @example
 * ```ts
 * const parts = source.pipeThrough(new SkipStream({ first: 5, last: 7 }));
 * ```
 */
export class SkipStream extends TransformStream<StreamPart, StreamPart> {
  /** @throws {RangeError} If the range is not two whole numbers from 0 on, in order. */
  constructor({ first, last }: SkipStreamOptions) {
    if (!Number.isSafeInteger(first) || !Number.isSafeInteger(last) || first < 0 || last < first) {
      throw new RangeError(
        `Cannot skip fragments as the range must be 0 <= first <= last: current value is ${first},${last}`,
      );
    }
    super({
      transform(part, controller) {
        const skipped = part.type === "fragment" && part.index >= first && part.index <= last;
        if (!skipped) controller.enqueue(part);
      },
    });
  }
}
