import type { Transport, TransportAnswer, TransportRequest } from "../ingest/transport.ts";

const OK: TransportAnswer = { status: 200, statusText: "OK", header: () => undefined };

/** A point without a network: takes all at once, throws it away and says 200. */
export class NullTransport implements Transport {
  async request({ body, signal }: TransportRequest): Promise<TransportAnswer> {
    if (body && !(body instanceof Uint8Array)) {
      // deno-lint-ignore no-unused-vars -- taking them is all there is to do
      for await (const piece of body) signal.throwIfAborted();
    }
    return OK;
  }

  single(): Promise<Transport> {
    return Promise.resolve(this);
  }

  close(): Promise<void> {
    return Promise.resolve();
  }
}
