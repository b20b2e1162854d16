import type { NoteOddity } from "./media_checks.ts";
import type { MfraIndex } from "../mp4/mfra.ts";
import type { RandomAccess } from "../source/random_access.ts";
import { Mp4SyntaxError } from "../errors.ts";
import { readBoxHeader } from "../mp4/box.ts";
import { MAX_HEADER_BYTES } from "../mp4/limits.ts";
import { MFRO_SIZE, readMfra, readMfro } from "../mp4/mfra.ts";

/** The index at the end of a file. */
export interface TailIndex {
  /** Where its `mfra` box starts. */
  readonly offset: number;
  readonly mfra: MfraIndex;
}

/**
 * Reads the index at the end of a file, which is wanted before the fragments as it may tell when they start.
 *
 * @returns `undefined` if there is none, or none that can be read.
 * @throws {InputError} If the file cannot be read.
 */
export async function readTailIndex(
  access: RandomAccess,
  note: NoteOddity,
  signal?: AbortSignal,
): Promise<TailIndex | undefined> {
  const { size } = access;
  const tail = await access.read(Math.max(0, size - MFRO_SIZE), MFRO_SIZE, signal);
  const length = readMfro(tail);
  if (length === undefined) return undefined;
  const offset = size - length;
  const isWithin = length > MFRO_SIZE && offset >= 0 && length <= MAX_HEADER_BYTES;
  try {
    const bytes = isWithin ? await access.read(offset, length, signal) : new Uint8Array(0);
    if (readBoxHeader(bytes, offset)?.type === "mfra") {
      return { offset, mfra: readMfra(bytes, offset) };
    }
    const text = `The mfro box says that the index has ${length} bytes, but none is there`;
    note("index-damaged", size - MFRO_SIZE, text);
  } catch (error) {
    if (!(error instanceof Mp4SyntaxError)) throw error;
    note("index-damaged", offset, `The index cannot be read: ${error.message}`);
  }
  return undefined;
}
