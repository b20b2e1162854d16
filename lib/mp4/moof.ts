import type { Box } from "./box.ts";
import type { Saio } from "./encryption.ts";
import type { Splice } from "./splice.ts";
import type { Tfhd } from "./tfhd.ts";
import type { Tfrf } from "./tfrf.ts";
import type { Tfxd } from "./tfxd.ts";
import type { TrunHeader } from "./trun.ts";
import { Mp4SyntaxError } from "../errors.ts";
import {
  boxView,
  childBoxes,
  mdatHeaderSize,
  readBox,
  readBoxHeader,
  readFullBoxHeader,
  viewOf,
} from "./box.ts";
import { readSaio } from "./encryption.ts";
import { readMfhd } from "./mfhd.ts";
import { NO_BYTES, spliceBoxes, writeBoxSize } from "./splice.ts";
import { readTfdt, writeTfdt } from "./tfdt.ts";
import { readTfhd, writeTfhd } from "./tfhd.ts";
import { writeTfrf } from "./tfrf.ts";
import { readTfxd, writeTfxd } from "./tfxd.ts";
import { readTrunHeader, sumSamples, TRUN_FLAGS } from "./trun.ts";
import { TFRF, TFXD } from "./uuid.ts";

/** A value and the box it was read from. */
export interface Placed<T> {
  readonly box: Box;
  readonly value: T;
}

/** A `moof` box taken apart (ISO/IEC 14496-12 8.8.4); Smooth Streaming has one `traf` in it (MS-SSTR 2.2.4.1). */
export interface Moof {
  readonly box: Box;
  readonly mfhd: Placed<{ readonly sequenceNumber: number }>;
  readonly traf: Box;
  readonly tfhd: Placed<Tfhd>;
  readonly tfdt: Placed<{ readonly baseMediaDecodeTime: bigint }> | undefined;
  readonly truns: readonly Placed<TrunHeader>[];
  /** The first one, if there are more. */
  readonly tfxd: Placed<Tfxd> | undefined;
  /** Every further TfxdBox: one is all there may be. */
  readonly otherTfxds: readonly Box[];
  /** Every TfrfBox there is: none is sent by an encoder. */
  readonly tfrfs: readonly Box[];
  readonly saios: readonly Placed<Saio>[];
}

/** What a track's `trex` box says where `tfhd` and `trun` say nothing (ISO/IEC 14496-12 8.8.3). */
export interface SampleDefaults {
  /** In ticks of the track. */
  readonly duration: number;
  /** In bytes. */
  readonly size: number;
}

/**
 * Takes a `moof` box apart.
 *
 * @param bytes The whole box.
 * @param fileOffset Where it starts in the file, for messages.
 * @throws {Mp4SyntaxError} If a box in it is missing or damaged, or there is more than one `traf`.
 */
export function readMoof(bytes: Uint8Array, fileOffset: number): Moof {
  const header = readBoxHeader(bytes, fileOffset)!;
  const box: Box = {
    type: "moof",
    userType: undefined,
    start: 0,
    bodyStart: header.headerSize,
    end: bytes.length,
    path: "moof",
  };
  let mfhd: Moof["mfhd"] | undefined;
  let traf: Box | undefined;
  for (const child of childBoxes(bytes, box.bodyStart, box.end, "moof", fileOffset)) {
    if (child.type === "mfhd") {
      mfhd = { box: child, value: readBox(bytes, child, fileOffset, readMfhd) };
    } else if (child.type === "traf") {
      if (traf) {
        throw new Mp4SyntaxError(
          `Cannot read box "moof" as it must hold one "traf" box (MS-SSTR 2.2.4.1): current value is 2 or more`,
          fileOffset,
        );
      }
      traf = child;
    }
  }
  if (!mfhd) throw missing("moof/mfhd", fileOffset);
  if (!traf) throw missing("moof/traf", fileOffset);
  return { box, mfhd, ...readTraf(bytes, traf, fileOffset) };
}

function missing(path: string, offset: number): Mp4SyntaxError {
  const parent = path.slice(0, path.lastIndexOf("/"));
  return new Mp4SyntaxError(
    `Cannot read box "${parent}" as it must hold box "${path}": current value is none`,
    offset,
  );
}

