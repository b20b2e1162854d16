/**
 * Most bytes of one piece of a payload, and the size of every buffer of the pool. A larger one would no longer be in the
 * cache of a core when it is sent, which costs more than it saves.
 */
export const PIECE_BYTES: number = 512 * 1024;

/** Pieces below this size get memory of their own: HTTP clients still hold small ones after asking for more. */
export const MIN_POOLED_BYTES: number = 64 * 1024;

/**
 * A piece may be reused once this many bytes after it were asked for, not counting the last two pieces: the client of
 * Deno puts a piece of any size into its queue while less than 64 KiB wait there, and asks for the next one at once.
 */
const SETTLED_BYTES = 128 * 1024;

/** Free buffers that are kept for the next reader, for the whole process. */
const MAX_FREE_BUFFERS = 64;

/** Buffers of one size that are used again and again, shared by all streams of the process. */
export class BufferPool {
  readonly #free: Uint8Array[] = [];

  /** A buffer of {@linkcode PIECE_BYTES}; its content is whatever it was. */
  take(): Uint8Array {
    return this.#free.pop() ?? new Uint8Array(PIECE_BYTES);
  }

  /** Takes a buffer back: nobody may look at it any more. */
  give(buffer: Uint8Array): void {
    if (this.#free.length < MAX_FREE_BUFFERS) this.#free.push(buffer);
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
   * The reader is done with a piece when it asks for what follows, even for the end: its buffer is free then.
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
  readonly #isPrompt: boolean;
  /** Whether pieces are read when they are asked for. */
  readonly isLate: boolean;
  #handed: Piece[] = [];

  constructor(pool: BufferPool = sharedPool, options: BufferLaneOptions = {}) {
    this.#pool = pool;
    this.#isPrompt = options.isPrompt ?? false;
    this.isLate = options.isLate ?? false;
  }

  /**
   * Memory for a piece of `size` bytes with room in front, at most {@linkcode PIECE_BYTES} together.
   *
   * @param headRoom In bytes; a piece that is small without it counts as small.
   * @default {0}
   */
  take(size: number, headRoom = 0): Piece {
    const whole = headRoom + size;
    if (size < MIN_POOLED_BYTES) return { bytes: new Uint8Array(whole), buffer: undefined };
    const buffer = this.#pool.take();
    return { bytes: buffer.subarray(0, whole), buffer };
  }

  /** Gives back a piece that nobody was handed. */
  drop({ buffer }: Piece): void {
    if (buffer) this.#pool.give(buffer);
  }

  /** Notes that the reader asked for `piece`, which is about to be handed to it, and frees what it is done with. */
  hand(piece: Piece): void {
    this.settle();
    let later = 0;
    // The last one, and the one about to be handed, do not count.
    for (let n = this.#handed.length - 2; n >= 0; n--) {
      if (later >= SETTLED_BYTES) {
        for (const settled of this.#handed.splice(0, n + 1)) this.drop(settled);
        break;
      }
      later += this.#handed[n]!.bytes.length;
    }
    this.#handed.push(piece);
  }

  /** Notes that the reader asked for what follows the last piece. */
  settle(): void {
    if (!this.#isPrompt || this.#handed.length === 0) return;
    for (const piece of this.#handed) this.drop(piece);
    this.#handed = [];
  }
}
