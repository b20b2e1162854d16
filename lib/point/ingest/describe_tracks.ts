import type { LiveTrack } from "../../manifest/live_track.ts";
import type { SmilTrack } from "../../manifest/smil_track.ts";
import { ManifestSyntaxError } from "../../errors.ts";
import { liveTrack } from "../../manifest/live_track.ts";
import { mediaFacts, mediaTrack } from "../../manifest/media_facts.ts";
import { parseSmil } from "../../manifest/smil.ts";
import { readSmilTracks } from "../../manifest/smil_track.ts";
import { decodeXml } from "../../manifest/xml.ts";
import { readBoxHeader, viewOf } from "../../mp4/box.ts";
import { readManifestBox } from "../../mp4/manifest_box.ts";
import { readMoov } from "../../mp4/moov.ts";
import { LIVE_SERVER_MANIFEST } from "../../mp4/uuid.ts";

const SUBJECT = "Live Server Manifest";

/**
 * Puts together what the header boxes of a stream say of its tracks: the Live Server Manifest first, then `moov`, whose
 * timescales count in any case. A manifest that cannot be read is none.
 *
 * @param boxes Whole boxes, `moov` last.
 * @throws {Mp4SyntaxError} If `moov` cannot be read.
 */
export function describeTracks(boxes: readonly Uint8Array[]): LiveTrack[] {
  const listed = readListed(boxes);
  return readMoov(boxes.at(-1)!, 0).tracks.map((track) => {
    const server = listed.find(({ trackId }) => trackId === track.trackId);
    const described = server && describe(server, track);
    return { ...(described ?? mediaTrack(track)), timescale: track.timescale };
  });
}

function describe(
  server: SmilTrack,
  track: Parameters<typeof mediaFacts>[0],
): LiveTrack | undefined {
  try {
    return liveTrack({ server, media: mediaFacts(track) });
  } catch (error) {
    if (error instanceof ManifestSyntaxError) return undefined;
    throw error;
  }
}

function readListed(boxes: readonly Uint8Array[]): readonly SmilTrack[] {
  const box = boxes.find((it) => readBoxHeader(it, 0)?.userType === LIVE_SERVER_MANIFEST);
  if (!box) return [];
  try {
    return readSmilTracks(parseSmil(decodeXml(readManifestBox(viewOf(box))), SUBJECT), SUBJECT);
  } catch (error) {
    if (error instanceof ManifestSyntaxError || error instanceof RangeError) return [];
    throw error;
  }
}
