import type { Clock } from "../clock.ts";
import type { Fragment, StreamEnd, StreamHeader, StreamPart } from "../part.ts";
import type { Transport, TransportAnswer, TransportRequest } from "./transport.ts";
import { systemClock } from "../clock.ts";
import { concat, writeMdatHeader } from "../mp4/box.ts";
import { answerError, connectionError, isSuccess } from "./answers.ts";
import { Authorization } from "./authorization.ts";
import { BodyFeed } from "./body_feed.ts";

/** What servers of this kind know their encoders by. */
export const DEFAULT_USER_AGENT = "NSPlayer/7.0 IIS-LiveStream/7.0";

/** One long request, or a short one for each part, as for a sparse track (which must hold no request open). */
export type UploadMode = "long" | "short";

/** Options for {@linkcode Uploader}. */
export interface UploaderOptions {
  /** Where the stream goes, without credentials. */
  url: string;
  transport: Transport;
  /**
   * Where the probe goes.
   *
   * @default {the URL of the stream}
   */
  probeUrl?: string | undefined;
  /** @default {"long"} */
  mode?: UploadMode | undefined;
  /** Added to each request; a `User-Agent` replaces the default one. */
  headers?: readonly (readonly [name: string, value: string])[] | undefined;
  /** Shared by all streams to one publishing point. */
  authorization?: Authorization | undefined;
  /**
   * How long the final answer may take, in milliseconds.
   *
   * @default {30000}
   */
  answerTimeoutMs?: number | undefined;
  /** @default {systemClock} */
  clock?: Clock | undefined;
  /** Is told of a fragment once the client has taken it whole, with its bytes on the wire. */
  onFragment?: ((fragment: Fragment, bytes: number) => void) | undefined;
}

/** A request under way whose body is fed. */
interface OpenRequest {
  readonly feed: BodyFeed;
  readonly abort: AbortController;
  /** Settles with the final answer; rejects with why there is none that counts. */
  readonly answer: Promise<TransportAnswer>;
}

/**
 * Uploads one stream: probe, one chunked POST, answer (MS-SSTR 3.3.4.1). An answer while the body is still going out ends
 * it at once, a success included.
 */
export class Uploader {
  readonly #options: UploaderOptions;
  readonly #clock: Clock;
  readonly #authorization: Authorization;
  readonly #headers: readonly (readonly [string, string])[];
  #header: StreamHeader | undefined;
  #open: OpenRequest | undefined;
  readonly #failed = new AbortController();
  #bytes = 0;
  #status: number | undefined;

  constructor(options: UploaderOptions) {
    this.#options = options;
    this.#clock = options.clock ?? systemClock;
    this.#authorization = options.authorization ?? new Authorization(undefined);
    const headers = options.headers ?? [];
    const hasAgent = headers.some(([name]) => name.toLowerCase() === "user-agent");
    this.#headers = hasAgent ? headers : [["User-Agent", DEFAULT_USER_AGENT], ...headers];
  }

  /** Where the probe goes. */
  get probeUrl(): string {
    return this.#options.probeUrl ?? this.#options.url;
  }

  /** Bytes of request bodies that were taken so far. */
  get bytes(): number {
    return this.#bytes + (this.#open?.feed.bytes ?? 0);
  }

  /** Aborts with the error when the stream fails, also while nothing is being sent. */
  get failed(): AbortSignal {
    return this.#failed.signal;
  }

  /** Status of the last answer that counted. */
  get status(): number | undefined {
    return this.#status;
  }

  /**
   * Sends an empty POST, which brings up a wrong URL or missing credentials before anything long is sent (MS-SSTR 3.3.3).
   *
   * @throws {IngestError} If the answer is no success, or there is none.
   */
  async probe(signal?: AbortSignal): Promise<void> {
    const url = this.probeUrl;
    const send = () => this.#request({ method: "POST", url, body: new Uint8Array(0) }, signal);
    let answer = await send();
    if (this.#authorization.isChallengeMet(answer)) answer = await send();
    this.#status = answer.status;
    if (!isSuccess(answer)) throw answerError("push", url, answer);
    this.#authorization.offer();
  }

  /**
   * Sends one part.
   *
   * @returns Settles when the client has taken it whole; in short mode when it was answered.
   * @throws {IngestError} If the connection is lost or the point says no.
   */
  async write(part: StreamPart): Promise<void> {
    this.failed.throwIfAborted();
    if (part.type === "header") await this.#writeHeader(part);
    else if (part.type === "fragment") await this.#writeFragment(part);
    else await this.#writeEnd(part);
  }

  /**
   * Ends the request and waits for the final answer.
   *
   * @throws {IngestError} If it is no success, or does not come in time.
   */
  async close(): Promise<void> {
    this.failed.throwIfAborted();
    const open = this.#open;
    if (!open) return;
    open.feed.end();
    try {
      const answer = await this.#inTime(open.answer);
      this.#status = answer.status;
      this.#bytes += open.feed.bytes;
      this.#open = undefined;
    } catch (error) {
      throw this.#fail(error as Error);
    }
  }

  /** Cuts the connection. */
  abort(reason: unknown): void {
    this.#fail(reason instanceof Error ? reason : new Error(String(reason)));
  }

  async #writeHeader(header: StreamHeader): Promise<void> {
    this.#header = header;
    if (this.#options.mode === "short") {
      if (header.boxes.length > 0) await this.#post(header.boxes);
      return;
    }
    this.#open = this.#start();
    await this.#feed(header.boxes);
  }

