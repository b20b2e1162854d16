import type { Header } from "./default_headers.ts";

/** What a request carries: nothing, a few bytes, or pieces that are taken one by one as they are sent. */
export type RequestBody = Uint8Array | AsyncIterable<Uint8Array> | undefined;

/** One HTTP request. */
export interface TransportRequest {
  readonly method: "POST" | "PUT" | "GET";
  /** Without credentials. */
  readonly url: string;
  readonly headers: readonly Header[];
  /**
   * A body of pieces goes out chunked (RFC 9112 7.1); the next piece is asked for when the one before it has been taken.
   */
  readonly body?: RequestBody;
  /** Ends the request and closes its connection. */
  readonly signal: AbortSignal;
}

/** What came back. */
export interface TransportAnswer {
  readonly status: number;
  readonly statusText: string;
  /** The value of a header, by its name in any letter case; several of one name are joined by commas. */
  header(name: string): string | undefined;
  /** What a `GET` brought, whole; nobody wants more than the head of other answers. */
  readonly body?: Promise<Uint8Array>;
}

/**
 * The way to a publishing point. A request settles as soon as there is an answer, also while its body is still going out:
 * who sends the body must look at it.
 */
export interface Transport {
  /**
   * When it asks for the next piece of a body, or for its end, it is done with those before it that have 64 KiB or more:
   * they may change then.
   *
   * @default {false}
   */
  readonly isPrompt?: boolean;
  /** @throws {Error} If there is no answer: connection refused, broken, timed out. */
  request(request: TransportRequest): Promise<TransportAnswer>;
  /** A transport of a single connection, for a login that is bound to one; whoever asks for it closes it. */
  single(): Promise<Transport>;
  /** Closes what is idle. */
  close(): Promise<void>;
}

/** What TLS is set up with, all as PEM text. */
export interface TlsOptions {
  /** Certificate of the client. */
  readonly cert?: string | undefined;
  /** Its private key. */
  readonly key?: string | undefined;
  /** Certificates to trust in place of those of the runtime. */
  readonly ca?: string | undefined;
  /**
   * Trusts any certificate of the server.
   *
   * @default {false}
   */
  readonly insecure?: boolean | undefined;
}

/** Options for {@linkcode openTransport}. */
export interface TransportOptions {
  /** Used in place of what the runtime has. */
  fetch?: typeof fetch | undefined;
  /** Needs undici, on Deno too: it cannot go together with `fetch`. */
  tls?: TlsOptions | undefined;
  /**
   * How long a connection may take, in milliseconds.
   *
   * @default {10000}
   */
  connectTimeoutMs?: number | undefined;
}

/**
 * The transport that suits the runtime and the options: `fetch` where it is handed in and on Deno, else `undici.request`, as the `fetch`
 * of Node keeps all that it uploads in memory.
 *
 * @throws {RangeError} If a certificate or the key for TLS is none, or they do not belong together.
 */
export async function openTransport(options: TransportOptions = {}): Promise<Transport> {
  if (options.fetch || ("Deno" in globalThis && !options.tls)) {
    const { FetchTransport } = await import("./fetch_transport.ts");
    return new FetchTransport(options.fetch);
  }
  if (options.tls) {
    const { checkTls } = await import("./tls.ts");
    checkTls(options.tls);
  }
  const { UndiciTransport } = await import("./undici_transport.ts");
  return new UndiciTransport(options);
}
