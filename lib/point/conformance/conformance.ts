import type { LiveTrack } from "../../manifest/live_track.ts";
import type { StreamSightings } from "./conformance_sightings.ts";
import type { StreamReport, TrackReport } from "../report.ts";
import type { Breach, RuleId } from "../rules.ts";
import { RULES } from "../rules.ts";

/** What can be said of a rule: kept, broken, or that there was no occasion for it. */
export type Verdict = "ok" | "broken" | "not seen";

/** What is said of one rule. */
export interface RuleVerdict {
  readonly rule: RuleId;
  readonly verdict: Verdict;
  /** How often it was broken. */
  readonly count: number;
  /** Where it was broken first. */
  readonly first?: {
    /** Number of the body of the stream, from 1. */
    readonly body?: number | undefined;
    /** What was there instead, for fragments with track and time. */
    readonly detail: string;
  };
  readonly sentence: string;
  /** Section of the project's protocol sheet, and the document behind it. */
  readonly clause: string;
}

/** What is said of one stream. */
export interface StreamConformance {
  readonly stream: string;
  readonly event?: string | undefined;
  /** Whether no rule was broken. */
  readonly isConforming: boolean;
  /** All rules, in the order of {@linkcode RULES}. */
  readonly rules: readonly RuleVerdict[];
}

/** How much is known of a stream that is to be judged. */
export interface JudgeOptions {
  /** Whether a probe would have been seen. */
  readonly canSeeProbes: boolean;
  /** Whether no more will come, so that a missing end is missing. */
  readonly isOver: boolean;
  /** The tracks of all streams of the point. */
  readonly pointTracks: readonly LiveTrack[];
}

/** Judges what came of one stream, rule by rule. */
export function judgeStream(
  report: StreamReport,
  sightings: StreamSightings,
  options: JudgeOptions,
): StreamConformance {
  const found = new Map<RuleId, Breach>();
  for (const breach of breachesOf(report, sightings, options)) found.set(breach.rule, breach);
  const seen = occasions(report, sightings, options, (rule) => found.get(rule)?.count ?? 0);
  const ids = Object.keys(RULES) as RuleId[];
  const rules = ids.map((rule) => judgeRule(rule, found.get(rule), seen[rule], sightings));
  const isConforming = rules.every(({ verdict }) => verdict !== "broken");
  return { stream: report.id, event: report.eventId, isConforming, rules };
}

function judgeRule(
  rule: RuleId,
  breach: Breach | undefined,
  isSeen: boolean,
  sightings: StreamSightings,
): RuleVerdict {
  const verdict = breach ? "broken" : isSeen ? "ok" : "not seen";
  const { sentence, clause } = RULES[rule];
  // A probe is missed before anything else is seen.
  const body = sightings.placeOf(rule) ?? (rule === "probe" ? 1 : undefined);
  const first = breach && { body, detail: breach.detail };
  return { rule, verdict, count: breach?.count ?? 0, ...(first && { first }), sentence, clause };
}

function* breachesOf(
  report: StreamReport,
  sightings: StreamSightings,
  options: JudgeOptions,
): Generator<Breach> {
  for (const breach of report.breaches) {
    if (breach.rule === "probe" && !options.canSeeProbes) continue;
    // The demuxer puts most of them right before they are looked at; the sightings have all.
    if (breach.rule === "data-offset") continue;
    const count = breach.count - (breach.rule === "header-same" ? sightings.relabelled : 0);
    if (count > 0) yield { ...breach, count };
  }
  yield* sightings.breaches;
  yield* gaps(report);
  if (isEndMissing(report, options)) yield { rule: "end-present", count: 1, detail: "none" };
  yield* wrongParents(sightings, options);
}

function* gaps({ tracks }: StreamReport): Generator<Breach> {
  const broken = tracks.filter((track) => track.gaps > 0);
  const [track] = broken;
  const gap = track?.firstGaps[0];
  if (!track || !gap) return;
  const count = broken.reduce((sum, it) => sum + it.gaps, 0);
  const seconds = (ticks: bigint) => `${Number(ticks) / track.timescale} s`;
  const missing = gap.missing > 0 ? `, ${gap.missing} missing by number` : "";
  const detail = `track ${track.trackId} at ${gap.time}: ${seconds(gap.size)}${missing}`;
  yield { rule: "contiguous", count, detail };
}

