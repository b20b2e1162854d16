/** Most bytes of one piece of a payload, with room in front, where streams wait for their time with what they hold. */
export const PIECE_BYTES: number = 512 * 1024;

/**
 * The same for a reader that is prompt and does not wait. Fewer pieces cost less code, but what has left the cache of the
 * core when it is sent costs more than that: with 2 MB of it, pieces of 1408 KiB, which take a fragment of 2 s at 5 Mbit/s
 * whole, took a quarter longer.
 */
export const LARGE_PIECE_BYTES: number = 768 * 1024;

/** Pieces below this size get memory of their own: HTTP clients still hold small ones after asking for more. */
export const MIN_POOLED_BYTES: number = 64 * 1024;

/**
 * The client of Deno takes a piece of any size into its queue while less than this waits there, and asks for the next one at
 * once: the last piece, and as much before it, are still looked at. One that is prompt is done with all that it asked for
 * before so many bytes, the last piece included.
 */
const SETTLED_BYTES = 64 * 1024;

/**
 * Where streams wait for their time, a reader that is not prompt keeps the end of a payload until the next one is due: with
 * a last piece of this size, no more than `SETTLED_BYTES` before it.
 */
const LAST_BYTES = 8 * 1024;

/** Below this size a reader that is prompt would keep too many. */
const MIN_SMALL_BYTES = 8 * 1024;

/** Size of the buffers for pieces below {@linkcode MIN_POOLED_BYTES}, with room in front. */
const SMALL_BYTES = MIN_POOLED_BYTES + 4096;

/** The same for what a reader that is not prompt may hold on to. */
const MEDIUM_BYTES = 128 * 1024 + 4096;

/** Free buffers of a size that are kept always, and their bytes. */
const FEW_BUFFERS = 64;
const FEW_BYTES = 32 * 1024 * 1024;

/** How often a buffer comes back until the free ones are looked at that nobody has needed meanwhile. */
const GIVES_PER_TRIM = 4096;

/** Options for {@linkcode BufferPool}. */
export interface BufferPoolOptions {
  /**
   * From how many bytes on that are lent at a time the pool counts as full: then nothing is read ahead, and in small pieces.
   *
   * @default {268435456}
   */
  maxBytes?: number;
}

/**
 * Free buffers of one size, the one that was used last on top. As many as are needed at times of much work are kept: to
 * make new ones all the time would keep the garbage collector at work, which counts them as memory of its own. What was
 * not needed for long is let go.
 */
class FreeBuffers {
  readonly #buffers: Uint8Array[] = [];
  readonly size: number;
  readonly #few: number;
  /** How many there were at least since they were looked at last. */
  #leastCount = 0;
  #gives = 0;
  #lentCount = 0;
  /** How many were lent at most since all had come back last. */
  #mostLent = 0;

  /** @param size Of each, in bytes. */
  constructor(size: number) {
    this.size = size;
    this.#few = Math.min(FEW_BUFFERS, Math.floor(FEW_BYTES / size));
  }

  get bytes(): number {
    return this.#buffers.length * this.size;
  }

  get areFew(): boolean {
    return this.#buffers.length < this.#few;
  }

  take(): Uint8Array {
    const buffer = this.#buffers.pop() ?? new Uint8Array(this.size);
    this.#leastCount = Math.min(this.#leastCount, this.#buffers.length);
    this.#mostLent = Math.max(this.#mostLent, ++this.#lentCount);
    return buffer;
  }

  /** One that is lent does not come back. */
  forget(): void {
    this.#lentCount--;
  }

