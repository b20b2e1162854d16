import type { Tfxd } from "./tfxd.ts";
import { concat, readFullBoxHeader, uint32, uint64, writeFullBox } from "./box.ts";
import { TFRF } from "./uuid.ts";

/**
 * TfrfBox (`uuid`): time and duration of the fragments of the same track that follow, MS-SSTR 2.2.4.5. The count is
 * one byte, as in the ABNF there; the prose speaks of four.
 */
export type Tfrf = readonly Tfxd[];

/** Reads the box that `view` covers, header included. */
export function readTfrf(view: DataView): Tfrf {
  const { version, fieldsStart } = readFullBoxHeader(view);
  const count = view.getUint8(fieldsStart);
  const size = version === 0 ? 4 : 8;
  return Array.from({ length: count }, (_, n) => {
    const at = fieldsStart + 1 + 2 * size * n;
    return version === 0
      ? { time: BigInt(view.getUint32(at)), duration: BigInt(view.getUint32(at + size)) }
      : { time: view.getBigInt64(at), duration: view.getBigUint64(at + size) };
  });
}

/**
 * Writes the whole box.
 *
 * @param version Size of the fields.
 * @default {1}
 * @throws {RangeError} If there are more than 255 entries.
 */
export function writeTfrf(entries: Tfrf, version: 0 | 1 = 1): Uint8Array {
  if (entries.length > 255) {
    throw new RangeError(
      `Cannot write a tfrf box as it holds at most 255 entries: current value is ${entries.length}`,
    );
  }
  const fields = entries.map(({ time, duration }) =>
    version === 0 ? uint32(Number(time), Number(duration)) : uint64(time, duration)
  );
  return writeFullBox(TFRF, version, 0, concat(Uint8Array.of(entries.length), ...fields));
}
