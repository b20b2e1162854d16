import type { PayloadIterator, PayloadReading } from "../part.ts";

/** A few bytes, and what follows them. */
export class HeadFirst implements PayloadReading, AsyncIterableIterator<Uint8Array> {
  #head: Uint8Array | undefined;
  readonly #rest: PayloadIterator;

  /** @param head Goes first, as a piece of its own. */
  constructor(head: Uint8Array, rest: PayloadReading) {
    this.#head = head;
    this.#rest = rest[Symbol.asyncIterator]();
  }

  get isAtEnd(): boolean {
    return !this.#head && (this.#rest.isAtEnd ?? false);
  }

  nextNow(): Uint8Array | undefined {
    return this.#takeHead() ?? this.#rest.nextNow?.();
  }

  next(): Promise<IteratorResult<Uint8Array>> {
    const value = this.#takeHead();
    return value ? Promise.resolve({ done: false, value }) : this.#rest.next();
  }

  #takeHead(): Uint8Array | undefined {
    const head = this.#head;
    this.#head = undefined;
    return head;
  }

  async return(): Promise<IteratorResult<Uint8Array>> {
    this.#head = undefined;
    await this.#rest.return?.();
    return { done: true, value: undefined };
  }

  [Symbol.asyncIterator](): this {
    return this;
  }
}