  give(buffer: Uint8Array): void {
    this.#buffers.push(buffer);
    this.#gives++;
    if (this.#gives < GIVES_PER_TRIM) return;
    // Half of them, as there may be as much work again soon.
    this.#keep(this.#buffers.length - (this.#leastCount >> 1));
    this.#gives = 0;
    this.#leastCount = this.#buffers.length;
  }

  /** All have come back: keeps as many as were needed since it was so last, and a few. */
  recede(): void {
    this.#keep(Math.max(this.#few, this.#mostLent));
    this.#mostLent = 0;
  }

  /** Lets go of all but a few. */
  rest(): void {
    this.#keep(this.#few);
  }

  #keep(count: number): void {
    if (this.#buffers.length > count) this.#buffers.splice(0, this.#buffers.length - count);
    this.#leastCount = Math.min(this.#leastCount, count);
  }
}

/**
 * Buffers of a few sizes that are used again and again, shared by all streams of the process. Streams that are late hold
 * buffers for longer; so that this does not make the others late too, a pool that is full is asked for small ones alone,
 * one for each stream that is sending.
 */
export class BufferPool {
  readonly #maxBytes: number;
  /** By size, the smallest first. */
  readonly #sizes = [SMALL_BYTES, MEDIUM_BYTES, PIECE_BYTES, LARGE_PIECE_BYTES].map(
    (size) => new FreeBuffers(size),
  );
  #lentBytes = 0;

  constructor({ maxBytes = 256 * 1024 * 1024 }: BufferPoolOptions = {}) {
    this.#maxBytes = maxBytes;
  }

  /** Bytes of all buffers that were taken and not given back. */
  get lentBytes(): number {
    return this.#lentBytes;
  }

  /** Whether so little is lent that something may be read before anybody asks for it. */
  get hasRoom(): boolean {
    return this.#lentBytes < this.#maxBytes * 0.75;
  }

  /** Whether as much is lent as there may be. */
  get isFull(): boolean {
    return this.#lentBytes >= this.#maxBytes;
  }

  /**
   * A buffer of the smallest size that has room for a piece; its content is whatever it was.
   *
   * @param size Of the piece, in bytes, at most {@linkcode LARGE_PIECE_BYTES}.
   * @default {PIECE_BYTES}
   */
  take(size = PIECE_BYTES): Uint8Array {
    const buffer = this.#freeFor(size).take();
    this.#lentBytes += buffer.length;
    return buffer;
  }

  /** Takes a buffer back: nobody may look at it any more. */
  give(buffer: Uint8Array): void {
    this.forget(buffer);
    const free = this.#freeFor(buffer.length);
    const freeBytes = this.#sizes.reduce((sum, { bytes }) => sum + bytes, 0);
    // There is no more memory, lent and free, than there may be lent: but a full pool still needs small buffers.
    const hasRoom = this.#lentBytes + freeBytes + buffer.length <= this.#maxBytes;
    if (hasRoom || free.areFew) free.give(buffer);
    // Streams that are due together need as many again: new ones would be filled with zeros first, and looked after by the
    // garbage collector.
    if (this.#lentBytes === 0) this.#sizes.forEach((free) => free.recede());
  }

  /** A stream has ended: if nobody has a buffer, there may be no other one. */
  rest(): void {
    if (this.#lentBytes === 0) this.#sizes.forEach((free) => free.rest());
  }

  #freeFor(size: number): FreeBuffers {
    return this.#sizes.find((free) => free.size >= size)!;
  }

  /** Does not count a buffer any more that somebody may still look at, and that will not come back. */
  forget(buffer: Uint8Array): void {
    this.#lentBytes -= buffer.length;
    this.#freeFor(buffer.length).forget();
  }
}

const sharedPool = new BufferPool();

/** Memory for one piece: `bytes` is what is filled, `buffer` is what goes back to the pool, if it came from there. */
export interface Piece {
  readonly bytes: Uint8Array;
  readonly buffer: Uint8Array | undefined;
}

/** Options for {@linkcode BufferLane}. */
export interface BufferLaneOptions {
  /**
   * When the reader asks for what follows, even for the end, it is done with all but the last pieces that are below 64 KiB
   * together: their buffers are free then.
   *
   * @default {false}
   */
  isPrompt?: boolean;
  /**
   * A piece is read when it is asked for, and not ahead, as long as the file is quick: who sends without a pace then finds
   * it in the cache of the core. It keeps everything else in the process waiting meanwhile.
   *
   * @default {false}
   */
  isLate?: boolean;
}

/**
 * The pieces that one reader was handed, in order: it knows when a buffer may be used again. A lane belongs to one
 * reader, as it is this reader's asking that frees the buffers.
 */
export class BufferLane {
  readonly #pool: BufferPool;
  /** Whether the reader is done with a piece when it asks for what follows. */
  readonly isPrompt: boolean;
  /** Whether pieces are read when they are asked for. */
  readonly isLate: boolean;
  #handed: Piece[] = [];
  #isClosed = false;

