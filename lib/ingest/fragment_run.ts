import type { Fragment, PayloadIterator, PayloadReading } from "../part.ts";
import type { BufferLane } from "../source/buffer_pool.ts";
import { MIN_POOLED_BYTES } from "../source/buffer_pool.ts";
import { fragmentBytes, fragmentPieces } from "./fragment_pieces.ts";

/** Options for {@linkcode FragmentRun}. */
export interface FragmentRunOptions {
  /** The fragment behind the last one, where it is at hand. */
  readonly more: (() => Fragment | undefined) | undefined;
  /** Memory to put small fragments together in. */
  readonly lane: BufferLane;
  /** Is asked when the turn of a fragment comes, on a new connection again; one that is not wanted is passed over. */
  readonly isWanted: (fragment: Fragment) => boolean;
  /** Is told when all bytes of a fragment were taken. */
  readonly onTaken: (fragment: Fragment) => void;
}

/** Most bytes of small fragments in one piece. */
const GATHERED_BYTES = 256 * 1024;

/**
 * The bytes of a fragment, and of those that are at hand behind it: handed over one by one, each would cost as many
 * promises as all of them together. Small ones are put together for a client that is prompt, as a piece costs more than its bytes.
 *
 * It is iterated over once for each connection: a new one begins with the first fragment that was not taken whole.
 */
export class FragmentRun implements PayloadReading, AsyncIterableIterator<Uint8Array> {
  readonly #options: FragmentRunOptions;
  /** Those that were handed out and not taken yet, and the one whose turn it is behind them. */
  readonly #fragments: Fragment[];
  #handed = 0;
  /** Of the one whose turn it is. */
  #pieces: PayloadIterator | undefined;

  constructor(first: Fragment, options: FragmentRunOptions) {
    this.#fragments = [first];
    this.#options = options;
  }

  /** Whether each fragment was taken whole. */
  get isAtEnd(): boolean {
    return this.#fragments.length === 0;
  }

  nextNow(): Uint8Array | undefined {
    for (;;) {
      const pieces = this.#asked();
      const piece = pieces?.nextNow?.();
      if (piece) return piece.length < MIN_POOLED_BYTES ? this.#gather(piece) : piece;
      if (!pieces?.isAtEnd) return undefined;
    }
  }

  async next(): Promise<IteratorResult<Uint8Array>> {
    for (let pieces = this.#asked(); pieces; pieces = this.#asked()) {
      const result = await pieces.next();
      // Let go meanwhile: its end says nothing of what was taken.
      if (pieces !== this.#pieces) break;
      if (!result.done) return result;
      this.#pass();
    }
    return { done: true, value: undefined };
  }

  /** The client asks for more: it has taken what it was handed. */
  #asked(): PayloadIterator | undefined {
    if (this.#pieces?.isAtEnd) {
      // By being asked it learns that its memory is free.
      this.#pieces.nextNow?.();
      this.#pass();
    }
    if (this.#handed > 0) {
      const taken = this.#fragments.splice(0, this.#handed);
      this.#handed = 0;
      for (const fragment of taken) this.#options.onTaken(fragment);
    }
    return this.#current();
  }

  /** All of the fragment whose turn it was is handed out. */
  #pass(): void {
    this.#pieces = undefined;
    this.#handed++;
  }

  /** The pieces of the fragment whose turn it is. */
  #current(): PayloadIterator | undefined {
    const { isWanted, more } = this.#options;
    while (!this.#pieces) {
      const fragment = this.#fragments[this.#handed] ?? more?.();
      if (!fragment) return undefined;
      this.#fragments[this.#handed] = fragment;
      if (isWanted(fragment)) this.#pieces = fragmentPieces(fragment)[Symbol.asyncIterator]();
      else this.#fragments.splice(this.#handed, 1);
    }
    return this.#pieces;
  }

  /** Puts a piece together with what is small and at hand behind it, unless the client does so by itself. */
  #gather(first: Uint8Array): Uint8Array {
    const { lane } = this.#options;
    if (!lane.isPrompt) return first;
    lane.settle();
    if (!lane.hasRoom || !this.#hasSmall(GATHERED_BYTES - first.length)) return first;
    const { bytes, buffer } = lane.take(GATHERED_BYTES);
    bytes.set(first);
    let end = first.length;
    while (this.#hasSmall(GATHERED_BYTES - end)) {
      const piece = this.#pieces!.nextNow?.();
      if (!piece && !this.#pieces!.isAtEnd) break;
      if (piece) bytes.set(piece, end);
      end += piece?.length ?? 0;
    }
    const gathered = bytes.subarray(0, end);
    lane.hand({ bytes: gathered, buffer });
    return gathered;
  }

  /** Whether what comes next belongs to a small fragment that fits in so many bytes. */
  #hasSmall(roomBytes: number): boolean {
    if (this.#pieces?.isAtEnd) this.#pass();
    if (!this.#current()) return false;
    const bytes = fragmentBytes(this.#fragments[this.#handed]!);
    return bytes < MIN_POOLED_BYTES && bytes <= roomBytes;
  }

  async return(): Promise<IteratorResult<Uint8Array>> {
    const pieces = this.#pieces;
    this.#pieces = undefined;
    this.#handed = 0;
    this.#options.lane.abandon();
    await pieces?.return?.();
    return { done: true, value: undefined };
  }

  [Symbol.asyncIterator](): this {
    return this;
  }
}
