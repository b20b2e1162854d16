import type { Tfhd } from "../../lib/mp4/tfhd.ts";
import type { Mfra } from "../../lib/mp4/mfra.ts";
import type { Tfxd } from "../../lib/mp4/tfxd.ts";
import type { Trun } from "../../lib/mp4/trun.ts";
import {
  childBoxes,
  concat,
  join,
  uint32,
  uint64,
  writeBox,
  writeFullBox,
  writeMdatHeader,
} from "../../lib/mp4/box.ts";
import { LIVE_FTYP, writeFtyp } from "../../lib/mp4/ftyp.ts";
import { writeMfhd } from "../../lib/mp4/mfhd.ts";
import { writeMfra } from "../../lib/mp4/mfra.ts";
import { writeTfdt } from "../../lib/mp4/tfdt.ts";
import { writeTfhd } from "../../lib/mp4/tfhd.ts";
import { writeTfxd } from "../../lib/mp4/tfxd.ts";
import { writeTrun } from "../../lib/mp4/trun.ts";

/** Four characters as bytes. */
export function ascii(text: string): Uint8Array {
  return Uint8Array.from(text, (char) => char.charCodeAt(0));
}

/** A number in 16 bits. */
export function uint16(...values: readonly number[]): Uint8Array {
  return Uint8Array.from(values.flatMap((value) => [(value >> 8) & 0xff, value & 0xff]));
}

/** Bytes that tell where they were: each is its place, and `seed` makes them others. */
export function pattern(size: number, seed = 0): Uint8Array {
  return Uint8Array.from({ length: size }, (_, n) => (n * 7 + seed * 31 + (n >> 8)) & 0xff);
}

/** The same box with a header that gives its size in 64 bits. */
export function widen(box: Uint8Array): Uint8Array {
  return concat(uint32(1), box.subarray(4, 8), uint64(BigInt(box.length + 8)), box.subarray(8));
}

/** A whole `mdat` box. */
export function mdat(payload: Uint8Array): Uint8Array {
  return concat(writeMdatHeader(payload.length), payload);
}

/** What {@linkcode makeMoof} puts into the box. */
export interface MoofFields {
  readonly sequenceNumber?: number;
  readonly trackId?: number;
  readonly tfhd?: Partial<Tfhd>;
  readonly tfdt?: Parameters<typeof writeTfdt>;
  /** By default two samples with sizes and durations, and a data offset that is right for a plain `mdat` behind. */
  readonly truns?: readonly Trun[];
  readonly tfxd?: Tfxd;
  /** Sizes of the samples of the default run. */
  readonly sizes?: readonly number[];
  /** Duration of each sample of the default run, in ticks. */
  readonly sampleDuration?: number;
  /** Further boxes in `traf`, in front of the `tfxd`. */
  readonly boxes?: readonly Uint8Array[];
}

/** Makes a `moof` box. */
export function makeMoof(fields: MoofFields = {}): Uint8Array {
  const { sizes = [60, 40], sampleDuration = 10_000_000, truns } = fields;
  if (truns) return writeMoof(fields, truns);
  const samples = sizes.map((size) => ({ duration: sampleDuration, size }));
  const size = writeMoof(fields, [{ version: 0, dataOffset: 0, samples }]).length;
  return writeMoof(fields, [{ version: 0, dataOffset: size + 8, samples }]);
}

function writeMoof(fields: MoofFields, truns: readonly Trun[]): Uint8Array {
  const { sequenceNumber = 1, trackId = 1, tfhd, tfdt, tfxd, boxes = [] } = fields;
  const flags = { durationIsEmpty: false, defaultBaseIsMoof: false };
  return writeBox(
    "moof",
    writeMfhd({ sequenceNumber }),
    writeBox(
      "traf",
      writeTfhd({ trackId, ...flags, ...tfhd }),
      ...(tfdt ? [writeTfdt(...tfdt)] : []),
      ...truns.map(writeTrun),
      ...boxes,
      ...(tfxd ? [writeTfxd(tfxd)] : []),
    ),
  );
}

/** What {@linkcode makeTrak} puts into the box. */
export interface TrakFields {
  readonly trackId?: number;
  readonly timescale?: number;
  readonly handler?: string;
  readonly language?: string;
  /** The `stsd` box. */
  readonly stsd?: Uint8Array;
  /** Further boxes in `trak`, in front of `mdia`. */
  readonly boxes?: readonly Uint8Array[];
  /** Version of `tkhd` and `mdhd`. */
  readonly version?: 0 | 1;
}

/** A sample description with one entry of sound that says little. */
export const PLAIN_STSD: Uint8Array = writeFullBox(
  "stsd",
  0,
  0,
  uint32(1),
  writeBox("mp4a", uint32(0, 1, 0, 0), uint16(2, 16), uint32(0, 48000 << 16)),
);

