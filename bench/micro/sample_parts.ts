import type { LiveTrack } from "../../lib/manifest/live_track.ts";
import type { Timeline } from "../../lib/time.ts";
import type { Fragment, StreamHeader, StreamPart } from "../../lib/part.ts";
import { fileURLToPath } from "node:url";
import { readableFrom } from "../../lib/readable.ts";
import { Presentation } from "../../lib/source/presentation.ts";
import { streamSource } from "../../lib/source/stream_source.ts";

const SAMPLE = fileURLToPath(new URL("../../testdata/sample.ism", import.meta.url));

/** A header and a fragment of one video track, and what goes with them. */
export interface SampleParts {
  readonly timeline: Timeline;
  readonly live: LiveTrack;
  readonly header: StreamHeader;
  /** Its payload is in memory. */
  readonly fragment: Fragment;
  readonly moov: Uint8Array;
}

/** Reads the sample. */
export async function readSampleParts(): Promise<SampleParts> {
  const presentation = await Presentation.open(SAMPLE);
  try {
    const timeline = await presentation.timeline();
    const { file, live } = presentation.wantedTracks.find((it) => it.live.kind === "video")!;
    const parts: StreamPart[] = [];
    for await (const part of streamSource({ file, trackIds: [live.trackId] })) parts.push(part);
    const header = parts.find((part): part is StreamHeader => part.type === "header")!;
    const first = parts.find((part): part is Fragment => part.type === "fragment")!;
    const bytes = new Uint8Array(first.payload.size);
    const payload = { size: bytes.length, read: () => readableFrom([bytes]) };
    const fragment = { ...first, payload };
    return { timeline, live, header, fragment, moov: file.boxes.moov };
  } finally {
    await presentation.close();
  }
}
