import type { UploadEvent } from "./ingest/uploader_options.ts";

/** What every event tells. */
export interface PushEventBase {
  /** When it happened, as an ISO 8601 date. */
  readonly time: string;
  /** URL of the publishing point, without credentials, or the folder that is written to. */
  readonly point: string;
  /** ID of the stream; empty where the event is about the whole push or the point. */
  readonly stream: string;
}

/** What happens to the push as a whole. */
export type WholeEvent =
  /** What is going to be sent. */
  | {
    readonly event: "planned";
    readonly streams: readonly {
      readonly stream: string;
      readonly tracks: readonly string[];
      readonly bitrate: number;
      readonly isSparse: boolean;
    }[];
  }
  /** Something is odd, and the push goes on. */
  | { readonly event: "warning"; readonly message: string }
  /** The publishing point file was put: new, or in place of an old one. */
  | { readonly event: "created"; readonly status: number };

/** What happens to one stream. */
export type StreamEvent =
  | UploadEvent
  /** The empty POST is on its way. */
  | { readonly event: "probing"; readonly url: string }
  /** The point takes the stream; `status` is missing where nothing was asked. */
  | { readonly event: "connected"; readonly status?: number | undefined }
  /** A fragment was handed over whole. */
  | {
    readonly event: "fragment";
    readonly trackId: number;
    readonly index: number;
    readonly pass: number;
    /** End of the fragment, from the base of the live stream. */
    readonly mediaSeconds: number;
    /** Bytes on the wire, without the framing of HTTP. */
    readonly bytes: number;
    /** How long after it was due it was handed over. */
    readonly lateMs: number;
  }
  /** Fragments are handed over more than their own length, and a second, after they were due; told once until it is over. */
  | { readonly event: "late"; readonly lateMs: number }
  /** The stream is over. */
  | StreamCounts & {
    readonly event: "ended";
    /** Why it is not over in order. */
    readonly message?: string | undefined;
  };

/** What is known of a stream that is over. */
export interface StreamCounts {
  readonly state: StreamState;
  /** Fragments that were handed over whole; what was sent again is not counted again. */
  readonly fragments: number;
  /** What was sent again is counted again. */
  readonly bytes: number;
  /** Fragments that were sent again. */
  readonly resent: number;
  /** Connections that took the place of a lost one. */
  readonly reconnects: number;
  /** Of the last answer. */
  readonly status?: number | undefined;
}

/** How a stream ended. */
export type StreamState =
  /** Whole, and answered with 2xx. */
  | "complete"
  /** In order, but before its end, as it was asked to stop. */
  | "stopped"
  /** The publishing point said no. */
  | "refused"
  /** The connection was lost, or the server failed. */
  | "lost"
  /** The input could not be read to its end; what could be read was sent. */
  | "broken"
  /** By a defect. */
  | "failed";

/** Something that happens during a push. */
export type PushEvent = PushEventBase & (WholeEvent | StreamEvent);
