import { failOver } from "./attribute_value.ts";
import { metaContent, parseSmil } from "./smil.ts";
import { readSmilTracks, type SmilTrack } from "./smil_track.ts";

/** One track of an on-demand presentation. */
export interface ServerTrack extends SmilTrack {
  /** The media file, relative to the manifest. One file may hold several tracks. */
  readonly src: string;
}

/** An on-demand server manifest (`.ism`): which tracks a presentation has and which files hold them. */
export interface ServerManifest {
  /** The client manifest (`.ismc`), relative to this one. */
  readonly clientManifestPath?: string;
  readonly tracks: readonly ServerTrack[];
}

const SUBJECT = "server manifest (.ism)";

/**
 * Parses an on-demand server manifest (IIS Smooth Streaming Server Manifest (On-Demand)) of any known writer.
 * A client manifest (`.ismc`) given by mistake is named in the message.
 *
 * @throws {ManifestSyntaxError} If it is not well-formed XML, not SMIL, lists no track, or a track lacks its file or its
 * `trackID`, or has a number that is none.
 *
 * @example
 * ```ts
 * const { tracks } = parseServerManifest(decodeXml(bytes));
 * console.log(tracks.map(({ src, trackId }) => `${src}#${trackId}`));
 * ```
 */
export function parseServerManifest(text: string): ServerManifest {
  const smil = parseSmil(text, SUBJECT);
  return {
    clientManifestPath: metaContent(smil.metas, "clientManifestRelativePath"),
    tracks: readSmilTracks(smil, SUBJECT).map(({ src, ...track }, index) => ({
      ...track,
      src: src ?? failOver(`src of track ${index + 1}`, "the path of a file", src),
    })),
  };
}
