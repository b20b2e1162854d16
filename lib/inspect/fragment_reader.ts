import type { Box } from "../mp4/box.ts";
import type { Moof, SampleDefaults, SampleTotals } from "../mp4/moof.ts";
import type { Tfrf } from "../mp4/tfrf.ts";
import {
  boxView,
  childBoxes,
  readBox,
  readBoxHeader,
  readFullBoxHeader,
  writeBox,
} from "../mp4/box.ts";
import { Mp4SyntaxError } from "../errors.ts";
import { readMoof, sampleTotals } from "../mp4/moof.ts";
import { readTfrf } from "../mp4/tfrf.ts";
import { PIFF_SAMPLE_ENCRYPTION, TFRF, TFXD } from "../mp4/uuid.ts";

/** A box that no standard known here puts where it is. */
export interface UnknownBox {
  /** With the extended type of a `uuid` box. */
  readonly path: string;
  /** From the start of the file. */
  readonly offset: number;
}

/** What one `traf` of a `moof` says. */
export interface TrafReading {
  readonly moof: Moof;
  /** From `traf` and `trun`, with the defaults of `trex` where they say nothing. */
  readonly totals: (defaults: SampleDefaults | undefined) => SampleTotals;
  readonly tfxdVersion: number | undefined;
  readonly tfxdCount: number;
  readonly tfrf: Tfrf | undefined;
}

/** What a `moof` says. */
export interface MoofReading {
  /** Smooth Streaming has one; others have one for each track. */
  readonly trafs: readonly TrafReading[];
  readonly unknown: readonly UnknownBox[];
}

const FILLERS = ["free", "skip"];
const MOOF_CHILDREN = new Set(["mfhd", "traf", "pssh", "meta", "udta", ...FILLERS]);
const TRAF_CHILDREN = new Set([
  ...["tfhd", "tfdt", "trun", "sdtp", "senc", "saiz", "saio", "sbgp", "sgpd", "subs", "meta"],
  ...["udta", ...FILLERS],
]);
const TRAF_USER_TYPES = new Set([TFXD, TFRF, PIFF_SAMPLE_ENCRYPTION]);

/** More than this are not told one by one: a damaged box must not become memory. */
const MAX_UNKNOWN = 100;
const MAX_TRAFS = 1000;

/**
 * Reads a `moof` box, also one with several `traf` boxes.
 *
 * @param bytes The whole box.
 * @param fileOffset Where it starts in the file.
 * @throws {Mp4SyntaxError} If a box in it is missing or damaged, or there are very many of them.
 */
export function readMoofBox(bytes: Uint8Array, fileOffset: number): MoofReading {
  const { headerSize } = readBoxHeader(bytes, fileOffset)!;
  const trafs: Box[] = [];
  const unknown: UnknownBox[] = [];
  let mfhd: Box | undefined;
  for (const box of childBoxes(bytes, headerSize, bytes.length, "moof", fileOffset)) {
    if (box.type === "mfhd") mfhd = box;
    else if (box.type === "traf") trafs.push(box);
    else noteUnknown(box, MOOF_CHILDREN, fileOffset, unknown);
    if (trafs.length > MAX_TRAFS) {
      throw new Mp4SyntaxError(
        `Cannot read box "moof" as it must hold at most ${MAX_TRAFS} "traf" boxes: current value is more`,
        fileOffset,
      );
    }
  }
  if (trafs.length <= 1) {
    return { trafs: [readTraf(bytes, fileOffset, unknown)], unknown };
  }
  const head = mfhd ? bytes.subarray(mfhd.start, mfhd.end) : new Uint8Array(0);
  const readings = trafs.map((traf) => {
    // The reader of the project takes one traf a moof, as Smooth Streaming has it: each gets a moof of its own.
    const alone = writeBox("moof", head, bytes.subarray(traf.start, traf.end));
    const trafStart = alone.length - (traf.end - traf.start);
    return readTraf(alone, fileOffset + traf.start - trafStart, unknown);
  });
  return { trafs: readings, unknown };
}

function noteUnknown(
  box: Box,
  types: ReadonlySet<string>,
  fileOffset: number,
  unknown: UnknownBox[],
): void {
  const { type, userType, path, start } = box;
  const isKnown = userType === undefined ? types.has(type) : TRAF_USER_TYPES.has(userType);
  if (isKnown || unknown.length === MAX_UNKNOWN) return;
  unknown.push({ path: userType ? `${path} ${userType}` : path, offset: fileOffset + start });
}

function readTraf(bytes: Uint8Array, fileOffset: number, unknown: UnknownBox[]): TrafReading {
  const moof = readMoof(bytes, fileOffset);
  const { traf, tfxd, tfrfs } = moof;
  let tfxdCount = 0;
  for (const box of childBoxes(bytes, traf.bodyStart, traf.end, traf.path, fileOffset)) {
    if (box.userType === TFXD) tfxdCount++;
    noteUnknown(box, TRAF_CHILDREN, fileOffset, unknown);
  }
  return {
    moof,
    totals: (defaults) => sampleTotals(bytes, moof, defaults),
    tfxdVersion: tfxd && readFullBoxHeader(boxView(bytes, tfxd.box)).version,
    tfxdCount,
    tfrf: tfrfs[0] && readBox(bytes, tfrfs[0], fileOffset, readTfrf),
  };
}
