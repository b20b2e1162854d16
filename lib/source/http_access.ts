import type { BufferLane } from "./buffer_pool.ts";
import type { RandomAccess } from "./random_access.ts";
import { InputError } from "../errors.ts";
import { join } from "../mp4/box.ts";
import { shown } from "./location.ts";

const WINDOW_BYTES = 64 * 1024;

/** Options for {@linkcode openUrl}. */
export interface OpenUrlOptions {
  /** Used in place of the runtime's own. */
  fetch?: typeof fetch | undefined;
  /** Is told what makes reading slow. */
  onWarning?: ((message: string) => void) | undefined;
  signal?: AbortSignal | undefined;
}

/** A `fetch` rejects URLs with credentials: they go into a header. */
function request(url: string): { href: string; headers: Headers } {
  const { username, password } = new URL(url);
  const headers = new Headers({ "accept-encoding": "identity" });
  if (username || password) {
    const pair = `${decoded(username)}:${decoded(password)}`;
    const bytes = new TextEncoder().encode(pair);
    headers.set("authorization", `Basic ${btoa(String.fromCharCode(...bytes))}`);
  }
  return { href: new URL(shown(url)).href, headers };
}

/** A part of a URL without its escapes; a stray per cent sign stands for itself. */
function decoded(part: string): string {
  try {
    return decodeURIComponent(part);
  } catch {
    return part;
  }
}

/**
 * Opens a file behind an `http:` or `https:` URL, to be read by ranges (RFC 9110 14). A server without ranges is read in
 * order and asked again where an earlier byte is wanted.
 *
 * @throws {InputError} If it is no URL, missing, cannot be read or does not tell its length.
 */
export async function openUrl(url: string, options: OpenUrlOptions = {}): Promise<RandomAccess> {
  const name = shown(url);
  if (!URL.canParse(url)) {
    throw new InputError("Cannot read it as it must be a URL: current value is none", name);
  }
  const response = await get(url, options, "bytes=0-0", options.signal);
  await response.body?.cancel();
  if (response.status === 206) {
    const total = /\/(\d+)$/.exec(response.headers.get("content-range") ?? "")?.[1];
    if (total === undefined) throw lengthMissing(name);
    return new RangeAccess(url, name, Number(total), options);
  }
  const length = response.headers.get("content-length");
  if (length === null) throw lengthMissing(name);
  options.onWarning?.(
    `${name}: the server does not answer requests for ranges; the file is read from its start again for each use`,
  );
  return new SequentialAccess(url, name, Number(length), options);
}

function lengthMissing(name: string): InputError {
  return new InputError(
    "Cannot read it as the server must tell its length: current value is none",
    name,
  );
}

async function get(
  url: string,
  options: OpenUrlOptions,
  range: string | undefined,
  signal: AbortSignal | undefined,
): Promise<Response> {
  const { href, headers } = request(url);
  if (range) headers.set("range", range);
  let response: Response;
  try {
    response = await (options.fetch ?? fetch)(href, { headers, signal: signal ?? null });
  } catch (error) {
    signal?.throwIfAborted();
    throw readError(href, error);
  }
  // An empty file has no first byte to ask for.
  if (response.status === 416 && range === "bytes=0-0") return get(url, options, undefined, signal);
  if (response.ok) return response;
  await response.body?.cancel();
  throw new InputError(
    `Cannot read it as the server must answer with its bytes: current value is ${response.status} ${response.statusText}`
      .trimEnd(),
    href,
  );
}

function readError(name: string, error: unknown): InputError {
  const reason = error instanceof Error ? causeMessage(error) : String(error);
  return new InputError(`Cannot read it: ${reason}`, name, { cause: error });
}

/** What a `fetch` says only in its cause. */
function causeMessage(error: Error): string {
  const { cause } = error;
  return cause instanceof Error && cause.message ? cause.message : error.message;
}

/** The bytes of a response, never more than `size`, and an error where they are fewer. */
async function* exactly(
  response: Response,
  size: number,
  name: string,
  signal: AbortSignal | undefined,
): AsyncGenerator<Uint8Array> {
  let left = size;
  const reader = response.body?.getReader();
  try {
    while (left > 0) {
      const { done, value } = await (reader?.read() ?? { done: true, value: undefined });
      if (done || !value) break;
      const piece = value.subarray(0, left);
      left -= piece.length;
      if (piece.length > 0) yield piece;
    }
  } catch (error) {
    signal?.throwIfAborted();
    throw readError(name, error);
  } finally {
    await reader?.cancel().catch(() => {});
  }
  if (left > 0) {
    throw new InputError(
      `Cannot read it as the server must send ${size} bytes: current value is ${size - left}`,
      name,
    );
  }
}

/** Starts a generator's work before it is asked for its first value. */
function started(
  open: Promise<AsyncGenerator<Uint8Array>>,
): AsyncIterableIterator<Uint8Array> {
  open.catch(() => {}); // it counts when the first value is asked for, if it ever is
  let isUntouched = true;
  return {
    next: async () => {
      isUntouched = false;
      return await (await open).next();
    },
    return: async () => {
      const generator = await open.catch(() => undefined);
      // A generator that was never asked runs no `finally`: one step makes it let go of its response.
      if (isUntouched) await generator?.next().catch(() => {});
      return await generator?.return(undefined) ?? { done: true, value: undefined };
    },
    [Symbol.asyncIterator]() {
      return this;
    },
  };
}

