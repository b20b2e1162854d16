import type {
  TlsOptions,
  Transport,
  TransportAnswer,
  TransportOptions,
  TransportRequest,
} from "./transport.ts";
import type { Client, Dispatcher, request } from "undici";
import { ClientPool } from "./client_pool.ts";
import { passOverContinue } from "./pass_over_continue.ts";
import { readBeforeBreak } from "./read_before_break.ts";
import { loadUndici } from "./undici_parts.ts";

/** Only what is given: an option that is there but undefined would count. */
function connectOptions({ cert, key, ca, insecure }: TlsOptions = {}) {
  return {
    ...(cert !== undefined && { cert }),
    ...(key !== undefined && { key }),
    ...(ca !== undefined && { ca }),
    ...(insecure && { rejectUnauthorized: false }),
  };
}

type UndiciBody = NonNullable<Parameters<typeof request>[1]>["body"];

const undici = loadUndici();

/** Requests by undici, each stream on a connection of its own. */
export class UndiciTransport implements Transport {
  /** It waits until the socket is drained, whose high-water mark is 64 KiB or less, before it asks for more. */
  readonly isPrompt = !("Deno" in globalThis);
  readonly #options: TransportOptions;
  readonly #isSingle: boolean;
  readonly #clientOptions: Client.Options;
  /** By origin. */
  readonly #pools = new Map<string, ClientPool<Client>>();

  /** @param isSingle Whether all requests to an origin share one connection. */
  constructor(options: TransportOptions = {}, isSingle = false) {
    const { connectTimeoutMs = 10_000, tls } = options;
    this.#options = options;
    this.#isSingle = isSingle;
    const connect = undici.buildConnector({
      timeout: connectTimeoutMs,
      allowH2: false,
      ...connectOptions(tls),
    });
    this.#clientOptions = {
      // HTTP/2 would put all streams of a push on one connection.
      allowH2: false,
      pipelining: 1,
      // Whoever makes a request watches over its time.
      headersTimeout: 0,
      bodyTimeout: 0,
      connect: (options, callback) => {
        connect(options, (...[error, socket]) => {
          if (socket) callback(null, passOverContinue(readBeforeBreak(socket)));
          else callback(error as Error, null);
        });
      },
    };
  }

  #poolOf(origin: string): ClientPool<Client> {
    let pool = this.#pools.get(origin);
    if (!pool) {
      pool = new ClientPool(() => new undici.Client(origin, this.#clientOptions), this.#isSingle);
      this.#pools.set(origin, pool);
    }
    return pool;
  }

  async request(request: TransportRequest): Promise<TransportAnswer> {
    const { origin, pathname, search } = new URL(request.url);
    const pool = this.#poolOf(origin);
    const client = pool.take();
    let answer: Dispatcher.ResponseData;
    try {
      answer = await requestBy(client, `${pathname}${search}`, request);
    } catch (error) {
      pool.give(client);
      throw error;
    }
    // Nobody reads what other answers say beyond their heads; the end of one frees its connection.
    const body = request.method === "GET" ? answer.body.bytes() : undefined;
    const rest: Promise<unknown> = body ?? answer.body.dump({ limit: 65536 });
    rest.catch(() => {}).finally(() => pool.give(client));
    const { statusCode, statusText, headers: answered } = answer;
    return {
      status: statusCode,
      statusText,
      header: (name) => {
        const value = answered[name.toLowerCase()];
        return Array.isArray(value) ? value.join(", ") : value;
      },
      ...(body && { body }),
    };
  }

  single(): Promise<Transport> {
    return Promise.resolve(new UndiciTransport(this.#options, true));
  }

  async close(): Promise<void> {
    await Promise.all([...this.#pools.values()].map((pool) => pool.destroy()));
  }
}

function requestBy(
  client: Client,
  path: string,
  { method, headers, body, signal }: TransportRequest,
): Promise<Dispatcher.ResponseData> {
  return undici.request.call(client, {
    path,
    method,
    headers: headers.flat(),
    // It takes async iterables too, though its types do not say so.
    body: (body ?? null) as UndiciBody,
    signal,
  });
}
