import { concat, readFullBoxHeader, uint32, uint64, writeFullBox } from "./box.ts";

/** Flags of `tfhd`, ISO/IEC 14496-12 8.8.7. */
export const TFHD_FLAGS = {
  baseDataOffset: 0x000001,
  sampleDescriptionIndex: 0x000002,
  defaultSampleDuration: 0x000008,
  defaultSampleSize: 0x000010,
  defaultSampleFlags: 0x000020,
  durationIsEmpty: 0x010000,
  defaultBaseIsMoof: 0x020000,
} as const;

/** Track Fragment Header box (`tfhd`), ISO/IEC 14496-12 8.8.7; fields that its flags leave out are `undefined`. */
export interface Tfhd {
  readonly trackId: number;
  /** Where the offsets of the fragment count from, in bytes from the start of the file. */
  readonly baseDataOffset?: bigint | undefined;
  readonly sampleDescriptionIndex?: number | undefined;
  /** In ticks of the track. */
  readonly defaultSampleDuration?: number | undefined;
  /** In bytes. */
  readonly defaultSampleSize?: number | undefined;
  readonly defaultSampleFlags?: number | undefined;
  readonly durationIsEmpty: boolean;
  readonly defaultBaseIsMoof: boolean;
}

/** Reads the box that `view` covers, header included. */
export function readTfhd(view: DataView): Tfhd {
  const { flags, fieldsStart } = readFullBoxHeader(view);
  let at = fieldsStart + 4;
  const next = (flag: number): number | undefined => {
    if (!(flags & flag)) return undefined;
    at += 4;
    return view.getUint32(at - 4);
  };
  let baseDataOffset: bigint | undefined;
  if (flags & TFHD_FLAGS.baseDataOffset) {
    baseDataOffset = view.getBigUint64(at);
    at += 8;
  }
  return {
    trackId: view.getUint32(fieldsStart),
    baseDataOffset,
    sampleDescriptionIndex: next(TFHD_FLAGS.sampleDescriptionIndex),
    defaultSampleDuration: next(TFHD_FLAGS.defaultSampleDuration),
    defaultSampleSize: next(TFHD_FLAGS.defaultSampleSize),
    defaultSampleFlags: next(TFHD_FLAGS.defaultSampleFlags),
    durationIsEmpty: (flags & TFHD_FLAGS.durationIsEmpty) !== 0,
    defaultBaseIsMoof: (flags & TFHD_FLAGS.defaultBaseIsMoof) !== 0,
  };
}

/** Writes the whole box, with the flags that its fields ask for. */
export function writeTfhd(tfhd: Tfhd): Uint8Array {
  let flags = 0;
  if (tfhd.durationIsEmpty) flags |= TFHD_FLAGS.durationIsEmpty;
  if (tfhd.defaultBaseIsMoof) flags |= TFHD_FLAGS.defaultBaseIsMoof;
  const fields = [uint32(tfhd.trackId)];
  const field = (flag: number, bytes: Uint8Array) => {
    flags |= flag;
    fields.push(bytes);
  };
  if (tfhd.baseDataOffset !== undefined) {
    field(TFHD_FLAGS.baseDataOffset, uint64(tfhd.baseDataOffset));
  }
  const words = [
    "sampleDescriptionIndex",
    "defaultSampleDuration",
    "defaultSampleSize",
    "defaultSampleFlags",
  ] as const;
  for (const name of words) {
    const value = tfhd[name];
    if (value !== undefined) field(TFHD_FLAGS[name], uint32(value));
  }
  return writeFullBox("tfhd", 0, flags, concat(...fields));
}
