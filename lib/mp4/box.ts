import { Mp4SyntaxError } from "../errors.ts";

/** Where a box lies in an array of bytes. */
export interface Box {
  /** Four characters, such as `moof`. */
  readonly type: string;
  /** The extended type of a `uuid` box: 32 lower-case hex digits. */
  readonly userType: string | undefined;
  /** First byte of the box. */
  readonly start: number;
  /** First byte behind size, type and extended type. */
  readonly bodyStart: number;
  /** First byte behind the box. */
  readonly end: number;
  /** Types from the outermost box down to this one, such as `moof/traf/tfhd`. */
  readonly path: string;
}

/** Size, type and extended type of a box (ISO/IEC 14496-12 4.2). */
export interface BoxHeader {
  readonly type: string;
  /** The extended type of a `uuid` box: 32 lower-case hex digits. */
  readonly userType: string | undefined;
  /** Size of the whole box in bytes; 0 says that it goes on to the end of the file. */
  readonly size: number;
  /** Size of this header in bytes: 8, 16, 24 or 32. */
  readonly headerSize: number;
}

/** The longest header a box can have: 64-bit size and extended type. */
export const MAX_BOX_HEADER_SIZE = 32;

/** Size, type. */
export const BOX_HEADER_SIZE = 8;

/** Bytes of the extended type of a `uuid` box. */
const USER_TYPE_SIZE = 16;

const HEX = Array.from({ length: 256 }, (_, byte) => byte.toString(16).padStart(2, "0"));

/** Bytes as lower-case hex digits. */
export function toHex(bytes: Uint8Array): string {
  let text = "";
  for (const byte of bytes) text += HEX[byte];
  return text;
}

/** Hex digits as bytes; anything else in between (spaces, hyphens) is passed over. */
export function fromHex(text: string): Uint8Array {
  const digits = text.replace(/[^0-9a-fA-F]/g, "");
  return Uint8Array.from(
    { length: digits.length >> 1 },
    (_, n) => Number.parseInt(digits.slice(2 * n, 2 * n + 2), 16),
  );
}

/** A view of `bytes`. */
export function viewOf(bytes: Uint8Array): DataView {
  return new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
}

/** Big-endian, without a view: there are a dozen boxes in each fragment. */
function uint32At(bytes: Uint8Array, at: number): number {
  return ((bytes[at]! << 24) | (bytes[at + 1]! << 16) | (bytes[at + 2]! << 8) | bytes[at + 3]!) >>>
    0;
}

/** Box types that were met, so that their texts need not be made again. */
const TYPES = new Map<number, string>();

/** More than there are; damaged files bring up any number of others. */
const MAX_TYPES = 256;

function typeAt(bytes: Uint8Array, offset: number): string {
  const word = uint32At(bytes, offset);
  const known = TYPES.get(word);
  if (known !== undefined) return known;
  const type = String.fromCharCode(...bytes.subarray(offset, offset + 4));
  if (TYPES.size < MAX_TYPES && type.length === 4) TYPES.set(word, type);
  return type;
}

/** Extended types that were met, by their first four bytes. */
const USER_TYPES = new Map<number, { readonly bytes: Uint8Array; readonly text: string }>();

function userTypeAt(bytes: Uint8Array, at: number): string {
  const word = uint32At(bytes, at);
  const known = USER_TYPES.get(word);
  if (known?.bytes.every((byte, n) => byte === bytes[at + n])) return known.text;
  const own = bytes.slice(at, at + USER_TYPE_SIZE);
  const text = toHex(own);
  if (!known && USER_TYPES.size < MAX_TYPES) USER_TYPES.set(word, { bytes: own, text });
  return text;
}

/**
 * Reads the header of a box.
 *
 * @param bytes The box, at least its first {@linkcode MAX_BOX_HEADER_SIZE} bytes if there are as many.
 * @param offset Where the box starts in the file, for messages.
 * @param parent Path of the box around it.
 * @returns `undefined` if the bytes end within the header.
 * @throws {Mp4SyntaxError} If the size is smaller than the header or past 2^53.
 */
export function readBoxHeader(
  bytes: Uint8Array,
  offset: number,
  parent = "",
): BoxHeader | undefined {
  return headerAt(bytes, 0, bytes.length, offset, parent);
}

