/** What a try with so many channels came to. */
export interface Trial {
  readonly isKept: boolean;
  /** Why not, or why the search cannot go on. */
  readonly reason?: string;
  /** Nothing beyond it can be tried. */
  readonly isLast?: boolean;
}

/** What a search came to. */
export interface SearchResult {
  /** The highest number that was kept; 0 if none was. */
  readonly best: number;
  /** The lowest number above it that was not kept. */
  readonly failed?: number;
  /** Why that one was not kept, or why the search ended without one. */
  readonly reason: string;
}

/** Options for {@linkcode searchMax}. */
export interface SearchOptions {
  /** Number to begin with. */
  readonly start: number;
  /** Highest number to try. */
  readonly limit: number;
  readonly attempt: (channels: number) => Promise<Trial | undefined>;
}

/** A result is as exact as this part of it. */
const PRECISION = 0.02;

/**
 * Finds the highest number of channels that is kept: doubles until one is not kept, then halves what lies between. A try
 * that comes back with nothing ends the search.
 */
export async function searchMax({ start, limit, attempt }: SearchOptions): Promise<SearchResult> {
  let best = 0;
  let failed: number | undefined;
  let reason = "the search was stopped";
  let next: number | undefined = Math.min(start, limit);
  while (next !== undefined) {
    const trial = await attempt(next);
    if (!trial) {
      if (failed === undefined) reason = "the search was stopped";
      break;
    }
    if (trial.isKept) best = next;
    else {
      failed = next;
      reason = trial.reason ?? "it was not kept";
    }
    if (trial.isLast) {
      reason = trial.reason ?? reason;
      break;
    }
    if (best === limit) reason = `no more than ${limit} channels were to be tried`;
    next = nextNumber(best, failed, limit);
  }
  return failed === undefined ? { best, reason } : { best, failed, reason };
}

function nextNumber(best: number, failed: number | undefined, limit: number): number | undefined {
  if (failed === undefined) return best >= limit ? undefined : Math.min(2 * best, limit);
  const isExact = failed - best <= Math.max(1, Math.floor(best * PRECISION));
  return isExact ? undefined : Math.floor((best + failed) / 2);
}
