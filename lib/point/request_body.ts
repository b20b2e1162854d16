/** The connection was lost while the body of a request was read. */
export class BodyLostError extends Error {
  override readonly name = "BodyLostError";
}

/** The body of a request, read piece by piece. */
export class RequestBody {
  readonly #reader: ReadableStreamDefaultReader<Uint8Array> | undefined;
  #isOver = false;

  constructor({ body }: Request) {
    this.#reader = body?.getReader();
  }

  /**
   * Reads the next piece.
   *
   * @returns At least one byte, or `undefined` at the end.
   * @throws {BodyLostError} If the body breaks off.
   */
  async read(): Promise<Uint8Array | undefined> {
    while (this.#reader && !this.#isOver) {
      const { done, value } = await this.#next(this.#reader);
      if (done) this.#isOver = true;
      else if (value.length > 0) return value;
    }
    return undefined;
  }

  async #next(reader: ReadableStreamDefaultReader<Uint8Array>) {
    try {
      return await reader.read();
    } catch (cause) {
      this.#isOver = true;
      const message = cause instanceof Error ? cause.message : String(cause);
      throw new BodyLostError(message, { cause });
    }
  }

  /** Reads no more. */
  drop(): void {
    if (!this.#isOver) this.#reader?.cancel().catch(() => {});
    this.#isOver = true;
  }
}
