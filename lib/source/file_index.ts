import type { MfraIndex } from "../mp4/mfra.ts";
import type { RandomAccess } from "./random_access.ts";
import { Mp4SyntaxError } from "../errors.ts";
import { MAX_HEADER_BYTES } from "../mp4/limits.ts";
import { MFRO_SIZE, readMfra, readMfro } from "../mp4/mfra.ts";

/**
 * Reads the index at the end of a file.
 *
 * @returns `undefined` if there is none, or none that can be read: nothing depends on it alone.
 * @throws {InputError} If the file cannot be read.
 */
export async function readIndex(
  access: RandomAccess,
  signal: AbortSignal | undefined,
): Promise<MfraIndex | undefined> {
  const tail = await access.read(Math.max(0, access.size - MFRO_SIZE), MFRO_SIZE, signal);
  const size = readMfro(tail);
  if (size === undefined || size > access.size || size > MAX_HEADER_BYTES || size < MFRO_SIZE) {
    return undefined;
  }
  const offset = access.size - size;
  const bytes = await access.read(offset, size, signal);
  try {
    return readMfra(bytes, offset);
  } catch (error) {
    if (error instanceof Mp4SyntaxError) return undefined;
    throw error;
  }
}
