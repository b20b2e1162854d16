import type { Fragment, StreamHeader, StreamPart } from "../../lib/part.ts";

const text = (value: string) => new TextEncoder().encode(value);

/** A header of two boxes that are none: they are only carried. */
export const HEADER: StreamHeader = {
  type: "header",
  boxes: [text("<ftyp>"), text("<moov>")],
  tracks: [],
};

/** What {@linkcode HEADER} is on the wire. */
export const HEADER_TEXT = "<ftyp><moov>";

export const END: StreamPart = { type: "end", boxes: [text("<mfra>")] };

/** What a fragment is to have. */
export interface TextFragmentFields {
  readonly trackId?: number;
  /** Bytes of the payload. */
  readonly size?: number;
  readonly dueMs?: number;
  readonly seconds?: number;
  /** Is told when the payload is read, each time. */
  readonly onRead?: (index: number) => void;
}

/** A fragment that names itself on the wire: `{track:index}`, then its payload. */
export function textFragment(index: number, fields: TextFragmentFields = {}): Fragment {
  const { trackId = 1, size = 8, seconds = 2, dueMs, onRead } = fields;
  return {
    type: "fragment",
    trackId,
    timescale: 1000,
    decodeTime: BigInt(index * seconds * 1000),
    duration: BigInt(seconds * 1000),
    index,
    pass: 0,
    sequence: index + 1,
    moof: text(`{${trackId}:${index}}`),
    payload: {
      size,
      async *read() {
        onRead?.(index);
        for (let left = size; left > 0; left -= 65536) {
          yield new Uint8Array(Math.min(left, 65536)).fill(0x2e);
        }
      },
    },
    ...(dueMs !== undefined && { dueMs }),
  };
}

/** The fragments that a body names, in order: `0 1 2`, or `1:0 2:0` where there are several tracks. */
export function namesIn(body: string, withTracks = false): string {
  return [...body.matchAll(/\{(\d+):(\d+)\}/g)]
    .map(([, track, index]) => withTracks ? `${track}:${index}` : index)
    .join(" ");
}
