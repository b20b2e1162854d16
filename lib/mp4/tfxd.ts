import { readFullBoxHeader, setUint64, uint32, uint64, writeFullBox } from "./box.ts";
import { TFXD } from "./uuid.ts";

/** TfxdBox (`uuid`): when a fragment starts and how long it is, MS-SSTR 2.2.4.4. */
export interface Tfxd {
  /** Time of the first sample, in ticks of the track; signed, as priming samples come before 0. */
  readonly time: bigint;
  /** Sum of the sample durations, in ticks of the track. */
  readonly duration: bigint;
}

/** Reads the box that `view` covers, header included; version 0 has 32-bit fields, version 1 has 64-bit ones. */
export function readTfxd(view: DataView): Tfxd {
  const { version, fieldsStart } = readFullBoxHeader(view);
  return version === 0
    ? {
      time: BigInt(view.getUint32(fieldsStart)),
      duration: BigInt(view.getUint32(fieldsStart + 4)),
    }
    : { time: view.getBigInt64(fieldsStart), duration: view.getBigUint64(fieldsStart + 8) };
}

/** What all boxes of version 1 have in common: each fragment that is sent has one. */
const VERSION_1 = writeFullBox(TFXD, 1, 0, uint64(0n, 0n));

/**
 * Writes the whole box.
 *
 * @param version Size of the fields.
 * @default {1}
 */
export function writeTfxd({ time, duration }: Tfxd, version: 0 | 1 = 1): Uint8Array {
  if (version === 0) return writeFullBox(TFXD, 0, 0, uint32(Number(time), Number(duration)));
  const box = VERSION_1.slice();
  setUint64(box, box.length - 16, time);
  setUint64(box, box.length - 8, duration);
  return box;
}
