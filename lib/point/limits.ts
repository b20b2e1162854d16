import { DEFAULT_MAX_FRAGMENT_BYTES } from "../mp4/limits.ts";

/** How much a point server takes before it says no. */
export interface PointLimits {
  /**
   * Publishing points.
   *
   * @default {100}
   */
  readonly points: number;
  /**
   * Streams of one point.
   *
   * @default {64}
   */
  readonly streams: number;
  /**
   * Different tracks of one stream, and of all streams of a broadcast together.
   *
   * @default {256}
   */
  readonly tracks: number;
  /**
   * Bytes of one fragment.
   *
   * @default {268435456}
   */
  readonly fragmentBytes: number;
  /**
   * Bytes of the header boxes of a stream together.
   *
   * @default {4194304}
   */
  readonly headerBytes: number;
  /**
   * Bytes of one manifest: a Live Server Manifest box, a Stream Manifest box, a publishing point file.
   *
   * @default {1048576}
   */
  readonly manifestBytes: number;
  /**
   * Time in which a body must get on, by a box or 1 KiB, in milliseconds.
   *
   * @default {60000}
   */
  readonly idleMs: number;
  /**
   * Bytes that are held in all, of all points, header boxes included: the oldest fragments go first.
   *
   * @default {536870912}
   */
  readonly memoryBytes: number;
}

const DEFAULT_LIMITS: PointLimits = {
  points: 100,
  streams: 64,
  tracks: 256,
  fragmentBytes: DEFAULT_MAX_FRAGMENT_BYTES,
  headerBytes: 4 * 1024 * 1024,
  manifestBytes: 1024 * 1024,
  idleMs: 60_000,
  memoryBytes: 512 * 1024 * 1024,
};

/**
 * Completes limits.
 *
 * @throws {RangeError} If one is not a whole number above 0.
 */
export function completeLimits(limits: Partial<PointLimits>): PointLimits {
  const given = Object.entries(limits).filter(([, value]) => value !== undefined);
  for (const [name, value] of given) {
    if (Number.isSafeInteger(value) && value > 0) continue;
    throw new RangeError(
      `Cannot limit "${name}" as it must be a whole number above 0: current value is ${value}`,
    );
  }
  return { ...DEFAULT_LIMITS, ...Object.fromEntries(given) };
}
