import type { PartParserOptions } from "../mp4/part_parser.ts";
import type { StreamPart } from "../part.ts";
import { PartParser } from "../mp4/part_parser.ts";

/** Options for {@linkcode BoxParseStream}. */
export type BoxParseStreamOptions = PartParserOptions;

/**
 * The box demuxer: takes bytes of fragmented MP4 in pieces of any size, from a pipe, a request body or a file, and gives
 * out parts. A payload is the pieces that came in, held until the part is dropped.
 *
 * What cannot be read ends the stream: the end part says why.
 *
 * @example
 * ```ts
 * const parts = request.body.pipeThrough(new BoxParseStream());
 * ```
 */
export class BoxParseStream extends TransformStream<Uint8Array, StreamPart> {
  /** @throws {RangeError} If a limit is not a whole number above 0. */
  constructor(options: BoxParseStreamOptions = {}) {
    const parser = new PartParser(options);
    super({
      transform(bytes, controller) {
        for (const part of parser.push(bytes)) controller.enqueue(part);
      },
      flush(controller) {
        for (const part of parser.end()) controller.enqueue(part);
      },
    });
  }
}
