import type { SeenFragment } from "./fragment_log.ts";
import { median } from "./median.ts";
import { percentile } from "./percentile.ts";

/** How far fragments came from an even grid, in milliseconds. */
export interface GridDeviation {
  readonly fragments: number;
  readonly p50Ms: number;
  readonly maxMs: number;
}

/** Before this many of each stream nothing counts: a client may send its first ones in a burst. */
const SKIPPED = 2;

/**
 * How far the last bytes of fragments came from the times that they carry. Each stream has a grid of its own, laid so that
 * half its fragments come before their place in it, as nobody knows when a stranger's stream is due.
 */
export function gridDeviation(seen: readonly SeenFragment[], timescale: number): GridDeviation {
  const streams = new Map<string, SeenFragment[]>();
  for (const fragment of seen) {
    const own = streams.get(fragment.path);
    if (own) own.push(fragment);
    else streams.set(fragment.path, [fragment]);
  }
  const deviations: number[] = [];
  for (const fragments of streams.values()) {
    const offsets = fragments.slice(SKIPPED)
      .map(({ time, lastMs }) => lastMs - Number(time) * 1000 / timescale);
    const origin = median(offsets);
    if (origin !== undefined) deviations.push(...offsets.map((ms) => Math.abs(ms - origin)));
  }
  deviations.sort((a, b) => a - b);
  return {
    fragments: deviations.length,
    p50Ms: percentile(deviations, 0.5),
    maxMs: percentile(deviations, 1),
  };
}
