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
  readonly headers: readonly (readonly [name: string, value: string])[];
  readonly signal: AbortSignal;
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
   * @throws {Error} If the answer is no success (`HTTP 404`), or there is none.
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
      if (target === undefined) throw new Error(`HTTP ${answer.status}`);
      at = target;
    }
    throw new Error("too many redirects");
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
