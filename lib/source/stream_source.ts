import type { Fragment, PartIterator, StreamHeader, StreamPart } from "../part.ts";
import type { BufferPool } from "./buffer_pool.ts";
import type { FragmentRow } from "./fragment_table.ts";
import type { MediaFile } from "./media_file.ts";
import { compare, fromTicks } from "../time.ts";
import { cutMoov } from "../mp4/moov.ts";
import { readableFrom } from "../readable.ts";
import { BufferLane } from "./buffer_pool.ts";

/** Options for {@linkcode streamSource}. */
export interface StreamSourceOptions {
  file: MediaFile;
  /** The tracks of the file that are wanted. */
  trackIds: readonly number[];
  /**
   * How often the file is gone through; Infinity for ever.
   *
   * @default {1}
   */
  passes?: number;
  /**
   * Whoever sends the payloads does so at once: what is read is waited for, as long as the file is quick, and not read
   * ahead.
   *
   * @default {false}
   */
  isUnpaced?: boolean;
  /**
   * Whoever sends the payloads is done with a piece of 64 KiB or more when it asks for what follows: buffers are used again
   * at once.
   *
   * @default {false}
   */
  isPrompt?: boolean;
  /**
   * Where the memory for payloads comes from.
   *
   * @default {one for the whole process}
   */
  pool?: BufferPool | undefined;
  /**
   * Is asked before a fragment is read, and waited for where it gives a promise: whoever sends fragments at their time need
   * not hold what can be read shortly before. Files that are far away are read at once.
   */
  whenToRead?: WhenToRead | undefined;
  /** Ends the stream in order: the next part is the end. */
  stop?: AbortSignal | undefined;
}

/**
 * When a fragment is to be read.
 *
 * @param timescale Of the times in `row`, in ticks per second.
 * @param pass Over the file, from 0.
 * @returns Settles when it is time; nothing where it is already. It does not fail.
 */
export type WhenToRead = (
  row: FragmentRow,
  timescale: number,
  pass: number,
) => Promise<void> | undefined;

/**
 * A stream of the parts of a file: a header, the fragments of some of its tracks in the order in which they end, pass
 * after pass, and an end. Only `moof` boxes are read here; a payload is read by whoever sends it.
 *
 * What cannot be read ends the stream: the end part says why.
 *
 * @throws {RangeError} If no track is named, or one that the file does not have.
 *
 * @example
 * ```ts
 * const file = await MediaFile.open(await openFile("movie.ismv"));
 * const parts = streamSource({ file, trackIds: [1] });
 * ```
 */
export function streamSource(options: StreamSourceOptions): ReadableStream<StreamPart> {
  return readableFrom(streamParts(options));
}

/** What stands behind {@linkcode streamSource}, for those who have no streams; it throws the same. */
export function streamParts(options: StreamSourceOptions): PartIterator {
  const { file, trackIds } = options;
  const missing = trackIds.find((id) => !file.tracks.some(({ trackId }) => trackId === id));
  if (missing !== undefined || trackIds.length === 0) {
    const known = file.tracks.map(({ trackId }) => trackId).join(", ");
    throw new RangeError(
      `Cannot read tracks of "${file.name}" as there must be some, each one of the file's (${known}): current value is ${
        missing ?? "none"
      }`,
    );
  }
  return new StreamParts(options);
}

/**
 * No generator: one that waits keeps the last fragment in its variables, and of a thousand streams nearly all wait. Whoever
 * asks for a part waits for it before asking for the next one.
 */
class StreamParts implements PartIterator {
  readonly #options: StreamSourceOptions;
  readonly #passes: number;
  readonly #lane: BufferLane;
  readonly #whenToRead: WhenToRead | undefined;
  /** What comes next. */
  #state: "header" | "fragments" | "nothing" = "header";
  #candidates: readonly Candidate[] | undefined;
  #pass = 0;
  #sequence = 0;
  /** The first of this pass. */
  #firstSequence = 0;

  constructor(options: StreamSourceOptions) {
    const { file, passes = 1, pool, isPrompt = false, isUnpaced = false } = options;
    this.#options = options;
    this.#passes = passes;
    this.#lane = new BufferLane(pool, { isPrompt, isLate: isUnpaced });
    this.#whenToRead = file.isLocal ? options.whenToRead : undefined;
  }

