import type { ClientInspection } from "./inspection.ts";
import type { ScannedMedia } from "./media_scan.ts";
import type { OddityKind, OddityLog } from "./oddity_log.ts";
import type { TrackLog } from "./track_log.ts";
import type { QualityLevel, StreamIndex } from "../manifest/client_manifest.ts";
import type { ServerTrack } from "../manifest/server_manifest.ts";
import type { Track } from "../mp4/moov.ts";
import { findLevel } from "../manifest/client_manifest.ts";
import { isApart, showTime } from "./span.ts";

/** A track of a presentation and what the other files say of it. */
export interface JoinedTrack {
  readonly server: ServerTrack;
  /** What the client manifest says. */
  readonly stream: StreamIndex | undefined;
  /** The media file; `undefined` if it cannot be read. */
  readonly media: ScannedMedia | undefined;
}

/** What {@linkcode checkAgreement} compares. */
export interface AgreementSubject {
  /** Path or URL of the server manifest. */
  readonly location: string;
  readonly client: ClientInspection | undefined;
  readonly tracks: readonly JoinedTrack[];
  /** Different media files. */
  readonly files: readonly ScannedMedia[];
  readonly oddities: OddityLog;
}

type Note = (kind: OddityKind, file: string, text: string, scope?: string | number) => void;

function logOf({ server, media }: JoinedTrack): TrackLog | undefined {
  return media?.logs.find(({ table }) => table.trackId === server.trackId);
}

function nameOf({ server, stream }: JoinedTrack): string {
  return server.trackName ?? stream?.name ?? server.kind;
}

function shown(joined: JoinedTrack): string {
  const { kind, systemBitrate } = joined.server;
  return `The ${kind} track "${nameOf(joined)}" of ${systemBitrate} bit/s`;
}

/** Looks for what the server manifest, the client manifest and the media files say differently. */
export function checkAgreement(subject: AgreementSubject): void {
  const { location, client, tracks, files, oddities } = subject;
  const note: Note = (kind, file, text, scope) => oddities.note(kind, { file, scope }, text);
  checkNames(location, tracks, note);
  for (const [index, joined] of tracks.entries()) {
    checkTimescale(location, joined, index, note);
    if (client) checkListing(location, client, joined, index, note);
    checkFragments(joined, client?.location, note);
  }
  if (client) checkUnused(client, tracks, note);
  checkAlignment(location, tracks, note);
  for (const { inspection } of files) {
    for (const { trackId } of inspection.tracks) {
      const isListed = tracks.some(({ server, media }) =>
        media?.inspection === inspection && server.trackId === trackId
      );
      if (isListed) continue;
      const text = `Track ${trackId} is not listed in the server manifest`;
      note("unlisted-track", inspection.location, text, trackId);
    }
  }
}

function checkNames(location: string, tracks: readonly JoinedTrack[], note: Note): void {
  const seen = new Set<string>();
  for (const joined of tracks) {
    const { kind, systemBitrate, parentTrackName } = joined.server;
    const key = `${kind} ${nameOf(joined).toLowerCase()} ${systemBitrate}`;
    if (seen.has(key)) {
      note("name-used-twice", location, `${shown(joined)} is listed twice`, key);
    }
    seen.add(key);
    const parent = parentTrackName ?? joined.stream?.parentStreamIndex;
    if (parent === undefined || tracks.some((it) => nameOf(it) === parent)) continue;
    const text = `${shown(joined)} has the parent "${parent}", which is not in the presentation`;
    note("parent-missing", location, text, key);
  }
}

function checkTimescale(
  location: string,
  joined: JoinedTrack,
  index: number,
  note: Note,
): void {
  const timescale = trackOf(joined)?.timescale;
  if (timescale === undefined) return;
  const { server, stream } = joined;
  const says = (who: string, value: number) =>
    note(
      "timescale",
      location,
      `${shown(joined)} counts ${timescale} ticks per second, by the ${who} ${value}`,
      `${who} ${index}`,
    );
  if (server.timescale !== undefined && server.timescale !== timescale) {
    says("server manifest", server.timescale);
  }
  if (stream && stream.timescale !== timescale) says("client manifest", stream.timescale);
}

function trackOf({ server, media }: JoinedTrack) {
  const tracks = media?.inspection.tracks;
  return tracks?.find(({ trackId, handler }) => trackId === server.trackId && handler);
}

function checkListing(
  location: string,
  client: ClientInspection,
  joined: JoinedTrack,
  index: number,
  note: Note,
): void {
  const { server, stream } = joined;
  if (!stream) {
    const text = `${shown(joined)} has no StreamIndex in the client manifest`;
    note("track-without-stream", location, text, index);
    return;
  }
  if (!stream.levels.some(({ bitrate }) => bitrate === server.systemBitrate)) {
    const text = `${shown(joined)} has no QualityLevel of its bitrate in the client manifest`;
    note("bitrate-without-level", location, text, index);
  }
  const level = findLevel(stream, server.systemBitrate);
  const track = trackOf(joined);
  if (level && track?.codec) {
    for (const text of codecDifferences(level, track.codec)) {
      note("codec", client.location, `${shown(joined)} ${text}`, `${index} ${text}`);
    }
  }
}

