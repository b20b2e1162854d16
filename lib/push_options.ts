import type { Header } from "./ingest/default_headers.ts";
import type { Clock } from "./clock.ts";
import type { AuthScheme } from "./ingest/authorization.ts";
import type { ResendOptions } from "./ingest/resend_window.ts";
import type { RetryOptions } from "./ingest/retry_policy.ts";
import type { TlsOptions, Transport } from "./ingest/transport.ts";
import type { UploaderOptions } from "./ingest/uploader_options.ts";
import type { PartStep, StreamPart } from "./part.ts";
import type { PushEvent } from "./push_event.ts";
import type { BufferPool } from "./source/buffer_pool.ts";
import type { Presentation } from "./source/presentation.ts";
import type { Grouping } from "./source/stream_plan.ts";
import type { LatePolicy, SendAt } from "./stages/pace_stream.ts";
import type { Rational } from "./time.ts";

/** A publishing point and who pushes to it. */
export interface PublishingPoint {
  /** Such as `http://server/live.isml`, without credentials. */
  readonly url: string;
  readonly user?: string | undefined;
  readonly password?: string | undefined;
  /** A token in place of user and password. */
  readonly bearer?: string | undefined;
}

/** Where the empty POST goes: to the ingest URL, to the bare publishing point, or nowhere. */
export type ProbeTarget = "ingest" | "point" | "none";

/** What a stream does about a lost connection. */
export type RecoveryOptions =
  & Pick<
    UploaderOptions,
    "afterOutage" | "answerTimeoutMs" | "connectTimeoutMs" | "sendTimeoutMs"
  >
  & RetryOptions
  & ResendOptions;

/** Options for `push`. */
export interface PushOptions {
  /** Where to push: all get the same bytes by the same clock, each with its own fate. */
  points?: readonly PublishingPoint[];
  /** Folder to write the request bodies to in place of `points`, one file per stream. */
  output?: string | undefined;
  /** Path or URL of the server manifest (`.ism`), or a presentation that is open and stays so. */
  presentation: string | Presentation;
  /** The one media file of it to push; by default all. */
  mediaFile?: string | undefined;
  /** Puts a publishing point file first. */
  create?: boolean;
  /** The document of that file, in place of the usual one; bytes go out as they are. */
  isml?: string | Uint8Array | undefined;
  /**
   * How often the presentation is gone through; Infinity for ever.
   *
   * @default {1}
   */
  loop?: number;
  /** Says that the source is an archived live stream: its client manifest does not count for times. */
  liveArchive?: boolean;
  /**
   * Start of the live stream.
   *
   * @default {ZERO}
   */
  base?: Rational;
  /**
   * Prefix of the stream IDs: `<id>-stream<N>`.
   *
   * @default {a random number}
   */
  id?: string | undefined;
  /** ID of the event, for the ingest URLs. */
  eventId?: string | undefined;
  /** No end of stream; the request still ends. */
  noEos?: boolean;
  /** The same, for sparse streams alone. */
  noSparseEos?: boolean;
  /** No `ftyp` and no `moov`. */
  noHeader?: boolean;
  /** No Live Server Manifest box. */
  noManifest?: boolean;
  /** The document of a Stream Manifest box; bytes go out as they are. */
  streamManifest?: string | Uint8Array | undefined;
  /** Request headers to add. */
  headers?: readonly Header[];
  /**
   * Seconds of media per second of the clock, or `"max"` for no pacing.
   *
   * @default {1}
   */
  rate?: number | "max";
  /** Fragments of each track that are not sent, from 0, inclusive. */
  skip?: { readonly first: number; readonly last: number } | undefined;
  /** @default {"track"} */
  group?: Grouping;
  /** @default {"auto"} */
  auth?: AuthScheme;
  /** Token for `Authorization: Bearer` at points that have neither a user nor a token of their own. */
  bearer?: string | undefined;
  /** For points behind `https:`. */
  tls?: TlsOptions | undefined;
  /** @default {"ingest"} */
  probe?: ProbeTarget;
  /** Seconds of media after which each track stops. */
  duration?: number | undefined;
  /** @default {"end"} */
  sendAt?: SendAt;
  /**
   * What happens to a fragment whose turn comes more than `lateLimitMs` after it was due, as the point or this machine is
   * too slow.
   *
   * @default {"keep"}
   */
  late?: LatePolicy | undefined;
  /** @default {5000} */
  lateLimitMs?: number | undefined;
  /**
   * Takes a clock with a thread of its own for this push, which wakes closer to when something is due; not together
   * with `clock`.
   *
   * @default {false}
   */
  precise?: boolean | undefined;
  /**
   * Where the memory for payloads comes from: it says how much may be buffered.
   *
   * @default {one for the whole process, of 256 MiB}
   */
  bufferPool?: BufferPool | undefined;
  /**
   * How a lost connection is tried again, what a new one begins with, and what comes after an outage.
   *
   * @default {for ever, the last two fragments of each track and the last 16 MiB, all that was held up}
   */
  recovery?: RecoveryOptions;
  /**
   * Most bytes of one fragment.
   *
   * @default {268435456}
   */
  maxFragmentBytes?: number;
  /** Used in place of what the runtime has, for pushing and for presentations behind a URL. */
  fetch?: typeof fetch | undefined;
  /** The way to the points, which stays open; in place of one of this push alone. */
  transport?: Transport | undefined;
  /** A stage of one's own between the pacer and the upload of a stream. */
  lastStage?: ((stream: string) => TransformStream<StreamPart, StreamPart>) | undefined;
  /** The same without a stream, which costs less: what it does to each part, or nothing for a stream as it is. */
  lastStep?: ((stream: string) => PartStep | undefined) | undefined;
  /** @default {systemClock} */
  clock?: Clock;
  /**
   * When the base of the live stream is due, by the clock, in milliseconds.
   *
   * @default {when the first fragment comes}
   */
  startMs?: number | undefined;
  /** Ends the push in order: the fragments under way, end of stream, answers. */
  stop?: AbortSignal | undefined;
  /** Ends the push at once: connections are cut. */
  signal?: AbortSignal | undefined;
  /** Is told what happens. */
  onEvent?: ((event: PushEvent) => void) | undefined;
}
