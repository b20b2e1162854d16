import type { BoxHeader } from "../mp4/box.ts";
import type { RandomAccess } from "./random_access.ts";
import { Mp4SyntaxError } from "../errors.ts";
import { MAX_BOX_HEADER_SIZE, printable, readBoxHeader } from "../mp4/box.ts";
import { MAX_HEADER_BYTES } from "../mp4/limits.ts";

/** A box at the top level of a file. */
export interface TopBox extends BoxHeader {
  /** First byte, from the start of the file. */
  readonly offset: number;
  /** First byte behind it. */
  readonly end: number;
}

/** What is larger is not waited for. */
const MAX_NOW_BYTES = 64 * 1024;

/** One read in so many lets others have their turn where the rest is done at once. */
const READS_PER_TURN = 64;

/** Reads boxes at the top level of a file, a few kilobytes at a time, and never a payload. */
export class BoxWindow {
  readonly #access: RandomAccess;
  #bytes: Uint8Array = new Uint8Array(0);
  #offset = 0;
  #reads = 0;
  /** Is read into again and again, as nobody keeps what a window shows. */
  #memory: Uint8Array = new Uint8Array(0);

  constructor(access: RandomAccess) {
    this.#access = access;
  }

  /** Up to `size` bytes from `offset` on, fewer only at the end of the file; they stay until the next call. */
  async bytes(offset: number, size: number, signal?: AbortSignal): Promise<Uint8Array> {
    const from = offset - this.#offset;
    if (from >= 0 && from + size <= this.#bytes.length) {
      return this.#bytes.subarray(from, from + size);
    }
    const wanted = Math.max(size, this.#access.windowBytes);
    this.#bytes = this.#readNow(offset, wanted, signal) ??
      await this.#access.read(offset, wanted, signal);
    this.#offset = offset;
    return this.#bytes.subarray(0, size);
  }

  /**
   * A few kilobytes from `offset` on, or what is left of the file; they stay until the next call.
   *
   * @returns `undefined` where they would have to be waited for.
   */
  bytesNow(offset: number): Uint8Array | undefined {
    const bytes = this.#readNow(offset, this.#access.windowBytes, undefined);
    if (!bytes) return undefined;
    this.#bytes = bytes;
    this.#offset = offset;
    return bytes;
  }

  #readNow(
    offset: number,
    size: number,
    signal: AbortSignal | undefined,
  ): Uint8Array | undefined {
    signal?.throwIfAborted();
    if (size > MAX_NOW_BYTES || ++this.#reads % READS_PER_TURN === 0) return undefined;
    const wanted = Math.max(0, Math.min(size, this.#access.size - offset));
    if (this.#memory.length < wanted) this.#memory = new Uint8Array(wanted);
    const bytes = this.#memory.subarray(0, wanted);
    const filled = this.#access.readNow?.(bytes, offset);
    return filled === undefined ? undefined : bytes.subarray(0, filled);
  }

  /**
   * The box that starts at `offset`.
   *
   * @returns `undefined` at the end of the file.
   * @throws {Mp4SyntaxError} If its header is damaged, or it goes on past the end of the file.
   */
  async header(offset: number, signal?: AbortSignal): Promise<TopBox | undefined> {
    const left = this.#access.size - offset;
    if (left <= 0) return undefined;
    const bytes = await this.bytes(offset, Math.min(MAX_BOX_HEADER_SIZE, left), signal);
    const header = readBoxHeader(bytes, offset);
    if (!header) {
      throw new Mp4SyntaxError(
        `Cannot read a box as it must have a whole header: current value is ${left} bytes to the end of the file`,
        offset,
      );
    }
    if (header.size > left) {
      throw new Mp4SyntaxError(
        `Cannot read box "${
          printable(header.type)
        }" as its ${header.size} bytes must be in the file: current value is ${left}`,
        offset,
      );
    }
    return { ...header, offset, end: header.size === 0 ? this.#access.size : offset + header.size };
  }

  /**
   * A whole box.
   *
   * @throws {Mp4SyntaxError} If it is larger than `maxBytes`.
   */
  async box(
    { offset, end, type }: TopBox,
    maxBytes = MAX_HEADER_BYTES,
    signal?: AbortSignal,
  ): Promise<Uint8Array> {
    const size = end - offset;
    if (size > maxBytes) {
      throw new Mp4SyntaxError(
        `Cannot read box "${
          printable(type)
        }" as it must have at most ${maxBytes} bytes: current value is ${size}`,
        offset,
      );
    }
    const bytes = await this.bytes(offset, size, signal);
    // The window is read anew for the next box: what is kept must have memory of its own.
    return bytes.slice();
  }
}
