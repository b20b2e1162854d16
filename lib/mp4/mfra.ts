import type { Box } from "./box.ts";
import {
  BOX_HEADER_SIZE,
  childBoxes,
  concat,
  join,
  readBox,
  readFullBoxHeader,
  uint32,
  uint64,
  viewOf,
  writeBox,
  writeFullBox,
} from "./box.ts";

/** The 8 bytes that end a live stream: an empty `mfra` box (MS-SSTR 3.3.4.2). */
export function writeEndOfStream(): Uint8Array {
  return writeBox("mfra");
}

/** One entry of `tfra`: a fragment that starts with a random access point. */
export interface TfraEntry {
  /** In ticks of the track. */
  readonly time: bigint;
  /** Where the `moof` box starts, in bytes from the start of the file. */
  readonly moofOffset: number;
}

/** Track Fragment Random Access box (`tfra`), ISO/IEC 14496-12 8.8.10. */
export interface Tfra {
  readonly trackId: number;
  readonly entries: readonly TfraEntry[];
}

/** Movie Fragment Random Access box (`mfra`), ISO/IEC 14496-12 8.8.9: the index at the end of a file. */
export interface Mfra {
  readonly tracks: readonly Tfra[];
}

function readEntryCount(view: DataView): number {
  return view.getUint32(readFullBoxHeader(view).fieldsStart + 8);
}

/**
 * Reads the `tfra` box that `view` covers, header included.
 *
 * @throws {RangeError} If the entries do not fit into the box.
 */
export function readTfra(view: DataView): Tfra {
  const { version, fieldsStart } = readFullBoxHeader(view);
  const lengths = view.getUint32(fieldsStart + 4);
  const count = readEntryCount(view);
  const fieldSize = version === 0 ? 4 : 8;
  // The numbers of the traf, the trun and the sample take 1 to 4 bytes each; a fragment is all that counts here.
  const numbersSize = ((lengths >> 4) & 3) + ((lengths >> 2) & 3) + (lengths & 3) + 3;
  const rowSize = 2 * fieldSize + numbersSize;
  const start = fieldsStart + 12;
  if (start + count * rowSize > view.byteLength) {
    throw new RangeError(`Cannot read ${count} entries as they must fit into the box`);
  }
  const entries = Array.from({ length: count }, (_, n) => {
    const at = start + n * rowSize;
    return version === 0
      ? { time: BigInt(view.getUint32(at)), moofOffset: view.getUint32(at + 4) }
      : { time: view.getBigInt64(at), moofOffset: Number(view.getBigUint64(at + 8)) };
  });
  return { trackId: view.getUint32(fieldsStart), entries };
}

/** Writes a whole `tfra` box; every entry points at the first sample of its fragment. */
export function writeTfra({ trackId, entries }: Tfra): Uint8Array {
  const rows = entries.map(({ time, moofOffset }) =>
    concat(uint64(time, BigInt(moofOffset)), Uint8Array.of(1, 1, 1))
  );
  return writeFullBox("tfra", 1, 0, uint32(trackId, 0, entries.length), join(rows));
}

/**
 * Reads an `mfra` box.
 *
 * @param bytes The whole box.
 * @param fileOffset Where it starts in the file, for messages.
 * @throws {Mp4SyntaxError} If a box in it is damaged.
 */
export function readMfra(bytes: Uint8Array, fileOffset: number): Mfra {
  const tracks: Tfra[] = [];
  for (const box of tfraBoxes(bytes, fileOffset)) {
    tracks.push(readBox(bytes, box, fileOffset, readTfra));
  }
  return { tracks };
}

function* tfraBoxes(bytes: Uint8Array, fileOffset: number): Generator<Box> {
  const headerSize = viewOf(bytes).getUint32(0) === 1 ? 16 : BOX_HEADER_SIZE;
  for (const box of childBoxes(bytes, headerSize, bytes.length, "mfra", fileOffset)) {
    if (box.type === "tfra") yield box;
  }
}

/** Writes a whole `mfra` box with its `mfro` (ISO/IEC 14496-12 8.8.11), to stand at the end of a file. */
export function writeMfra({ tracks }: Mfra): Uint8Array {
  const boxes = tracks.map(writeTfra);
  const mfroSize = 16;
  const size = boxes.reduce((sum, box) => sum + box.length, BOX_HEADER_SIZE + mfroSize);
  return writeBox("mfra", ...boxes, writeFullBox("mfro", 0, 0, uint32(size)));
}

/** Size of `mfro`, the last box of a file that has an index. */
export const MFRO_SIZE = 16;

/**
 * Reads how long the `mfra` box at the end of a file is, in bytes.
 *
 * @param tail The last {@linkcode MFRO_SIZE} bytes of the file.
 * @returns `undefined` if they are no `mfro` box.
 */
export function readMfro(tail: Uint8Array): number | undefined {
  if (tail.length !== MFRO_SIZE) return undefined;
  const view = viewOf(tail);
  const isMfro = view.getUint32(0) === MFRO_SIZE && view.getUint32(4) === 0x6d66726f;
  return isMfro ? view.getUint32(12) : undefined;
}

/**
 * Says whether an `mfra` box is the end of a live stream: it has no entries. MS-SSTR 3.3.4.2 also allows `tfra` boxes
 * without entries.
 *
 * @throws {Mp4SyntaxError} If a box in it is damaged.
 */
export function isEndOfStream(bytes: Uint8Array, fileOffset: number): boolean {
  for (const box of tfraBoxes(bytes, fileOffset)) {
    if (readBox(bytes, box, fileOffset, readEntryCount) > 0) return false;
  }
  return true;
}
