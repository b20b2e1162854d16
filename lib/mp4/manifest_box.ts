import { bodyOffset, writeFullBox } from "./box.ts";
import { LIVE_SERVER_MANIFEST, STREAM_MANIFEST } from "./uuid.ts";

/**
 * Reads the text of a Live Server Manifest or Stream Manifest box (MS-SSTR 2.2.7.2, 2.2.7.3) as bytes, whose encoding
 * the XML itself tells.
 *
 * @param view The box, header included.
 */
export function readManifestBox(view: DataView): Uint8Array {
  const start = bodyOffset(view) + 4; // version and flags, which senders fill with 0 or 1
  if (start > view.byteLength) throw new RangeError("Cannot read past the end of the box");
  return new Uint8Array(view.buffer, view.byteOffset + start, view.byteLength - start);
}

/** Writes a Live Server Manifest box around a document, in UTF-8. */
export function writeLiveServerManifestBox(xml: string): Uint8Array {
  return writeFullBox(LIVE_SERVER_MANIFEST, 0, 0, new TextEncoder().encode(xml));
}

/**
 * Writes a Stream Manifest box around a document.
 *
 * @param xml The document; bytes go out as they are, whatever their encoding.
 * @param userType 32 hex digits; other spellings than the one of MS-SSTR are in use.
 */
export function writeStreamManifestBox(
  xml: string | Uint8Array,
  userType: string = STREAM_MANIFEST,
): Uint8Array {
  const bytes = typeof xml === "string" ? new TextEncoder().encode(xml) : xml;
  return writeFullBox(userType, 0, 0, bytes);
}