  async #writeFragment(fragment: Fragment): Promise<void> {
    const before = this.bytes;
    const pieces = fragmentPieces(fragment);
    if (this.#options.mode === "short") await this.#post(withHeader(this.#header, pieces));
    else await this.#feed(pieces);
    this.#options.onFragment?.(fragment, this.bytes - before);
  }

  async #writeEnd({ boxes }: StreamEnd): Promise<void> {
    if (boxes.length === 0) return;
    if (this.#options.mode === "short") await this.#post(withHeader(this.#header, boxes));
    else await this.#feed(boxes);
  }

  async #feed(pieces: AsyncIterable<Uint8Array> | Iterable<Uint8Array>): Promise<void> {
    // A stream without a header is still a stream: what it means is for the point to say.
    this.#open ??= this.#start();
    try {
      await this.#open.feed.send(pieces);
    } catch (error) {
      throw this.#fail(error as Error);
    }
  }

  /** Opens a request whose body is fed. */
  #start(): OpenRequest {
    const feed = new BodyFeed();
    const abort = new AbortController();
    const { url } = this.#options;
    const answer = this.#request({ method: "POST", url, body: feed }, abort.signal).then(
      (found) => {
        if (feed.isEnded && isSuccess(found)) return found;
        throw answerError("push", url, found);
      },
    );
    answer.catch((error) => {
      // The failure of the request is the reason, whatever it does to the feed.
      this.#fail(error);
    });
    return { feed, abort, answer };
  }

  /** A whole request of its own. */
  async #post(pieces: AsyncIterable<Uint8Array> | Iterable<Uint8Array>): Promise<void> {
    const feed = new BodyFeed();
    const abort = new AbortController();
    const { url } = this.#options;
    const sent = feed.send(pieces).then(() => feed.end());
    sent.catch(() => {}); // the request fails by it
    try {
      const asked = this.#request({ method: "POST", url, body: feed }, abort.signal);
      const answer = await this.#inTime(asked, sent);
      this.#status = answer.status;
      if (!isSuccess(answer) || !feed.isEnded) throw answerError("push", url, answer);
      this.#bytes += feed.bytes;
    } catch (error) {
      abort.abort(error);
      throw this.#fail(error as Error);
    }
  }

  async #request(
    request: Pick<TransportRequest, "method" | "url" | "body">,
    signal?: AbortSignal,
  ): Promise<TransportAnswer> {
    const value = this.#authorization.header();
    const headers = value === undefined
      ? this.#headers
      : [...this.#headers, ["Authorization", value] as const];
    try {
      return await this.#options.transport.request({
        ...request,
        headers,
        signal: signal ?? new AbortController().signal,
      });
    } catch (error) {
      signal?.throwIfAborted();
      if (isOurs(error)) throw error;
      throw connectionError("push", request.url, error);
    }
  }

  /** Waits for an answer, for the time that one may take after the end of the body. */
  async #inTime<T>(answer: Promise<T>, bodyEnd: Promise<void> = Promise.resolve()): Promise<T> {
    const { answerTimeoutMs = 30_000, url } = this.#options;
    const settled = new AbortController();
    const late = bodyEnd.then(() =>
      this.#clock.waitUntil(this.#clock.now() + answerTimeoutMs, settled.signal)
    ).then(() => {
      throw connectionError("push", url, new Error(`no answer within ${answerTimeoutMs / 1000} s`));
    });
    late.catch(() => {});
    try {
      return await Promise.race([answer, late]);
    } finally {
      settled.abort();
    }
  }

  /** Takes the first failure as the one that counts. */
  #fail(error: Error): Error {
    if (!this.#failed.signal.aborted) this.#failed.abort(error);
    const failure = this.#failed.signal.reason as Error;
    const open = this.#open;
    this.#open = undefined;
    if (open) {
      this.#bytes += open.feed.bytes;
      open.feed.fail(failure);
      open.abort.abort(failure);
    }
    return failure;
  }
}

/** Errors that say what is wrong already: of the input, or of an earlier request. */
function isOurs(error: unknown): boolean {
  return error instanceof Error &&
    ["InputError", "Mp4SyntaxError", "IngestError"].includes(error.name);
}

/** The bytes of a fragment: `moof` with the header of `mdat`, as a few bytes are not worth a chunk, then the payload. */
async function* fragmentPieces({ moof, payload }: Fragment): AsyncGenerator<Uint8Array> {
  yield concat(moof, writeMdatHeader(payload.size));
  yield* payload.read();
}

async function* withHeader(
  header: StreamHeader | undefined,
  pieces: AsyncIterable<Uint8Array> | Iterable<Uint8Array>,
): AsyncGenerator<Uint8Array> {
  yield* header?.boxes ?? [];
  yield* pieces;
}
