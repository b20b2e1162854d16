import { concat, readFullBoxHeader, uint32, viewOf, writeFullBox } from "./box.ts";

/** Flags of `trun`, ISO/IEC 14496-12 8.8.8. */
export const TRUN_FLAGS = {
  dataOffset: 0x000001,
  firstSampleFlags: 0x000004,
  duration: 0x000100,
  size: 0x000200,
  flags: 0x000400,
  compositionTimeOffset: 0x000800,
} as const;

/** One sample of a track run; what the flags of the run leave out is `undefined`. */
export interface Sample {
  /** In ticks of the track. */
  readonly duration?: number | undefined;
  /** In bytes. */
  readonly size?: number | undefined;
  readonly flags?: number | undefined;
  /** In ticks of the track; signed in version 1. */
  readonly compositionTimeOffset?: number | undefined;
}

/** Everything of a track run but its samples. */
export interface TrunHeader {
  readonly version: number;
  readonly flags: number;
  readonly sampleCount: number;
  /** From the base of the fragment to the first sample, in bytes. */
  readonly dataOffset?: number | undefined;
  readonly firstSampleFlags?: number | undefined;
  /** First byte of the sample table, from the start of the box. */
  readonly samplesStart: number;
  /** Bytes of one row of the sample table. */
  readonly sampleSize: number;
}

/** Track Fragment Run box (`trun`), ISO/IEC 14496-12 8.8.8. */
export interface Trun {
  readonly version: number;
  readonly dataOffset?: number | undefined;
  readonly firstSampleFlags?: number | undefined;
  readonly samples: readonly Sample[];
}

const COLUMNS = ["duration", "size", "flags", "compositionTimeOffset"] as const;

/**
 * Reads the box that `view` covers, header included, but not its samples.
 *
 * @throws {RangeError} If the sample table does not fit into the box.
 */
export function readTrunHeader(view: DataView): TrunHeader {
  const { version, flags, fieldsStart } = readFullBoxHeader(view);
  const sampleCount = view.getUint32(fieldsStart);
  let samplesStart = fieldsStart + 4;
  let dataOffset: number | undefined;
  if (flags & TRUN_FLAGS.dataOffset) {
    dataOffset = view.getInt32(samplesStart);
    samplesStart += 4;
  }
  let firstSampleFlags: number | undefined;
  if (flags & TRUN_FLAGS.firstSampleFlags) {
    firstSampleFlags = view.getUint32(samplesStart);
    samplesStart += 4;
  }
  const sampleSize = 4 * COLUMNS.filter((column) => flags & TRUN_FLAGS[column]).length;
  if (samplesStart + sampleCount * sampleSize > view.byteLength) {
    throw new RangeError(
      `Cannot read ${sampleCount} samples of ${sampleSize} bytes as they must fit into the box: current value is ${view.byteLength} bytes`,
    );
  }
  return {
    version,
    flags,
    sampleCount,
    dataOffset,
    firstSampleFlags,
    samplesStart,
    sampleSize,
  };
}

/** Where a column lies in a row of the sample table, in bytes. */
function columnOffset(flags: number, column: typeof COLUMNS[number]): number {
  let at = 0;
  for (const name of COLUMNS) {
    if (name === column) return at;
    if (flags & TRUN_FLAGS[name]) at += 4;
  }
  return at;
}

/**
 * Adds up one column of the sample table without building the table.
 *
 * @param fallback What each sample counts where the run has no such column.
 */
export function sumSamples(
  view: DataView,
  header: TrunHeader,
  column: "duration" | "size",
  fallback: number,
): number {
  if (!(header.flags & TRUN_FLAGS[column])) return header.sampleCount * fallback;
  let at = header.samplesStart + columnOffset(header.flags, column);
  let sum = 0;
  for (let n = 0; n < header.sampleCount; n++) {
    sum += view.getUint32(at);
    at += header.sampleSize;
  }
  return sum;
}

/**
 * Reads the box that `view` covers, header included.
 *
 * @throws {RangeError} If the sample table does not fit into the box, or has no columns and more than a million rows.
 */
export function readTrun(view: DataView): Trun {
  const header = readTrunHeader(view);
  if (header.sampleSize === 0 && header.sampleCount > 1_000_000) {
    throw new RangeError(
      `Cannot list the samples as a run without fields must have at most 1000000: current value is ${header.sampleCount}`,
    );
  }
  const samples = Array.from({ length: header.sampleCount }, (_, n) => {
    let at = header.samplesStart + n * header.sampleSize;
    const sample: { -readonly [K in keyof Sample]: Sample[K] } = {};
    for (const column of COLUMNS) {
      if (!(header.flags & TRUN_FLAGS[column])) continue;
      const isSigned = column === "compositionTimeOffset" && header.version > 0;
      sample[column] = isSigned ? view.getInt32(at) : view.getUint32(at);
      at += 4;
    }
    return sample;
  });
  const { version, dataOffset, firstSampleFlags } = header;
  return { version, dataOffset, firstSampleFlags, samples };
}

/** Writes the whole box; the first sample tells which columns the table has. */
export function writeTrun(trun: Trun): Uint8Array {
  const columns = COLUMNS.filter((column) => trun.samples[0]?.[column] !== undefined);
  let flags = columns.reduce((sum, column) => sum | TRUN_FLAGS[column], 0);
  const fields = [uint32(trun.samples.length)];
  if (trun.dataOffset !== undefined) {
    flags |= TRUN_FLAGS.dataOffset;
    fields.push(uint32(trun.dataOffset));
  }
  if (trun.firstSampleFlags !== undefined) {
    flags |= TRUN_FLAGS.firstSampleFlags;
    fields.push(uint32(trun.firstSampleFlags));
  }
  const table = new Uint8Array(4 * columns.length * trun.samples.length);
  const view = viewOf(table);
  let at = 0;
  for (const sample of trun.samples) {
    for (const column of columns) {
      view.setInt32(at, sample[column] ?? 0);
      at += 4;
    }
  }
  return writeFullBox("trun", trun.version, flags, concat(...fields), table);
}
