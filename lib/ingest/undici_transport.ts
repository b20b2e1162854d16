import type {
  TlsOptions,
  Transport,
  TransportAnswer,
  TransportOptions,
  TransportRequest,
} from "./transport.ts";
import type { Agent, request } from "undici";
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
  readonly #agent: Agent;

  /** @param connections How many there may be at once. */
  constructor(options: TransportOptions = {}, connections = Infinity) {
    const { connectTimeoutMs = 10_000, tls } = options;
    this.#options = options;
    const connect = undici.buildConnector({
      timeout: connectTimeoutMs,
      allowH2: false,
      ...connectOptions(tls),
    });
    this.#agent = new undici.Agent({
      ...(connections < Infinity && { connections }),
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
    });
  }

  async request(
    { method, url, headers, body, signal }: TransportRequest,
  ): Promise<TransportAnswer> {
    const { origin, pathname, search } = new URL(url);
    const answer = await undici.request.call(this.#agent, {
      origin,
      path: `${pathname}${search}`,
      method,
      headers: headers.flatMap(([name, value]) => [name, value]),
      // It takes async iterables too, though its types do not say so.
      body: (body ?? null) as UndiciBody,
      signal,
    });
    // Nobody reads what an answer says beyond its head; its end frees the connection.
    answer.body.dump({ limit: 65536 }).catch(() => {});
    const { statusCode, statusText, headers: answered } = answer;
    return {
      status: statusCode,
      statusText,
      header: (name) => {
        const value = answered[name.toLowerCase()];
        return Array.isArray(value) ? value.join(", ") : value;
      },
    };
  }

  single(): Promise<Transport> {
    return Promise.resolve(new UndiciTransport(this.#options, 1));
  }

  async close(): Promise<void> {
    await this.#agent.destroy();
  }
}
