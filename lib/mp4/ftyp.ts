import { bodyOffset, uint32, writeBox } from "./box.ts";

/** File Type box (`ftyp`), ISO/IEC 14496-12 4.3; a live stream has `isml`, 1, `piff` and `iso2` (MS-SSTR 2.2.7.1). */
export interface Ftyp {
  /** Four characters. */
  readonly majorBrand: string;
  readonly minorVersion: number;
  /** Four characters each. */
  readonly compatibleBrands: readonly string[];
}

/** The `ftyp` of a live stream as MS-SSTR 2.2.7.1 has it. */
export const LIVE_FTYP: Ftyp = {
  majorBrand: "isml",
  minorVersion: 1,
  compatibleBrands: ["piff", "iso2"],
};

const fourCharacters = (view: DataView, at: number) =>
  String.fromCharCode(...Array.from({ length: 4 }, (_, n) => view.getUint8(at + n)));

const fourBytes = (text: string) =>
  Uint8Array.from({ length: 4 }, (_, n) => text.charCodeAt(n) & 0xff);

/** Reads the box that `view` covers, header included. */
export function readFtyp(view: DataView): Ftyp {
  const start = bodyOffset(view);
  const count = Math.max(0, (view.byteLength - start - 8) >> 2);
  return {
    majorBrand: fourCharacters(view, start),
    minorVersion: view.getUint32(start + 4),
    compatibleBrands: Array.from(
      { length: count },
      (_, n) => fourCharacters(view, start + 8 + 4 * n),
    ),
  };
}

/** Writes the whole box. */
export function writeFtyp({ majorBrand, minorVersion, compatibleBrands }: Ftyp): Uint8Array {
  return writeBox(
    "ftyp",
    fourBytes(majorBrand),
    uint32(minorVersion),
    ...compatibleBrands.map(fourBytes),
  );
}
