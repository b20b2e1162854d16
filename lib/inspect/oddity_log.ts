/** What kind of oddity it is: fixed words, for scripts. */
export type OddityKind =
  | "after-end"
  | "base-data-offset"
  | "bitrate-without-level"
  | "box-limit"
  | "client-manifest-missing"
  | "codec"
  | "data-offset"
  | "declared-count"
  | "edit-list"
  | "fragment-count"
  | "gap"
  | "header-changed"
  | "index-damaged"
  | "index-entries"
  | "index-times"
  | "level-without-track"
  | "listed-times"
  | "live-manifest"
  | "mdat-64-bit"
  | "mdat-open"
  | "mdat-without-moof"
  | "more"
  | "name-used-twice"
  | "negative-start"
  | "no-duration"
  | "no-end-of-stream"
  | "no-fragments"
  | "no-ftyp"
  | "no-index"
  | "no-moov"
  | "no-trun"
  | "not-fragmented"
  | "overlap"
  | "parent-missing"
  | "payload-left-over"
  | "ranges"
  | "sent-again"
  | "sequence"
  | "several-trafs"
  | "several-truns"
  | "several-tfxds"
  | "stream-manifest"
  | "stream-without-track"
  | "tfxd-duration"
  | "tfxd-tfdt"
  | "timescale"
  | "track-without-fragments"
  | "track-without-stream"
  | "unaligned"
  | "unknown-box"
  | "unlisted-track";

/** Something that does not fit together, or that a reader would not expect. */
export interface Oddity {
  readonly kind: OddityKind;
  /** Path or URL. */
  readonly file: string;
  /** Where it is first seen, in bytes from the start of the file. */
  readonly offset?: number | undefined;
  /** A sentence. */
  readonly text: string;
  /** How often the same was found in the same track. */
  readonly count: number;
}

/** Where an oddity is. */
export interface OddityPlace {
  readonly file: string;
  readonly offset?: number | undefined;
  /** Oddities of one kind in the same file and scope count as one. */
  readonly scope?: string | number | undefined;
}

const MAX_ODDITIES = 1000;
const MAX_ERRORS = 100;

/** Collects oddities, and what cannot be read: the first of each kind, and how many there were. */
export class OddityLog {
  readonly #oddities = new Map<string, { -readonly [K in keyof Oddity]: Oddity[K] }>();
  readonly #errors: string[] = [];
  #moreOddities = 0;
  #moreErrors = 0;

  /** Takes down an oddity; of several alike the first one's text and place stay. */
  note(kind: OddityKind, { file, offset, scope = "" }: OddityPlace, text: string): void {
    const key = `${kind} ${scope} ${file}`;
    const known = this.#oddities.get(key);
    if (known) known.count++;
    else if (this.#oddities.size === MAX_ODDITIES) this.#moreOddities++;
    else this.#oddities.set(key, { kind, file, offset, text, count: 1 });
  }

  /** Takes down what cannot be read. */
  fail(message: string): void {
    if (this.#errors.length < MAX_ERRORS) this.#errors.push(message);
    else this.#moreErrors++;
  }

  /** All oddities, in the order in which their first ones were found. */
  oddities(input: string): Oddity[] {
    const list: Oddity[] = [...this.#oddities.values()];
    if (this.#moreOddities === 0) return list;
    const text = `There is more that is odd: ${this.#moreOddities} times`;
    return [...list, { kind: "more", file: input, text, count: this.#moreOddities }];
  }

  /** All that cannot be read, in order. */
  errors(): string[] {
    const more = this.#moreErrors;
    return more === 0 ? [...this.#errors] : [...this.#errors, `${more} more errors like these`];
  }
}
