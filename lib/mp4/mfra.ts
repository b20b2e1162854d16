import type { Box } from "./box.ts";
import type { TfraEntries } from "./tfra_table.ts";
import {
  BOX_HEADER_SIZE,
  childBoxes,
  readBox,
  readFullBoxHeader,
  uint32,
  viewOf,
  writeBox,
  writeFullBox,
} from "./box.ts";
import { TfraColumns, TfraTable } from "./tfra_table.ts";

/** The 8 bytes that end a live stream: an empty `mfra` box (MS-SSTR 3.3.4.2). */
export function writeEndOfStream(): Uint8Array {
  return writeBox("mfra");
}

/** Track Fragment Random Access box (`tfra`), ISO/IEC 14496-12 8.8.10. */
export interface Tfra {
  readonly trackId: number;
  readonly entries: TfraEntries;
}

/** Movie Fragment Random Access box (`mfra`), ISO/IEC 14496-12 8.8.9: the index at the end of a file. */
export interface Mfra {
  readonly tracks: readonly Tfra[];
}

/** A `tfra` box that was read. */
export interface TfraIndex extends Tfra {
  readonly entries: TfraTable;
}

/** An `mfra` box that was read. */
export interface MfraIndex extends Mfra {
  readonly tracks: readonly TfraIndex[];
}

function readEntryCount(view: DataView): number {
  return view.getUint32(readFullBoxHeader(view).fieldsStart + 8);
}

/** How the entries of a `tfra` box lie in it. */
interface Rows {
  readonly is64Bit: boolean;
  readonly start: number;
  readonly size: number;
  readonly count: number;
}

function readRows(view: DataView): Rows {
  const { version, fieldsStart } = readFullBoxHeader(view);
  const lengths = view.getUint32(fieldsStart + 4);
  const count = readEntryCount(view);
  const is64Bit = version !== 0;
  // The numbers of the traf, the trun and the sample take 1 to 4 bytes each; a fragment is all that counts here.
  const numbersSize = ((lengths >> 4) & 3) + ((lengths >> 2) & 3) + (lengths & 3) + 3;
  const size = (is64Bit ? 16 : 8) + numbersSize;
  const start = fieldsStart + 12;
  if (start + count * size > view.byteLength) {
    throw new RangeError(`Cannot read ${count} entries as they must fit into the box`);
  }
  return { is64Bit, start, size, count };
}

/** Reads a `tfra` box into columns, from place `from` on. */
function readInto(columns: TfraColumns, from: number, view: DataView): TfraIndex {
  const { is64Bit, start, size, count } = readRows(view);
  const { times, moofOffsets } = columns;
  for (let n = 0; n < count; n++) {
    const at = start + n * size;
    times[from + n] = is64Bit ? view.getBigInt64(at) : BigInt(view.getUint32(at));
    moofOffsets[from + n] = is64Bit ? Number(view.getBigUint64(at + 8)) : view.getUint32(at + 4);
  }
  const trackId = view.getUint32(readFullBoxHeader(view).fieldsStart);
  return { trackId, entries: new TfraTable(columns, from, count) };
}

/**
 * Reads the `tfra` box that `view` covers, header included.
 *
 * @throws {RangeError} If the entries do not fit into the box.
 */
export function readTfra(view: DataView): TfraIndex {
  return readInto(new TfraColumns(readRows(view).count), 0, view);
}

/** Writes a whole `tfra` box; every entry points at the first sample of its fragment. */
export function writeTfra({ trackId, entries }: Tfra): Uint8Array {
  const rowSize = 19;
  const rows = new Uint8Array(entries.length * rowSize).fill(1);
  const view = viewOf(rows);
  let at = 0;
  for (const { time, moofOffset } of entries) {
    view.setBigInt64(at, time);
    view.setBigUint64(at + 8, BigInt(moofOffset));
    at += rowSize;
  }
  return writeFullBox("tfra", 1, 0, uint32(trackId, 0, entries.length), rows);
}

/**
 * Reads an `mfra` box.
 *
 * @param bytes The whole box.
 * @param fileOffset Where it starts in the file, for messages.
 * @throws {Mp4SyntaxError} If a box in it is damaged.
 */
export function readMfra(bytes: Uint8Array, fileOffset: number): MfraIndex {
  let count = 0;
  for (const box of tfraBoxes(bytes, fileOffset)) {
    count += readBox(bytes, box, fileOffset, readRows).count;
  }
  // One for all: a damaged box may have a million tracks of one entry, and columns of their own would take far more.
  const columns = new TfraColumns(count);
  const tracks: TfraIndex[] = [];
  let from = 0;
  for (const box of tfraBoxes(bytes, fileOffset)) {
    const tfra = readBox(bytes, box, fileOffset, (view) => readInto(columns, from, view));
    tracks.push(tfra);
    from += tfra.entries.length;
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
