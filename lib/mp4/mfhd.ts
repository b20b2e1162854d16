import { readFullBoxHeader, uint32, writeFullBox } from "./box.ts";

/** Movie Fragment Header box (`mfhd`), ISO/IEC 14496-12 8.8.5. */
export interface Mfhd {
  /** Grows along the timeline; gaps are allowed (MS-SSTR 2.2.4.2). */
  readonly sequenceNumber: number;
}

/** Reads the box that `view` covers, header included. */
export function readMfhd(view: DataView): Mfhd {
  return { sequenceNumber: view.getUint32(readFullBoxHeader(view).fieldsStart) };
}

/** Writes the whole box. */
export function writeMfhd({ sequenceNumber }: Mfhd): Uint8Array {
  return writeFullBox("mfhd", 0, 0, uint32(sequenceNumber));
}
