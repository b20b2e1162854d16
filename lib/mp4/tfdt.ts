import { readFullBoxHeader, uint32, uint64, writeFullBox } from "./box.ts";

/** Track Fragment Decode Time box (`tfdt`), ISO/IEC 14496-12 8.8.12. */
export interface Tfdt {
  /** Decode time of the first sample of the fragment, in ticks; version 1 is read as signed. */
  readonly baseMediaDecodeTime: bigint;
}

/** Reads the box that `view` covers, header included. */
export function readTfdt(view: DataView): Tfdt {
  const { version, fieldsStart } = readFullBoxHeader(view);
  return {
    baseMediaDecodeTime: version === 1
      ? view.getBigInt64(fieldsStart)
      : BigInt(view.getUint32(fieldsStart)),
  };
}

/**
 * Writes the whole box.
 *
 * @param version Size of the field.
 * @default {1}
 */
export function writeTfdt({ baseMediaDecodeTime }: Tfdt, version: 0 | 1 = 1): Uint8Array {
  return version === 1
    ? writeFullBox("tfdt", 1, 0, uint64(baseMediaDecodeTime))
    : writeFullBox("tfdt", 0, 0, uint32(Number(baseMediaDecodeTime)));
}
