import type { Clock } from "../clock.ts";
import type { Fragment } from "../part.ts";
import type { BufferPool } from "../source/buffer_pool.ts";
import type { Authorization } from "./authorization.ts";
import type { Header } from "./default_headers.ts";
import type { ResendOptions } from "./resend_window.ts";
import type { RetryOptions } from "./retry_policy.ts";
import type { Transport } from "./transport.ts";

/** One long request, or a short one for each part, as for a sparse track (which must hold no request open). */
export type UploadMode = "long" | "short";

/** What comes after an outage: all that was held up, as fast as the point takes it, or what is due then. */
export type AfterOutage = "catch-up" | "live-edge";

/** What happens to a stream beside what its caller waits for. */
export type UploadEvent =
  /** A connection was lost, and a new one is tried. */
  | {
    readonly event: "retrying";
    /** Tries in a row without progress, from 1. */
    readonly attempt: number;
    readonly delayMs: number;
    readonly message: string;
  }
  /** A new connection begins with what was handed over last. */
  | { readonly event: "resending"; readonly fragments: number; readonly bytes: number }
  /** The stream goes on. */
  | { readonly event: "recovered"; readonly outageSeconds: number }
  /** A fragment was left out, as it came too late after an outage, or too late at all. */
  | { readonly event: "dropped"; readonly trackId: number; readonly index: number };

/** Options for {@linkcode Uploader}. */
export interface UploaderOptions extends RetryOptions, ResendOptions {
  /** Where the stream goes, without credentials. */
  url: string;
  /** Stays open; whoever made it closes it. */
  transport: Transport;
  /**
   * Where the probe goes; `false` for nowhere.
   *
   * @default {the URL of the stream}
   */
  probeUrl?: string | false | undefined;
  /** @default {"long"} */
  mode?: UploadMode | undefined;
  /** Added to each request; a `User-Agent` replaces the default one. */
  headers?: readonly Header[] | undefined;
  /** Of this stream alone. */
  authorization?: Authorization | undefined;
  /**
   * Seconds of media per second of the clock at which the stream is paced: how long a fragment lasts.
   *
   * @default {1}
   */
  rate?: number | undefined;
  /**
   * Where the memory for small fragments that leave together comes from.
   *
   * @default {one for the whole process}
   */
  bufferPool?: BufferPool | undefined;
  /** @default {"catch-up"} */
  afterOutage?: AfterOutage | undefined;
  /**
   * How long a connection may take until the first byte, in milliseconds.
   *
   * @default {10000}
   */
  connectTimeoutMs?: number | undefined;
  /**
   * How long the point may take no byte while there are some, in milliseconds.
   *
   * @default {two durations of the longest fragment so far, at least 2000}
   */
  sendTimeoutMs?: number | undefined;
  /**
   * How long an answer may take, in milliseconds.
   *
   * @default {30000}
   */
  answerTimeoutMs?: number | undefined;
  /** @default {systemClock} */
  clock?: Clock | undefined;
  /** Asks to come to an end: nothing is tried again, and a fragment under way has as long as it lasts. */
  stop?: AbortSignal | undefined;
  /** Is told of a fragment once the client has taken it whole for the first time, with its bytes on the wire. */
  onFragment?: ((fragment: Fragment, bytes: number) => void) | undefined;
  onEvent?: ((event: UploadEvent) => void) | undefined;
}
