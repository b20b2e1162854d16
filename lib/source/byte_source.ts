import type { OpenUrlOptions } from "./http_access.ts";
import { readableFrom } from "../readable.ts";
import { BufferLane } from "./buffer_pool.ts";
import { openInput } from "./open.ts";

/**
 * The bytes of a file or URL from start to end, for a demuxer: what a source that cannot seek gives. The file is opened
 * when the first bytes are asked for, and closed at the end or on cancel.
 *
 * @param input Path or `http:` or `https:` URL.
 *
 * @example
 * ```ts
 * const parts = byteSource("movie.ismv").pipeThrough(new BoxParseStream());
 * ```
 */
export function byteSource(
  input: string,
  options: OpenUrlOptions = {},
): ReadableStream<Uint8Array> {
  return readableFrom(bytes(input, options));
}

async function* bytes(input: string, options: OpenUrlOptions): AsyncGenerator<Uint8Array> {
  const access = await openInput(input, options);
  try {
    const lane = new BufferLane();
    for await (const piece of access.stream(0, access.size, lane, options.signal)) {
      // Whoever demuxes these bytes keeps them: they leave the pool's buffer.
      yield piece.slice();
    }
  } finally {
    await access.close();
  }
}
