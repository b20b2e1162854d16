/** Who is told what comes in on a connection. */
export interface RequestHandler {
  /** Some bytes of the body; they are overwritten once this returns. */
  onBody?(bytes: Uint8Array): void;
  /** A request is whole. */
  onEnd(request: ReceivedRequest): void;
}

/** A request that has come in whole. */
export interface ReceivedRequest {
  /** As in the request line. */
  readonly path: string;
  /** Of its body, without the framing. */
  readonly bytes: number;
}

const LINE_FEED = 10;

/** The longest line that is read. */
const MAX_LINE_BYTES = 16384;

/**
 * Finds the requests in the bytes of a connection: just enough of HTTP/1.1 (RFC 9112) to follow clients that keep to it.
 * It looks at each byte of a head and of the framing, and at none of a body, so that it keeps up with any client.
 */
export class RequestReader {
  readonly #handler: RequestHandler;
  /** What the next line means. */
  #state: "request line" | "field" | "size" | "end of data" | "trailer" = "request line";
  #line = "";
  #path = "";
  #contentLength = 0;
  #isChunked = false;
  #bytes = 0;
  /** Bytes of the body that come before the next line. */
  #left = 0;

  constructor(handler: RequestHandler) {
    this.#handler = handler;
  }

  /**
   * Takes the next bytes in.
   *
   * @throws {SyntaxError} If they are no HTTP/1.1.
   */
  push(bytes: Uint8Array): void {
    let at = 0;
    while (at < bytes.length) {
      at = this.#left > 0 ? this.#body(bytes, at) : this.#lineOn(bytes, at);
    }
  }

  #body(bytes: Uint8Array, from: number): number {
    const end = Math.min(bytes.length, from + this.#left);
    this.#handler.onBody?.(bytes.subarray(from, end));
    this.#left -= end - from;
    this.#bytes += end - from;
    if (this.#left === 0 && !this.#isChunked) this.#end();
    return end;
  }

  /** Reads on in a line, which may have begun in an earlier packet. */
  #lineOn(bytes: Uint8Array, from: number): number {
    const feed = bytes.indexOf(LINE_FEED, from);
    const end = feed < 0 ? bytes.length : feed;
    if (this.#line.length + end - from > MAX_LINE_BYTES) {
      throw new SyntaxError(`Cannot read a line as it must have at most ${MAX_LINE_BYTES} bytes`);
    }
    this.#line += String.fromCharCode(...bytes.subarray(from, end));
    if (feed < 0) return end;
    const line = this.#line.replace(/\r$/, "");
    this.#line = "";
    this.#take(line);
    return feed + 1;
  }

  #take(line: string): void {
    if (this.#state === "request line") this.#takeRequestLine(line);
    else if (this.#state === "field") this.#takeField(line);
    else if (this.#state === "size") this.#takeSize(line);
    else if (this.#state === "end of data") this.#state = "size";
    else if (line === "") this.#end();
  }

  #takeRequestLine(line: string): void {
    const path = /^[A-Z]+ (\S+) HTTP\/1\.1$/.exec(line)?.[1];
    if (path === undefined) {
      throw new SyntaxError(`Cannot read "${line}" as the line of a request`);
    }
    this.#path = path;
    this.#contentLength = 0;
    this.#isChunked = false;
    this.#bytes = 0;
    this.#state = "field";
  }

  #takeField(line: string): void {
    const [, name, value] = /^([^:]+):\s*(.*?)\s*$/.exec(line) ?? [];
    if (name?.toLowerCase() === "content-length") this.#contentLength = Number(value);
    if (name?.toLowerCase() === "transfer-encoding") this.#isChunked = value === "chunked";
    if (line !== "") return;
    if (this.#isChunked) this.#state = "size";
    else if (this.#contentLength === 0) this.#end();
    else this.#left = this.#contentLength;
  }

  #takeSize(line: string): void {
    if (!/^[0-9a-f]+$/i.test(line)) {
      throw new SyntaxError(`Cannot read "${line}" as a size in the framing of a body`);
    }
    this.#left = parseInt(line, 16);
    this.#state = this.#left === 0 ? "trailer" : "end of data";
  }

  #end(): void {
    this.#state = "request line";
    this.#handler.onEnd({ path: this.#path, bytes: this.#bytes });
  }
}
