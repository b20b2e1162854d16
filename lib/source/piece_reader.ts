import type { PayloadReading } from "../part.ts";
import type { BufferLane, Piece } from "./buffer_pool.ts";
import { MIN_POOLED_BYTES } from "./buffer_pool.ts";
import { HEAD_ROOM_BYTES, HeadRoom } from "./head_room.ts";

/** Options for {@linkcode PieceReader}. */
export interface PieceReaderOptions {
  /** How many bytes there are. */
  readonly size: number;
  readonly lane: BufferLane;
  /** Fills memory with the bytes from a place on. */
  readonly fill: (bytes: Uint8Array, from: number) => Promise<void>;
  /** Does the same at once, or says that it will not: small pieces cost less to wait for than to be told of. */
  readonly fillNow?: (bytes: Uint8Array, from: number) => boolean;
  readonly signal: AbortSignal | undefined;
}

/** A piece whose bytes are on the way. */
interface Filling {
  readonly piece: Piece;
  /** The memory is free up to here. */
  readonly start: number;
  /** Nothing where they are there. */
  readonly filled: Promise<void> | undefined;
  /** Whether it is read before anybody asks for the first piece. */
  readonly isEarly: boolean;
}

/**
 * Reads pieces in order. The first one is read before it is asked for; in a lane that is late, when it is. What follows is
 * read when it is asked for where that can be done at once, and else one piece ahead of the reader: a piece that comes
 * fresh from the cache is sent for less, and takes no turn of its own.
 */
export class PieceReader implements PayloadReading, AsyncIterableIterator<Uint8Array> {
  readonly #options: PieceReaderOptions;
  #from = 0;
  #next: Filling | undefined;
  readonly #headRoom = new HeadRoom();
  #isAsked = false;

  constructor(options: PieceReaderOptions) {
    this.#options = options;
    const { isLate, hasRoom } = options.lane;
    if (!isLate && hasRoom) this.#next = this.#start(true);
  }

  #start(isEarly = false): Filling | undefined {
    const { lane, size } = this.#options;
    const from = this.#from;
    if (from >= size) return undefined;
    const start = from === 0 ? HEAD_ROOM_BYTES : 0;
    const pieceSize = lane.nextSize(size, from, HEAD_ROOM_BYTES);
    const piece = lane.take(pieceSize, start);
    const bytes = piece.bytes.subarray(start);
    this.#from += pieceSize;
    const filled = this.#fill(bytes, from, isEarly);
    filled?.catch(() => {}); // it counts when its turn comes, if it ever does
    return { piece, start, filled, isEarly };
  }

  /** Begins to fill memory; nothing is left to wait for where that is done at once. */
  #fill(bytes: Uint8Array, from: number, isEarly: boolean): Promise<void> | undefined {
    const { fill, fillNow } = this.#options;
    const isNow = !isEarly || bytes.length < MIN_POOLED_BYTES;
    try {
      return isNow && fillNow?.(bytes, from) ? undefined : fill(bytes, from);
    } catch (error) {
      return Promise.reject(error);
    }
  }

  putInFront(...head: readonly Uint8Array[]): boolean {
    return !this.#isAsked && this.#options.size > 0 && this.#headRoom.put(head);
  }

  get isAtEnd(): boolean {
    return this.#from >= this.#options.size && !this.#next;
  }

  nextNow(): Uint8Array | undefined {
    const current = this.#current();
    if (!current || current.filled || this.#options.signal?.aborted) {
      this.#next = current;
      return undefined;
    }
    return this.#hand(current);
  }

  async next(): Promise<IteratorResult<Uint8Array>> {
    const { lane, fillNow, signal } = this.#options;
    const current = this.#current();
    if (!current) return { done: true, value: undefined };
    try {
      await current.filled;
    } catch (error) {
      lane.drop(current.piece);
      throw error;
    }
    if (signal?.aborted) {
      lane.drop(current.piece);
      await this.return();
      throw signal.reason;
    }
    const value = this.#hand(current);
    // That the first one was not there at once does not say that the file is slow.
    const isSlow = current.filled && !(current.isEarly && fillNow);
    if (isSlow && lane.hasRoom) this.#next = this.#start();
    return { done: false, value };
  }

  /** The piece whose turn it is. */
  #current(): Filling | undefined {
    this.#isAsked = true;
    // What was handed before is free now, and the first to be used again, as it is in the cache.
    this.#options.lane.settle();
    const current = this.#next ?? this.#start();
    this.#next = undefined;
    return current;
  }

  #hand({ piece: { bytes, buffer }, start }: Filling): Uint8Array {
    const value = this.#headRoom.join(bytes, start);
    this.#options.lane.hand({ bytes: value, buffer });
    return value;
  }

  return(): Promise<IteratorResult<Uint8Array>> {
    const left = this.#next;
    this.#next = undefined;
    this.#from = this.#options.size;
    // A buffer that is still being filled must not go back to the pool before.
    const drop = () => this.#options.lane.drop(left!.piece);
    if (left?.filled) left.filled.then(drop, drop);
    else if (left) drop();
    return Promise.resolve({ done: true, value: undefined });
  }

  [Symbol.asyncIterator](): this {
    return this;
  }
}
