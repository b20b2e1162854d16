import type { PartStep, StreamPart } from "../part.ts";

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
  constructor(options: SkipStreamOptions) {
    const step = skipStep(options);
    super({
      transform(part, controller) {
        if (step(part)) controller.enqueue(part);
      },
    });
  }
}

/** What stands behind {@linkcode SkipStream}, for those who have no streams; it throws the same. */
export function skipStep(range: SkipStreamOptions): PartStep {
  checkSkip(range);
  return (part) => part.type === "fragment" && isSkipped(range, part.index) ? undefined : part;
}

/** Whether a fragment is one of a range. */
export function isSkipped({ first, last }: SkipStreamOptions, index: number): boolean {
  return index >= first && index <= last;
}

/** Looks at a range. @throws {RangeError} As {@linkcode SkipStream} does. */
export function checkSkip({ first, last }: SkipStreamOptions): void {
  if (!Number.isSafeInteger(first) || !Number.isSafeInteger(last) || first < 0 || last < first) {
    throw new RangeError(
      `Cannot skip fragments as the range must be 0 <= first <= last: current value is ${first},${last}`,
    );
  }
}
