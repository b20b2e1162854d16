import type { Box } from "./box.ts";
import { childBoxes, readBox, toHex } from "./box.ts";

/** What the sample description says of a track, in the words of a Smooth Streaming manifest (MS-SSTR 2.2.2.5). */
export interface CodecFacts {
  /** Type of the sample entry, such as `avc1`; of a protected one the type it had before. */
  readonly sampleEntry: string;
  /** Whether the samples are encrypted. */
  readonly isProtected: boolean;
  /** `H264`, `AACL` and the like; `undefined` where Smooth Streaming has no name for it. */
  readonly fourCC?: string | undefined;
  /** Upper-case hex digits. */
  readonly codecPrivateData?: string | undefined;
  /** In pixels. */
  readonly width?: number | undefined;
  readonly height?: number | undefined;
  readonly channels?: number | undefined;
  /** In hertz. */
  readonly samplingRate?: number | undefined;
  readonly bitsPerSample?: number | undefined;
}

const FOUR_CC: Readonly<Record<string, string>> = {
  avc1: "H264",
  avc3: "H264",
  hvc1: "HVC1",
  hev1: "HEV1",
  "vc-1": "WVC1",
  ovc1: "WVC1",
  mp4a: "AACL",
  "wma ": "WMAP",
  owma: "WMAP",
  "ec-3": "EC-3",
  "ac-3": "AC-3",
  dfxp: "DFXP",
  stpp: "TTML",
  wvtt: "WVTT",
};

// Bytes between the header of a sample entry and its first child box (ISO/IEC 14496-12 12.1.3, 12.2.3).
const VISUAL_FIELDS = 78;
const AUDIO_FIELDS = 28;

/**
 * Reads the first entry of a sample description box (`stsd`, ISO/IEC 14496-12 8.5.2).
 *
 * @param handler Type of the track's handler: `vide` and `soun` have fields of their own.
 * @throws {Mp4SyntaxError} If a box in it is damaged.
 */
export function readCodec(
  bytes: Uint8Array,
  stsd: Box,
  handler: string,
  fileOffset: number,
): CodecFacts | undefined {
  const entry = childBoxes(bytes, stsd.bodyStart + 8, stsd.end, stsd.path, fileOffset).next().value;
  if (!entry) return undefined;
  const fields = handler === "vide"
    ? VISUAL_FIELDS
    : handler === "soun"
    ? audioFieldsSize(bytes, entry)
    : entry.end - entry.bodyStart;
  const inner = entry.bodyStart + fields;
  const children = inner < entry.end
    ? [...childBoxes(bytes, inner, entry.end, entry.path, fileOffset)]
    : [];
  const sinf = children.find(({ type }) => type === "sinf");
  const original = sinf && originalFormat(bytes, sinf, fileOffset);
  const sampleEntry = original ?? entry.type;
  return {
    sampleEntry,
    isProtected: sinf !== undefined,
    fourCC: FOUR_CC[sampleEntry],
    ...readBox(bytes, entry, fileOffset, (view) => entryFields(view, handler)),
    ...privateData(bytes, children, fileOffset),
  };
}

/** Sound entries of QuickTime versions 1 and 2 are longer. */
function audioFieldsSize(bytes: Uint8Array, entry: Box): number {
  const version = ((bytes[entry.bodyStart + 8] ?? 0) << 8) | (bytes[entry.bodyStart + 9] ?? 0);
  return AUDIO_FIELDS + (version === 1 ? 16 : version === 2 ? 36 : 0);
}

function entryFields(view: DataView, handler: string): Partial<CodecFacts> {
  if (handler === "vide") return { width: view.getUint16(32), height: view.getUint16(34) };
  if (handler !== "soun") return {};
  return {
    channels: view.getUint16(24),
    bitsPerSample: view.getUint16(26),
    samplingRate: view.getUint16(32),
  };
}

function originalFormat(bytes: Uint8Array, sinf: Box, fileOffset: number): string | undefined {
  for (const box of childBoxes(bytes, sinf.bodyStart, sinf.end, sinf.path, fileOffset)) {
    if (box.type === "frma") {
      return String.fromCharCode(...bytes.subarray(box.bodyStart, box.bodyStart + 4));
    }
  }
  return undefined;
}

