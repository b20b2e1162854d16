/** One entry of `tfra`: a fragment that starts with a random access point. */
export interface TfraEntry {
  /** In ticks of the track. */
  readonly time: bigint;
  /** Where the `moof` box starts, in bytes from the start of the file. */
  readonly moofOffset: number;
}

/** Entries of `tfra` in the order of the box: an array of them, or a {@linkcode TfraTable}. */
export interface TfraEntries extends Iterable<TfraEntry> {
  readonly length: number;
  /** The entry at `index`, counted from the end where it is below 0; `undefined` where there is none. */
  at(index: number): TfraEntry | undefined;
}

/** What the entries of one or more tables are kept in: 16 bytes for each. */
export class TfraColumns {
  /** In ticks of the track. */
  readonly times: BigInt64Array;
  /** In bytes from the start of the file. */
  readonly moofOffsets: Float64Array;

  /** @param length How many entries there is room for. */
  constructor(length: number) {
    this.times = new BigInt64Array(length);
    this.moofOffsets = new Float64Array(length);
  }
}

/**
 * The entries of one `tfra` box, in columns: a file of ten gigabytes in small fragments has hundreds of thousands of
 * them. Each entry is made when it is asked for.
 */
export class TfraTable implements TfraEntries {
  readonly length: number;
  readonly #columns: TfraColumns;
  readonly #from: number;
  /** Places in the columns by offset, where the box has another order; made when a time is first asked for. */
  #order: { readonly places: Uint32Array | undefined } | undefined;

  /**
   * @param columns Must not change any more once an entry or a time has been asked for.
   * @param from Place of the first entry in the columns.
   * @param length How many entries there are.
   */
  constructor(columns: TfraColumns, from: number, length: number) {
    this.#columns = columns;
    this.#from = from;
    this.length = length;
  }

  at(index: number): TfraEntry | undefined {
    const n = index < 0 ? index + this.length : index;
    return n >= 0 && n < this.length ? this.#entry(this.#from + n) : undefined;
  }

  *[Symbol.iterator](): Generator<TfraEntry> {
    for (let n = 0; n < this.length; n++) yield this.#entry(this.#from + n);
  }

  /**
   * The time of the entry that points at a `moof` box; that of the last one where there are several.
   *
   * @param moofOffset In bytes from the start of the file.
   */
  timeOf(moofOffset: number): bigint | undefined {
    const { moofOffsets, times } = this.#columns;
    let low = 0;
    let high = this.length;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if (moofOffsets[this.#place(middle)]! <= moofOffset) low = middle + 1;
      else high = middle;
    }
    if (low === 0) return undefined;
    const place = this.#place(low - 1);
    return moofOffsets[place] === moofOffset ? times[place] : undefined;
  }

  /** At how many `moof` boxes the entries point. */
  countMoofs(): number {
    const { moofOffsets } = this.#columns;
    let count = 0;
    for (let n = 0; n < this.length; n++) {
      const isNew = n === 0 || moofOffsets[this.#place(n)] !== moofOffsets[this.#place(n - 1)];
      if (isNew) count++;
    }
    return count;
  }

  #entry(place: number): TfraEntry {
    const { times, moofOffsets } = this.#columns;
    return { time: times[place]!, moofOffset: moofOffsets[place]! };
  }

  /** Place in the columns of the n-th entry by offset. */
  #place(n: number): number {
    this.#order ??= { places: this.#sort() };
    return this.#order.places?.[n] ?? this.#from + n;
  }

  #sort(): Uint32Array | undefined {
    const { moofOffsets } = this.#columns;
    const [from, end] = [this.#from, this.#from + this.length];
    let at = from + 1;
    while (at < end && moofOffsets[at - 1]! <= moofOffsets[at]!) at++;
    if (at >= end) return undefined;
    return Uint32Array.from({ length: this.length }, (_, n) => from + n)
      .sort((a, b) => moofOffsets[a]! - moofOffsets[b]! || a - b);
  }
}
