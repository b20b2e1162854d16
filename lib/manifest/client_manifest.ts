import { ManifestSyntaxError } from "../errors.ts";
import { DEFAULT_TIMESCALE } from "../time.ts";
import {
  type Bounds,
  failOver,
  MAX_UINT32,
  parseDuration,
  parseFlag,
  parseInteger,
  parseOptionalInteger,
} from "./attribute_value.ts";
import { type FragmentTime, readFragmentTimes } from "./fragment_times.ts";
import { quoted } from "./quoted.ts";
import type { Param, TrackKind } from "./smil_track.ts";
import {
  attributeOf,
  childrenNamed,
  findElements,
  isNamed,
  parseXml,
  type XmlElement,
} from "./xml.ts";

/** How many fragments one `StreamIndex` may have, repeated ones included. */
export const MAX_FRAGMENTS: number = 1_000_000;

/** How many fragments all of them may have together. */
const MAX_FRAGMENTS_IN_ALL = 4 * MAX_FRAGMENTS;

/** What a `StreamIndex` holds. */
export type StreamType = "video" | "audio" | "text";

/** One encoding of a track: a `QualityLevel` element (MS-SSTR 2.2.2.5). Values stand as found. */
export interface QualityLevel {
  /** The position among the levels where the manifest has none. */
  readonly index: number;
  /** In bits per second. */
  readonly bitrate: number;
  /** Empty if it is missing. */
  readonly fourCC: string;
  /** Hexadecimal digits, in the letter case of the manifest; empty if it is missing. */
  readonly codecPrivateData: string;
  readonly maxWidth?: number;
  readonly maxHeight?: number;
  /** In Hz. */
  readonly samplingRate?: number;
  readonly channels?: number;
  readonly bitsPerSample?: number;
  /** In bytes. */
  readonly packetSize?: number;
  readonly audioTag?: number;
  readonly customAttributes: readonly Param[];
}

/** One track in all its encodings, which share one list of fragments: a `StreamIndex` element (MS-SSTR 2.2.2). */
export interface StreamIndex {
  readonly type: StreamType;
  /** The type where the manifest has no name. */
  readonly name: string;
  /** Empty if it is missing. */
  readonly subtype: string;
  readonly language?: string;
  /** Ticks per second. */
  readonly timescale: number;
  /** Pattern of the fragment URLs; empty if it is missing. */
  readonly url: string;
  /** Name of the parent, which makes this a sparse track. */
  readonly parentStreamIndex?: string;
  readonly manifestOutput: boolean;
  readonly maxWidth?: number;
  readonly maxHeight?: number;
  readonly displayWidth?: number;
  readonly displayHeight?: number;
  readonly levels: readonly QualityLevel[];
  readonly fragments: readonly FragmentTime[];
}

/** What a client needs to play protected content: a `ProtectionHeader` element. */
export interface Protection {
  /** UUID of the protection system in lower case, without braces. */
  readonly systemId: string;
  /** Base64, without white space. */
  readonly text: string;
}

/** A client manifest (`.ismc`): codecs and fragment times of a presentation (MS-SSTR 2.2.2). */
export interface ClientManifest {
  readonly majorVersion: number;
  readonly minorVersion: number;
  /** Ticks per second. */
  readonly timescale: number;
  /** In ticks; 0 for a live presentation of unknown length. */
  readonly duration: bigint;
  readonly isLive: boolean;
  readonly lookaheadCount?: number;
  /** In ticks; 0 or none is without end. */
  readonly dvrWindowLength?: bigint;
  readonly protection?: readonly Protection[];
  readonly streams: readonly StreamIndex[];
}

/** Reads attributes of one element; the first of several names that is there counts. */
class AttributeReader {
  readonly #element: XmlElement;
  readonly #at: string;

  constructor(element: XmlElement, at: string) {
    this.#element = element;
    this.#at = at;
  }

