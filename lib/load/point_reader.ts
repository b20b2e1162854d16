import type { Header } from "../ingest/default_headers.ts";
import type { Transport, TransportAnswer } from "../ingest/transport.ts";
import { isSuccess } from "../ingest/answers.ts";
import { Authorization } from "../ingest/authorization.ts";
import { AuthorizedRequests } from "../ingest/authorized_requests.ts";
import { redirectTarget } from "../ingest/redirect.ts";

/** Options for {@linkcode PointReader}. */
export interface PointReaderOptions {
  readonly transport: Transport;
  /** Of this reader alone. */
  readonly authorization: Authorization;
  readonly headers: readonly Header[];
  readonly signal: AbortSignal;
}

/** What was asked for is not to be had, though there was an answer. */
export class PointReadError extends Error {
  override readonly name = "PointReadError";
  /** What it is called in a report, such as `HTTP 404`. */
  readonly kind: string;

  constructor(kind: string, url: string) {
    super(`Cannot read ${url} as the point must give it: current value is "${kind}"`);
    this.kind = kind;
  }
}

const MAX_REDIRECTS = 5;

/** Reads from a publishing point what a player would: one request after the other, with the login of those who send. */
export class PointReader {
  readonly #options: PointReaderOptions;
  readonly #requests: AuthorizedRequests;
  #turn: Promise<unknown> = Promise.resolve();

  constructor(options: PointReaderOptions) {
    this.#options = options;
    this.#requests = new AuthorizedRequests(options.transport);
  }

  /**
   * The whole body of an answer.
   *
   * @throws {PointReadError} If the answer is no success.
   * @throws {Error} If there is none.
   */
  get(url: string): Promise<Uint8Array> {
    // A login may hold for one connection, on which requests must not overtake each other.
    const bytes = this.#turn.then(() => this.#follow(url));
    this.#turn = bytes.catch(() => {});
    return bytes;
  }

  async close(): Promise<void> {
    await this.#requests.close();
  }

  async #follow(url: string): Promise<Uint8Array> {
    let at = url;
    for (let n = 0; n < MAX_REDIRECTS; n++) {
      const answer = await this.#ask(at, new URL(at).origin === new URL(url).origin);
      if (isSuccess(answer)) return await answer.body!;
      const target = redirectTarget(at, answer);
      if (target === undefined) throw new PointReadError(`HTTP ${answer.status}`, at);
      at = target;
    }
    throw new PointReadError("too many redirects", url);
  }

  /** @param isTrusted Whether it may get what the point may get. */
  async #ask(url: string, isTrusted: boolean): Promise<TransportAnswer> {
    const { headers, signal, ...options } = this.#options;
    const authorization = isTrusted ? options.authorization : Authorization.none();
    const request = { method: "GET", url, headers: isTrusted ? headers : [], signal } as const;
    while (true) {
      const answer = await this.#requests.request(authorization, request);
      answer.body?.catch(() => {}); // that of a failure is nobody's
      if (!authorization.meet(answer, url)) return answer;
    }
  }
}
