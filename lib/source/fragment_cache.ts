import type { PayloadReading } from "../part.ts";
import type { RandomAccess } from "./random_access.ts";
import { InputError } from "../errors.ts";
import { PIECE_BYTES } from "./buffer_pool.ts";

/** What is at hand, or on its way. */
interface Entry {
  /** The promise of it until it is here. */
  value: unknown;
  readonly size: number;
}

/** Enough for a few minutes of a presentation. */
const DEFAULT_MAX_BYTES = 256 * 1024 * 1024;

/**
 * What was read of files last, for many streams that read the same: each fragment is read once, also while several
 * wait for it, and all get the same memory. What was used longest ago goes first.
 *
 * @example
 * ```ts
 * const cache = new FragmentCache();
 * const presentation = await Presentation.open("movie.ism", { cache });
 * ```
 */
export class FragmentCache {
  readonly #maxBytes: number;
  /** The one that was used longest ago first. */
  readonly #entries = new Map<string, Entry>();
  #bytes = 0;
  #files = 0;

  /** @param maxBytes Most bytes that are kept; the one that was read last is kept whatever its size. */
  constructor(maxBytes = DEFAULT_MAX_BYTES) {
    this.#maxBytes = maxBytes;
  }

  /** Bytes that are kept, those on their way included. */
  get bytes(): number {
    return this.#bytes;
  }

  /** The same file, read through this cache. */
  wrap(access: RandomAccess): RandomAccess {
    return new CachedAccess(access, this, `${this.#files++}`);
  }

  /**
   * What `load` gives, or gave before: at once where it is at hand.
   *
   * @param key Says what it is.
   * @param size In bytes.
   */
  get<T>(key: string, size: number, load: () => Promise<T>): T | Promise<T> {
    const known = this.#entries.get(key);
    if (known) {
      this.#entries.delete(key);
      this.#entries.set(key, known);
      return known.value as T | Promise<T>;
    }
    const loading = load();
    const entry: Entry = { value: loading, size };
    this.#entries.set(key, entry);
    this.#bytes += size;
    this.#trim();
    loading.then((value) => entry.value = value, () => {
      // Who asks for it later gets a try of its own.
      if (this.#entries.get(key) === entry) this.#drop(key, entry);
    });
    return loading;
  }

  #trim(): void {
    for (const [key, entry] of this.#entries) {
      if (this.#bytes <= this.#maxBytes || this.#entries.size === 1) return;
      this.#drop(key, entry);
    }
  }

  #drop(key: string, { size }: Entry): void {
    this.#entries.delete(key);
    this.#bytes -= size;
  }
}

class CachedAccess implements RandomAccess {
  readonly #access: RandomAccess;
  readonly #cache: FragmentCache;
  readonly #key: string;

  constructor(access: RandomAccess, cache: FragmentCache, key: string) {
    this.#access = access;
    this.#cache = cache;
    this.#key = key;
  }

  get name(): string {
    return this.#access.name;
  }

  get size(): number {
    return this.#access.size;
  }

  get windowBytes(): number {
    return this.#access.windowBytes;
  }

  get isLocal(): boolean {
    return this.#access.isLocal;
  }

  async read(offset: number, size: number, signal?: AbortSignal): Promise<Uint8Array> {
    // A look around for boxes, which happens once, and is no fragment.
    if (size >= this.windowBytes) return await this.#access.read(offset, size, signal);
    signal?.throwIfAborted();
    const bytes = await this.#bytes(offset, size);
    signal?.throwIfAborted();
    // Whoever reads owns what it gets.
    return bytes.slice();
  }

  readNow(bytes: Uint8Array, offset: number): number | undefined {
    return bytes.length >= this.windowBytes ? this.#access.readNow?.(bytes, offset) : undefined;
  }

  once<T extends object>(offset: number, size: number, make: (bytes: Uint8Array) => T) {
    const load = async () => make(await this.#load(offset, size));
    return this.#cache.get(`${this.#key}:${offset}:${size}:once`, size, load);
  }

  stream(offset: number, size: number, _lane: unknown, signal?: AbortSignal) {
    return new CachedPieces(this.#bytes(offset, size), signal);
  }

  async close(): Promise<void> {
    await this.#access.close();
  }

  /** Reading is shared: one who stops waiting must not stop it for the others. */
  #bytes(offset: number, size: number): Uint8Array | Promise<Uint8Array> {
    const key = `${this.#key}:${offset}:${size}`;
    return this.#cache.get(key, size, () => this.#load(offset, size));
  }

  async #load(offset: number, size: number): Promise<Uint8Array> {
    const bytes = await this.#access.read(offset, size);
    if (bytes.length === size) return bytes;
    throw new InputError(
      `Cannot read ${size} bytes at byte ${offset} as the file has become shorter: current value is ${bytes.length} bytes`,
      this.name,
    );
  }
}

/** Bytes that are never written to again, in pieces. */
class CachedPieces implements AsyncIterableIterator<Uint8Array>, PayloadReading {
  /** Where they are: at hand, or on their way. */
  #bytes: Uint8Array | Promise<Uint8Array> | undefined;
  readonly #signal: AbortSignal | undefined;
  #at = 0;

  constructor(bytes: Uint8Array | Promise<Uint8Array>, signal: AbortSignal | undefined) {
    this.#bytes = bytes;
    this.#signal = signal;
    // It counts when its turn comes, if it ever does.
    if (bytes instanceof Promise) bytes.catch(() => {});
  }

  get isAtEnd(): boolean {
    return !this.#bytes || (this.#bytes instanceof Uint8Array && this.#at >= this.#bytes.length);
  }

  nextNow(): Uint8Array | undefined {
    const bytes = this.#bytes;
    if (!(bytes instanceof Uint8Array) || this.#signal?.aborted) return undefined;
    const from = this.#at;
    if (from >= bytes.length) return undefined;
    this.#at = Math.min(from + PIECE_BYTES, bytes.length);
    return bytes.subarray(from, this.#at);
  }

  async next(): Promise<IteratorResult<Uint8Array>> {
    if (this.#bytes instanceof Promise) {
      const bytes = await this.#bytes;
      // It may have been let go meanwhile.
      this.#bytes &&= bytes;
    }
    this.#signal?.throwIfAborted();
    const value = this.nextNow();
    if (value) return { done: false, value };
    this.#bytes = undefined;
    return { done: true, value: undefined };
  }

  return(): Promise<IteratorResult<Uint8Array>> {
    this.#bytes = undefined;
    return Promise.resolve({ done: true, value: undefined });
  }

  [Symbol.asyncIterator](): this {
    return this;
  }
}
