import type { PartStep, StreamHeader, StreamPart } from "../part.ts";
import { boxType } from "../mp4/box.ts";
import { LIVE_FTYP, writeFtyp } from "../mp4/ftyp.ts";
import { writeLiveServerManifestBox, writeStreamManifestBox } from "../mp4/manifest_box.ts";
import { writeEndOfStream } from "../mp4/mfra.ts";
import { readMoov } from "../mp4/moov.ts";
import { formatLiveServerManifest } from "../manifest/live_server_manifest.ts";
import { mediaTrack } from "../manifest/media_facts.ts";

/** Options for {@linkcode HeaderStream}. */
export interface HeaderStreamOptions {
  /**
   * The document of the Live Server Manifest box; `false` for none.
   *
   * @default {the one that the `moov` box gives}
   */
  manifest?: string | false;
  /** The document of a Stream Manifest box, which stands behind `ftyp` (MS-SSTR 2.2.7.2); bytes go out as they are. */
  streamManifest?: string | Uint8Array;
  /** Leaves `ftyp` and `moov` out. */
  noHeader?: boolean;
  /** Leaves the end of stream out; the request still ends. */
  noEndOfStream?: boolean;
}

/**
 * The header and end-of-stream injector: makes the header boxes of a live stream (MS-SSTR 2.2.7: `ftyp`, a Stream Manifest
 * if there is one, a Live Server Manifest, `moov`) and gives the end its empty `mfra` (3.3.4.2).
 *
 * @example
 * ```ts
 * const stream = live.pipeThrough(new HeaderStream({ manifest: formatLiveServerManifest(tracks) }));
 * ```
 */
export class HeaderStream extends TransformStream<StreamPart, StreamPart> {
  constructor(options: HeaderStreamOptions = {}) {
    const step = headerStep(options);
    super({
      transform(part, controller) {
        controller.enqueue(step(part)!);
      },
    });
  }
}

/** What stands behind {@linkcode HeaderStream}, for those who have no streams; it leaves nothing out. */
export function headerStep(options: HeaderStreamOptions = {}): PartStep {
  const endBoxes = options.noEndOfStream ? [] : [writeEndOfStream()];
  return (part) => {
    if (part.type === "header") return liveHeader(part, options);
    return part.type === "end" ? { ...part, boxes: endBoxes } : part;
  };
}

function liveHeader(header: StreamHeader, options: HeaderStreamOptions): StreamHeader {
  const { manifest, streamManifest, noHeader } = options;
  const boxes: Uint8Array[] = [];
  const moov = header.boxes.find((box) => boxType(box) === "moov");
  if (!noHeader) {
    boxes.push(header.boxes.find((box) => boxType(box) === "ftyp") ?? writeFtyp(LIVE_FTYP));
  }
  if (streamManifest !== undefined) boxes.push(writeStreamManifestBox(streamManifest));
  if (manifest !== false) {
    boxes.push(writeLiveServerManifestBox(manifest ?? manifestOf(moov)));
  }
  if (!noHeader && moov) boxes.push(moov);
  return { ...header, boxes };
}

/** Without a server manifest, the codecs are what `moov` says; of the bitrate it says nothing. */
function manifestOf(moov: Uint8Array | undefined): string {
  const tracks = moov ? readMoov(moov, 0).tracks : [];
  return formatLiveServerManifest(tracks.map((track) => mediaTrack(track)));
}
