import type { BufferLane } from "./buffer_pool.ts";
import type { PayloadReading } from "../part.ts";

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
   * Fills memory while the caller waits, which costs a tenth of a read that is waited for in turn where the bytes are in
   * memory already.
   *
   * @returns How many bytes there were; `undefined` where it would take long, by what the last reads took.
   * @throws {InputError} If it cannot be read.
   */
  readNow?(bytes: Uint8Array, offset: number): number | undefined;
  /**
   * What is made of some bytes: made once for all who read the file, and not to be changed by any of them. Missing where
   * there is nobody to share it with.
   *
   * @throws What `make` throws.
   * @throws {InputError} If the bytes cannot be read, or there are fewer.
   */
  once?<T extends object>(
    offset: number,
    size: number,
    make: (bytes: Uint8Array) => T,
  ): T | Promise<T>;
  /**
   * Yields bytes in order, in pieces that stay unchanged for as long as the lane says. Reading begins at once, or when the
   * first piece is asked for where the lane is one that reads late.
   *
   * @throws {InputError} If it cannot be read, or ends before.
   */
  stream(
    offset: number,
    size: number,
    lane: BufferLane,
    signal?: AbortSignal,
  ): PayloadReading;
  /** Lets go of the file; what is being read ends first. */
  close(): Promise<void>;
}
