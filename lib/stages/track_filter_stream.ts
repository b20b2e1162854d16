import type { StreamPart } from "../part.ts";
import { boxType } from "../mp4/box.ts";
import { cutMoov } from "../mp4/moov.ts";

/** Options for {@linkcode TrackFilterStream}. */
export interface TrackFilterStreamOptions {
  /** IDs of the tracks that pass. */
  trackIds: readonly number[];
}

/**
 * Lets the fragments of some tracks pass and cuts the header down to them. Payloads of the others are never read.
 *
 * @example
 * ```ts
 * const audio = parts.pipeThrough(new TrackFilterStream({ trackIds: [2] }));
 * ```
 */
export class TrackFilterStream extends TransformStream<StreamPart, StreamPart> {
  /** @throws {RangeError} If no track is named. */
  constructor({ trackIds }: TrackFilterStreamOptions) {
    if (trackIds.length === 0) {
      throw new RangeError(
        "Cannot filter tracks as at least one must pass: current value is an empty list",
      );
    }
    const wanted = new Set(trackIds);
    super({
      transform(part, controller) {
        if (part.type === "header") {
          const boxes = part.boxes.map((box) =>
            boxType(box) === "moov" ? cutMoov(box, trackIds) : box
          );
          const tracks = part.tracks.filter(({ trackId }) => wanted.has(trackId));
          controller.enqueue({ ...part, boxes, tracks });
        } else if (part.type === "end" || wanted.has(part.trackId)) {
          controller.enqueue(part);
        }
      },
    });
  }
}
