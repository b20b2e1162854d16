import type { Moof } from "../../mp4/moof.ts";
import type { Fragment } from "../../part.ts";
import type { DeclaredTrack } from "./header_rules.ts";
import type { Finding } from "../rules.ts";
import { boxView, mdatHeaderSize, readFullBoxHeader } from "../../mp4/box.ts";
import { readMoof, sampleTotals } from "../../mp4/moof.ts";

/** What a fragment says of itself on the wire, and what is wrong with it. */
export interface FragmentReading {
  /** In ticks. */
  readonly time: bigint;
  /** In ticks. */
  readonly duration: bigint;
  /** Of `mfhd`. */
  readonly sequenceNumber: number;
  readonly findings: readonly Finding[];
}

/** Differences up to this many ticks, a millisecond, come from rounding. */
export function toleranceOf(timescale: number): bigint {
  return BigInt(Math.floor(timescale / 1000));
}

/**
 * Reads a fragment of a live stream, whose time is what its TfxdBox says.
 *
 * @throws {Mp4SyntaxError} If its `moof` cannot be read.
 */
export function readLiveFragment(part: Fragment, track: DeclaredTrack): FragmentReading {
  const moof = readMoof(part.moof, 0);
  const tfxd = moof.tfxd?.value;
  return {
    time: tfxd?.time ?? part.decodeTime,
    duration: tfxd?.duration || part.duration,
    sequenceNumber: moof.mfhd.value.sequenceNumber,
    findings: [...checkTfxd(part, moof, track), ...checkDataOffset(part, moof)],
  };
}

function* checkTfxd(part: Fragment, moof: Moof, track: DeclaredTrack): Generator<Finding> {
  const { tfxd, otherTfxds } = moof;
  const at = `track ${track.trackId} at ${part.decodeTime}`;
  const count = (tfxd ? 1 : 0) + otherTfxds.length;
  if (count !== 1) yield { rule: "tfxd-once", detail: `${at}: ${count}` };
  if (!tfxd) return;
  const { version } = readFullBoxHeader(boxView(part.moof, tfxd.box));
  if (version !== 1) yield { rule: "tfxd-version", detail: `${at}: version ${version}` };
  // The duration of a sparse fragment is that of what it announces; samples may say nothing of theirs.
  const samples = sampleTotals(part.moof, moof, track.defaults).duration;
  if (track.isSparse || samples === 0n) return;
  const { duration } = tfxd.value;
  const difference = duration > samples ? duration - samples : samples - duration;
  if (difference > toleranceOf(track.timescale)) {
    yield { rule: "tfxd-duration", detail: `${at}: ${duration} for samples of ${samples} ticks` };
  }
}

function* checkDataOffset(part: Fragment, { truns }: Moof): Generator<Finding> {
  const first = truns[0]?.value;
  const expected = part.moof.length + mdatHeaderSize(part.payload.size);
  if (!first || first.dataOffset === expected) return;
  const detail = `track ${part.trackId} at ${part.decodeTime}: ${first.dataOffset ?? "none"}, ` +
    `not ${expected}`;
  yield { rule: "data-offset", detail };
}
