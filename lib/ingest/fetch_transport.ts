import type { Transport, TransportAnswer, TransportRequest } from "./transport.ts";
import { readableFrom } from "../readable.ts";

/** Requests by `fetch`: that of Deno, or one that an embedder hands in. */
export class FetchTransport implements Transport {
  readonly #fetch: typeof fetch;

  constructor(fetchFunction: typeof fetch = fetch) {
    this.#fetch = fetchFunction;
  }

  async request(
    { method, url, headers, body, signal }: TransportRequest,
  ): Promise<TransportAnswer> {
    const init: RequestInit & { duplex?: "half"; window?: null } = {
      method,
      headers: headers.map(([name, value]) => [name, value] as [string, string]),
      signal,
      redirect: "manual",
    };
    if (body instanceof Uint8Array) {
      init.body = body as Uint8Array<ArrayBuffer>;
    } else if (body) {
      init.body = readableFrom(body) as ReadableStream<Uint8Array<ArrayBuffer>>;
      init.duplex = "half";
      if (!("Deno" in globalThis)) {
        // Otherwise the fetch of Node keeps a copy of the whole body, to be able to send it again.
        init.redirect = "error";
        init.window = null;
      }
    }
    const response = await this.#fetch(url, init);
    const isWanted = method === "GET";
    if (!isWanted) response.body?.cancel().catch(() => {});
    return {
      status: response.status,
      statusText: response.statusText,
      header: (name) => response.headers.get(name) ?? undefined,
      ...(isWanted && { body: response.arrayBuffer().then((bytes) => new Uint8Array(bytes)) }),
    };
  }

  /** A `fetch` chooses its connections by itself. */
  async single(): Promise<Transport> {
    const { UndiciTransport } = await import("./undici_transport.ts");
    return new UndiciTransport({}, true);
  }

  close(): Promise<void> {
    return Promise.resolve();
  }
}