function readTraf(bytes: Uint8Array, traf: Box, fileOffset: number): Omit<Moof, "box" | "mfhd"> {
  const read = <T>(box: Box, reader: (view: DataView) => T): Placed<T> => ({
    box,
    value: readBox(bytes, box, fileOffset, reader),
  });
  let tfhd: Moof["tfhd"] | undefined;
  let tfdt: Moof["tfdt"];
  let tfxd: Moof["tfxd"];
  const otherTfxds: Box[] = [];
  const truns: Placed<TrunHeader>[] = [];
  const tfrfs: Box[] = [];
  const saios: Placed<Saio>[] = [];
  for (const box of childBoxes(bytes, traf.bodyStart, traf.end, traf.path, fileOffset)) {
    if (box.type === "tfhd") tfhd = read(box, readTfhd);
    else if (box.type === "tfdt") tfdt = read(box, readTfdt);
    else if (box.type === "trun") truns.push(read(box, readTrunHeader));
    else if (box.type === "saio") saios.push(read(box, readSaio));
    else if (box.userType === TFRF) tfrfs.push(box);
    else if (box.userType === TFXD) {
      if (tfxd) otherTfxds.push(box);
      else tfxd = read(box, readTfxd);
    }
  }
  if (!tfhd) throw missing("moof/traf/tfhd", fileOffset + traf.start);
  return { traf, tfhd, tfdt, truns, tfxd, otherTfxds, tfrfs, saios };
}

/** Number and size of the samples of a fragment, and how long they last. */
export interface SampleTotals {
  readonly count: number;
  /** In ticks of the track. */
  readonly duration: bigint;
  /** In bytes. */
  readonly size: number;
  /** The same for each run. */
  readonly runSizes: readonly number[];
}

/** Adds up the samples of all runs of a fragment. */
export function sampleTotals(
  bytes: Uint8Array,
  moof: Moof,
  defaults: SampleDefaults | undefined,
): SampleTotals {
  const { defaultSampleDuration, defaultSampleSize } = moof.tfhd.value;
  const duration = defaultSampleDuration ?? defaults?.duration ?? 0;
  const size = defaultSampleSize ?? defaults?.size ?? 0;
  const totals = { count: 0, duration: 0, size: 0 };
  const runSizes: number[] = [];
  for (const { box, value } of moof.truns) {
    const view = boxView(bytes, box);
    totals.count += value.sampleCount;
    totals.duration += sumSamples(view, value, "duration", duration);
    runSizes.push(sumSamples(view, value, "size", size));
    totals.size += runSizes.at(-1)!;
  }
  return { ...totals, duration: BigInt(totals.duration), runSizes };
}

/** Where the `moof` box and the payload behind it lie in their file. */
export interface FragmentPlace {
  /** First byte of the `moof` box, from the start of the file. */
  readonly moofOffset: number;
  /** First byte of the payload of `mdat`. */
  readonly payloadOffset: number;
  /** In bytes. */
  readonly payloadSize: number;
}

/** Where a fragment lies, and how long its runs are: what tells a data offset that is stale. */
export interface RunsPlace extends FragmentPlace {
  /** Sum of the sample sizes of each run, in bytes. */
  readonly runSizes: readonly number[];
}

/** What {@linkcode rewriteMoof} changes; what is left out stays. */
export interface MoofEdit {
  /** For `mfhd`. */
  readonly sequenceNumber?: number;
  /** The one TfxdBox: rewritten where the first stands, else added as the last child of `traf`; version 1 always. */
  readonly tfxd?: Tfxd;
  /** Added to the time of `tfdt`, if there is one, in ticks. */
  readonly decodeTimeShift?: bigint;
  /** Takes TfrfBoxes out. */
  readonly dropTfrf?: boolean;
  /** The one TfrfBox, in place of all there are: the last child of `traf`, behind a TfxdBox that is added. */
  readonly tfrf?: Tfrf;
  /**
   * Where the fragment lies now: makes all offsets count from the start of `moof`, for a payload that follows at once
   * behind an `mdat` header of the least size.
   */
  readonly place?: RunsPlace;
}

