import type { PayloadReading } from "../part.ts";
import type { Piece } from "./buffer_pool.ts";
import type { PieceReaderOptions } from "./piece_reader.ts";
import { evenPart, LARGE_PIECE_BYTES } from "./buffer_pool.ts";
import { HEAD_ROOM_BYTES, HeadRoom } from "./head_room.ts";

/**
 * Reads pieces when they are asked for, all into the same memory: for who sends without a pace, and is done with a piece
 * when it asks for the next one. Between two of them the core has forgotten all but what they are made of, so that each
 * function that a piece takes beside counts.
 */
export class LateReader implements PayloadReading, AsyncIterableIterator<Uint8Array> {
  readonly #options: PieceReaderOptions;
  readonly #headRoom = new HeadRoom();
  readonly #pieceBytes: number;
  /** From the first piece on until what follows the last one is asked for. */
  #memory: Piece | undefined;
  #from = 0;

  /** @param options Of {@linkcode MIN_POOLED_BYTES} or more: clients still hold small pieces after asking for more. */
  constructor(options: PieceReaderOptions) {
    this.#options = options;
    this.#pieceBytes = evenPart(options.size, LARGE_PIECE_BYTES - HEAD_ROOM_BYTES);
  }

  /** Whether the last piece was handed out, and is not looked at any more. */
  get isAtEnd(): boolean {
    return this.#from >= this.#options.size && !this.#memory;
  }

  putInFront(...head: readonly Uint8Array[]): boolean {
    return !this.#memory && this.#from === 0 && this.#headRoom.put(head);
  }

  nextNow(): Uint8Array | undefined {
    const { fillNow, signal } = this.#options;
    const bytes = signal?.aborted ? undefined : this.#nextBytes();
    try {
      return bytes && fillNow?.(bytes, this.#from) ? this.#hand(bytes) : undefined;
    } catch (error) {
      this.#stop();
      throw error;
    }
  }

  async next(): Promise<IteratorResult<Uint8Array>> {
    const { fill, signal } = this.#options;
    try {
      signal?.throwIfAborted();
      const bytes = this.#nextBytes();
      if (!bytes) return { done: true, value: undefined };
      await fill(bytes, this.#from);
      signal?.throwIfAborted();
      return { done: false, value: this.#hand(bytes) };
    } catch (error) {
      this.#stop();
      throw error;
    }
  }

  /** Memory for the next piece; what was handed out before is free. */
  #nextBytes(): Uint8Array | undefined {
    const { size, lane } = this.#options;
    const left = size - this.#from;
    if (left <= 0) return this.#release();
    this.#memory ??= lane.take(this.#pieceBytes, HEAD_ROOM_BYTES);
    const end = HEAD_ROOM_BYTES + Math.min(left, this.#pieceBytes);
    return this.#memory.bytes.subarray(HEAD_ROOM_BYTES, end);
  }

  #hand(bytes: Uint8Array): Uint8Array {
    const isFirst = this.#from === 0;
    this.#from += bytes.length;
    if (!isFirst) return bytes;
    const whole = this.#memory!.bytes.subarray(0, HEAD_ROOM_BYTES + bytes.length);
    return this.#headRoom.join(whole, HEAD_ROOM_BYTES);
  }

  #release(): undefined {
    if (this.#memory) this.#options.lane.drop(this.#memory);
    this.#memory = undefined;
  }

  /** What was handed out last may be looked at still, and what is being filled is written to. */
  #stop(): void {
    if (this.#memory) this.#options.lane.forget(this.#memory);
    this.#memory = undefined;
    this.#from = this.#options.size;
  }

  return(): Promise<IteratorResult<Uint8Array>> {
    this.#stop();
    return Promise.resolve({ done: true, value: undefined });
  }

  [Symbol.asyncIterator](): this {
    return this;
  }
}