/** Makes a `trak` box. */
export function makeTrak(fields: TrakFields = {}): Uint8Array {
  const { trackId = 1, timescale = 10_000_000, handler = "soun", language = "eng" } = fields;
  const { stsd = PLAIN_STSD, boxes = [], version = 0 } = fields;
  const times = version === 1 ? uint64(0n, 0n) : uint32(0, 0);
  const duration = version === 1 ? uint64(-1n) : uint32(0xffffffff);
  const code = [...language].reduce((sum, char) => (sum << 5) | (char.charCodeAt(0) - 0x60), 0);
  const tkhd = writeFullBox("tkhd", version, 7, times, uint32(trackId, 0), duration);
  const mdhd = writeFullBox(
    "mdhd",
    version,
    0,
    times,
    uint32(timescale),
    duration,
    uint16(code, 0),
  );
  const hdlr = writeFullBox("hdlr", 0, 0, uint32(0), ascii(handler), uint32(0, 0, 0));
  const stbl = writeBox("stbl", stsd);
  return writeBox(
    "trak",
    tkhd,
    ...boxes,
    writeBox("mdia", mdhd, hdlr, writeBox("minf", stbl)),
  );
}

/** Makes a `trex` box. */
export function makeTrex(trackId: number, duration = 0, size = 0): Uint8Array {
  return writeFullBox("trex", 0, 0, uint32(trackId, 1, duration, size, 0));
}

/** An edit list of one version, as `edts`. */
export function makeEdts(
  entries: readonly { readonly duration: bigint; readonly mediaTime: bigint }[],
  version: 0 | 1 = 0,
): Uint8Array {
  const rows = entries.map(({ duration, mediaTime }) =>
    concat(
      version === 1 ? uint64(duration, mediaTime) : uint32(Number(duration), Number(mediaTime)),
      uint16(1, 0),
    )
  );
  return writeBox("edts", writeFullBox("elst", version, 0, uint32(entries.length), ...rows));
}

/** What {@linkcode makeMoov} puts into the box. */
export interface MoovFields {
  readonly tracks?: readonly TrakFields[];
  readonly movieTimescale?: number;
  /** Boxes in `mvex`, in front of those of the tracks. */
  readonly mvex?: readonly Uint8Array[];
  /** Further boxes at the end. */
  readonly boxes?: readonly Uint8Array[];
  /** Leaves `mvex` out, as in a progressive MP4. */
  readonly isProgressive?: boolean;
}

/** Makes a `moov` box. */
export function makeMoov(fields: MoovFields = {}): Uint8Array {
  const { tracks = [{}], movieTimescale = 1000, mvex = [], boxes = [], isProgressive } = fields;
  const mvhd = writeFullBox("mvhd", 0, 0, uint32(0, 0, movieTimescale, 0));
  const trexs = tracks.map(({ trackId = 1 }) => makeTrex(trackId));
  return writeBox(
    "moov",
    mvhd,
    ...tracks.map(makeTrak),
    ...(isProgressive ? [] : [writeBox("mvex", ...mvex, ...trexs)]),
    ...boxes,
  );
}

/** A fragment to be put into a file. */
export interface FileFragment extends MoofFields {
  /** By default as many bytes as the default samples have. */
  readonly payload?: Uint8Array;
}

/** What {@linkcode makeFile} puts into the file. */
export interface FileFields {
  readonly moov?: Uint8Array;
  /** By default three, each of two samples of a second. */
  readonly fragments?: readonly FileFragment[];
  readonly mfra?: Mfra;
}

/** Three fragments of one track. */
export const THREE_FRAGMENTS: readonly FileFragment[] = [0, 1, 2].map((n) => ({
  sequenceNumber: n + 1,
  payload: pattern(100, n),
}));

/** Makes a file of fragmented MP4: `ftyp`, `moov`, fragments, and an index if there is one. */
export function makeFile(fields: FileFields = {}): Uint8Array {
  const { moov = makeMoov(), fragments = THREE_FRAGMENTS, mfra } = fields;
  const boxes = fragments.flatMap(({ payload, ...moof }) => {
    const { sizes = [60, 40] } = moof;
    const size = sizes.reduce((sum, it) => sum + it, 0);
    return [makeMoof(moof), mdat(payload ?? pattern(size))];
  });
  return join([writeFtyp(LIVE_FTYP), moov, ...boxes, ...(mfra ? [writeMfra(mfra)] : [])]);
}

/** A box somewhere in a file. */
export interface WalkedBox {
  readonly path: string;
  readonly start: number;
  readonly end: number;
}

const CONTAINERS = new Set(
  ["moov", "trak", "mdia", "minf", "stbl", "edts", "mvex", "moof", "traf", "mfra", "dinf", "udta"],
);

/** Lists all boxes, down to the last one: it throws where a size is wrong anywhere. */
export function walkBoxes(
  bytes: Uint8Array,
  start = 0,
  end: number = bytes.length,
  parent = "",
): WalkedBox[] {
  const boxes: WalkedBox[] = [];
  for (const box of childBoxes(bytes, start, end, parent, 0)) {
    boxes.push({ path: box.path, start: box.start, end: box.end });
    if (CONTAINERS.has(box.type)) {
      boxes.push(...walkBoxes(bytes, box.bodyStart, box.end, box.path));
    }
  }
  return boxes;
}

/** Where the first box with a path starts. */
export function startOf(bytes: Uint8Array, path: string): number {
  const box = walkBoxes(bytes).find((it) => it.path === path);
  if (!box) throw new Error(`no box ${path}`);
  return box.start;
}

/** A copy of `bytes` with others from `offset` on. */
export function patched(bytes: Uint8Array, offset: number, by: Uint8Array): Uint8Array {
  const copy = bytes.slice();
  copy.set(by, offset);
  return copy;
}
