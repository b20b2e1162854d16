import type { LiveTrack } from "../manifest/live_track.ts";
import type { Presentation, ReadableTrack } from "./presentation.ts";
import type { MediaFile } from "./media_file.ts";

/** What one POST carries: one track (as it is by default), or all tracks of one file (as PushEncoder did). */
export type Grouping = "track" | "file";

/** One stream of a push. */
export interface StreamPlan {
  /** Place among the streams of this push, from 0. */
  readonly number: number;
  readonly file: MediaFile;
  /** The tracks that it carries, in the order of the manifest. */
  readonly tracks: readonly LiveTrack[];
  /** Whether it holds no request open, as its fragments come only now and then. */
  readonly isSparse: boolean;
  /** Name of the track whose fragments those of a sparse stream go with. */
  readonly parentTrackName: string | undefined;
}

/**
 * Divides the wanted tracks of a presentation among streams, numbered in the order of its manifest. A sparse track is
 * always a stream of its own.
 */
export function planStreams(presentation: Presentation, group: Grouping = "track"): StreamPlan[] {
  const groups: ReadableTrack[][] = [];
  for (const track of presentation.wantedTracks) {
    const joined = group === "file" && !track.isSparse &&
      groups.find(([first]) => first!.location === track.location && !first!.isSparse);
    if (joined) joined.push(track);
    else groups.push([track]);
  }
  return groups.map((tracks, number) => ({
    number,
    file: tracks[0]!.file,
    tracks: tracks.map(({ live }) => live),
    isSparse: tracks[0]!.isSparse,
    parentTrackName: tracks[0]!.live.parentTrackName,
  }));
}
