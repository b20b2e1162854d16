import type { IndexInspection, MediaInspection } from "./inspection.ts";
import type { ReadHeader } from "./media_header.ts";
import type { OddityKind } from "./oddity_log.ts";
import type { TrackLog } from "./track_log.ts";
import type { MfraIndex } from "../mp4/mfra.ts";

/** Takes down an oddity of one file; of those with one kind and scope the first one's text stays. */
export type NoteOddity = (
  kind: OddityKind,
  offset: number | undefined,
  text: string,
  scope?: string | number,
) => void;

/** Looks for what does not fit together within header boxes. */
export function checkHeader(
  { inspection, tracks, liveTracks }: ReadHeader,
  note: NoteOddity,
): void {
  const { liveManifest, moov } = inspection;
  const seen = new Set<number>();
  for (const { trackId, editShift } of tracks) {
    if (seen.has(trackId)) {
      note("name-used-twice", moov!.offset, `Two tracks in moov have the ID ${trackId}`, trackId);
    }
    seen.add(trackId);
    if (editShift !== 0n) {
      const text = `Track ${trackId} has an edit list that moves its times by ${-editShift} ticks`;
      note("edit-list", moov!.offset, text, trackId);
    }
  }
  if (!liveManifest || !moov) return;
  const { offset } = liveManifest;
  for (const { trackId, timescale } of liveTracks) {
    const track = tracks.find((it) => it.trackId === trackId);
    if (!track) {
      const text = `The Live Server Manifest lists track ${trackId}, which is not in moov`;
      note("live-manifest", offset, text, trackId);
    } else if (track.timescale !== timescale) {
      const text =
        `The Live Server Manifest gives track ${trackId} ${timescale} ticks per second, moov ${track.timescale}`;
      note("timescale", offset, text, trackId);
    }
  }
  for (const { trackId } of tracks) {
    if (liveTracks.some((it) => it.trackId === trackId)) continue;
    note(
      "unlisted-track",
      offset,
      `The Live Server Manifest does not list track ${trackId}`,
      trackId,
    );
  }
}

function hasFragments({ tracks }: MediaInspection): boolean {
  return tracks.some(({ summary }) => summary);
}

/** Whether a file holds media, or a place for it, but no fragments and nothing that announces some. */
export function isProgressiveMp4(media: MediaInspection): boolean {
  const moov = media.headers[0]?.moov;
  const hasPayload = media.boxes.some(({ type }) => type === "mdat");
  return moov !== undefined && !hasFragments(media) && !media.boxes.some(isMoof) &&
    (hasPayload || !moov.isFragmented);
}

function isMoof({ type }: { readonly type: string }): boolean {
  return type === "moof";
}

/** Looks for boxes that are missing in a file as a whole. */
export function checkBoxes(media: MediaInspection, note: NoteOddity): void {
  const first = media.headers[0];
  const moov = first?.moov;
  const isFragmented = hasFragments(media);
  if (isProgressiveMp4(media)) {
    const hasPayload = media.boxes.some(({ type }) => type === "mdat");
    const text = hasPayload
      ? "This is a progressive MP4: it has no fragments (moof boxes) and cannot be pushed; make it a fragmented one first"
      : "This MP4 has neither fragments (moof boxes) nor an mvex box that would announce some";
    note("not-fragmented", moov!.offset, text);
  } else if (moov && !isFragmented) {
    note("no-fragments", undefined, "There are header boxes alone, no fragments");
  }
  if (moov && isFragmented && !moov.isFragmented) {
    const text = "There is no moov/mvex box, although there are fragments";
    note("not-fragmented", moov.offset, text);
  }
  if (!moov && isFragmented) {
    note("no-moov", 0, "There is no moov box: nothing tells codecs and timescales");
  }
  if (moov && !first?.ftyp) note("no-ftyp", 0, "There is no ftyp box");
  for (const { trackId, summary } of media.tracks) {
    if (summary || !isFragmented) continue;
    note("track-without-fragments", undefined, `Track ${trackId} has no fragments`, trackId);
  }
}

/** Looks for the index that a file ends with, or the end of stream that a captured body ends with. */
export function checkEnd(media: MediaInspection, hasEndOfStream: boolean, note: NoteOddity): void {
  const { headers, boxes, index, requestCount } = media;
  // CMAF has neither.
  const isSegment = boxes.some(({ type }) => type === "styp") ||
    headers.some(({ ftyp }) => ftyp?.compatibleBrands.some((brand) => /^cm[f-]/.test(brand)));
  if (!hasFragments(media) || headers.length === 0 || isSegment || index || hasEndOfStream) return;
  if (requestCount > 1 || headers.some(({ liveManifest }) => liveManifest)) {
    const text = "There is no end of stream (an empty mfra box) at the end";
    note("no-end-of-stream", undefined, text);
  } else {
    note("no-index", undefined, "There is no index (mfra box) at the end");
  }
}

/** Compares the index at the end of a file with its fragments. */
export function checkIndex(
  index: IndexInspection,
  logs: readonly TrackLog[],
  mfra: MfraIndex | undefined,
  note: NoteOddity,
): void {
  for (const { table } of logs) {
    const { trackId } = table;
    if (table.length === 0) continue;
    const listed = mfra?.tracks.find((it) => it.trackId === trackId)?.entries;
    let found = 0;
    for (let n = 0; n < table.length; n++) {
      const { moofOffset, start } = table.at(n)!;
      const time = listed?.timeOf(moofOffset);
      if (time === undefined) continue;
      found++;
      if (time === start) continue;
      const text =
        `Fragment ${n} of track ${trackId} starts at ${start}, at ${time} by the index (ticks)`;
      note("index-times", moofOffset, text, trackId);
    }
    const strays = (listed?.countMoofs() ?? 0) - found;
    if (found === table.length && strays === 0) continue;
    const text = `The index has entries for ${found} of the ${table.length} fragments of track ` +
      `${trackId}${strays > 0 ? `, and ${strays} that point at none` : ""}`;
    note("index-entries", index.offset, text, trackId);
  }
}