/** The same for a box that starts at `at` in bytes that end at `end`. */
function headerAt(
  bytes: Uint8Array,
  at: number,
  end: number,
  offset: number,
  parent: string,
): BoxHeader | undefined {
  const length = end - at;
  if (length < BOX_HEADER_SIZE) return undefined;
  const type = typeAt(bytes, at + 4);
  let size = uint32At(bytes, at);
  let headerSize = BOX_HEADER_SIZE;
  if (size === 1) {
    headerSize += 8;
    if (length < headerSize) return undefined;
    size = safeSize(viewOf(bytes).getBigUint64(at + 8), pathOf(type, parent), offset);
  }
  let userType: string | undefined;
  if (type === "uuid") {
    if (length < headerSize + USER_TYPE_SIZE) {
      if (size !== 0 && size < headerSize + USER_TYPE_SIZE) {
        throw tooSmall(pathOf(type, parent), size, offset);
      }
      return undefined;
    }
    userType = userTypeAt(bytes, at + headerSize);
    headerSize += USER_TYPE_SIZE;
  }
  if (size !== 0 && size < headerSize) throw tooSmall(pathOf(type, parent), size, offset);
  return { type, userType, size, headerSize };
}

function pathOf(type: string, parent: string): string {
  return parent ? `${parent}/${printable(type)}` : printable(type);
}

function safeSize(size: bigint, path: string, offset: number): number {
  if (size > BigInt(Number.MAX_SAFE_INTEGER)) {
    throw new Mp4SyntaxError(
      `Cannot read box "${path}" as its size must be below 2^53 bytes: current value is ${size}`,
      offset,
    );
  }
  return Number(size);
}

function tooSmall(path: string, size: number, offset: number): Mp4SyntaxError {
  return new Mp4SyntaxError(
    `Cannot read box "${path}" as its size must cover its own header: current value is ${size}`,
    offset,
  );
}

/** A box type as it can be shown: bytes that are no letters, digits or the like as `\xNN`. */
export function printable(type: string): string {
  if (isPlain(type)) return type;
  return type.replace(
    /[^\x20-\x7e]/g,
    (char) => `\\x${char.charCodeAt(0).toString(16).padStart(2, "0")}`,
  );
}

function isPlain(text: string): boolean {
  for (let n = 0; n < text.length; n++) {
    const code = text.charCodeAt(n);
    if (code < 0x20 || code > 0x7e) return false;
  }
  return true;
}

/**
 * Yields the boxes that lie side by side in `bytes` from `start` to `end`.
 *
 * @param parent Path of the box around them.
 * @param fileOffset Where `bytes` starts in the file, for messages.
 * @throws {Mp4SyntaxError} If a box is cut short or does not fit in.
 */
export function* childBoxes(
  bytes: Uint8Array,
  start: number,
  end: number,
  parent: string,
  fileOffset: number,
): Generator<Box> {
  let at = start;
  while (at < end) {
    const header = headerAt(bytes, at, end, fileOffset + at, parent);
    if (!header) {
      throw new Mp4SyntaxError(
        `Cannot read a box in "${parent}" as it must have a whole header: current value is ${
          end - at
        } bytes`,
        fileOffset + at,
      );
    }
    const path = pathOf(header.type, parent);
    const size = header.size;
    if (size === 0 || size > end - at) {
      throw new Mp4SyntaxError(
        `Cannot read box "${path}" as its size must be at most ${
          end - at
        } bytes there: current value is ${size}`,
        fileOffset + at,
      );
    }
    const { type, userType } = header;
    yield { type, userType, start: at, bodyStart: at + header.headerSize, end: at + size, path };
    at += size;
  }
}

/** A view that covers one box, header included. */
export function boxView(bytes: Uint8Array, box: Box): DataView {
  const { start, end } = box;
  return new DataView(bytes.buffer, bytes.byteOffset + start, end - start);
}

/**
 * Calls `read` on one box and turns a read past its end into an error that names the box.
 *
 * @throws {Mp4SyntaxError} If the box is shorter than its fields.
 */
export function readBox<T>(
  bytes: Uint8Array,
  box: Box,
  fileOffset: number,
  read: (view: DataView) => T,
): T {
  try {
    return read(boxView(bytes, box));
  } catch (error) {
    if (!(error instanceof RangeError)) throw error;
    throw new Mp4SyntaxError(
      `Cannot read box "${box.path}" as its fields must fit in: current value is ${
        box.end - box.start
      } bytes`,
      fileOffset + box.start,
      { cause: error },
    );
  }
}

/** First byte behind size, type and extended type of the box that `view` covers. */
export function bodyOffset(view: DataView): number {
  const size = view.getUint32(0) === 1 ? 16 : BOX_HEADER_SIZE;
  return view.getUint32(4) === UUID_TYPE ? size + USER_TYPE_SIZE : size;
}

const UUID_TYPE = 0x75756964;

/** Version and flags of a full box (ISO/IEC 14496-12 4.2), and where its fields start. */
export interface FullBoxHeader {
  readonly version: number;
  readonly flags: number;
  /** First byte behind version and flags. */
  readonly fieldsStart: number;
}

