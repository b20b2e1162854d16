import type { PointStateName } from "./point_settings.ts";
import type { Breach } from "./rules.ts";
import { RULES } from "./rules.ts";

/** Where fragments of a track are missing. */
export interface Gap {
  /** Where it starts: the end of the fragment in front of it, in ticks. */
  readonly time: bigint;
  /** In ticks. */
  readonly size: bigint;
  /** How many fragments are missing by the numbers of `mfhd`; 0 where the sender left nothing out that it counted. */
  readonly missing: number;
}

/** What is kept of the fragments of one track. */
export interface TimelineCounts {
  /** Time of the first fragment, in ticks. */
  readonly start: bigint | undefined;
  /** End of the last one, in ticks. */
  readonly end: bigint | undefined;
  /** Fragments that were there before. */
  readonly duplicates: number;
  /** Other fragments from before the last one: out of order. */
  readonly late: number;
  readonly gaps: number;
  /** The first of them. */
  readonly firstGaps: readonly Gap[];
  /** Holes where the track begins anew, as in a loop over tracks that are not equally long. */
  readonly seams: number;
  /** Other holes, well below the length of a fragment, where nothing is missing by number. */
  readonly smallHoles: number;
  /** The longest seam or small hole, in ticks. */
  readonly longestHole: bigint;
}

/** What arrived of one track. */
export interface TrackReport extends TimelineCounts {
  readonly trackId: number;
  readonly name: string;
  /** In bits per second. */
  readonly bitrate: number;
  /** Ticks per second. */
  readonly timescale: number;
  /** Whether its fragments come only now and then, so that there are no gaps. */
  readonly isSparse: boolean;
  /** Without duplicates and late ones. */
  readonly fragments: number;
  /** Of the payloads of these. */
  readonly bytes: number;
}

/** What arrived of one stream. */
export interface StreamReport {
  readonly id: string;
  readonly eventId: string | undefined;
  readonly tracks: readonly TrackReport[];
  /** Empty requests. */
  readonly probes: number;
  /** Requests with a body. */
  readonly bodies: number;
  /** Requests with a body that are under way. */
  readonly openBodies: number;
  /** Requests that began while another one was under way. */
  readonly redundantBodies: number;
  /** All that came whole, duplicates and late ones included. */
  readonly fragments: number;
  /** Of the bodies. */
  readonly bytes: number;
  /** Whether the end of stream was the last that came. */
  readonly hasEnded: boolean;
  /** The rules that the sender broke. */
  readonly breaches: readonly Breach[];
}

/** What arrived at one publishing point. */
export interface PointReport {
  /** Path of the URL. */
  readonly point: string;
  readonly state: PointStateName;
  /** Empty requests to the bare point. */
  readonly probes: number;
  /** In the order in which they first came. */
  readonly streams: readonly StreamReport[];
}

const GAP_CLAUSE = "1.6 (Azure 4.7, 7.3)";

/** Something wrong with a stream. */
export interface Fault {
  /** A sentence for people. */
  readonly message: string;
  /** Where it is written: section of the project's protocol sheet, and the document behind it. */
  readonly clause: string;
}

/**
 * What is wrong with a stream that is over: broken rules, gaps, a missing end.
 *
 * @returns Nothing if all is right; duplicates, late fragments and holes that lost nothing are not wrong.
 */
export function faultsOf(stream: StreamReport): Fault[] {
  const breaches = [...stream.breaches];
  if (stream.fragments > 0 && !stream.hasEnded) {
    breaches.push({ rule: "end-present", count: 1, detail: "none" });
  }
  return [...breaches.map(breachFault), ...stream.tracks.flatMap(gapFaults)];
}

function breachFault({ rule, count, detail }: Breach): Fault {
  const { sentence, clause } = RULES[rule];
  const times = count > 1 ? `${count} times, first: ` : "";
  return { message: `${sentence}: current value is ${times}${detail}`, clause };
}

function gapFaults({ trackId, timescale, gaps, firstGaps }: TrackReport): Fault[] {
  const [first] = firstGaps;
  if (!first) return [];
  const seconds = (ticks: bigint) => `${Number(ticks) / timescale} s`;
  const missing = first.missing > 0 ? `, ${first.missing} missing by number` : "";
  const message = `Track ${trackId} has ${gaps} gap${gaps > 1 ? "s" : ""}, the first at ${
    seconds(first.time)
  } of ${seconds(first.size)}${missing}`;
  return [{ message, clause: GAP_CLAUSE }];
}
