import type { PartStep, StreamPart } from "../part.ts";

/**
 * How many fragments without a pace are made ready at a time. After a large payload was sent, the code and the data that this
 * takes have left the cache of the core: one by one, a fragment costs several times as much as those that follow it at once.
 */
export const UNPACED_COUNT = 16;

/**
 * The parts that all steps have let pass, up to `count` fragments made ready before the first of them leaves.
 *
 * @throws Whatever the source or a step throws, behind what was ready before.
 */
export async function* stepped(
  source: AsyncIterable<StreamPart>,
  steps: readonly PartStep[],
  count: number,
): AsyncGenerator<StreamPart> {
  let ready: StreamPart[] = [];
  try {
    for await (const part of source) {
      let last: StreamPart | undefined = part;
      for (let n = 0; last && n < steps.length; n++) last = steps[n]!(last);
      if (last) ready.push(last);
      const isFull = ready.length >= count || last?.type !== "fragment";
      if (!isFull) continue;
      const full = ready;
      ready = [];
      yield* full;
    }
  } catch (error) {
    // What was whole is sent first.
    yield* ready;
    throw error;
  }
  yield* ready;
}
