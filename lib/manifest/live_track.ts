import { DEFAULT_TIMESCALE } from "../time.ts";
import { parseOptionalInteger } from "./attribute_value.ts";
import type { QualityLevel, StreamIndex } from "./client_manifest.ts";
import { type Param, paramValue, type SmilTrack, type TrackKind } from "./smil_track.ts";

/** The facts of one track in a Live Server Manifest (MS-SSTR 2.2.7, codec fields as in 2.2.2.5). */
export interface LiveTrack {
  readonly kind: TrackKind;
  /** The same for all tracks of a stream. */
  readonly src?: string;
  /** In bits per second: the bitrate that clients will ask for. */
  readonly systemBitrate: number;
  /** RFC 1766 language tag. */
  readonly systemLanguage?: string;
  /** `track_ID` of `tkhd` and `tfhd`. */
  readonly trackId: number;
  readonly trackName: string;
  /** Ticks per second. */
  readonly timescale: number;
  /** Name of the parent track, which makes this one a sparse track. */
  readonly parentTrackName?: string;
  /** Whether the data of the track goes into the client manifest. */
  readonly manifestOutput?: boolean;
  /** Empty if it is not known. */
  readonly fourCC: string;
  /** Hexadecimal digits; empty if there is none. */
  readonly codecPrivateData: string;
  readonly maxWidth?: number;
  readonly maxHeight?: number;
  readonly displayWidth?: number;
  readonly displayHeight?: number;
  readonly audioTag?: number;
  readonly channels?: number;
  /** In Hz. */
  readonly samplingRate?: number;
  readonly bitsPerSample?: number;
  /** In bytes. */
  readonly packetSize?: number;
  /** Four characters for text; empty for video and audio. */
  readonly subtype: string;
  /** Scheme URI of timed metadata. */
  readonly scheme?: string;
  /** Other params, carried over in order. */
  readonly params: readonly Param[];
}

/** What the `moov` box of a media file says of one track. */
export interface MediaFacts {
  /** Ticks per second, from `mdhd`. */
  readonly timescale: number;
  /** Handler type of `hdlr`, four characters. */
  readonly handler: string;
  readonly fourCC?: string;
  /** Hexadecimal digits in upper case. */
  readonly codecPrivateData?: string;
  readonly width?: number;
  readonly height?: number;
  readonly channels?: number;
  /** In Hz. */
  readonly samplingRate?: number;
  readonly bitsPerSample?: number;
  /** In bytes. */
  readonly packetSize?: number;
  readonly audioTag?: number;
  /** ISO 639-2 code of `mdhd`; `und` counts as none. */
  readonly language?: string;
}

/** Where the facts of a track come from. */
export interface LiveTrackSources {
  /** The track in the server manifest. */
  readonly server: SmilTrack;
  /** The `StreamIndex` of the client manifest that belongs to the track. */
  readonly stream?: StreamIndex;
  /** The level of that stream with the bitrate of the track. */
  readonly level?: QualityLevel;
  readonly media?: MediaFacts;
}

/** The params that have a field of their own in {@linkcode LiveTrack}, or stand for one, in lower case. */
const OWN_PARAMS = new Set([
  "fourcc",
  "codecprivatedata",
  "waveformatex",
  "maxwidth",
  "width",
  "maxheight",
  "height",
  "displaywidth",
  "displayheight",
  "audiotag",
  "channels",
  "samplingrate",
  "bitspersample",
  "packetsize",
  "subtype",
  "scheme",
  "schema",
]);

/** The Subtype of a text track whose manifests do not tell, by handler type. */
const SUBTYPES: Readonly<Record<string, string>> = { meta: "DATA", text: "CAPT", subt: "CAPT" };

function integerParam(server: SmilTrack, name: string, alias = name): number | undefined {
  const text = paramValue(server.params, name, alias);
  return parseOptionalInteger(text, `${name} of track ID ${server.trackId}`);
}

