import type { Authorization } from "./authorization.ts";
import type { Transport, TransportAnswer, TransportRequest } from "./transport.ts";

/** Requests of one sender, with its credentials: a login that is bound to a connection gets one that nobody else uses. */
export class AuthorizedRequests {
  readonly #transport: Transport;
  #own: Promise<Transport> | undefined;

  /** @param transport Stays the caller's. */
  constructor(transport: Transport) {
    this.#transport = transport;
  }

  /**
   * Makes one request. What the answer means for the login is for the caller to say; see {@linkcode Authorization.meet}.
   *
   * @throws {Error} If there is no answer.
   */
  async request(
    authorization: Authorization,
    request: TransportRequest,
  ): Promise<TransportAnswer> {
    const preparation = authorization.prepare();
    if (preparation) await preparation;
    const value = authorization.header(request.method, request.url);
    const headers = value === undefined
      ? request.headers
      : [...request.headers, ["Authorization", value] as const];
    const transport = authorization.needsOneConnection
      ? await (this.#own ??= this.#transport.single())
      : this.#transport;
    return await transport.request({ ...request, headers });
  }

  /** Closes the connection of its own, if there is one. */
  async close(): Promise<void> {
    await (await this.#own)?.close();
  }
}