function isEndMissing({ fragments, hasEnded }: StreamReport, { isOver }: JudgeOptions): boolean {
  return isOver && fragments > 0 && !hasEnded;
}

const isSparse = ({ parentTrackName, manifestOutput }: LiveTrack) =>
  parentTrackName !== undefined || manifestOutput === true;

/** The tracks that the sparse tracks of a stream name as their parents. */
function parentsOf(
  { tracks }: StreamSightings,
  { pointTracks }: JudgeOptions,
): { readonly child: LiveTrack; readonly parents: readonly LiveTrack[] }[] {
  return tracks.flatMap((child) => {
    const wanted = child.parentTrackName?.toLowerCase();
    if (wanted === undefined) return [];
    const parents = pointTracks.filter(({ trackName }) => trackName.toLowerCase() === wanted);
    return [{ child, parents }];
  });
}

function* wrongParents(sightings: StreamSightings, options: JudgeOptions): Generator<Breach> {
  const wrong = parentsOf(sightings, options)
    .filter(({ parents }) => parents.length > 0 && parents.every(isSparse));
  const [first] = wrong;
  if (!first) return;
  const { trackId, parentTrackName } = first.child;
  const detail = `"${parentTrackName}" of track ${trackId}`;
  yield { rule: "sparse-parent", count: wrong.length, detail };
}

/** Whether there was an occasion to keep each rule, or to break it. */
function occasions(
  report: StreamReport,
  sightings: StreamSightings,
  options: JudgeOptions,
  countOf: (rule: RuleId) => number,
): Readonly<Record<RuleId, boolean>> {
  const { fragments, tracks, bodies } = report;
  const { headers, ends, tracks: listed } = sightings;
  const hasBodies = bodies > 0;
  const isReadable = sightings.manifests > 0 && countOf("manifest-syntax") === 0;
  const hasSparse = listed.some(isSparse);
  const some = (count: (track: TrackReport) => boolean) => tracks.some(count);
  const hasTfxd = fragments > countOf("tfxd-once");
  const again = tracks.reduce((sum, { duplicates, late }) => sum + duplicates + late, 0);
  return {
    "probe": hasBodies && options.canSeeProbes,
    "ftyp-first": headers > 0,
    "header-present": hasBodies,
    "header-same": headers > 1,
    "one-sender": report.redundantBodies > 0,
    "stream-manifest-place": sightings.streamManifests > 0,
    "stream-manifest-syntax": sightings.streamManifests > 0,
    "manifest-place": headers > 0,
    "manifest-syntax": sightings.manifests > 0,
    "manifest-tracks": isReadable,
    "manifest-bitrate": isReadable,
    "manifest-valuetype": isReadable,
    "manifest-names": isReadable && listed.length > 1,
    "manifest-timescale": isReadable,
    "manifest-src": isReadable && listed.length > 1,
    "manifest-subtype": isReadable && listed.some(({ kind }) => kind === "textstream"),
    "manifest-client-path": isReadable,
    "sparse-alone": hasSparse,
    "sparse-parent": parentsOf(sightings, options).some(({ parents }) => parents.length > 0),
    "boxes": hasBodies,
    "tfxd-once": fragments > 0,
    "tfxd-version": hasTfxd,
    "tfxd-duration": hasTfxd && some((track) => !track.isSparse && track.fragments > 0),
    "times-grow": fragments > bodies,
    "no-overlap": some((track) => !track.isSparse && track.fragments > 1),
    "contiguous": some((track) => !track.isSparse && track.fragments > 1),
    "same-times": again > countOf("times-grow"),
    "sequence": some((track) => track.fragments > 1),
    "data-offset": fragments > 0,
    "end-empty": ends > 0,
    "end-last": ends > 0,
    "end-present": fragments > 0 && report.hasEnded,
    "idle": sightings.hasTimes,
    "body-ends": sightings.answered > 0,
  };
}
