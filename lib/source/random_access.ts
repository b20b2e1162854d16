import type { BufferLane } from "./buffer_pool.ts";

/** A file or URL whose bytes can be read from anywhere. */
export interface RandomAccess {
  /** Path or URL, without credentials, for messages. */
  readonly name: string;
  /** In bytes. */
  readonly size: number;
  /** How many bytes are worth reading at once where a few are wanted. */
  readonly windowBytes: number;
  /** Whether a look at every fragment in advance costs little. */
  readonly isLocal: boolean;
  /**
   * Reads bytes into an array of their own, fewer only where the file ends.
   *
   * @throws {InputError} If it cannot be read.
   */
  read(offset: number, size: number, signal?: AbortSignal): Promise<Uint8Array>;
  /**
   * Yields bytes in order, in pieces that stay unchanged for as long as the lane says.
   *
   * @throws {InputError} If it cannot be read, or ends before.
   */
  stream(
    offset: number,
    size: number,
    lane: BufferLane,
    signal?: AbortSignal,
  ): AsyncIterable<Uint8Array>;
  /** Lets go of the file; what is being read ends first. */
  close(): Promise<void>;
}
