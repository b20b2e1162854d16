import type { QualityLevel, StreamIndex } from "../../manifest/client_manifest.ts";
import type { FragmentTime } from "../../manifest/fragment_times.ts";
import type { LiveTrack } from "../../manifest/live_track.ts";
import type { ServerTrack } from "../../manifest/server_manifest.ts";
import type { Param } from "../../manifest/smil_track.ts";
import type { ArchivedTrack } from "./archive_file.ts";
import { MAX_FRAGMENTS } from "../../manifest/client_manifest.ts";
import { formatClientManifest } from "../../manifest/format_client_manifest.ts";
import { formatServerManifest } from "../../manifest/format_server_manifest.ts";
import { MAX_MANIFEST_BYTES } from "../../manifest/xml.ts";
import { DEFAULT_TIMESCALE } from "../../time.ts";
import { trackIdentity } from "../track_identity.ts";
import { rowsOf } from "./archive_file.ts";

/** The two manifests of an archive. */
export interface ArchiveManifests {
  /** Text of the `.ism`, in UTF-8. */
  readonly server: string;
  /** Text of the `.ismc`, in UTF-8. */
  readonly client: string;
}

/** Tracks that are one to a client: encodings of the same thing. */
interface TrackGroup {
  readonly name: string;
  readonly tracks: readonly ArchivedTrack[];
}

const KINDS: readonly LiveTrack["kind"][] = ["video", "audio", "textstream"];

/**
 * Makes the manifests of an archive: an on-demand presentation of what has been written so far. A track without a fragment
 * is left out, and so is one that a redundant stream has written too.
 *
 * @param clientManifestPath Name of the `.ismc`, for the `.ism`.
 * @returns Nothing as long as nothing has been written.
 * @throws {RangeError} If a name has a character that XML 1.0 cannot hold.
 */
export function formatArchiveManifests(
  tracks: readonly ArchivedTrack[],
  clientManifestPath: string,
): ArchiveManifests | undefined {
  const groups = groupTracks(withoutCopies(tracks.filter(({ fragments }) => fragments.length > 0)));
  if (groups.length === 0) return undefined;
  const server = formatServerManifest({
    clientManifestPath,
    tracks: groups.flatMap((group) =>
      group.tracks.map((track) => serverTrack(track, group, groups))
    ),
  }, { creator: "pushencoder" });
  return { server, client: clientManifest(groups) };
}

function withoutCopies(tracks: readonly ArchivedTrack[]): ArchivedTrack[] {
  const kept: ArchivedTrack[] = [];
  // The longest first: a copy that broke off has nothing of its own.
  for (const track of [...tracks].sort((a, b) => b.fragments.length - a.fragments.length)) {
    const same = kept.filter((it) => trackIdentity(it.facts) === trackIdentity(track.facts));
    if (!same.some((it) => hasAllOf(it, track))) kept.push(track);
  }
  return kept;
}

function hasAllOf(track: ArchivedTrack, other: ArchivedTrack): boolean {
  const first = track.fragments.at(0)!.start;
  const last = track.fragments.at(track.fragments.length - 1)!.start;
  if (other.fragments.at(0)!.start > last) return false;
  if (other.fragments.at(other.fragments.length - 1)!.start < first) return false;
  const times = new Set([...rowsOf(track.fragments)].map(({ start }) => start));
  return [...rowsOf(other.fragments)].every(({ start }) => times.has(start));
}

/** Video first, then audio, then text; of each the highest bitrate first. */
function compareTracks(a: ArchivedTrack, b: ArchivedTrack): number {
  return KINDS.indexOf(a.facts.kind) - KINDS.indexOf(b.facts.kind) ||
    b.facts.systemBitrate - a.facts.systemBitrate ||
    compareText(a.src, b.src) || a.facts.trackId - b.facts.trackId;
}

function compareText(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}

function groupTracks(tracks: readonly ArchivedTrack[]): TrackGroup[] {
  const groups = new Map<string, ArchivedTrack[]>();
  for (const track of [...tracks].sort(compareTracks)) {
    const { kind, trackName, timescale } = track.facts;
    const key = JSON.stringify([kind, cleanName(trackName, kind).toLowerCase(), timescale]);
    const group = groups.get(key);
    if (group) group.push(track);
    else groups.set(key, [track]);
  }
  const names = new Set<string>();
  return [...groups.values()].map((members) => {
    const { kind, trackName } = members[0]!.facts;
    const clean = cleanName(trackName, kind);
    let name = clean;
    for (let n = 2; names.has(name.toLowerCase()); n++) name = `${clean}_${n}`;
    names.add(name.toLowerCase());
    return { name, tracks: members };
  });
}

/** A name as clients need it (MS-SSTR 2.2.2.3): a letter, then letters, digits, `_` and `-`. */
function cleanName(name: string, kind: LiveTrack["kind"]): string {
  const clean = name.replace(/[^A-Za-z0-9_-]/g, "_").replace(/^[^A-Za-z]+/, "");
  return clean || kind;
}

function customParams({ params, scheme }: LiveTrack): Param[] {
  return [...params, ...(scheme === undefined ? [] : [{ name: "Scheme", value: scheme }])];
}

/** What the parent of a sparse track is called here. */
function parentName(
  { parentTrackName }: LiveTrack,
  groups: readonly TrackGroup[],
): string | undefined {
  if (parentTrackName === undefined) return undefined;
  const wanted = parentTrackName.toLowerCase();
  const parent = groups.find(({ tracks }) =>
    tracks.some(({ facts }) =>
      facts.trackName.toLowerCase() === wanted && facts.parentTrackName === undefined
    )
  );
  return parent?.name ?? parentTrackName;
}

