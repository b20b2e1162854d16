import type { FragmentPlace, Moof } from "./moof.ts";
import type { Track } from "./moov.ts";
import type { Tfxd } from "./tfxd.ts";
import { Mp4SyntaxError } from "../errors.ts";
import { isStreamable, readMoof, rewriteMoof, sampleTotals } from "./moof.ts";

/** What a `moof` box says of its fragment, once it is known where its payload lies. */
export interface FragmentFacts {
  readonly moof: Moof;
  readonly track: Track;
  readonly sampleCount: number;
  /** Sum of the sample durations, in ticks; where no sample has one, the duration of the TfxdBox. */
  readonly duration: bigint;
  /** Sum of the sample sizes, in bytes. */
  readonly samplesSize: number;
  /** The same for each run. */
  readonly runSizes: readonly number[];
  readonly tfxd: Tfxd | undefined;
  /** Time of `tfdt`, moved by the edit list of the track. */
  readonly decodeTime: bigint | undefined;
}

/** More is no time that a fragment lasts, and sums would no longer be exact. */
const MAX_DURATION = BigInt(Number.MAX_SAFE_INTEGER);

/** The duration of a TfxdBox; one with all bits set, or near that, is a writer's way to say that it does not know. */
export function knownDuration(tfxd: Tfxd | undefined): bigint {
  return tfxd && tfxd.duration <= MAX_DURATION ? tfxd.duration : 0n;
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
  if (totals.duration > MAX_DURATION) {
    throw new Mp4SyntaxError(
      `Cannot read box "moof/traf" as its samples must last less than 2^53 ticks: current value is ${totals.duration}`,
      place.moofOffset + moof.traf.start,
    );
  }
  const tfxd = moof.tfxd?.value;
  const tfdt = moof.tfdt?.value.baseMediaDecodeTime;
  return {
    moof,
    track,
    sampleCount: totals.count,
    duration: totals.duration > 0n ? totals.duration : knownDuration(tfxd),
    samplesSize: totals.size,
    runSizes: totals.runSizes,
    tfxd,
    decodeTime: tfdt === undefined ? undefined : tfdt - track.editShift,
  };
}

/**
 * Checks an `mdat` of size 0, which goes on to the end of the file: in the middle it would swallow the fragments behind
 * it.
 *
 * @param mdatOffset Where `mdat` starts in the file, for messages.
 * @throws {Mp4SyntaxError} If it holds more than the samples.
 */
export function checkOpenEnd(
  { samplesSize }: FragmentFacts,
  { payloadSize }: FragmentPlace,
  mdatOffset: number,
): void {
  if (samplesSize === payloadSize) return;
  throw new Mp4SyntaxError(
    `Cannot read box "mdat" as only the last one may have size 0 and go on to the end of the file: current value is ${payloadSize} bytes for ${samplesSize} bytes of samples`,
    mdatOffset,
  );
}

/**
 * Makes a `moof` box fit for a stream, where it stands at once in front of its payload: without `base_data_offset`, with
 * data offsets that count from `moof` and an `mdat` header of the least size.
 *
 * @returns `bytes` itself where nothing is to be changed.
 */
export function streamableMoof(
  bytes: Uint8Array,
  { moof, runSizes }: FragmentFacts,
  place: FragmentPlace,
): Uint8Array {
  const runsPlace = { ...place, runSizes };
  return isStreamable(bytes, moof, runsPlace)
    ? bytes
    : rewriteMoof(bytes, moof, { place: runsPlace });
}