  ready(): Promise<void> | undefined {
    const next = this.#state === "fragments" && this.#candidates && earliest(this.#candidates);
    return next ? this.#whenToRead?.(next.row!, next.timescale, this.#pass) : undefined;
  }

  async next(): Promise<IteratorResult<StreamPart>> {
    if (this.#state === "nothing") return this.return();
    if (this.#state === "header") {
      this.#state = "fragments";
      return { done: false, value: header(this.#options) };
    }
    let error: Error | undefined;
    try {
      const fragment = await this.#nextFragment();
      if (fragment) return { done: false, value: fragment };
      error = this.#options.file.error;
    } catch (reason) {
      if (!this.#options.stop?.aborted) error = inputError(reason);
    }
    this.#state = "nothing";
    return { done: false, value: { type: "end", boxes: [], ...(error && { error }) } };
  }

  async #nextFragment(): Promise<Fragment | undefined> {
    const { stop } = this.#options;
    while (!stop?.aborted && this.#pass < this.#passes) {
      this.#candidates ??= await firstCandidates(this.#options);
      const next = earliest(this.#candidates);
      if (next) {
        const wait = this.#whenToRead?.(next.row!, next.timescale, this.#pass);
        if (wait) await wait;
        return stop?.aborted ? undefined : await this.#read(next);
      }
      // Without a fragment in it, a loop would never come to its next part.
      if (this.#options.file.error || this.#sequence === this.#firstSequence) return undefined;
      this.#firstSequence = this.#sequence;
      this.#candidates = undefined;
      this.#pass++;
    }
    return undefined;
  }

  async #read(next: Candidate): Promise<Fragment> {
    const { file, stop, isUnpaced } = this.#options;
    const row = next.row!;
    const { trackId, index } = row;
    const following = index + 1;
    next.row = file.fragmentNow(trackId, following, isUnpaced) ??
      await file.fragment(trackId, following, stop);
    return {
      type: "fragment",
      trackId,
      timescale: next.timescale,
      decodeTime: row.start,
      duration: row.duration,
      index,
      pass: this.#pass,
      sequence: ++this.#sequence,
      moof: file.moofNow(row) ?? await file.readMoof(row, stop),
      payload: file.payload(row, this.#lane),
    };
  }

  return(): Promise<IteratorResult<StreamPart>> {
    this.#state = "nothing";
    this.#lane.close();
    return Promise.resolve({ done: true, value: undefined });
  }

  [Symbol.asyncIterator](): this {
    return this;
  }
}

/** What ends a stream in order; anything else is a defect. */
function inputError(reason: unknown): Error {
  if (reason instanceof Error && reason.name === "InputError") return reason;
  throw reason;
}

function header({ file, trackIds }: StreamSourceOptions): StreamHeader {
  const { ftyp, moov } = file.boxes;
  const cut = cutMoov(moov, trackIds);
  return {
    type: "header",
    boxes: ftyp ? [ftyp, cut] : [cut],
    tracks: file.tracks.filter(({ trackId }) => trackIds.includes(trackId)),
  };
}

/** The next fragment of one track. */
interface Candidate {
  readonly trackId: number;
  readonly timescale: number;
  row: FragmentRow | undefined;
}

function firstCandidates({ file, trackIds, stop }: StreamSourceOptions): Promise<Candidate[]> {
  return Promise.all(trackIds.map(async (trackId) => ({
    trackId,
    timescale: file.tracks.find((it) => it.trackId === trackId)!.timescale,
    row: await file.fragment(trackId, 0, stop),
  })));
}

/** The track whose next fragment ends first: it is complete first, so it is sent first. */
function earliest(candidates: readonly Candidate[]): Candidate | undefined {
  if (candidates.length === 1) return candidates[0]!.row && candidates[0];
  let best: Candidate | undefined;
  for (const candidate of candidates) {
    if (!candidate.row) continue;
    if (!best || compare(endOf(candidate), endOf(best)) < 0) best = candidate;
  }
  return best;
}

function endOf({ row, timescale }: Candidate) {
  return fromTicks(row!.start + row!.duration, timescale);
}
