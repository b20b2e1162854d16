import type { StreamPart } from "../../lib/part.ts";
import { PartParser, type PartParserOptions } from "../../lib/mp4/part_parser.ts";
import { bytesOf } from "./parts.ts";

/** Sizes of pieces that cut boxes in their headers, and in every other place. */
export const PIECE_SIZES: readonly number[] = [1, 7, 8, 9, Infinity];

/** Cuts bytes into pieces, each in memory of its own, as they come from a connection. */
export function* inPieces(bytes: Uint8Array, size: number): Generator<Uint8Array> {
  if (size === Infinity) {
    yield bytes;
    return;
  }
  for (let at = 0; at < bytes.length; at += size) yield bytes.slice(at, at + size);
}

/** Parses bytes that come in pieces. */
export function parseParts(
  bytes: Uint8Array,
  size = Infinity,
  options?: PartParserOptions,
): StreamPart[] {
  const parser = new PartParser(options);
  const parts: StreamPart[] = [];
  for (const piece of inPieces(bytes, size)) parts.push(...parser.push(piece));
  parts.push(...parser.end());
  return parts;
}

/** A part as plain values that can be compared, its payload read. */
export async function plainPart(part: StreamPart): Promise<Record<string, unknown>> {
  if (part.type === "end") return { ...part, error: part.error?.message };
  if (part.type === "header") {
    return { type: part.type, boxes: part.boxes, tracks: part.tracks.map((it) => it.trackId) };
  }
  const payload = await bytesOf(part.payload);
  return { ...part, payload, size: part.payload.size };
}
