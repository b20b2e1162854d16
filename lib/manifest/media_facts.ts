import type { Track } from "../mp4/moov.ts";
import { type LiveTrack, liveTrack, type MediaFacts } from "./live_track.ts";
import type { TrackKind } from "./smil_track.ts";

const CODEC_FIELDS = [
  "fourCC",
  "codecPrivateData",
  "width",
  "height",
  "channels",
  "samplingRate",
  "bitsPerSample",
] as const;

/** What a track of a `moov` box says, in the words of the manifests. */
export function mediaFacts({ timescale, handler, language, codec }: Track): MediaFacts {
  const known = CODEC_FIELDS.filter((field) => codec?.[field] !== undefined);
  const fields = Object.fromEntries(known.map((field) => [field, codec![field]]));
  return { timescale, handler, language, ...fields };
}

const KINDS: Readonly<Record<string, TrackKind>> = { vide: "video", soun: "audio" };

/**
 * Describes a track by its `moov` box alone, where there is no server manifest.
 *
 * @param systemBitrate In bits per second; `moov` does not tell.
 */
export function mediaTrack(track: Track, systemBitrate = 0): LiveTrack {
  const kind = KINDS[track.handler] ?? "textstream";
  const server = {
    kind,
    systemBitrate,
    trackId: track.trackId,
    manifestOutput: false,
    params: [],
  };
  return liveTrack({ server, media: mediaFacts(track) });
}
