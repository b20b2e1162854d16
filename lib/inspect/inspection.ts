import type { ClientManifest, StreamIndex } from "../manifest/client_manifest.ts";
import type { LiveServerManifest } from "../manifest/live_server_manifest.ts";
import type { PublishingPointFile } from "../manifest/publishing_point_file.ts";
import type { SmilMeta } from "../manifest/smil.ts";
import type { SmilTrack } from "../manifest/smil_track.ts";
import type { StreamReference } from "../manifest/stream_manifest.ts";
import type { CodecFacts } from "../mp4/codec.ts";
import type { Ftyp } from "../mp4/ftyp.ts";
import type { TimeSource } from "../mp4/track_times.ts";
import type { Oddity } from "./oddity_log.ts";

/** What an input turned out to be, told by its content. */
export type InspectionKind =
  /** A server manifest (`.ism`) with its client manifest and media files. */
  | "presentation"
  /** A client manifest (`.ismc`). */
  | "client-manifest"
  /** The document of a Live Server Manifest box. */
  | "live-manifest"
  /** The document of a Stream Manifest box. */
  | "stream-manifest"
  /** A publishing point file (`.isml`). */
  | "publishing-point"
  /** Boxes: a media file, or what one or more requests carried. */
  | "media";

/** How the text of a manifest is stored. */
export interface DocumentFacts {
  /** In bytes. */
  readonly size: number;
  readonly encoding: "UTF-8" | "UTF-16LE" | "UTF-16BE";
  readonly hasByteOrderMark: boolean;
}

/** A server manifest. */
export interface ServerInspection {
  readonly document: DocumentFacts;
  readonly metas: readonly SmilMeta[];
  readonly clientManifestPath?: string | undefined;
  readonly tracks: readonly SmilTrack[];
}

/** Number, times and lengths of fragments that follow one another, in ticks. */
export interface SpanFacts {
  readonly count: number;
  /** Start of the first one. */
  readonly start: bigint;
  /** End of the last one. */
  readonly end: bigint;
  /** Sum of the durations. */
  readonly duration: bigint;
  readonly minDuration: bigint;
  readonly averageDuration: bigint;
  readonly maxDuration: bigint;
}

/** One `StreamIndex` of a client manifest. */
export interface StreamInspection extends Omit<StreamIndex, "fragments"> {
  /** What `Chunks` says. */
  readonly declaredFragments?: number | undefined;
  /** What `QualityLevels` says. */
  readonly declaredLevels?: number | undefined;
  /** Number of `c` elements. */
  readonly entries: number;
  /** `undefined` where no fragment is listed. */
  readonly span: SpanFacts | undefined;
  /** The first ones, as many as were asked for. */
  readonly fragments: readonly { readonly start: bigint; readonly duration: bigint }[];
}

/** A client manifest. */
export interface ClientInspection extends Omit<ClientManifest, "streams"> {
  readonly location: string;
  readonly document: DocumentFacts;
  readonly streams: readonly StreamInspection[];
}

/** Boxes of one type at the top level of a file. */
export interface BoxSummary {
  readonly type: string;
  /** 32 hex digits, of a `uuid` box. */
  readonly userType?: string | undefined;
  /** What the `uuid` box is. */
  readonly name?: string | undefined;
  readonly count: number;
  /** Of all of them together. */
  readonly bytes: number;
  /** Where the first one starts. */
  readonly offset: number;
}

/** Where a box lies, in bytes from the start of the file. */
export interface BoxPlace {
  readonly offset: number;
  readonly size: number;
}

/** A Live Server Manifest box. */
export interface LiveManifestInspection extends BoxPlace, LiveServerManifest {
  /** Version of the box. */
  readonly version: number;
  readonly document: DocumentFacts;
}

/** A Stream Manifest box. */
export interface StreamManifestInspection extends BoxPlace {
  /** 32 hex digits: three spellings are in use. */
  readonly userType: string;
  readonly version: number;
  readonly document: DocumentFacts;
  readonly streams: readonly StreamReference[];
}

/** The boxes in front of fragments; what is missing or cannot be read is `undefined`. */
export interface HeaderInspection extends BoxPlace {
  readonly ftyp: (Ftyp & BoxPlace) | undefined;
  readonly liveManifest: LiveManifestInspection | undefined;
  readonly streamManifest: StreamManifestInspection | undefined;
  readonly moov: (BoxPlace & { readonly isFragmented: boolean }) | undefined;
}

