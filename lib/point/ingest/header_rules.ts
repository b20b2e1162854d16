import type { SampleDefaults } from "../../mp4/moof.ts";
import type { Track } from "../../mp4/moov.ts";
import type { LiveTrack } from "../../manifest/live_track.ts";
import type { Finding } from "../rules.ts";
import { ManifestSyntaxError } from "../../errors.ts";
import { parseLiveServerManifest } from "../../manifest/live_server_manifest.ts";
import { parseStreamManifest } from "../../manifest/stream_manifest.ts";
import { attributeOf, decodeXml, findElements, parseXml } from "../../manifest/xml.ts";
import { boxType, readBoxHeader, viewOf } from "../../mp4/box.ts";
import { readManifestBox } from "../../mp4/manifest_box.ts";
import { readMoov } from "../../mp4/moov.ts";
import { LIVE_SERVER_MANIFEST, STREAM_MANIFESTS } from "../../mp4/uuid.ts";

/** A track as the header boxes of a stream have it. */
export interface DeclaredTrack {
  readonly trackId: number;
  readonly name: string;
  /** In bits per second; 0 if it is not known. */
  readonly bitrate: number;
  /** Ticks per second, from `moov`. */
  readonly timescale: number;
  /** Whether its fragments come only now and then: a sparse or a control track. */
  readonly isSparse: boolean;
  readonly defaults: SampleDefaults | undefined;
}

/** What the header boxes of a stream say, and what is wrong with them. */
export interface HeaderReading {
  readonly tracks: readonly DeclaredTrack[];
  readonly findings: readonly Finding[];
}

/**
 * Reads header boxes.
 *
 * @param boxes Whole boxes, `moov` last.
 * @throws {Mp4SyntaxError} If `moov` cannot be read.
 */
export function readHeaderBoxes(boxes: readonly Uint8Array[]): HeaderReading {
  const tracks = readMoov(boxes.at(-1)!, 0).tracks;
  const findings: Finding[] = [...checkPlace(boxes), ...checkStreamManifest(boxes)];
  const box = boxes.find(isManifest);
  const listed = box ? readManifest(box, findings) : undefined;
  if (listed) findings.push(...checkTracks(listed, tracks));
  return { tracks: tracks.map((track) => declare(track, listed)), findings };
}

function isManifest(box: Uint8Array): boolean {
  return readBoxHeader(box, 0)?.userType === LIVE_SERVER_MANIFEST;
}

function declare(
  { trackId, timescale, handler, defaults }: Track,
  listed: readonly LiveTrack[] | undefined,
): DeclaredTrack {
  const track = listed?.find((it) => it.trackId === trackId);
  return {
    trackId,
    name: track?.trackName ?? handler,
    bitrate: track?.systemBitrate ?? 0,
    timescale,
    isSparse: track
      ? track.parentTrackName !== undefined || track.manifestOutput === true
      : !["vide", "soun"].includes(handler),
    defaults,
  };
}

function* checkPlace(boxes: readonly Uint8Array[]): Generator<Finding> {
  const manifests = boxes.filter(isManifest).length;
  const isBehind = boxes.findIndex(isManifest) > boxes.findIndex((box) => boxType(box) === "ftyp");
  if (manifests !== 1) {
    yield { rule: "manifest-place", detail: `${manifests} in front of moov` };
  } else if (!isBehind) {
    yield { rule: "manifest-place", detail: "it stands in front of ftyp" };
  }
}