/** Reads version and flags of the full box that `view` covers. */
export function readFullBoxHeader(view: DataView): FullBoxHeader {
  const start = bodyOffset(view);
  const word = view.getUint32(start);
  return { version: word >>> 24, flags: word & 0xffffff, fieldsStart: start + 4 };
}

/** Joins arrays of bytes. */
export function concat(...pieces: readonly Uint8Array[]): Uint8Array {
  return join(pieces);
}

/** Joins arrays of bytes, however many there are: arguments of a call must be less than about a hundred thousand. */
export function join(pieces: readonly Uint8Array[]): Uint8Array {
  const whole = new Uint8Array(pieces.reduce((size, piece) => size + piece.length, 0));
  let at = 0;
  for (const piece of pieces) {
    whole.set(piece, at);
    at += piece.length;
  }
  return whole;
}

/**
 * Writes a box around `pieces`.
 *
 * @param type Four characters, or 32 hex digits for a `uuid` box.
 */
export function writeBox(type: string, ...pieces: readonly Uint8Array[]): Uint8Array {
  const isUuid = type.length === 32;
  const headerSize = isUuid ? BOX_HEADER_SIZE + USER_TYPE_SIZE : BOX_HEADER_SIZE;
  const body = concat(new Uint8Array(headerSize), ...pieces);
  setUint32(body, 0, body.length);
  writeType(body, isUuid ? "uuid" : type);
  if (isUuid) body.set(userTypeBytes(type), BOX_HEADER_SIZE);
  return body;
}

let lastUserType = { text: "", bytes: new Uint8Array(0) };

/** Fragments of a stream have the same box again and again. */
function userTypeBytes(text: string): Uint8Array {
  if (lastUserType.text !== text) {
    lastUserType = { text, bytes: fromHex(text) as Uint8Array<ArrayBuffer> };
  }
  return lastUserType.bytes;
}

function writeType(bytes: Uint8Array, type: string): void {
  for (let n = 0; n < 4; n++) bytes[4 + n] = type.charCodeAt(n);
}

/** Writes a full box: {@linkcode writeBox} with version and flags in front of the fields. */
export function writeFullBox(
  type: string,
  version: number,
  flags: number,
  ...pieces: readonly Uint8Array[]
): Uint8Array {
  return writeBox(type, uint32(((version << 24) | flags) >>> 0), ...pieces);
}

/** Without a view, for which an array of a few bytes would have to leave the heap. */
function setUint32(bytes: Uint8Array, at: number, value: number): void {
  bytes[at] = value >>> 24;
  bytes[at + 1] = value >>> 16;
  bytes[at + 2] = value >>> 8;
  bytes[at + 3] = value;
}

/** The same for a 64-bit integer, a negative one in two's complement. */
export function setUint64(bytes: Uint8Array, at: number, value: bigint): void {
  setUint32(bytes, at, Number(BigInt.asUintN(32, value >> 32n)));
  setUint32(bytes, at + 4, Number(BigInt.asUintN(32, value)));
}

/** Numbers as 32-bit unsigned big-endian integers. */
export function uint32(...values: readonly number[]): Uint8Array {
  const bytes = new Uint8Array(4 * values.length);
  values.forEach((value, n) => setUint32(bytes, 4 * n, value));
  return bytes;
}

/** Integers as 64-bit big-endian ones, negative ones in two's complement. */
export function uint64(...values: readonly bigint[]): Uint8Array {
  const bytes = new Uint8Array(8 * values.length);
  values.forEach((value, n) => setUint64(bytes, 8 * n, value));
  return bytes;
}

/**
 * Writes the header of an `mdat` box: 8 bytes, or 16 for a box past 4 GiB (ISO/IEC 14496-12 8.1.1).
 *
 * @param payloadSize Bytes in the box, without its header.
 */
export function writeMdatHeader(payloadSize: number): Uint8Array {
  const headerSize = mdatHeaderSize(payloadSize);
  const bytes = new Uint8Array(headerSize);
  setUint32(bytes, 0, headerSize === 8 ? payloadSize + 8 : 1);
  writeType(bytes, "mdat");
  if (headerSize === 16) setUint64(bytes, 8, BigInt(payloadSize + 16));
  return bytes;
}

/** Size of the header that an `mdat` box of `payloadSize` bytes needs, in bytes. */
export function mdatHeaderSize(payloadSize: number): 8 | 16 {
  return payloadSize + BOX_HEADER_SIZE <= 0xffffffff ? 8 : 16;
}

/** Type of a whole box, such as `moov`. */
export function boxType(bytes: Uint8Array): string {
  return typeAt(bytes, 4);
}
