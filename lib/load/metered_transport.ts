import type { Clock } from "../clock.ts";
import type {
  RequestBody,
  Transport,
  TransportAnswer,
  TransportRequest,
} from "../ingest/transport.ts";
import type { LoadMeter } from "./meter.ts";
import { errorKind, isQuestion, messagesOf } from "./error_kind.ts";

/** Reasons of our own to cut a connection, and what they are called. */
const TIMEOUTS: readonly (readonly [text: RegExp, kind: string])[] = [
  [/no connection within/, "connect timeout"],
  [/no byte taken within/, "send timeout"],
  [/no answer within/, "answer timeout"],
];

/** Options for {@linkcode MeteredTransport}. */
export interface MeteredTransportOptions {
  readonly transport: Transport;
  readonly meter: LoadMeter;
  readonly clock: Clock;
  /** Whether a request is one of the short ones of a sparse stream, whose answers count from when their fragments are let go. */
  readonly isShort: (url: string) => boolean;
  /** Whether a body is first asked for when there is a connection: `fetch` asks before. */
  readonly asksWhenConnected: boolean;
}

/** Measures the requests of another transport. */
export class MeteredTransport implements Transport {
  readonly #options: MeteredTransportOptions;

  constructor(options: MeteredTransportOptions) {
    this.#options = options;
  }

  async request(request: TransportRequest): Promise<TransportAnswer> {
    const { transport, meter, clock, asksWhenConnected, isShort } = this.#options;
    const startMs = clock.now();
    const body = isPieces(request.body)
      ? new MeteredBody(request.body, clock, (ms) => {
        if (asksWhenConnected) meter.record("connect", ms - startMs);
      })
      : undefined;
    let answer: TransportAnswer;
    try {
      answer = await transport.request(body ? { ...request, body } : request);
    } catch (error) {
      const kind = requestErrorKind(error, request.signal);
      if (kind !== undefined) meter.error(kind);
      throw error;
    }
    const isSuccess = answer.status >= 200 && answer.status < 300;
    const nowMs = clock.now();
    if (!body) {
      if (request.method === "POST" && isSuccess) meter.record("probe", nowMs - startMs);
    } else if (body.endMs !== undefined) {
      if (!isShort(request.url)) meter.record("answer", nowMs - body.endMs);
    } else if (isSuccess) meter.error("early answer");
    // A stream that ends with a question is counted by its channel.
    if (!isSuccess && !isQuestion(answer.status)) meter.error(`HTTP ${answer.status}`);
    return answer;
  }

  async single(): Promise<Transport> {
    return new MeteredTransport({
      ...this.#options,
      transport: await this.#options.transport.single(),
    });
  }

  async close(): Promise<void> {
    await this.#options.transport.close();
  }
}

function isPieces(body: RequestBody): body is AsyncIterable<Uint8Array> {
  return body !== undefined && !(body instanceof Uint8Array);
}

/** What an error is called in a report; nothing if it was no error of the way there. */
function requestErrorKind(error: unknown, { aborted, reason }: AbortSignal): string | undefined {
  if (!aborted) return errorKind(error);
  const text = messagesOf(reason);
  return TIMEOUTS.find(([pattern]) => pattern.test(text))?.[1];
}

/** Passes a body on and notes when it was first asked for and when it was at its end. */
class MeteredBody implements AsyncIterableIterator<Uint8Array> {
  readonly #pieces: AsyncIterator<Uint8Array>;
  readonly #clock: Clock;
  #onFirst: ((ms: number) => void) | undefined;
  endMs: number | undefined;

  constructor(body: AsyncIterable<Uint8Array>, clock: Clock, onFirst: (ms: number) => void) {
    this.#pieces = body[Symbol.asyncIterator]();
    this.#clock = clock;
    this.#onFirst = onFirst;
  }

  async next(): Promise<IteratorResult<Uint8Array>> {
    this.#onFirst?.(this.#clock.now());
    this.#onFirst = undefined;
    const result = await this.#pieces.next();
    if (result.done) this.endMs = this.#clock.now();
    return result;
  }

  async return(): Promise<IteratorResult<Uint8Array>> {
    await this.#pieces.return?.();
    return { done: true, value: undefined };
  }

  [Symbol.asyncIterator](): this {
    return this;
  }
}