/**
 * Changes a `moof` box and corrects everything that depends on where its bytes are: sizes, `data_offset`, `saio`.
 *
 * @param bytes The whole box; it stays as it is.
 * @returns A new box.
 */
export function rewriteMoof(bytes: Uint8Array, moof: Moof, edit: MoofEdit): Uint8Array {
  const splices = spliceList(bytes, moof, edit);
  const { bytes: out, moved } = spliceBoxes(bytes, splices, [moof.box, moof.traf]);
  if (edit.sequenceNumber !== undefined) {
    const { box } = moof.mfhd;
    viewOf(out).setUint32(moved(box.bodyStart) + 4, edit.sequenceNumber >>> 0);
  }
  moveDataOffsets(out, moof, moved, dataShift(bytes, moof, edit, out.length), edit.place);
  moveAuxiliaryOffsets(out, bytes, moof, edit, moved);
  return out;
}

function spliceList(bytes: Uint8Array, moof: Moof, edit: MoofEdit): Splice[] {
  const splices: Splice[] = [];
  const replace = (box: Box, by: Uint8Array) =>
    splices.push({ start: box.start, end: box.end, bytes: by });
  if (edit.tfxd) {
    const tfxd = writeTfxd(edit.tfxd);
    if (moof.tfxd) replace(moof.tfxd.box, tfxd);
    else splices.push({ start: moof.traf.end, end: moof.traf.end, bytes: tfxd });
    moof.otherTfxds.forEach((box) => replace(box, NO_BYTES));
  }
  if (edit.decodeTimeShift && moof.tfdt) {
    const time = moof.tfdt.value.baseMediaDecodeTime + edit.decodeTimeShift;
    const wasLong = bytes[moof.tfdt.box.bodyStart] === 1;
    const isShort = !wasLong && time >= 0n && time <= 0xffffffffn;
    replace(moof.tfdt.box, writeTfdt({ baseMediaDecodeTime: time }, isShort ? 0 : 1));
  }
  if (edit.dropTfrf || edit.tfrf) moof.tfrfs.forEach((box) => replace(box, NO_BYTES));
  if (edit.tfrf) {
    splices.push({ start: moof.traf.end, end: moof.traf.end, bytes: writeTfrf(edit.tfrf) });
  }
  if (edit.place) splices.push(...addressingSplices(bytes, moof));
  return splices;
}

/** Drops `base_data_offset`, which means nothing in a stream, and gives the first run the data offset it must have. */
function addressingSplices(bytes: Uint8Array, moof: Moof): Splice[] {
  const splices: Splice[] = [];
  const { box, value } = moof.tfhd;
  if (value.baseDataOffset !== undefined) {
    const tfhd = writeTfhd({ ...value, baseDataOffset: undefined });
    splices.push({ start: box.start, end: box.end, bytes: tfhd });
  }
  const first = moof.truns[0];
  if (first && first.value.dataOffset === undefined) {
    splices.push(dataOffsetSplice(bytes, first.box, first.value));
  }
  return splices;
}

/** Makes room for the data offset, right behind the sample count. */
function dataOffsetSplice(bytes: Uint8Array, box: Box, trun: TrunHeader): Splice {
  const end = box.bodyStart + 8;
  const head = new Uint8Array(end - box.start + 4);
  head.set(bytes.subarray(box.start, end));
  const view = viewOf(head);
  const at = box.bodyStart - box.start;
  writeBoxSize(head, 0, box, box.end - box.start + 4);
  view.setUint32(at, ((trun.version << 24) | trun.flags | TRUN_FLAGS.dataOffset) >>> 0);
  return { start: box.start, end, bytes: head };
}

/** Where the offsets of a fragment count from, in bytes from the start of the file. */
function baseOf({ tfhd }: Moof, { moofOffset }: FragmentPlace): number {
  return Number(tfhd.value.baseDataOffset ?? BigInt(moofOffset));
}

/** The data offset of the first run; where it says none, and no base either, the payload is what is meant. */
function firstDataOffset(moof: Moof, { moofOffset, payloadOffset }: FragmentPlace): number {
  const none = moof.tfhd.value.baseDataOffset === undefined ? payloadOffset - moofOffset : 0;
  return moof.truns[0]?.value.dataOffset ?? none;
}

