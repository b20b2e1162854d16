import { ManifestSyntaxError } from "../errors.ts";
import { quoted } from "./quoted.ts";

/** The largest value of an unsigned 32-bit field. */
export const MAX_UINT32: number = 0xffff_ffff;

/** The bounds of a number, both inclusive. */
export interface Bounds {
  /** @default {0} */
  min?: number;
  /** @default {Number.MAX_SAFE_INTEGER} */
  max?: number;
}

/**
 * Fails over a value in a manifest.
 *
 * @param what Name of the value and where it stands: `trackID of track 2`.
 * @param wanted What it should be: `a whole number`.
 * @param value What it is.
 * @throws {ManifestSyntaxError} Always.
 */
export function failOver(what: string, wanted: string, value: string | undefined): never {
  throw new ManifestSyntaxError(
    `Cannot read ${what} as ${wanted}: current value is ${
      value === undefined ? value : quoted(value)
    }`,
  );
}

/**
 * Reads a whole number in decimal digits.
 *
 * @param what Name of the value and where it stands, for the message.
 * @throws {ManifestSyntaxError} If it is missing, not such a number, or out of bounds.
 */
export function parseInteger(text: string | undefined, what: string, bounds: Bounds = {}): number {
  const { min = 0, max = Number.MAX_SAFE_INTEGER } = bounds;
  const number = /^\s*\d+\s*$/.test(text ?? "") ? Number(text) : NaN;
  if (number >= min && number <= max) return number;
  return failOver(what, `a whole number from ${min} to ${max}`, text);
}

/** Reads a whole number that may be missing or blank; see {@linkcode parseInteger}. */
export function parseOptionalInteger(
  text: string | undefined,
  what: string,
  bounds?: Bounds,
): number | undefined {
  return text === undefined || text.trim() === "" ? undefined : parseInteger(text, what, bounds);
}

/**
 * Reads a 64-bit time in ticks. One from 2^63 on is a negative one whose writer had no sign.
 *
 * @param what Name of the value and where it stands, for the message.
 * @throws {ManifestSyntaxError} If it is not a whole number, or has more than 64 bits.
 */
export function parseTicks(text: string, what: string): bigint {
  if (/^\s*-?\d{1,20}\s*$/.test(text)) {
    const ticks = BigInt(text);
    if (ticks >= -(2n ** 63n) && ticks < 2n ** 64n) return BigInt.asIntN(64, ticks);
  }
  return failOver(what, "a time in ticks of 64 bits", text);
}

/**
 * Reads a span of time in ticks.
 *
 * @param what Name of the value and where it stands, for the message.
 * @throws {ManifestSyntaxError} If it is not a whole number from 0 to 2^63 - 1.
 */
export function parseDuration(text: string, what: string): bigint {
  const ticks = parseTicks(text, what);
  return ticks < 0n ? failOver(what, "a duration in ticks", text) : ticks;
}

/** Reads a flag: `true` and `1` in any letter case say yes, everything else, and nothing at all, says no. */
export function parseFlag(text: string | undefined): boolean {
  const value = text?.trim().toLowerCase();
  return value === "true" || value === "1";
}
