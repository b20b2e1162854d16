import { ManifestSyntaxError } from "../errors.ts";
import { MAX_UINT32, parseFlag, parseInteger, parseOptionalInteger } from "./attribute_value.ts";
import type { Smil } from "./smil.ts";
import { attributeOf, childrenNamed, findElements, type XmlElement } from "./xml.ts";

/** What a track holds: the name of its element in a server manifest. */
export type TrackKind = "video" | "audio" | "textstream";

/** A `param` element of a track, or a custom attribute of a quality level. */
export interface Param {
  readonly name: string;
  readonly value: string;
}

/** A track as both kinds of server manifest list it (MS-SSTR 2.2.7). */
export interface SmilTrack {
  readonly kind: TrackKind;
  /** On demand: the media file, relative to the manifest. Live: the same for all tracks of one stream. */
  readonly src?: string;
  /** In bits per second. */
  readonly systemBitrate: number;
  /** RFC 1766 language tag. */
  readonly systemLanguage?: string;
  /** `track_ID` of `tkhd` and `tfhd`. */
  readonly trackId: number;
  readonly trackName?: string;
  /** Ticks per second. */
  readonly timescale?: number;
  /** Name of the parent track, which makes this one a sparse track. */
  readonly parentTrackName?: string;
  /** Whether the data of the track goes into the client manifest. */
  readonly manifestOutput: boolean;
  /** The other params, in order. */
  readonly params: readonly Param[];
}

const KINDS: readonly TrackKind[] = ["video", "audio", "textstream"];

/** The params that have a field of their own in {@linkcode SmilTrack}, in lower case. */
const OWN_PARAMS = new Set([
  "trackid",
  "trackname",
  "timescale",
  "parenttrackname",
  "manifestoutput",
  "systembitrate",
  "systemlanguage",
]);

/** The value of the first of `names` that is there and not blank; names in any letter case. */
export function paramValue(
  params: readonly Param[],
  ...names: readonly string[]
): string | undefined {
  for (const name of names) {
    const wanted = name.toLowerCase();
    const value = params.find((param) => param.name.toLowerCase() === wanted)?.value.trim();
    if (value) return value;
  }
  return undefined;
}

function readParam(element: XmlElement): Param[] {
  const name = attributeOf(element, "name");
  return name === undefined ? [] : [{ name, value: element.attribute("value") ?? "" }];
}

function readBitrate(element: XmlElement, kind: TrackKind, params: readonly Param[], at: string) {
  const given = attributeOf(element, "systemBitrate") ?? paramValue(params, "systemBitrate");
  // Writers leave it out where it says nothing: a sparse text track has no bitrate to speak of.
  return parseInteger(given ?? (kind === "textstream" ? "0" : undefined), `systemBitrate of ${at}`);
}

function readTrack(element: XmlElement, number: number): SmilTrack {
  const at = `track ${number}`;
  const kind = KINDS.find((name) => name === element.name.toLowerCase())!;
  const params = childrenNamed(element, "param").flatMap(readParam);
  const param = (name: string) => paramValue(params, name);
  return {
    kind,
    src: attributeOf(element, "src"),
    systemBitrate: readBitrate(element, kind, params, at),
    systemLanguage: attributeOf(element, "systemLanguage") ?? param("systemLanguage"),
    trackId: parseInteger(param("trackID"), `trackID of ${at}`, { min: 1, max: MAX_UINT32 }),
    trackName: param("trackName"),
    timescale: parseOptionalInteger(param("timescale"), `timescale of ${at}`, {
      min: 1,
      max: MAX_UINT32,
    }),
    parentTrackName: param("parentTrackName"),
    manifestOutput: parseFlag(param("manifestOutput")),
    params: params.filter(({ name }) => !OWN_PARAMS.has(name.toLowerCase())),
  };
}

/**
 * Reads the tracks of a server manifest, in order. Names are compared without regard to letter case.
 *
 * @param subject What the document is, for the message.
 * @throws {ManifestSyntaxError} If there is no track, or a track lacks its `trackID` or has a value that is none.
 */
export function readSmilTracks(smil: Smil, subject: string): SmilTrack[] {
  const elements = findElements(smil.body, KINDS);
  if (elements.length === 0) {
    throw new ManifestSyntaxError(
      `Cannot read the document as a ${subject} as it must list a video, audio or textstream track: current value is 0 tracks`,
    );
  }
  return elements.map((element, index) => readTrack(element, index + 1));
}
