import { type LiveTrack, liveTrack } from "./live_track.ts";
import { formatSmil, metaContent, parseSmil } from "./smil.ts";
import { readSmilTracks, type SmilTrack } from "./smil_track.ts";
import type { XmlContent } from "./xml.ts";

/** Options for {@linkcode formatLiveServerManifest}. */
export interface LiveServerManifestOptions {
  /**
   * Who made the stream.
   * @default {"pushEncoder"}
   */
  creator?: string;
}

/** A Live Server Manifest: which tracks a live stream carries (MS-SSTR 2.2.7). */
export interface LiveServerManifest {
  readonly creator?: string;
  readonly tracks: readonly LiveTrack[];
}

const SUBJECT = "Live Server Manifest";

type Value = string | number | undefined;

/** The params of a track in the order that known encoders keep; those without a value are left out. */
function paramsOf(track: LiveTrack): (readonly [name: string, value: Value])[] {
  // Text needs no codec; video and audio say so if theirs is not known.
  const orNone = (value: string) => track.kind === "textstream" ? value || undefined : value;
  return [
    ["systemBitrate", track.systemBitrate],
    ["trackID", track.trackId],
    ["trackName", track.trackName],
    ["parentTrackName", track.parentTrackName],
    ["manifestOutput", track.manifestOutput ? "true" : undefined],
    ["timescale", track.timescale],
    ["FourCC", orNone(track.fourCC)],
    ["CodecPrivateData", orNone(track.codecPrivateData)],
    ["MaxWidth", track.maxWidth],
    ["MaxHeight", track.maxHeight],
    ["DisplayWidth", track.displayWidth],
    ["DisplayHeight", track.displayHeight],
    ["AudioTag", track.audioTag],
    ["Channels", track.channels],
    ["SamplingRate", track.samplingRate],
    ["BitsPerSample", track.bitsPerSample],
    ["PacketSize", track.packetSize],
    ["Subtype", track.subtype],
    ["Scheme", track.scheme],
    ...track.params.map(({ name, value }) => [name, value] as const),
  ];
}

function paramContent([name, value]: readonly [name: string, value: Value]): XmlContent {
  return {
    name: "param",
    attributes: [["name", name], ["value", String(value)], ["valuetype", "data"]],
  };
}

function trackContent(track: LiveTrack): XmlContent {
  const params = paramsOf(track).filter(([, value]) => value !== undefined);
  return {
    name: track.kind,
    attributes: [
      ["src", track.src ?? "Streams"],
      ["systemBitrate", String(track.systemBitrate)],
      ["systemLanguage", track.systemLanguage],
    ],
    children: params.map(paramContent),
  };
}

/**
 * Formats the document for the Live Server Manifest box of one stream, to be encoded in UTF-8.
 *
 * @param tracks The tracks that this stream carries, no others.
 * @throws {RangeError} If a value has a character that XML 1.0 cannot hold.
 */
export function formatLiveServerManifest(
  tracks: readonly LiveTrack[],
  options: LiveServerManifestOptions = {},
): string {
  const { creator = "pushEncoder" } = options;
  const tracksContent = { name: "switch", children: tracks.map(trackContent) };
  return formatSmil([{ name: "creator", content: creator }], [tracksContent]);
}

function toLiveTrack(track: SmilTrack): LiveTrack {
  return { ...liveTrack({ server: track }), src: track.src };
}

/**
 * Parses the document of a Live Server Manifest box of any known encoder. What it leaves out has its default value:
 * the name of the element for `trackName`, 10 MHz for `timescale`.
 *
 * @throws {ManifestSyntaxError} If it is not well-formed XML, not SMIL, lists no track, or a track lacks its `trackID` or
 * has a number that is none.
 */
export function parseLiveServerManifest(text: string): LiveServerManifest {
  const smil = parseSmil(text, SUBJECT);
  return {
    creator: metaContent(smil.metas, "creator"),
    tracks: readSmilTracks(smil, SUBJECT).map(toLiveTrack),
  };
}