/** Whether all samples lie in the payload; servers that added a box and corrected nothing left offsets that lead out. */
function areWithin(moof: Moof, place: RunsPlace): boolean {
  const origin = baseOf(moof, place) - place.payloadOffset;
  let end = origin + firstDataOffset(moof, place);
  return moof.truns.every(({ value: { dataOffset } }, n) => {
    const start = dataOffset === undefined ? end : origin + dataOffset;
    end = start + place.runSizes[n]!;
    return start >= 0 && end <= place.payloadSize;
  });
}

/** The data offset of what lies first in the payload. */
function lowestDataOffset(moof: Moof, place: FragmentPlace): number {
  return moof.truns.reduce(
    (lowest, { value }) => Math.min(lowest, value.dataOffset ?? lowest),
    firstDataOffset(moof, place),
  );
}

/** Whether a `moof` box stands in a stream as it stands in its file. */
export function isStreamable(bytes: Uint8Array, moof: Moof, place: RunsPlace): boolean {
  const { moofOffset, payloadOffset, payloadSize } = place;
  if (moof.tfhd.value.baseDataOffset !== undefined) return false;
  if (moof.truns.length === 0) return true;
  return moof.truns[0]!.value.dataOffset !== undefined &&
    payloadOffset === moofOffset + bytes.length + mdatHeaderSize(payloadSize) &&
    areWithin(moof, place);
}

/** By how much data offsets grow. */
function dataShift(bytes: Uint8Array, moof: Moof, edit: MoofEdit, newSize: number): number {
  const { place } = edit;
  if (!place) return moof.tfhd.value.baseDataOffset === undefined ? newSize - bytes.length : 0;
  const newPayloadOffset = newSize + mdatHeaderSize(place.payloadSize);
  return areWithin(moof, place)
    ? newPayloadOffset + baseOf(moof, place) - place.payloadOffset
    : newPayloadOffset - lowestDataOffset(moof, place);
}

/** Adds `shift` to the data offset of every run that has one in the new box. */
function moveDataOffsets(
  out: Uint8Array,
  moof: Moof,
  moved: (offset: number) => number,
  shift: number,
  place: FragmentPlace | undefined,
): void {
  const view = viewOf(out);
  moof.truns.forEach(({ box, value }, n) => {
    const added = place && n === 0 ? firstDataOffset(moof, place) : undefined;
    const dataOffset = value.dataOffset ?? added;
    if (dataOffset === undefined) return;
    view.setInt32(moved(box.start) + box.bodyStart - box.start + 8, dataOffset + shift);
  });
}

/** Corrects the offsets of `saio`, which count from the same base as the data offsets. */
function moveAuxiliaryOffsets(
  out: Uint8Array,
  bytes: Uint8Array,
  moof: Moof,
  edit: MoofEdit,
  moved: (offset: number) => number,
): void {
  const { place } = edit;
  if (moof.tfhd.value.baseDataOffset !== undefined && !place) return;
  const shiftToMoof = place ? baseOf(moof, place) - place.moofOffset : 0;
  const payloadShift = place
    ? out.length + mdatHeaderSize(place.payloadSize) - (place.payloadOffset - place.moofOffset)
    : out.length - bytes.length;
  for (const { box, value } of moof.saios) {
    const offsets = value.offsets.map((offset) => {
      const old = Number(offset) + shiftToMoof;
      return BigInt(old < bytes.length ? moved(old) : old + payloadShift);
    });
    overwriteSaio(out, moved(box.start), box.end - box.start, offsets);
  }
}

/** Writes new offsets into fields of the old size, so that the box stays as long as it is. */
function overwriteSaio(out: Uint8Array, start: number, size: number, offsets: bigint[]): void {
  const view = viewOf(out.subarray(start, start + size));
  const { version, flags, fieldsStart } = readFullBoxHeader(view);
  const first = fieldsStart + (flags & 1 ? 8 : 0) + 4; // type and parameter, count
  offsets.forEach((offset, n) => {
    if (version === 0) view.setUint32(first + 4 * n, Number(BigInt.asUintN(32, offset)));
    else view.setBigUint64(first + 8 * n, BigInt.asUintN(64, offset));
  });
}
