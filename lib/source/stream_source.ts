import type { Fragment, StreamHeader, StreamPart } from "../part.ts";
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
  /** Ends the stream in order: the next part is the end. */
  stop?: AbortSignal | undefined;
}

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
export function streamParts(options: StreamSourceOptions): AsyncGenerator<StreamPart> {
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
  return parts(options);
}

async function* parts(options: StreamSourceOptions): AsyncGenerator<StreamPart> {
  const { file, stop, isPrompt = false, isUnpaced = false } = options;
  yield header(options);
  const lane = new BufferLane(options.pool, { isPrompt, isLate: isUnpaced });
  let error: Error | undefined;
  try {
    try {
      yield* allPasses(options, lane);
      error = file.error;
    } catch (reason) {
      if (!stop?.aborted) {
        if (!(reason instanceof Error) || reason.name !== "InputError") throw reason;
        error = reason;
      }
    }
    yield error ? { type: "end", boxes: [], error } : { type: "end", boxes: [] };
  } finally {
    // Not before: payloads that were asked for ahead of the end may still be read.
    lane.close();
  }
}

async function* allPasses(
  options: StreamSourceOptions,
  lane: BufferLane,
): AsyncGenerator<Fragment> {
  const { file, passes = 1, stop } = options;
  let sequence = 0;
  for (let pass = 0; pass < passes && !stop?.aborted; pass++) {
    const before = sequence;
    const candidates = await firstCandidates(options);
    for (let next = earliest(candidates); next && !stop?.aborted; next = earliest(candidates)) {
      const row = next.row!;
      const { trackId, index } = row;
      next.row = file.known(trackId, index + 1) ?? await file.fragment(trackId, index + 1, stop);
      yield {
        type: "fragment",
        trackId,
        timescale: next.timescale,
        decodeTime: row.start,
        duration: row.duration,
        index,
        pass,
        sequence: ++sequence,
        moof: file.moofNow(row) ?? await file.readMoof(row, stop),
        payload: file.payload(row, lane),
      };
    }
    // Without a fragment in it, a loop would never come to its next part.
    if (file.error || sequence === before) return;
  }
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
