import type { FragmentPlace, Moof } from "./moof.ts";
import type { Track } from "./moov.ts";
import type { Tfxd } from "./tfxd.ts";
import { Mp4SyntaxError } from "../errors.ts";
import { mdatHeaderSize } from "./box.ts";
import { readMoof, rewriteMoof, sampleTotals } from "./moof.ts";

/** What a `moof` box says of its fragment, once it is known where its payload lies. */
export interface FragmentFacts {
  readonly moof: Moof;
  readonly track: Track;
  readonly sampleCount: number;
  /** Sum of the sample durations, in ticks; where no sample has one, the duration of the TfxdBox. */
  readonly duration: bigint;
  /** Sum of the sample sizes, in bytes. */
  readonly samplesSize: number;
  readonly tfxd: Tfxd | undefined;
  /** Time of `tfdt`, moved by the edit list of the track. */
  readonly decodeTime: bigint | undefined;
}

/**
 * Reads what a fragment says of itself.
 *
 * @param bytes The whole `moof` box.
 * @param tracks The tracks of the `moov` box.
 * @throws {Mp4SyntaxError} If a box is missing or damaged, the track is unknown, or the samples are longer than the
 * payload.
 */
export function readFragment(
  bytes: Uint8Array,
  place: FragmentPlace,
  tracks: readonly Track[],
): FragmentFacts {
  const moof = readMoof(bytes, place.moofOffset);
  const { trackId } = moof.tfhd.value;
  const track = tracks.find((it) => it.trackId === trackId);
  if (!track) {
    const known = tracks.map((it) => it.trackId).join(", ");
    throw new Mp4SyntaxError(
      `Cannot read box "moof/traf/tfhd" as its track_ID must be one of "moov" (${known}): current value is ${trackId}`,
      place.moofOffset + moof.tfhd.box.start,
    );
  }
  const totals = sampleTotals(bytes, moof, track.defaults);
  if (totals.size > place.payloadSize) {
    const trun = moof.truns[0]?.box;
    throw new Mp4SyntaxError(
      `Cannot read box "moof/traf/trun" as its samples must fit into the ${place.payloadSize} bytes of "mdat": current value is ${totals.size} bytes`,
      place.moofOffset + (trun?.start ?? 0),
    );
  }
  const tfxd = moof.tfxd?.value;
  const tfdt = moof.tfdt?.value.baseMediaDecodeTime;
  return {
    moof,
    track,
    sampleCount: totals.count,
    duration: totals.duration > 0n ? totals.duration : tfxd?.duration ?? 0n,
    samplesSize: totals.size,
    tfxd,
    decodeTime: tfdt === undefined ? undefined : tfdt - track.editShift,
  };
}

/**
 * Makes a `moof` box fit for a stream, where it stands at once in front of its payload: without `base_data_offset`, with
 * a data offset that is right behind an `mdat` header of the least size.
 *
 * @returns `bytes` itself where nothing is to be changed.
 */
export function streamableMoof(bytes: Uint8Array, moof: Moof, place: FragmentPlace): Uint8Array {
  const { tfhd, truns } = moof;
  const headerSize = mdatHeaderSize(place.payloadSize);
  const isAdjacent = place.payloadOffset === place.moofOffset + bytes.length + headerSize;
  const dataOffset = truns[0]?.value.dataOffset;
  const first = bytes.length + headerSize;
  const isWithin = dataOffset !== undefined && dataOffset >= first &&
    dataOffset < first + Math.max(place.payloadSize, 1);
  const isFit = tfhd.value.baseDataOffset === undefined && isAdjacent && isWithin;
  return isFit || truns.length === 0 ? bytes : rewriteMoof(bytes, moof, { place });
}
