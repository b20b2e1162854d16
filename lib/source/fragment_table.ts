/** What is kept of one fragment of a file. */
export interface FragmentRow {
  readonly trackId: number;
  /** Position in its track, from 0. */
  readonly index: number;
  /** First byte of `moof`, from the start of the file. */
  readonly moofOffset: number;
  /** In bytes. */
  readonly moofSize: number;
  /** First byte of the payload of `mdat`. */
  readonly payloadOffset: number;
  /** In bytes. */
  readonly payloadSize: number;
  /** In ticks of the track. */
  readonly start: bigint;
  /** In ticks of the track. */
  readonly duration: bigint;
}

const FIRST_CAPACITY = 256;

interface Column<T> {
  set(from: T): void;
  subarray(start: number, end: number): T;
}

/**
 * The fragments of one track of a file, in columns: a file of ten gigabytes in small fragments has a million of them,
 * and as objects they would take hundreds of megabytes.
 */
export class FragmentTable {
  readonly trackId: number;
  #length = 0;
  #moofOffset = new Float64Array(FIRST_CAPACITY);
  #moofSize = new Uint32Array(FIRST_CAPACITY);
  #payloadOffset = new Float64Array(FIRST_CAPACITY);
  #payloadSize = new Float64Array(FIRST_CAPACITY);
  #start = new BigInt64Array(FIRST_CAPACITY);
  #duration = new BigInt64Array(FIRST_CAPACITY);

  constructor(trackId: number) {
    this.trackId = trackId;
  }

  get length(): number {
    return this.#length;
  }

  /** Adds the next fragment of the track. */
  push(row: Omit<FragmentRow, "trackId" | "index">): void {
    if (this.#length === this.#moofSize.length) {
      this.#resize(Math.max(2 * this.#length, FIRST_CAPACITY));
    }
    const n = this.#length++;
    this.#moofOffset[n] = row.moofOffset;
    this.#moofSize[n] = row.moofSize;
    this.#payloadOffset[n] = row.payloadOffset;
    this.#payloadSize[n] = row.payloadSize;
    this.#start[n] = row.start;
    this.#duration[n] = row.duration;
  }

  /** Lets go of the room for further rows, where none are expected. */
  trim(): void {
    this.#resize(this.#length);
  }

  #resize(capacity: number): void {
    const { length } = this;
    const resized = <T extends Column<T>>(from: T, to: T): T => {
      to.set(from.subarray(0, length));
      return to;
    };
    this.#moofOffset = resized(this.#moofOffset, new Float64Array(capacity));
    this.#moofSize = resized(this.#moofSize, new Uint32Array(capacity));
    this.#payloadOffset = resized(this.#payloadOffset, new Float64Array(capacity));
    this.#payloadSize = resized(this.#payloadSize, new Float64Array(capacity));
    this.#start = resized(this.#start, new BigInt64Array(capacity));
    this.#duration = resized(this.#duration, new BigInt64Array(capacity));
  }

  /** The fragment at `index`, `undefined` past the end. */
  at(index: number): FragmentRow | undefined {
    if (index < 0 || index >= this.#length) return undefined;
    return {
      trackId: this.trackId,
      index,
      moofOffset: this.#moofOffset[index]!,
      moofSize: this.#moofSize[index]!,
      payloadOffset: this.#payloadOffset[index]!,
      payloadSize: this.#payloadSize[index]!,
      start: this.#start[index]!,
      duration: this.#duration[index]!,
    };
  }
}