function serverTrack(
  { facts, src }: ArchivedTrack,
  { name }: TrackGroup,
  groups: readonly TrackGroup[],
): ServerTrack {
  const { kind, systemBitrate, systemLanguage, trackId, timescale } = facts;
  const parentTrackName = parentName(facts, groups);
  const subtype = facts.subtype === "" ? [] : [{ name: "Subtype", value: facts.subtype }];
  return {
    kind,
    src,
    systemBitrate,
    ...(systemLanguage !== undefined && { systemLanguage }),
    trackId,
    trackName: name,
    timescale,
    ...(parentTrackName !== undefined && { parentTrackName }),
    manifestOutput: facts.manifestOutput ?? false,
    params: [...subtype, ...customParams(facts)],
  };
}

function clientManifest(groups: readonly TrackGroup[]): string {
  const streams = groups.map((group) => streamIndex(group, groups));
  const manifest = {
    majorVersion: 2,
    minorVersion: 2,
    timescale: DEFAULT_TIMESCALE,
    duration: durationOf(streams),
    isLive: false,
    streams,
  };
  const text = formatClientManifest(manifest);
  // What cannot be read again would make the whole archive unreadable; the media files have all times too.
  const isReadable = text.length <= MAX_MANIFEST_BYTES &&
    streams.every(({ fragments }) => fragments.length <= MAX_FRAGMENTS);
  if (isReadable) return text;
  const bare = streams.map((stream) => ({ ...stream, fragments: [] }));
  return formatClientManifest({ ...manifest, streams: bare });
}

/** From the earliest start to the latest end, in ticks of 100 ns. */
function durationOf(streams: readonly StreamIndex[]): bigint {
  const steady = streams.filter((stream) =>
    stream.parentStreamIndex === undefined && !stream.manifestOutput
  );
  const counted = steady.length > 0 ? steady : streams;
  const ticks = (time: bigint, { timescale }: StreamIndex) =>
    time * BigInt(DEFAULT_TIMESCALE) / BigInt(timescale);
  const starts = counted.map((stream) => ticks(stream.fragments[0]!.start, stream));
  const ends = counted.map((stream) => {
    const { start, duration } = stream.fragments.at(-1)!;
    return ticks(start + duration, stream);
  });
  return ends.reduce((a, b) => a > b ? a : b) - starts.reduce((a, b) => a < b ? a : b);
}

function streamIndex({ name, tracks }: TrackGroup, groups: readonly TrackGroup[]): StreamIndex {
  const facts = tracks.map((track) => track.facts);
  const [first] = facts;
  const largest = (values: readonly (number | undefined)[]) =>
    values.reduce((a, b) => a === undefined || (b !== undefined && b > a) ? b : a);
  const levels = levelsOf(facts);
  const bitrates = new Set(levels.map(({ bitrate }) => bitrate));
  const attributes = bitrates.size < levels.length ? ",{CustomAttributes}" : "";
  const manifestOutput = facts.some((it) => it.manifestOutput);
  return {
    type: first!.kind === "textstream" ? "text" : first!.kind,
    name,
    subtype: first!.subtype,
    language: facts.find(({ systemLanguage }) => systemLanguage)?.systemLanguage,
    timescale: first!.timescale,
    url: `QualityLevels({bitrate}${attributes})/Fragments(${name}={start time})`,
    parentStreamIndex: parentName(first!, groups),
    manifestOutput,
    maxWidth: largest(facts.map(({ maxWidth }) => maxWidth)),
    maxHeight: largest(facts.map(({ maxHeight }) => maxHeight)),
    displayWidth: largest(facts.map(({ displayWidth }) => displayWidth)),
    displayHeight: largest(facts.map(({ displayHeight }) => displayHeight)),
    levels,
    fragments: timesOf(tracks),
  };
}

/** Each encoding once, also one that is in two files as its stream began anew. */
function levelsOf(facts: readonly LiveTrack[]): QualityLevel[] {
  const levels = new Map<string, QualityLevel>();
  for (const it of facts) {
    const customAttributes = customParams(it);
    const key = JSON.stringify([it.systemBitrate, customAttributes]);
    if (levels.has(key)) continue;
    levels.set(key, {
      index: levels.size,
      bitrate: it.systemBitrate,
      fourCC: it.fourCC,
      codecPrivateData: it.codecPrivateData,
      maxWidth: it.maxWidth,
      maxHeight: it.maxHeight,
      samplingRate: it.samplingRate,
      channels: it.channels,
      bitsPerSample: it.bitsPerSample,
      packetSize: it.packetSize,
      audioTag: it.audioTag,
      customAttributes,
    });
  }
  return [...levels.values()];
}

/** The times of all encodings together. Clients know none below 0: what audio encoders put in front is cut off. */
function timesOf(tracks: readonly ArchivedTrack[]): FragmentTime[] {
  const times = new Map<bigint, FragmentTime>();
  for (const { fragments, data } of tracks) {
    for (const { index, start, duration } of rowsOf(fragments)) {
      const time = start < 0n ? 0n : start;
      if (times.has(time)) continue;
      const end = start + duration;
      times.set(time, {
        start: time,
        duration: end > time ? end - time : 0n,
        ...(data === undefined ? {} : { data: data[index]! }),
      });
    }
  }
  return [...times.values()].sort((a, b) => a.start < b.start ? -1 : a.start > b.start ? 1 : 0);
}
