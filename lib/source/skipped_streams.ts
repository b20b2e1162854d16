import type { StreamPlan } from "./stream_plan.ts";
import { InputError } from "../errors.ts";

/** Options for {@linkcode skippedStreams}. */
export interface SkippedStreamsOptions {
  /** Fragments of each track that are left out, from 0, inclusive. */
  readonly skip?: { readonly first: number; readonly last: number } | undefined;
  /** Passes; Infinity for ever. */
  readonly loop?: number | undefined;
  /** The presentation, for an error. */
  readonly input: string;
  readonly signal?: AbortSignal | undefined;
}

/**
 * Finds the streams of which nothing is left: looking for a fragment of theirs pass after pass would be in vain.
 *
 * @throws {InputError} If the loop is endless and nothing is left of any stream, so that the push would never end nor send.
 */
export async function skippedStreams(
  plans: readonly StreamPlan[],
  { skip, loop = 1, input, signal }: SkippedStreamsOptions,
): Promise<ReadonlySet<StreamPlan>> {
  const skipped = new Set<StreamPlan>();
  if (!skip || skip.first > 0) return skipped;
  for (const plan of plans) {
    const { file, tracks } = plan;
    const next = await Promise.all(
      tracks.map(({ trackId }) => file.fragment(trackId, skip.last + 1, signal)),
    );
    if (next.every((row) => row === undefined)) skipped.add(plan);
  }
  if (loop === Infinity && skipped.size === plans.length) {
    throw new InputError(
      `Cannot loop for ever as fragments must be left to send: current value of skip is ${skip.first},${skip.last}`,
      input,
    );
  }
  return skipped;
}