/** A bitstream with a header of its own: a file is one, a captured body may join several requests. */
export interface RequestInspection {
  /** Position in the file, from 0. */
  readonly index: number;
  readonly offset: number;
  /** Position in `headers`; the same for equal bytes. `undefined` where there are no header boxes. */
  readonly header: number | undefined;
  readonly fragments: number;
  /** The box that says that the stream ends; `lmsg` is a brand of `styp`. */
  readonly endOfStream?: (BoxPlace & { readonly by: "mfra" | "lmsg" }) | undefined;
}

/** The index at the end of a file. */
export interface IndexInspection extends BoxPlace {
  readonly tracks: readonly { readonly trackId: number; readonly entries: number }[];
}

/** One fragment of one track. Times are in ticks of the track, places in bytes from the start of the file. */
export interface FragmentInspection {
  /** Position in its track, from 0. */
  readonly index: number;
  /** `index` of its request. */
  readonly request: number;
  readonly start: bigint;
  /** Where `start` was taken from. */
  readonly startFrom: TimeSource;
  readonly duration: bigint;
  readonly samples: number;
  /** From `mfhd`. */
  readonly sequence: number;
  readonly moofOffset: number;
  readonly moofSize: number;
  /** `undefined`, as the size is, where no `mdat` follows. */
  readonly mdatOffset: number | undefined;
  readonly mdatSize: number | undefined;
  readonly tfxd?: { readonly version: number; readonly time: bigint; readonly duration: bigint };
  /** `baseMediaDecodeTime` as it stands. */
  readonly tfdt?: bigint;
  readonly tfrf?: readonly { readonly time: bigint; readonly duration: bigint }[];
}

/** All fragments of a track in numbers. */
export interface TrackSummary extends SpanFacts {
  readonly samples: number;
  /** Sum of the `mdat` payloads, in bytes. */
  readonly bytes: number;
  /** Of one payload, in bytes. */
  readonly minBytes: number;
  readonly averageBytes: number;
  readonly maxBytes: number;
  /** Measured, in bits per second; `undefined` without a timescale or a duration. */
  readonly bitrate: number | undefined;
  /** How many starts were taken from where. */
  readonly startsFrom: Readonly<Partial<Record<TimeSource, number>>>;
  /** How many have a TfxdBox, by version. */
  readonly tfxdVersions: Readonly<Record<string, number>>;
  readonly tfdtCount: number;
  readonly tfrfCount: number;
}

/** One track of a file. */
export interface TrackInspection {
  /** Position in `headers`; `undefined` where no header describes the track. */
  readonly header: number | undefined;
  readonly trackId: number;
  /** Ticks per second; `undefined` where nothing tells. */
  readonly timescale: number | undefined;
  readonly handler?: string | undefined;
  readonly language?: string | undefined;
  readonly codec?: CodecFacts | undefined;
  /** What `trex` says of every sample. */
  readonly defaults?: { readonly duration: number; readonly size: number } | undefined;
  /** What the edit list takes off decode times, in ticks. */
  readonly editShift?: bigint | undefined;
  /** `undefined` where there are no fragments. */
  readonly summary: TrackSummary | undefined;
  /** The first ones, as many as were asked for. */
  readonly fragments: readonly FragmentInspection[];
  /** The last one, where `fragments` does not reach so far. */
  readonly last?: FragmentInspection | undefined;
}

/** A media file or a captured body. */
export interface MediaInspection {
  readonly location: string;
  /** In bytes. */
  readonly size: number;
  /** What lies side by side in the file, by type, in order of first appearance. */
  readonly boxes: readonly BoxSummary[];
  /** Each different one once. */
  readonly headers: readonly HeaderInspection[];
  /** The first hundred, and the last one. */
  readonly requests: readonly RequestInspection[];
  readonly requestCount: number;
  readonly index: IndexInspection | undefined;
  readonly tracks: readonly TrackInspection[];
}

/** What is in an input. Plain data: nothing in it is open or refers to a file that is. */
export interface Inspection {
  /** Path or URL, without credentials. */
  readonly input: string;
  readonly kind: InspectionKind;
  readonly server?: ServerInspection;
  readonly client?: ClientInspection | undefined;
  readonly live?: LiveServerManifest & { readonly document: DocumentFacts };
  readonly streams?: readonly StreamReference[];
  readonly point?: PublishingPointFile & { readonly document: DocumentFacts };
  /** In the order in which the server manifest names them. */
  readonly files: readonly MediaInspection[];
  readonly oddities: readonly Oddity[];
  /** What could not be read, or would keep the input from being pushed. */
  readonly errors: readonly string[];
}
