import type { Fragment } from "../part.ts";
import { concat, mdatHeaderSize, writeMdatHeader } from "../mp4/box.ts";
import { HeadFirst } from "./head_first.ts";

/** Bytes of a fragment on the wire. */
export function fragmentBytes({ moof, payload }: Pick<Fragment, "moof" | "payload">): number {
  return moof.length + mdatHeaderSize(payload.size) + payload.size;
}

/** The bytes of a fragment: `moof` with the header of `mdat`, as a few bytes are not worth a chunk, then the payload. */
export function fragmentPieces(
  { moof, payload }: Pick<Fragment, "moof" | "payload">,
): AsyncIterable<Uint8Array> {
  const header = writeMdatHeader(payload.size);
  const reading = payload.read();
  const isInFront = reading.putInFront?.(moof, header);
  return isInFront ? reading : new HeadFirst(concat(moof, header), reading);
}
