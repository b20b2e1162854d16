import type { Clock } from "../../lib/clock.ts";
import type { Transport, TransportAnswer, TransportRequest } from "../../lib/ingest/transport.ts";

/** What a sink does beside taking everything at once. */
export interface FakeSinkOptions {
  readonly clock: Clock;
  /** From when until when it takes nothing, from its first request on, in milliseconds. */
  readonly stall?: readonly [fromMs: number, toMs: number];
  /** Most channels that it has at once; others get 503. */
  readonly maxChannels?: number;
  /** Answers to a request by its status; nothing takes it. */
  readonly refuse?: (request: TransportRequest) => number | undefined;
  /** Where it sends whoever asks, by URL; nowhere by default. */
  readonly redirect?: (url: string) => string | undefined;
  /** What it gives to players, by URL and with their headers; nothing where there is no delivery. */
  readonly get?: (request: TransportRequest) => FakeDelivery;
  /** Breaks off a body with an answer by its status. */
  readonly breakOff?: (request: TransportRequest) => number | undefined;
  /** How long it takes to answer a whole body, in milliseconds. */
  readonly answerMs?: number;
  /** Whether it takes nothing more from this one on. */
  readonly isDead?: () => boolean;
}

/** What a player gets. */
export interface FakeDelivery {
  readonly status: number;
  readonly text?: string;
  readonly challenge?: string;
  readonly location?: string;
}

function deliver({ status, text = "", challenge, location }: FakeDelivery): TransportAnswer {
  return {
    status,
    statusText: "Word",
    header: (name) => ({ "www-authenticate": challenge, location })[name.toLowerCase()],
    body: Promise.resolve(new TextEncoder().encode(text)),
  };
}

function answerOf(status: number): TransportAnswer {
  return { status, statusText: "Word", header: () => undefined };
}

/** A publishing point in memory with weaknesses. */
export class FakeSink implements Transport {
  readonly #options: FakeSinkOptions;
  /** How long each piece of a body had to wait for it, in milliseconds: what a tool sees that asks the sink alone. */
  readonly waits: number[] = [];
  /** When each piece of a body came. */
  readonly pieces: { readonly url: string; readonly ms: number; readonly bytes: number }[] = [];
  /** The channels that were ever let in. */
  readonly channels = new Set<string>();
  #firstMs: number | undefined;
  /** How many streams of each channel run. */
  readonly #running = new Map<string, number>();

  constructor(options: FakeSinkOptions) {
    this.#options = options;
  }

  async request(request: TransportRequest): Promise<TransportAnswer> {
    const { body, url, signal } = request;
    const { get = () => ({ status: 404 }) } = this.#options;
    if (request.method === "GET") return deliver(get(request));
    this.#firstMs ??= this.#options.clock.now();
    const refused = this.#options.refuse?.(request);
    if (refused !== undefined) return answerOf(refused);
    const location = this.#options.redirect?.(url);
    if (location !== undefined) return deliver({ status: 307, location });
    const channel = url.replace(/\/Streams\(.*/, "");
    const { maxChannels = Infinity } = this.#options;
    if (!body || body instanceof Uint8Array) return answerOf(200);
    if (!this.#running.has(channel) && this.#running.size >= maxChannels) return answerOf(503);
    this.channels.add(channel);
    this.#running.set(channel, (this.#running.get(channel) ?? 0) + 1);
    try {
      const status = await this.#take(body, request);
      if (status !== undefined) return answerOf(status);
      const { clock, answerMs } = this.#options;
      if (answerMs !== undefined) await clock.waitUntil(clock.now() + answerMs, signal);
    } finally {
      const left = this.#running.get(channel)! - 1;
      if (left === 0) this.#running.delete(channel);
      else this.#running.set(channel, left);
    }
    return answerOf(200);
  }

  /** @returns The status that it is broken off with, if it is. */
  async #take(
    body: AsyncIterable<Uint8Array>,
    request: TransportRequest,
  ): Promise<number | undefined> {
    const { clock, stall: [fromMs, toMs] = [Infinity, 0], isDead, breakOff } = this.#options;
    const { signal, url } = request;
    const aborted = new Promise<never>((_, reject) =>
      signal.addEventListener("abort", () => reject(signal.reason), { once: true })
    );
    aborted.catch(() => {});
    for await (const piece of body) {
      if (piece.length === 0) continue;
      const startMs = clock.now();
      this.pieces.push({ url, ms: startMs, bytes: piece.length });
      const status = breakOff?.(request);
      if (status !== undefined) return status;
      const sinceMs = startMs - this.#firstMs!;
      if (isDead?.()) await aborted;
      if (sinceMs >= fromMs && sinceMs < toMs) {
        await clock.waitUntil(this.#firstMs! + toMs, signal);
      }
      this.waits.push(clock.now() - startMs);
    }
    return undefined;
  }

  single(): Promise<Transport> {
    return Promise.resolve(this);
  }

  close(): Promise<void> {
    return Promise.resolve();
  }
}