/** What is called differently and is the same. */
const SAME_FOUR_CC: Readonly<Record<string, string>> = { AVC1: "H264", DAVC: "H264", X264: "H264" };

function* codecDifferences(
  level: QualityLevel,
  codec: NonNullable<Track["codec"]>,
): Generator<string> {
  const normal = (fourCC: string) => SAME_FOUR_CC[fourCC.toUpperCase()] ?? fourCC.toUpperCase();
  const { fourCC, codecPrivateData: data } = codec;
  if (level.fourCC && fourCC && normal(level.fourCC) !== normal(fourCC)) {
    yield `has the FourCC ${level.fourCC} in the client manifest, ${fourCC} in moov`;
  }
  const given = level.codecPrivateData;
  if (given && data && given.toUpperCase() !== data.toUpperCase()) {
    yield "has other CodecPrivateData in the client manifest than in moov";
  }
  const pairs: [name: string, listed: number | undefined, found: number | undefined][] = [
    ["width", level.maxWidth, codec.width],
    ["height", level.maxHeight, codec.height],
    ["number of channels", level.channels, codec.channels],
    ["sampling rate", level.samplingRate, codec.samplingRate],
  ];
  for (const [name, listed, found] of pairs) {
    if (listed && found && listed !== found) {
      yield `has the ${name} ${listed} in the client manifest, ${found} in moov`;
    }
  }
}

/** Compares the list of the client manifest with the fragments of a file. */
function checkFragments(joined: JoinedTrack, client: string | undefined, note: Note): void {
  const log = logOf(joined);
  const { stream, media, server } = joined;
  if (!log || !stream || !media || client === undefined) return;
  const file = media.inspection.location;
  const { table, timescale = stream.timescale } = log;
  const count = stream.fragments.length;
  if (count !== table.length) {
    const text = `Track ${server.trackId} has ${table.length} fragments, ` +
      `the client manifest lists ${count} for "${stream.name}"`;
    note("fragment-count", file, text, server.trackId);
  }
  const toTrack = (ticks: bigint) => ticks * BigInt(timescale) / BigInt(stream.timescale);
  const isOwnStart = log.startsFrom.manifest === undefined;
  for (let index = 0; index < Math.min(count, table.length); index++) {
    const row = table.at(index)!;
    const listed = stream.fragments[index]!;
    const compare = (what: string, own: bigint, other: bigint) => {
      if (!isApart(own, other, timescale)) return;
      const text = `Fragment ${index} of track ${server.trackId} ${what} ` +
        `${showTime(own, timescale)}, by the client manifest ${showTime(other, timescale)}`;
      note("listed-times", file, text, `${server.trackId} ${what}`);
    };
    if (isOwnStart) compare("starts at", row.start, toTrack(listed.start));
    if (listed.duration > 0n && row.duration > 0n) {
      compare("lasts", row.duration, toTrack(listed.duration));
    }
  }
}

/** Streams and levels of the client manifest that no track of the server manifest belongs to. */
function checkUnused(client: ClientInspection, tracks: readonly JoinedTrack[], note: Note): void {
  for (const { name, type, levels } of client.streams) {
    const own = tracks.filter(({ stream }) => stream?.name === name && stream.type === type);
    if (own.length === 0) {
      const text = `The StreamIndex "${name}" (${type}) has no track in the server manifest`;
      note("stream-without-track", client.location, text, name);
      continue;
    }
    for (const { bitrate } of levels) {
      if (own.some(({ server }) => server.systemBitrate === bitrate)) continue;
      const text =
        `The QualityLevel of ${bitrate} bit/s in "${name}" has no track in the server manifest`;
      note("level-without-track", client.location, text, `${name} ${bitrate}`);
    }
  }
}

/** Clients change between the bitrates of a stream where fragments end: they must end at the same times. */
function checkAlignment(location: string, tracks: readonly JoinedTrack[], note: Note): void {
  const firsts = new Map<string, { joined: JoinedTrack; log: TrackLog }>();
  for (const joined of tracks) {
    const log = logOf(joined);
    if (!log || log.isSparse || log.timescale === undefined) continue;
    const key = `${joined.server.kind} ${nameOf(joined).toLowerCase()}`;
    const first = firsts.get(key);
    if (!first) {
      firsts.set(key, { joined, log });
      continue;
    }
    const other = `that of ${first.joined.server.systemBitrate} bit/s`;
    const text = misalignment(first.log, log, other);
    if (text !== undefined) note("unaligned", location, `${shown(joined)} ${text}`, key);
  }
}

function misalignment(first: TrackLog, log: TrackLog, other: string): string | undefined {
  const [a, b] = [first.table, log.table];
  const scale = BigInt(first.timescale!);
  const own = BigInt(log.timescale!);
  for (let index = 0; index < Math.min(a.length, b.length); index++) {
    const start = b.at(index)!.start * scale / own;
    const wanted = a.at(index)!.start;
    if (!isApart(start, wanted, first.timescale!)) continue;
    const times = [start, wanted].map((time) => showTime(time, first.timescale));
    return `is not aligned: its fragment ${index} starts at ${times[0]}, ${other} at ${times[1]}`;
  }
  if (a.length === b.length) return undefined;
  return `is not aligned: it has ${b.length} fragments, ${other} has ${a.length}`;
}