function* checkStreamManifest(boxes: readonly Uint8Array[]): Generator<Finding> {
  const isStreamManifest = (box: Uint8Array) =>
    STREAM_MANIFESTS.includes(readBoxHeader(box, 0)?.userType ?? "");
  const found = boxes.filter(isStreamManifest);
  if (found.length === 0) return;
  const rule = "stream-manifest-place";
  const at = boxes.indexOf(found[0]!);
  const manifestAt = boxes.findIndex(isManifest);
  if (found.length > 1) yield { rule, detail: `${found.length} of them` };
  else if (at < boxes.findIndex((box) => boxType(box) === "ftyp")) {
    yield { rule, detail: "it stands in front of ftyp" };
  } else if (manifestAt >= 0 && at > manifestAt) {
    yield { rule, detail: "it stands behind the Live Server Manifest" };
  }
  try {
    parseStreamManifest(decodeXml(readManifestBox(viewOf(found[0]!))));
  } catch (error) {
    if (!(error instanceof ManifestSyntaxError || error instanceof RangeError)) throw error;
    yield { rule: "stream-manifest-syntax", detail: error.message };
  }
}

/** The tracks of a Live Server Manifest; what is wrong within it is added to `findings`. */
function readManifest(box: Uint8Array, findings: Finding[]): readonly LiveTrack[] | undefined {
  try {
    const text = decodeXml(readManifestBox(viewOf(box)));
    const { tracks } = parseLiveServerManifest(text);
    findings.push(...checkDocument(text));
    return tracks;
  } catch (error) {
    if (!(error instanceof ManifestSyntaxError || error instanceof RangeError)) throw error;
    findings.push({ rule: "manifest-syntax", detail: error.message });
    return undefined;
  }
}

function* checkDocument(text: string): Generator<Finding> {
  const { children } = parseXml(text);
  for (const element of findElements(children, ["video", "audio", "textstream"])) {
    if (attributeOf(element, "systemBitrate") === undefined) {
      yield { rule: "manifest-bitrate", detail: `an element ${element.name} without it` };
    }
  }
  for (const param of findElements(children, ["param"])) {
    const type = attributeOf(param, "valuetype");
    if (type === "data") continue;
    const name = attributeOf(param, "name");
    yield { rule: "manifest-valuetype", detail: `param "${name}" with ${type ?? "none"}` };
  }
  const path = findElements(children, ["meta"])
    .find((meta) => attributeOf(meta, "name")?.toLowerCase() === "clientmanifestrelativepath");
  if (path) {
    yield { rule: "manifest-client-path", detail: `"${attributeOf(path, "content") ?? ""}"` };
  }
}

function* checkTracks(
  listed: readonly LiveTrack[],
  tracks: readonly Track[],
): Generator<Finding> {
  const ids = (all: readonly { readonly trackId: number }[]) =>
    all.map(({ trackId }) => trackId).sort((a, b) => a - b).join(", ");
  if (ids(listed) !== ids(tracks)) {
    const detail = `track IDs ${ids(listed)}, in moov ${ids(tracks)}`;
    yield { rule: "manifest-tracks", detail };
  }
  const names = new Set<string>();
  for (const { kind, trackId, trackName, systemBitrate, timescale, subtype } of listed) {
    const key = `"${trackName}" at ${systemBitrate} bit/s`;
    if (names.has(key)) yield { rule: "manifest-names", detail: `two tracks ${key}` };
    names.add(key);
    if (kind === "textstream" && !/^[^]{4}$/.test(subtype)) {
      yield { rule: "manifest-subtype", detail: `"${subtype}" for track ${trackId}` };
    }
    const track = tracks.find((it) => it.trackId === trackId);
    if (track && track.timescale !== timescale) {
      const detail = `${timescale} for track ${trackId}, in moov ${track.timescale}`;
      yield { rule: "manifest-timescale", detail };
    }
  }
  const sources = new Set(listed.map(({ src }) => src));
  if (sources.size > 1) {
    const shown = [...sources].map((src) => src === undefined ? "none" : `"${src}"`).join(", ");
    yield { rule: "manifest-src", detail: shown };
  }
  const sparse = listed.filter(({ parentTrackName }) => parentTrackName !== undefined);
  if (sparse.length > 0 && sparse.length < listed.length) {
    yield { rule: "sparse-alone", detail: `track ${sparse[0]!.trackId} with others` };
  }
}