function codec({ server, level, media }: LiveTrackSources) {
  const { params, kind } = server;
  const privateData = kind === "audio"
    ? paramValue(params, "CodecPrivateData", "WaveFormatEx")
    : paramValue(params, "CodecPrivateData");
  // An empty value says no more than a missing one: writers leave the private data of AAC empty.
  return {
    fourCC: paramValue(params, "FourCC") || level?.fourCC || media?.fourCC || "",
    codecPrivateData: privateData || level?.codecPrivateData || media?.codecPrivateData || "",
  };
}

function picture({ server, stream, level, media }: LiveTrackSources) {
  const maxWidth = integerParam(server, "MaxWidth", "width") ?? level?.maxWidth ?? media?.width ??
    stream?.maxWidth;
  const maxHeight = integerParam(server, "MaxHeight", "height") ?? level?.maxHeight ??
    media?.height ?? stream?.maxHeight;
  return {
    maxWidth,
    maxHeight,
    displayWidth: integerParam(server, "DisplayWidth") ?? stream?.displayWidth ?? maxWidth,
    displayHeight: integerParam(server, "DisplayHeight") ?? stream?.displayHeight ?? maxHeight,
  };
}

type SoundField = "audioTag" | "channels" | "samplingRate" | "bitsPerSample" | "packetSize";

function sound({ server, level, media }: LiveTrackSources, fourCC: string) {
  const read = (name: string, field: SoundField) =>
    integerParam(server, name) ?? level?.[field] ?? media?.[field];
  return {
    audioTag: read("AudioTag", "audioTag") ?? (/^AAC[LH]$/i.test(fourCC) ? 255 : undefined),
    channels: read("Channels", "channels"),
    samplingRate: read("SamplingRate", "samplingRate"),
    bitsPerSample: read("BitsPerSample", "bitsPerSample") ?? 16,
    packetSize: read("PacketSize", "packetSize") ?? 4,
  };
}

function subtype({ server, stream, media }: LiveTrackSources): string {
  const given = paramValue(server.params, "Subtype") || stream?.subtype;
  if (given || server.kind !== "textstream") return given ?? "";
  return SUBTYPES[media?.handler ?? ""] ?? "";
}

function isOther({ name }: Param): boolean {
  return !OWN_PARAMS.has(name.toLowerCase());
}

function otherParams({ server, level }: LiveTrackSources): Param[] {
  const own = server.params.filter(isOther);
  const names = new Set(own.map(({ name }) => name.toLowerCase()));
  const custom = level?.customAttributes.filter(({ name }) => !names.has(name.toLowerCase())) ?? [];
  return [...own, ...custom.filter(isOther)];
}

function spokenLanguage(media: MediaFacts | undefined): string | undefined {
  return media?.language === "und" ? undefined : media?.language;
}

/**
 * Puts together what a Live Server Manifest says of one track. Params of the server manifest come first, then the client
 * manifest, then the media file; `src` is left open.
 *
 * @throws {ManifestSyntaxError} If a param of the server manifest that must be a number is none.
 *
 * @example
 * ```ts
 * const stream = findStream(clientManifest, server.trackName, server.kind);
 * const level = stream && findLevel(stream, server.systemBitrate);
 * const track = liveTrack({ server, stream, level, media });
 * ```
 */
export function liveTrack(sources: LiveTrackSources): LiveTrack {
  const { server, stream, level, media } = sources;
  const { kind, systemBitrate, trackId } = server;
  const facts = codec(sources);
  return {
    kind,
    systemBitrate,
    systemLanguage: server.systemLanguage ?? stream?.language ?? spokenLanguage(media),
    trackId,
    trackName: server.trackName ?? stream?.name ?? kind,
    timescale: server.timescale ?? stream?.timescale ?? media?.timescale ?? DEFAULT_TIMESCALE,
    parentTrackName: server.parentTrackName ?? stream?.parentStreamIndex,
    manifestOutput: server.manifestOutput || stream?.manifestOutput || false,
    ...facts,
    ...(kind === "video" ? picture(sources) : {}),
    ...(kind === "audio" ? sound(sources, facts.fourCC) : {}),
    subtype: subtype(sources),
    scheme: paramValue(server.params, "Scheme", "Schema") ??
      paramValue(level?.customAttributes ?? [], "Scheme", "Schema"),
    params: otherParams(sources),
  };
}