function privateData(
  bytes: Uint8Array,
  children: readonly Box[],
  fileOffset: number,
): Partial<CodecFacts> {
  for (const box of children) {
    if (box.type === "avcC") {
      return { codecPrivateData: readBox(bytes, box, fileOffset, avcPrivateData) };
    }
    if (box.type === "hvcC") {
      return { codecPrivateData: readBox(bytes, box, fileOffset, hevcPrivateData) };
    }
    if (box.type === "esds") return readBox(bytes, box, fileOffset, aacFacts);
  }
  return {};
}

const START_CODE = "00000001";

/** A cursor over the body of a box. */
class Cursor {
  readonly #view: DataView;
  at: number;

  constructor(view: DataView, at: number) {
    this.#view = view;
    this.at = at;
  }

  byte(): number {
    return this.#view.getUint8(this.at++);
  }

  word(): number {
    this.at += 2;
    return this.#view.getUint16(this.at - 2);
  }

  skip(size: number): void {
    this.at += size;
  }

  hex(size: number): string {
    if (this.at + size > this.#view.byteLength) {
      throw new RangeError("Cannot read past the end of the box");
    }
    const { buffer, byteOffset } = this.#view;
    this.at += size;
    return toHex(new Uint8Array(buffer, byteOffset + this.at - size, size)).toUpperCase();
  }
}

/** First sequence and picture parameter set, each behind a start code (ISO/IEC 14496-15 5.3.3.1). */
function avcPrivateData(view: DataView): string {
  const cursor = new Cursor(view, 8 + 5);
  let text = "";
  for (let set = 0; set < 2; set++) {
    const count = set === 0 ? cursor.byte() & 0x1f : cursor.byte();
    for (let n = 0; n < count; n++) {
      const unit = cursor.hex(cursor.word());
      if (n === 0) text += START_CODE + unit;
    }
  }
  return text;
}

/** All parameter sets, each behind a start code (ISO/IEC 14496-15 8.3.3.1). */
function hevcPrivateData(view: DataView): string {
  const cursor = new Cursor(view, 8 + 22);
  let text = "";
  const arrays = cursor.byte();
  for (let n = 0; n < arrays; n++) {
    cursor.byte(); // type of the units
    const count = cursor.word();
    for (let k = 0; k < count; k++) text += START_CODE + cursor.hex(cursor.word());
  }
  return text;
}

const ES_DESCRIPTOR = 3;
const DECODER_CONFIG = 4;
const DECODER_SPECIFIC_INFO = 5;

/** AudioSpecificConfig out of the descriptors of `esds` (ISO/IEC 14496-1 7.2.6). */
function aacFacts(view: DataView): Partial<CodecFacts> {
  const cursor = new Cursor(view, 8 + 4);
  while (cursor.at < view.byteLength) {
    const tag = cursor.byte();
    const size = descriptorSize(cursor);
    if (tag === ES_DESCRIPTOR) {
      cursor.skip(2);
      const flags = cursor.byte();
      if (flags & 0x80) cursor.skip(2);
      if (flags & 0x40) cursor.skip(cursor.byte());
      if (flags & 0x20) cursor.skip(2);
    } else if (tag === DECODER_CONFIG) {
      cursor.skip(13);
    } else if (tag === DECODER_SPECIFIC_INFO) {
      const codecPrivateData = cursor.hex(size);
      return codecPrivateData ? { codecPrivateData, ...aacProfile(codecPrivateData) } : {};
    } else {
      cursor.skip(size);
    }
  }
  return {};
}

function descriptorSize(cursor: Cursor): number {
  let size = 0;
  for (let n = 0; n < 4; n++) {
    const byte = cursor.byte();
    size = (size << 7) | (byte & 0x7f);
    if (!(byte & 0x80)) break;
  }
  return size;
}

const SPECTRAL_BAND_REPLICATION = 5;
const PARAMETRIC_STEREO = 29;

/** High-Efficiency AAC has a FourCC of its own. */
function aacProfile(audioSpecificConfig: string): Partial<CodecFacts> {
  const objectType = Number.parseInt(audioSpecificConfig.slice(0, 2), 16) >> 3;
  const isHighEfficiency = objectType === SPECTRAL_BAND_REPLICATION ||
    objectType === PARAMETRIC_STEREO;
  return isHighEfficiency ? { fourCC: "AACH" } : {};
}
