import {
  build,
  decodeFromCompressedBase64,
  encodeIntoCompressedBase64,
  type Histogram as HdrHistogram,
  HistogramLogWriter,
} from "hdr-histogram-js";

const NS_PER_MS = 1e6;

/** A larger unit would let the largest value grow with each addition. */
const LOWEST_NS = 1;

/** One second; a larger value makes room for itself. */
const HIGHEST_NS = 1e9;

/** Up to two thousand million of the same value. */
const COUNT_BITS = 32;

function empty(): HdrHistogram {
  return build({
    lowestDiscernibleValue: LOWEST_NS,
    highestTrackableValue: HIGHEST_NS,
    numberOfSignificantValueDigits: 3,
    bitBucketSize: COUNT_BITS,
    autoResize: true,
  });
}

/**
 * A distribution of times with three significant digits whatever their size (HdrHistogram): two of them can be added
 * without losing a percentile. Values go in and out in milliseconds; inside they are nanoseconds, as other tools expect them.
 */
export class Histogram {
  #histogram: HdrHistogram;
  #count = 0;

  private constructor(histogram: HdrHistogram) {
    this.#histogram = histogram;
    this.#count = histogram.totalCount;
  }

  static create(): Histogram {
    return new Histogram(empty());
  }

  /**
   * Reads what {@linkcode encode} wrote.
   *
   * @throws {RangeError} If it is no compressed histogram of version 2.
   */
  static decode(text: string): Histogram {
    try {
      const sum = empty();
      sum.add(decodeFromCompressedBase64(text, COUNT_BITS));
      return new Histogram(sum);
    } catch (cause) {
      throw new RangeError(
        `Cannot read a histogram as it must be compressed and in Base64, of version 2: current value is "${
          text.slice(0, 24)
        }…"`,
        { cause },
      );
    }
  }

  /** How many values there are. */
  get count(): number {
    return this.#count;
  }

  /** The largest value, in milliseconds; 0 where there is none. */
  get max(): number {
    return this.#count === 0 ? 0 : this.#histogram.maxValue / NS_PER_MS;
  }

  /** In milliseconds; 0 where there is no value. */
  get mean(): number {
    return this.#count === 0 ? 0 : this.#histogram.mean / NS_PER_MS;
  }

  /** @param ms What is below 0 counts as 0. */
  record(ms: number): void {
    this.#histogram.recordValue(Math.max(0, Math.round(ms * NS_PER_MS)));
    this.#count++;
  }

  /** The value, in milliseconds, that so many percent of all values do not pass. */
  percentile(percent: number): number {
    return this.#count === 0 ? 0 : this.#histogram.getValueAtPercentile(percent) / NS_PER_MS;
  }

  /** Takes in all values of another one. */
  add(other: Histogram): void {
    if (other.#count === 0) return;
    this.#histogram.add(other.#histogram);
    this.#count += other.#count;
  }

  /** Forgets all values. */
  reset(): void {
    if (this.#count === 0) return;
    this.#histogram.reset();
    this.#count = 0;
  }

  /** All of it as text: compressed, version 2 of the format, in Base64. */
  encode(): string {
    return encodeIntoCompressedBase64(this.#histogram);
  }

  /** Writes itself as an interval of a log. */
  writeTo(writer: HistogramLogWriter, { tag, fromSeconds, toSeconds }: LogInterval): void {
    this.#histogram.tag = tag;
    writer.outputIntervalHistogram(this.#histogram, fromSeconds, toSeconds, NS_PER_MS);
  }
}

/** What an interval of a log is about. */
export interface LogInterval {
  /** What was measured. */
  readonly tag: string;
  /** From the start of the log. */
  readonly fromSeconds: number;
  readonly toSeconds: number;
}

/** One interval of a log and its values. */
export type LoggedHistogram = LogInterval & { readonly histogram: Histogram };

/**
 * The text of an HdrHistogram log (version 1.3 with histograms of version 2), which the tools of HdrHistogram read: values
 * in nanoseconds, largest values in milliseconds, one tag for each kind of value.
 *
 * @param startMs When the first interval begins, in milliseconds since 1970.
 */
export function formatHistogramLog(
  startMs: number,
  comments: readonly string[],
  intervals: Iterable<LoggedHistogram>,
): string {
  const lines: string[] = [];
  const writer = new HistogramLogWriter((text) => lines.push(text));
  writer.outputLogFormatVersion();
  for (const comment of comments) writer.outputComment(comment.replaceAll(/\s+/g, " "));
  writer.outputStartTime(startMs);
  writer.outputLegend();
  for (const { histogram, ...interval } of intervals) histogram.writeTo(writer, interval);
  return lines.join("");
}