  text(...names: string[]): string | undefined {
    return names.map((name) => attributeOf(this.#element, name))
      .find((value) => value !== undefined);
  }

  integer(names: string[], bounds?: Bounds): number | undefined {
    return parseOptionalInteger(this.text(...names), `${names[0]} of ${this.#at}`, bounds);
  }

  duration(name: string): bigint | undefined {
    const text = this.text(name);
    return text === undefined ? undefined : parseDuration(text, `${name} of ${this.#at}`);
  }
}

const TIMESCALE_BOUNDS: Bounds = { min: 1, max: MAX_UINT32 };

function readCustomAttributes(level: XmlElement): Param[] {
  return childrenNamed(level, "CustomAttributes")
    .flatMap((element) => childrenNamed(element, "Attribute"))
    .map((element) => ({
      name: attributeOf(element, "Name") ?? "",
      value: element.attribute("value") ?? "",
    }))
    .filter(({ name }) => name !== "");
}

function readLevel(element: XmlElement, position: number, at: string): QualityLevel {
  const where = `QualityLevel ${position + 1} of ${at}`;
  const read = new AttributeReader(element, where);
  return {
    index: read.integer(["Index"]) ?? position,
    bitrate: parseInteger(read.text("Bitrate"), `Bitrate of ${where}`),
    fourCC: read.text("FourCC") ?? "",
    codecPrivateData: read.text("CodecPrivateData", "WaveFormatEx") ?? "",
    maxWidth: read.integer(["MaxWidth", "Width"]),
    maxHeight: read.integer(["MaxHeight", "Height"]),
    samplingRate: read.integer(["SamplingRate"]),
    channels: read.integer(["Channels"]),
    bitsPerSample: read.integer(["BitsPerSample"]),
    packetSize: read.integer(["PacketSize"]),
    audioTag: read.integer(["AudioTag"]),
    customAttributes: readCustomAttributes(element),
  };
}

function readType(text: string | undefined, at: string): StreamType {
  const type = text?.toLowerCase();
  if (type === "video" || type === "audio" || type === "text") return type;
  return failOver(`Type of ${at}`, '"video", "audio" or "text"', text);
}

function readStream(element: XmlElement, at: string, timescale: number): StreamIndex {
  const read = new AttributeReader(element, at);
  const type = readType(read.text("Type"), at);
  return {
    type,
    name: read.text("Name") ?? type,
    subtype: read.text("Subtype") ?? "",
    language: read.text("Language"),
    timescale: read.integer(["TimeScale"], TIMESCALE_BOUNDS) ?? timescale,
    url: read.text("Url") ?? "",
    parentStreamIndex: read.text("ParentStreamIndex"),
    manifestOutput: parseFlag(read.text("ManifestOutput")),
    maxWidth: read.integer(["MaxWidth"]),
    maxHeight: read.integer(["MaxHeight"]),
    displayWidth: read.integer(["DisplayWidth"]),
    displayHeight: read.integer(["DisplayHeight"]),
    levels: childrenNamed(element, "QualityLevel")
      .map((level, index) => readLevel(level, index, at)),
    fragments: readFragmentTimes(childrenNamed(element, "c"), MAX_FRAGMENTS),
  };
}

function checkTotal(count: number): void {
  if (count > MAX_FRAGMENTS_IN_ALL) {
    throw new ManifestSyntaxError(
      `Cannot read the fragments of the client manifest as there must be at most ${MAX_FRAGMENTS_IN_ALL}: current value is ${count} or more`,
    );
  }
}

function readStreams(root: XmlElement, timescale: number): StreamIndex[] {
  let count = 0;
  return childrenNamed(root, "StreamIndex").map((element, index) => {
    const stream = readStream(element, `StreamIndex ${index + 1}`, timescale);
    count += stream.fragments.length;
    checkTotal(count);
    return stream;
  });
}

function readProtection(root: XmlElement): Protection[] | undefined {
  const headers = findElements(childrenNamed(root, "Protection"), ["ProtectionHeader"]);
  if (headers.length === 0) return undefined;
  return headers.map((element) => ({
    systemId: (attributeOf(element, "SystemID") ?? "").replace(/[{}]/g, "").toLowerCase(),
    text: element.text.replace(/\s/g, ""),
  }));
}

function checkRoot(root: XmlElement): void {
  if (isNamed(root, "SmoothStreamingMedia")) return;
  const reason = isNamed(root, "smil")
    ? "it is a server manifest (.ism)"
    : 'its root element must be "SmoothStreamingMedia"';
  throw new ManifestSyntaxError(
    `Cannot read the document as a client manifest (.ismc) as ${reason}: current value is ${
      quoted(root.name)
    }`,
  );
}

/**
 * Parses a client manifest of any known writer, version 1 included. Its counts of fragments and levels are not trusted.
 *
 * @throws {ManifestSyntaxError} If it is not well-formed XML, not a client manifest, has a number or time that is none,
 * or more fragments than {@linkcode MAX_FRAGMENTS} in one `StreamIndex`.
 */
export function parseClientManifest(text: string): ClientManifest {
  const root = parseXml(text);
  checkRoot(root);
  const read = new AttributeReader(root, "SmoothStreamingMedia");
  const timescale = read.integer(["TimeScale"], TIMESCALE_BOUNDS) ?? DEFAULT_TIMESCALE;
  return {
    majorVersion: read.integer(["MajorVersion"]) ?? 2,
    minorVersion: read.integer(["MinorVersion"]) ?? 0,
    timescale,
    duration: read.duration("Duration") ?? 0n,
    isLive: parseFlag(read.text("IsLive")),
    lookaheadCount: read.integer(["LookaheadCount", "LookAheadFragmentCount"]),
    dvrWindowLength: read.duration("DVRWindowLength"),
    protection: readProtection(root),
    streams: readStreams(root, timescale),
  };
}

/**
 * Finds the `StreamIndex` that belongs to a track of a server manifest.
 *
 * @param trackName Compared with the name without regard to letter case. Without one, the stream with the default name of
 * its type is found, or else the only one of that type.
 */
export function findStream(
  manifest: ClientManifest,
  trackName: string | undefined,
  kind: TrackKind,
): StreamIndex | undefined {
  const type = kind === "textstream" ? "text" : kind;
  const candidates = manifest.streams.filter((stream) => stream.type === type);
  const wanted = (trackName ?? type).toLowerCase();
  const found = candidates.find((stream) => stream.name.toLowerCase() === wanted);
  const isDefault = trackName === undefined || wanted === kind;
  return found ?? (isDefault && candidates.length === 1 ? candidates[0] : undefined);
}

/** Finds the level with a bitrate; the only level there is counts for every bitrate. */
export function findLevel(stream: StreamIndex, bitrate: number): QualityLevel | undefined {
  const { levels } = stream;
  return levels.find((level) => level.bitrate === bitrate) ??
    (levels.length === 1 ? levels[0] : undefined);
}
