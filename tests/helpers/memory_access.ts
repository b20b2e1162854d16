import type { BufferLane } from "../../lib/source/buffer_pool.ts";
import type { RandomAccess } from "../../lib/source/random_access.ts";
import { InputError } from "../../lib/errors.ts";

/** A file in memory that notes what was asked of it. */
export class MemoryAccess implements RandomAccess {
  readonly name: string;
  readonly size: number;
  readonly windowBytes: number;
  readonly isLocal: boolean;
  readonly #bytes: Uint8Array;
  /** Every read so far. */
  readonly reads: { readonly offset: number; readonly size: number }[] = [];
  /** Every stream of bytes so far. */
  readonly streams: { readonly offset: number; readonly size: number }[] = [];
  /** How often it was waited for. */
  waits = 0;
  isClosed = false;

  constructor(bytes: Uint8Array, { name = "memory", windowBytes = 4096, isLocal = true } = {}) {
    this.#bytes = bytes;
    this.name = name;
    this.size = bytes.length;
    this.windowBytes = windowBytes;
    this.isLocal = isLocal;
  }

  /** Bytes that were asked for by all reads together. */
  get bytesRead(): number {
    return this.reads.reduce((sum, { size }) => sum + size, 0);
  }

  protected bytesAt(offset: number, size: number): Uint8Array {
    return this.#bytes.slice(offset, offset + Math.max(0, size));
  }

  read(offset: number, size: number, signal?: AbortSignal): Promise<Uint8Array> {
    if (signal?.aborted) return Promise.reject(signal.reason);
    this.waits++;
    this.reads.push({ offset, size });
    return Promise.resolve(this.bytesAt(offset, size));
  }

  async *stream(
    offset: number,
    size: number,
    _lane: BufferLane,
    signal?: AbortSignal,
  ): AsyncGenerator<Uint8Array> {
    this.streams.push({ offset, size });
    const bytes = this.#bytes.slice(offset, offset + size);
    if (bytes.length < size) throw new InputError("Cannot read it as it ends before", this.name);
    const half = size >> 1;
    for (const piece of [bytes.subarray(0, half), bytes.subarray(half)]) {
      signal?.throwIfAborted();
      if (piece.length > 0) yield piece;
      await Promise.resolve();
    }
  }

  close(): Promise<void> {
    this.isClosed = true;
    return Promise.resolve();
  }
}

/** One that has everything at hand, as a file in the cache of the system. */
export class PromptAccess extends MemoryAccess {
  readNow(bytes: Uint8Array, offset: number): number {
    const found = this.bytesAt(offset, bytes.length);
    this.reads.push({ offset, size: bytes.length });
    bytes.set(found);
    return found.length;
  }
}
