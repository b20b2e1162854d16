import { readFullBoxHeader, toHex, uint32, uint64, writeFullBox } from "./box.ts";

/** Part of a sample that is in clear, then part that is encrypted, in bytes. */
export interface Subsample {
  readonly clear: number;
  readonly encrypted: number;
}

/** What one sample needs to be decrypted. */
export interface SampleEncryptionEntry {
  /** Initialization vector, as hex digits. */
  readonly iv: string;
  readonly subsamples: readonly Subsample[];
}

/** Sample Encryption box: `senc` (ISO/IEC 23001-7 7.2) or its `uuid` form in PIFF 1.1, 5.3.2; both have the same fields. */
export interface SampleEncryption {
  /** Present in the PIFF form when its flags say so. */
  readonly override?: {
    readonly algorithmId: number;
    readonly ivSize: number;
    readonly kid: string;
  };
  readonly samples: readonly SampleEncryptionEntry[];
}

/**
 * Reads the box that `view` covers, header included.
 *
 * @param ivSize Size of an initialization vector in bytes, from the track's encryption box; the box itself may say another.
 * @throws {RangeError} If the entries do not fit into the box.
 */
export function readSampleEncryption(view: DataView, ivSize: number): SampleEncryption {
  const { flags, fieldsStart } = readFullBoxHeader(view);
  let at = fieldsStart;
  const bytes = (size: number) => {
    const piece = new Uint8Array(view.buffer, view.byteOffset + at, size);
    if (at + size > view.byteLength) throw new RangeError("Cannot read past the end of the box");
    at += size;
    return toHex(piece);
  };
  let override: SampleEncryption["override"];
  if (flags & 1) {
    const algorithmId = view.getUint32(at) >>> 8;
    const overrideIvSize = view.getUint8(at + 3);
    at += 4;
    override = { algorithmId, ivSize: overrideIvSize, kid: bytes(16) };
  }
  const size = override?.ivSize ?? ivSize;
  const count = view.getUint32(at);
  at += 4;
  if (count * Math.max(size, 1) > view.byteLength) {
    throw new RangeError(`Cannot read ${count} entries as they must fit into the box`);
  }
  const samples: SampleEncryptionEntry[] = [];
  for (let n = 0; n < count; n++) {
    const iv = bytes(size);
    const subsamples: Subsample[] = [];
    if (flags & 2) {
      const entries = view.getUint16(at);
      at += 2;
      for (let k = 0; k < entries; k++) {
        subsamples.push({ clear: view.getUint16(at), encrypted: view.getUint32(at + 2) });
        at += 6;
      }
    }
    samples.push({ iv, subsamples });
  }
  return override ? { override, samples } : { samples };
}

/** Sample Auxiliary Information Offsets box (`saio`), ISO/IEC 14496-12 8.7.9. */
export interface Saio {
  readonly auxInfoType?: readonly [type: number, parameter: number] | undefined;
  /** In bytes from the base of the fragment. */
  readonly offsets: readonly bigint[];
}

/**
 * Reads the box that `view` covers, header included.
 *
 * @throws {RangeError} If the offsets do not fit into the box.
 */
export function readSaio(view: DataView): Saio {
  const { version, flags, fieldsStart } = readFullBoxHeader(view);
  let at = fieldsStart;
  let auxInfoType: readonly [number, number] | undefined;
  if (flags & 1) {
    auxInfoType = [view.getUint32(at), view.getUint32(at + 4)];
    at += 8;
  }
  const count = view.getUint32(at);
  const size = version === 0 ? 4 : 8;
  if (at + 4 + count * size > view.byteLength) {
    throw new RangeError(`Cannot read ${count} offsets as they must fit into the box`);
  }
  const offsets = Array.from({ length: count }, (_, n) => {
    const place = at + 4 + n * size;
    return version === 0 ? BigInt(view.getUint32(place)) : view.getBigUint64(place);
  });
  return { auxInfoType, offsets };
}

/** Writes the whole box: with 32-bit offsets where they fit, else with 64-bit ones. */
export function writeSaio({ auxInfoType, offsets }: Saio): Uint8Array {
  const fits = offsets.every((offset) => offset >= 0n && offset <= 0xffffffffn);
  return writeFullBox(
    "saio",
    fits ? 0 : 1,
    auxInfoType ? 1 : 0,
    auxInfoType ? uint32(...auxInfoType) : new Uint8Array(0),
    uint32(offsets.length),
    fits ? uint32(...offsets.map(Number)) : uint64(...offsets),
  );
}

/** Sample Auxiliary Information Sizes box (`saiz`), ISO/IEC 14496-12 8.7.8. */
export interface Saiz {
  readonly auxInfoType?: readonly [type: number, parameter: number] | undefined;
  /** One size per sample, in bytes. */
  readonly sizes: readonly number[];
}

/**
 * Reads the box that `view` covers, header included.
 *
 * @throws {RangeError} If the sizes do not fit into the box, or one size stands for more than a million samples.
 */
export function readSaiz(view: DataView): Saiz {
  const { flags, fieldsStart } = readFullBoxHeader(view);
  let at = fieldsStart;
  let auxInfoType: readonly [number, number] | undefined;
  if (flags & 1) {
    auxInfoType = [view.getUint32(at), view.getUint32(at + 4)];
    at += 8;
  }
  const defaultSize = view.getUint8(at);
  const count = view.getUint32(at + 1);
  at += 5;
  if (defaultSize === 0 ? at + count > view.byteLength : count > 1_000_000) {
    throw new RangeError(`Cannot read ${count} sizes as they must fit into the box`);
  }
  const sizes = Array.from({ length: count }, (_, n) => defaultSize || view.getUint8(at + n));
  return { auxInfoType, sizes };
}

/** Writes the whole box. */
export function writeSaiz({ auxInfoType, sizes }: Saiz): Uint8Array {
  const first = sizes[0] ?? 0;
  const isUniform = first !== 0 && sizes.every((size) => size === first);
  return writeFullBox(
    "saiz",
    0,
    auxInfoType ? 1 : 0,
    auxInfoType ? uint32(...auxInfoType) : new Uint8Array(0),
    Uint8Array.of(isUniform ? first : 0),
    uint32(sizes.length),
    isUniform ? new Uint8Array(0) : Uint8Array.from(sizes),
  );
}
