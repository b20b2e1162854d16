/** Where some bytes lie in a {@linkcode ByteStore}. */
export interface StoredBytes {
  at: number;
  readonly size: number;
}

const FIRST_BYTES = 1024;

/**
 * Arrays of a few bytes, one behind the other in one piece of memory: a thousand streams keep a dozen each, and as arrays of
 * their own they would be most of what the garbage collector has to look at.
 */
export class ByteStore {
  #bytes: Uint8Array = new Uint8Array(0);
  #end = 0;

  /** Takes in a copy. */
  add(bytes: Uint8Array): StoredBytes {
    const stored = { at: this.#end, size: bytes.length };
    this.#end += bytes.length;
    if (this.#end > this.#bytes.length) this.#grow();
    this.#bytes.set(bytes, stored.at);
    return stored;
  }

  #grow(): void {
    const grown = new Uint8Array(Math.max(FIRST_BYTES, Math.ceil(1.5 * this.#end)));
    grown.set(this.#bytes);
    this.#bytes = grown;
  }

  /** A copy of what was taken in. */
  get({ at, size }: StoredBytes): Uint8Array {
    return this.#bytes.slice(at, at + size);
  }

  /**
   * Lets go of everything but some of what was taken in.
   *
   * @param kept In the order in which it was taken in; its places change.
   */
  keep(kept: Iterable<StoredBytes>): void {
    this.#end = 0;
    for (const stored of kept) {
      this.#bytes.copyWithin(this.#end, stored.at, stored.at + stored.size);
      stored.at = this.#end;
      this.#end += stored.size;
    }
  }
}
