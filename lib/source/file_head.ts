import type { Track } from "../mp4/moov.ts";
import type { BoxWindow, TopBox } from "./box_window.ts";
import { Mp4SyntaxError } from "../errors.ts";
import { printable } from "../mp4/box.ts";
import { readMoov } from "../mp4/moov.ts";
import { LIVE_SERVER_MANIFEST, STREAM_MANIFESTS } from "../mp4/uuid.ts";
import { MAX_PASSED_BOXES, openEnd, tooManyBoxes } from "./box_walk.ts";

/** Something at the top level of a file that a live stream does not take over. */
export interface FileBoxes {
  readonly ftyp: Uint8Array | undefined;
  readonly moov: Uint8Array;
  /** A Live Server Manifest box, as archives and captured bodies have one. */
  readonly liveServerManifest: Uint8Array | undefined;
  /** A Stream Manifest box. */
  readonly streamManifest: Uint8Array | undefined;
}

/**
 * Reads everything up to the first fragment.
 *
 * @throws {Mp4SyntaxError} If it is no fragmented MP4.
 */
export async function readHead(
  window: BoxWindow,
  signal: AbortSignal | undefined,
): Promise<{ boxes: FileBoxes; tracks: readonly Track[]; end: number }> {
  const found: { -readonly [K in keyof FileBoxes]?: FileBoxes[K] } = {};
  let moovOffset = 0;
  let box = await window.header(0, signal);
  if (box && !/^[\x20-\x7e\xa9]{4}$/.test(box.type)) throw notMp4(box);
  let hasPayload = false;
  let passed = 0;
  for (; box && !isPastHead(box); box = await window.header(box.end, signal)) {
    if (++passed > MAX_PASSED_BOXES) throw tooManyBoxes(box.offset);
    if (box.size === 0 && box.type !== "mdat") throw openEnd(box);
    if (box.type === "ftyp") found.ftyp = await window.box(box, undefined, signal);
    else if (box.type === "moov" && !found.moov) {
      found.moov = await window.box(box, undefined, signal);
      moovOffset = box.offset;
    } else if (box.userType === LIVE_SERVER_MANIFEST) {
      found.liveServerManifest = await window.box(box, undefined, signal);
    } else if (box.userType && STREAM_MANIFESTS.includes(box.userType)) {
      found.streamManifest = await window.box(box, undefined, signal);
    } else if (box.type === "mdat") hasPayload = true;
  }
  const { moov } = found;
  if (!moov) throw noMoov(box, hasPayload);
  const { tracks, isFragmented } = readMoov(moov, moovOffset);
  const hasFragments = box?.type === "moof";
  if (!hasFragments && (hasPayload || !isFragmented)) throw progressive(moovOffset);
  return {
    boxes: {
      ftyp: found.ftyp,
      moov,
      liveServerManifest: found.liveServerManifest,
      streamManifest: found.streamManifest,
    },
    tracks,
    end: box?.offset ?? Infinity,
  };
}

function isPastHead({ type }: TopBox): boolean {
  return type === "moof" || type === "mfra";
}

function notMp4({ type, offset }: TopBox): Mp4SyntaxError {
  return new Mp4SyntaxError(
    `Cannot read it as a fragmented MP4 must start with a box, such as "ftyp": current value is "${
      printable(type)
    }"`,
    offset,
  );
}

function noMoov(box: TopBox | undefined, hasPayload: boolean): Mp4SyntaxError {
  const found = box
    ? `a "${box.type}" box`
    : hasPayload
    ? 'an "mdat" box alone'
    : "the end of the file";
  return new Mp4SyntaxError(
    `Cannot read it as a fragmented MP4 must have "moov" in front of its fragments: current value is ${found}`,
    box?.offset ?? 0,
  );
}

function progressive(moovOffset: number): Mp4SyntaxError {
  return new Mp4SyntaxError(
    'Cannot push it as it must have fragments ("moof" boxes): current value is a progressive MP4, which has none; make it a fragmented one first',
    moovOffset,
  );
}
