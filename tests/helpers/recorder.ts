import type { IncomingMessage, Server, ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { createServer } from "node:http";

/** A request as a server got it. */
export interface RecordedRequest {
  readonly method: string;
  readonly url: string;
  readonly headers: Readonly<Record<string, string | string[] | undefined>>;
  /** Header names and values in the order of the wire. */
  readonly rawHeaders: readonly string[];
  readonly chunks: Uint8Array[];
  /** The body, complete once `isWhole`. */
  body(): Uint8Array;
  isWhole: boolean;
}

/** What a server does with a request: called when the head is there; `undefined` means 200 after the body. */
export type Behaviour = (
  request: RecordedRequest,
  answer: ServerResponse,
  incoming: IncomingMessage,
) => void | "handled" | Promise<void | "handled">;

/** A plain HTTP server that writes down what it gets; it knows nothing of what is pushed. */
export interface Recorder {
  readonly url: string;
  readonly requests: RecordedRequest[];
  close(): Promise<void>;
}

function join(chunks: readonly Uint8Array[]): Uint8Array {
  const whole = new Uint8Array(chunks.reduce((size, chunk) => size + chunk.length, 0));
  let at = 0;
  for (const chunk of chunks) {
    whole.set(chunk, at);
    at += chunk.length;
  }
  return whole;
}

/** Starts a recorder on a free port of loopback. */
export async function startRecorder(behaviour: Behaviour = () => {}): Promise<Recorder> {
  const requests: RecordedRequest[] = [];
  const server: Server = createServer(async (incoming, answer) => {
    const chunks: Uint8Array[] = [];
    const request: RecordedRequest = {
      method: incoming.method ?? "",
      url: incoming.url ?? "",
      headers: incoming.headers,
      rawHeaders: incoming.rawHeaders,
      chunks,
      body: () => join(chunks),
      isWhole: false,
    };
    requests.push(request);
    incoming.on("data", (chunk: Uint8Array) => chunks.push(chunk.slice()));
    incoming.on("error", () => {});
    const whole = new Promise<void>((resolve) => incoming.on("end", resolve));
    if (await behaviour(request, answer, incoming) === "handled") return;
    await whole;
    request.isWhole = true;
    answer.writeHead(200).end();
  });
  server.requestTimeout = 0;
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const { port } = server.address() as AddressInfo;
  return {
    url: `http://127.0.0.1:${port}`,
    requests,
    close: () => {
      server.closeAllConnections();
      return new Promise((resolve) => server.close(() => resolve()));
    },
  };
}