abstract class UrlAccess implements RandomAccess {
  readonly name: string;
  readonly size: number;
  readonly windowBytes: number = WINDOW_BYTES;
  readonly isLocal: boolean = false;
  protected readonly url: string;
  protected readonly options: OpenUrlOptions;

  constructor(url: string, name: string, size: number, options: OpenUrlOptions) {
    this.url = url;
    this.name = name;
    this.size = size;
    this.options = options;
  }

  protected abstract open(
    offset: number,
    size: number,
    signal: AbortSignal | undefined,
  ): Promise<AsyncGenerator<Uint8Array>>;

  async read(offset: number, size: number, signal?: AbortSignal): Promise<Uint8Array> {
    const wanted = Math.max(0, Math.min(size, this.size - offset));
    if (wanted === 0) return new Uint8Array(0);
    const pieces: Uint8Array[] = [];
    for await (const piece of await this.open(offset, wanted, signal)) pieces.push(piece);
    return join(pieces);
  }

  stream(
    offset: number,
    size: number,
    _lane: BufferLane,
    signal?: AbortSignal,
  ): AsyncIterableIterator<Uint8Array> {
    return started(this.open(offset, size, signal));
  }

  close(): Promise<void> {
    return Promise.resolve();
  }
}

/** Each read is a request of its own. */
class RangeAccess extends UrlAccess {
  protected override async open(
    offset: number,
    size: number,
    signal: AbortSignal | undefined,
  ): Promise<AsyncGenerator<Uint8Array>> {
    if (size === 0) return exactly(new Response(), 0, this.name, signal);
    const range = `bytes=${offset}-${offset + size - 1}`;
    const response = await get(this.url, this.options, range, signal);
    if (response.status !== 206) {
      await response.body?.cancel();
      throw new InputError(
        `Cannot read bytes ${offset} to ${
          offset + size - 1
        } as the server must answer with 206: current value is ${response.status}`,
        this.name,
      );
    }
    return exactly(response, size, this.name, signal);
  }
}

/** A response that is read in order, and how far it has been read. */
interface OpenBody {
  readonly reader: ReadableStreamDefaultReader<Uint8Array>;
  offset: number;
  /** What came beyond what was wanted. */
  rest: Uint8Array;
}

/** One response is read on and on; where an earlier byte is wanted, a new one begins. */
class SequentialAccess extends UrlAccess {
  override readonly windowBytes: number = 4096;
  #idle: OpenBody[] = [];

  protected override async open(
    offset: number,
    size: number,
    signal: AbortSignal | undefined,
  ): Promise<AsyncGenerator<Uint8Array>> {
    const body = await this.#bodyBefore(offset, signal);
    return this.#readOn(body, offset, size, signal);
  }

  /** The response that is nearest in front of `offset`, or a new one. */
  async #bodyBefore(offset: number, signal: AbortSignal | undefined): Promise<OpenBody> {
    const before = this.#idle.filter((it) => it.offset <= offset)
      .sort((a, b) => b.offset - a.offset)[0];
    if (before) {
      this.#idle.splice(this.#idle.indexOf(before), 1);
      return before;
    }
    const response = await this.#fetchWhole(signal);
    const reader = (response.body ?? new Response("").body!).getReader();
    return { reader, offset: 0, rest: new Uint8Array(0) };
  }

  /** The response outlives its first reader: the signal counts until it is there, and for that reader's reading. */
  async #fetchWhole(signal: AbortSignal | undefined): Promise<Response> {
    signal?.throwIfAborted();
    const abort = new AbortController();
    const onAbort = () => abort.abort(signal!.reason);
    signal?.addEventListener("abort", onAbort);
    try {
      return await get(this.url, this.options, undefined, abort.signal);
    } finally {
      signal?.removeEventListener("abort", onAbort);
    }
  }

  async *#readOn(
    body: OpenBody,
    offset: number,
    size: number,
    signal: AbortSignal | undefined,
  ): AsyncGenerator<Uint8Array> {
    let left = size;
    const onAbort = () => body.reader.cancel().catch(() => {});
    signal?.addEventListener("abort", onAbort);
    try {
      while (left > 0) {
        signal?.throwIfAborted();
        const piece = body.rest.length > 0 ? body.rest : (await body.reader.read()).value;
        if (!piece) throw new InputError("Cannot read it as it ends before its length", this.name);
        const skipped = Math.min(piece.length, Math.max(0, offset - body.offset));
        const wanted = piece.subarray(skipped, skipped + left);
        body.rest = piece.subarray(skipped + wanted.length);
        body.offset += skipped + wanted.length;
        left -= wanted.length;
        if (wanted.length > 0) yield wanted;
      }
    } catch (error) {
      signal?.throwIfAborted();
      throw error instanceof InputError ? error : readError(this.name, error);
    } finally {
      signal?.removeEventListener("abort", onAbort);
      if (left === 0) this.#keep(body);
      else await body.reader.cancel().catch(() => {});
    }
  }

  /** Keeps a few responses open for whoever reads on from there. */
  #keep(body: OpenBody): void {
    this.#idle.push(body);
    if (this.#idle.length > 8) this.#idle.shift()!.reader.cancel().catch(() => {});
  }

  override async close(): Promise<void> {
    await Promise.all(this.#idle.map(({ reader }) => reader.cancel().catch(() => {})));
    this.#idle = [];
  }
}
