import type { Box } from "./box.ts";
import type { CodecFacts } from "./codec.ts";
import type { SampleDefaults } from "./moof.ts";
import type { Splice } from "./splice.ts";
import { Mp4SyntaxError } from "../errors.ts";
import { childBoxes, readBox, readBoxHeader, readFullBoxHeader } from "./box.ts";
import { readCodec } from "./codec.ts";
import { NO_BYTES, spliceBoxes } from "./splice.ts";

/** One track of a `moov` box. */
export interface Track {
  readonly trackId: number;
  /** Ticks per second, from `mdhd` (ISO/IEC 14496-12 8.4.2). */
  readonly timescale: number;
  /** Type of the handler: `vide`, `soun`, `text`, `meta`, `subt` and so on (8.4.3). */
  readonly handler: string;
  /** ISO 639-2 code, `und` where there is none. */
  readonly language: string;
  readonly codec: CodecFacts | undefined;
  /** From `trex`. */
  readonly defaults: SampleDefaults | undefined;
  /**
   * By how much presentation comes before decoding, in ticks: `media_time` of the edit list (8.6.6), less an empty edit
   * in front of it. 0 without an edit list, as in every Smooth Streaming file.
   */
  readonly editShift: bigint;
}

/** A `moov` box taken apart (ISO/IEC 14496-12 8.2.1). */
export interface Moov {
  readonly tracks: readonly Track[];
  /** Whether it has an `mvex` box: without one the file is no fragmented MP4. */
  readonly isFragmented: boolean;
}

/** Parts of a track as they are found. */
interface TrackBoxes {
  tkhd?: Box;
  mdhd?: Box;
  hdlr?: Box;
  stsd?: Box;
  elst?: Box;
}

const CONTAINERS = new Set([
  "moov/trak/edts",
  "moov/trak/mdia",
  "moov/trak/mdia/minf",
  "moov/trak/mdia/minf/stbl",
]);

const PLACES: ReadonlyMap<string, keyof TrackBoxes> = new Map([
  ["moov/trak/tkhd", "tkhd"],
  ["moov/trak/edts/elst", "elst"],
  ["moov/trak/mdia/mdhd", "mdhd"],
  ["moov/trak/mdia/hdlr", "hdlr"],
  ["moov/trak/mdia/minf/stbl/stsd", "stsd"],
]);

/** Finds the boxes where they belong; the same types elsewhere mean something else. */
function findTrackBoxes(bytes: Uint8Array, parent: Box, offset: number, found: TrackBoxes): void {
  for (const box of childBoxes(bytes, parent.bodyStart, parent.end, parent.path, offset)) {
    const name = PLACES.get(box.path);
    if (name) found[name] ??= box;
    else if (CONTAINERS.has(box.path)) findTrackBoxes(bytes, box, offset, found);
  }
}

function required(box: Box | undefined, trak: Box, path: string, fileOffset: number): Box {
  if (box) return box;
  throw new Mp4SyntaxError(
    `Cannot read box "moov/trak" as it must hold box "moov/trak/${path}": current value is none`,
    fileOffset + trak.start,
  );
}

/** Track ID of a `tkhd` (8.3.2). */
function readTkhd(view: DataView): number {
  const { version, fieldsStart } = readFullBoxHeader(view);
  return view.getUint32(fieldsStart + (version === 1 ? 16 : 8));
}

/** Timescale and language of an `mdhd` (8.4.2). */
function readMdhd(view: DataView): { timescale: number; language: string } {
  const { version, fieldsStart } = readFullBoxHeader(view);
  const at = fieldsStart + (version === 1 ? 16 : 8);
  const code = view.getUint16(at + (version === 1 ? 12 : 8));
  const letters = [10, 5, 0].map((shift) => 0x60 + ((code >> shift) & 0x1f));
  const isWord = letters.every((letter) => letter >= 0x61 && letter <= 0x7a);
  return {
    timescale: view.getUint32(at),
    language: isWord ? String.fromCharCode(...letters) : "und",
  };
}

function readHdlr(view: DataView): string {
  const at = readFullBoxHeader(view).fieldsStart + 4;
  return String.fromCharCode(...[0, 1, 2, 3].map((n) => view.getUint8(at + n)));
}

/** `media_time` of the first edit that is not empty, and the length of the empty ones in front of it (8.6.6). */
function readElst(view: DataView): { mediaTime: bigint; delay: bigint } {
  const { version, fieldsStart } = readFullBoxHeader(view);
  const count = view.getUint32(fieldsStart);
  const size = version === 1 ? 20 : 12;
  let delay = 0n;
  for (let n = 0; n < count; n++) {
    const at = fieldsStart + 4 + n * size;
    const duration = version === 1 ? view.getBigUint64(at) : BigInt(view.getUint32(at));
    const mediaTime = version === 1 ? view.getBigInt64(at + 8) : BigInt(view.getInt32(at + 4));
    if (mediaTime >= 0n) return { mediaTime, delay };
    delay += duration;
  }
  return { mediaTime: 0n, delay: 0n };
}

