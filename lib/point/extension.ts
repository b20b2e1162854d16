import type { StreamHeader, StreamPart } from "../part.ts";
import type { LiveTrack } from "../manifest/live_track.ts";
import type { PointEvent } from "./point_event.ts";
import type { PointServer } from "./point_server.ts";
import type { FragmentOutcome } from "./ingest/track_timeline.ts";

/** Which stream something belongs to. */
export interface StreamContext {
  /** Path of the point, such as `/live/a.isml`; it holds no `..` and nothing else that a file system would trip over. */
  readonly point: string;
  /** `<id>` of `Streams(<id>)`. */
  readonly stream: string;
  /** `<id>` of `Events(<id>)`, if the sender has one. */
  readonly event: string | undefined;
  /** Counts the broadcasts of the point, from 1: what starts anew after a stop has the next number. */
  readonly broadcast: number;
}

/** A fragment as it lies on the timeline of its track. */
export interface FragmentPosition {
  /** From its TfxdBox, else its decode time; in ticks of its track. */
  readonly time: bigint;
  /** In ticks of its track. */
  readonly duration: bigint;
  /** Whether it is the next of its track in this stream, was there before, or comes too late. */
  readonly outcome: FragmentOutcome;
  /** When it was whole, by the clock of the server in milliseconds. */
  readonly arrivalMs: number;
}

/** A part that came in. */
export interface PartContext extends StreamContext {
  readonly part: StreamPart;
  /** The last header of the stream: that of the part itself, if it is one; none in front of the first. */
  readonly header: StreamHeader | undefined;
  /** What the header says of its tracks, in the words of the manifests. */
  readonly tracks: readonly LiveTrack[];
  /** Where the fragment lies; only if the part is one. */
  readonly position: FragmentPosition | undefined;
}

/** A request whose body is about to be read. */
export interface BodyContext extends StreamContext {
  /** Method, URL and headers; its body must not be touched. */
  readonly request: Request;
}

/** Takes the bytes of one request body as they come. */
export interface BodyTap {
  /** Takes the next bytes, which stay as they are; the next ones are read when it is done. */
  write(bytes: Uint8Array): void | Promise<void>;
  /**
   * The body is over; called once.
   *
   * @param isWhole Whether it ended as HTTP has it: otherwise it broke off, was refused or cut.
   */
  end(isWhole: boolean): void | Promise<void>;
}

/**
 * Something that is plugged into a point server: an archive, a recorder, a page. All of it is optional. Extensions are
 * called in their order; what one throws is an error of the request (500), except in `onEvent`, where it goes to
 * `onError` of the server.
 */
export interface PointExtension {
  /** Is given the server, once, before the first request. */
  start?(server: PointServer): void;
  /** Is given each part of each stream once it was taken in; the next bytes are read when it is done. */
  onPart?(context: PartContext): void | Promise<void>;
  /** Is told what happens; it must not wait. */
  onEvent?(event: PointEvent): void;
  /** Asks for the bytes of a body with at least one byte, before anything of it is judged. */
  onBody?(context: BodyContext): BodyTap | undefined;
  /**
   * Answers a GET or HEAD request; it is asked before the server looks at the URL itself, without credentials.
   *
   * @returns Nothing if the URL is not one of its own.
   */
  answer?(request: Request, url: URL): Response | undefined | Promise<Response | undefined>;
  /** Folder in which it keeps what comes in, if it is an archive. */
  readonly archivePath?: string;
  /**
   * Tells where an archive keeps a stream.
   *
   * @returns Name of the last file of the stream; nothing if there is none.
   */
  archiveFileName?(stream: StreamContext): string | undefined;
  /** The server is closed: all bodies are over. */
  close?(): Promise<void>;
}