  constructor(pool: BufferPool = sharedPool, options: BufferLaneOptions = {}) {
    this.#pool = pool;
    this.isPrompt = options.isPrompt ?? false;
    this.isLate = options.isLate ?? false;
  }

  /** Most bytes of a piece that is read now, room in front of it included. */
  get pieceBytes(): number {
    if (this.#pool.isFull) return this.isPrompt ? SMALL_BYTES : MEDIUM_BYTES;
    return this.isPrompt && this.isLate ? LARGE_PIECE_BYTES : PIECE_BYTES;
  }

  /**
   * Bytes of the next piece of a payload.
   *
   * @param size Of the payload.
   * @param from Where the piece begins in it.
   * @param headRoom That is needed beside, in bytes.
   */
  nextSize(size: number, from: number, headRoom: number): number {
    const left = size - from;
    const most = this.pieceBytes - headRoom;
    const isEndKept = !this.isPrompt && !this.isLate && size >= MIN_POOLED_BYTES;
    if (!isEndKept || left <= LAST_BYTES) return evenPart(left, most);
    const beforeLast = left - LAST_BYTES;
    const isShort = beforeLast <= SETTLED_BYTES ||
      (from === 0 && beforeLast <= MEDIUM_BYTES - headRoom);
    return isShort ? beforeLast : evenPart(beforeLast - SETTLED_BYTES, most);
  }

  /** Whether there is memory to read ahead of the reader. */
  get hasRoom(): boolean {
    return this.#pool.hasRoom;
  }

  /**
   * Memory for a piece of `size` bytes with room in front, at most {@linkcode BufferLane.pieceBytes} together.
   *
   * @param headRoom In bytes; a piece that is small without it counts as small.
   * @default {0}
   */
  take(size: number, headRoom = 0): Piece {
    const whole = headRoom + size;
    const leastBytes = this.isPrompt ? MIN_SMALL_BYTES : MIN_POOLED_BYTES;
    if (size < leastBytes) return { bytes: new Uint8Array(whole), buffer: undefined };
    const buffer = this.#pool.take(whole);
    return { bytes: buffer.subarray(0, whole), buffer };
  }

  /** Gives back a piece that nobody was handed. */
  drop({ buffer }: Piece): void {
    if (buffer) this.#pool.give(buffer);
  }

  /** Does not count a piece any more that somebody may still look at. */
  forget({ buffer }: Piece): void {
    if (buffer) this.#pool.forget(buffer);
  }

  /** Notes that the reader asked for `piece`, which is about to be handed to it, and frees what it is done with. */
  hand(piece: Piece): void {
    this.settle();
    this.#handed.push(piece);
    if (this.#isClosed) this.close();
  }

  /** Keeps nothing back any more, as there will be no more readers to speak of: the client may hold the last pieces still. */
  close(): void {
    this.#isClosed = true;
    this.abandon();
    this.#pool.rest();
  }

  /** Keeps nothing back for now: the reader is gone, and its client may hold what it was handed still. */
  abandon(): void {
    for (const piece of this.#handed.splice(0)) this.forget(piece);
  }

  /** Notes that the reader asked for what follows the last piece, and frees what it is done with. */
  settle(): void {
    const last = this.#handed.length - 1;
    // One that is not prompt may still be at the last piece, and at what it had not sent when it took that.
    this.#free(this.isPrompt ? this.#reaching(last) + 1 : this.#reaching(last - 1));
  }

  /** The piece from which to `last` there are `SETTLED_BYTES`; -1 if there are less in all. */
  #reaching(last: number): number {
    let bytes = 0;
    let n = last;
    for (; n >= 0; n--) {
      bytes += this.#handed[n]!.bytes.length;
      if (bytes >= SETTLED_BYTES) break;
    }
    return n;
  }

  /** Gives the first pieces back. */
  #free(count: number): void {
    if (count <= 0) return;
    for (const piece of this.#handed.splice(0, count)) this.drop(piece);
  }
}

/** The first of parts of one size: a last one of a few bytes would cost as much as a large one. */
export function evenPart(bytes: number, most: number): number {
  return Math.ceil(bytes / Math.ceil(bytes / most));
}