function readTrex(view: DataView): [trackId: number, defaults: SampleDefaults] {
  const { fieldsStart } = readFullBoxHeader(view);
  const word = (n: number) => view.getUint32(fieldsStart + 4 * n);
  return [word(0), { duration: word(2), size: word(3) }];
}

function readMvhdTimescale(view: DataView): number {
  const { version, fieldsStart } = readFullBoxHeader(view);
  return view.getUint32(fieldsStart + (version === 1 ? 16 : 8));
}

/**
 * Takes a `moov` box apart.
 *
 * @param bytes The whole box.
 * @param fileOffset Where it starts in the file, for messages.
 * @throws {Mp4SyntaxError} If a box in it is missing or damaged, or a timescale is 0.
 */
export function readMoov(bytes: Uint8Array, fileOffset: number): Moov {
  const traks: Box[] = [];
  const trexs = new Map<number, SampleDefaults>();
  let isFragmented = false;
  let movieTimescale = 1;
  for (const box of topBoxes(bytes, fileOffset)) {
    if (box.type === "mvhd") movieTimescale = readBox(bytes, box, fileOffset, readMvhdTimescale);
    else if (box.type === "trak") traks.push(box);
    else if (box.type === "mvex") {
      isFragmented = true;
      for (const trex of childBoxes(bytes, box.bodyStart, box.end, box.path, fileOffset)) {
        if (trex.type === "trex") trexs.set(...readBox(bytes, trex, fileOffset, readTrex));
      }
    }
  }
  const tracks = traks.map((trak) => readTrack(bytes, trak, fileOffset, trexs, movieTimescale));
  return { tracks, isFragmented };
}

function topBoxes(bytes: Uint8Array, fileOffset: number): Generator<Box> {
  const { headerSize } = readBoxHeader(bytes, fileOffset)!;
  return childBoxes(bytes, headerSize, bytes.length, "moov", fileOffset);
}

function readTrack(
  bytes: Uint8Array,
  trak: Box,
  fileOffset: number,
  trexs: ReadonlyMap<number, SampleDefaults>,
  movieTimescale: number,
): Track {
  const found: TrackBoxes = {};
  findTrackBoxes(bytes, trak, fileOffset, found);
  const read = <T>(box: Box | undefined, path: string, reader: (view: DataView) => T): T =>
    readBox(bytes, required(box, trak, path, fileOffset), fileOffset, reader);
  const trackId = read(found.tkhd, "tkhd", readTkhd);
  const { timescale, language } = read(found.mdhd, "mdia/mdhd", readMdhd);
  const handler = read(found.hdlr, "mdia/hdlr", readHdlr);
  if (timescale === 0) {
    throw new Mp4SyntaxError(
      `Cannot read box "${found.mdhd!.path}" as its timescale must be above 0: current value is 0`,
      fileOffset + found.mdhd!.start,
    );
  }
  let editShift = 0n;
  if (found.elst) {
    const { mediaTime, delay } = readBox(bytes, found.elst, fileOffset, readElst);
    editShift = mediaTime - (delay * BigInt(timescale)) / BigInt(movieTimescale || 1);
  }
  const codec = found.stsd && readCodec(bytes, found.stsd, handler, fileOffset);
  return {
    trackId,
    timescale,
    handler,
    language,
    codec,
    defaults: trexs.get(trackId),
    editShift,
  };
}

/**
 * Cuts a `moov` box down to some of its tracks, for a live stream: `trak` and `trex` of the others go, and so do `mehd`
 * and `edts`, which speak of a whole that a live stream does not have. Unknown boxes stay.
 *
 * @param bytes The whole box; it stays as it is.
 * @returns A new box.
 */
export function cutMoov(bytes: Uint8Array, trackIds: readonly number[]): Uint8Array {
  const splices: Splice[] = [];
  const containers: Box[] = [];
  const drop = (box: Box) => splices.push({ start: box.start, end: box.end, bytes: NO_BYTES });
  const { headerSize } = readBoxHeader(bytes, 0)!;
  const moov: Box = {
    type: "moov",
    userType: undefined,
    start: 0,
    bodyStart: headerSize,
    end: bytes.length,
    path: "moov",
  };
  containers.push(moov);
  for (const box of childBoxes(bytes, moov.bodyStart, moov.end, moov.path, 0)) {
    if (box.type === "mvex") {
      containers.push(box);
      for (const child of childBoxes(bytes, box.bodyStart, box.end, box.path, 0)) {
        const isOther = child.type === "trex" &&
          !trackIds.includes(readBox(bytes, child, 0, readTrex)[0]);
        if (isOther || child.type === "mehd") drop(child);
      }
    } else if (box.type === "trak") {
      const found: TrackBoxes = {};
      findTrackBoxes(bytes, box, 0, found);
      const isOther = found.tkhd && !trackIds.includes(readBox(bytes, found.tkhd, 0, readTkhd));
      if (isOther) {
        drop(box);
        continue;
      }
      containers.push(box);
      for (const child of childBoxes(bytes, box.bodyStart, box.end, box.path, 0)) {
        if (child.type === "edts") drop(child);
      }
    }
  }
  return splices.length > 0 ? spliceBoxes(bytes, splices, containers).bytes : bytes;
}
