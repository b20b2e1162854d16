/** A message of server-sent events (the HTML standard, 9.2), ready for the wire. */
export function formatServerEvent(event: string, data: unknown): Uint8Array {
  // JSON holds no line feed, so that one line of data does.
  return new TextEncoder().encode(`event: ${event}\ndata: ${JSON.stringify(data)}\n\n`);
}

/** Options for {@linkcode EventStream}. */
export interface EventStreamOptions {
  /** Most bytes that wait for one reader; who is further behind is dropped. */
  maxQueuedBytes: number;
  /** Is told that a reader has gone, in whatever way. */
  onLeave?: (() => void) | undefined;
}

const SIGN_OF_LIFE = formatServerEvent("alive", null);

/**
 * Sends events to any number of readers. What waits for a reader is bounded: one that does not read is dropped, and gets a
 * new snapshot when it comes again, as browsers do by themselves.
 */
export class EventStream {
  readonly #readers = new Set<Reader>();
  readonly #options: EventStreamOptions;

  constructor(options: EventStreamOptions) {
    this.#options = options;
  }

  /** How many are reading. */
  get size(): number {
    return this.#readers.size;
  }

  /** Lets a reader in; what it gets starts with `first`. */
  open(first: Uint8Array): ReadableStream<Uint8Array> {
    const reader = new Reader(this.#options.maxQueuedBytes, () => {
      if (this.#readers.delete(reader)) this.#options.onLeave?.();
    });
    this.#readers.add(reader);
    reader.send(first, true);
    return reader.stream;
  }

  /** Sends a message to all. */
  send(message: Uint8Array): void {
    for (const reader of this.#readers) reader.send(message);
  }

  /** Sends an event `alive` with nothing in it, so that connections which are gone show at both ends. */
  keepAlive(): void {
    this.send(SIGN_OF_LIFE);
  }

  /** Ends what the readers read, behind what waits for them. */
  close(): void {
    for (const reader of this.#readers) reader.close();
  }
}

/** One reader, and what waits for it. */
class Reader {
  readonly stream: ReadableStream<Uint8Array>;
  readonly #maxQueuedBytes: number;
  readonly #leave: () => void;
  #controller: ReadableStreamDefaultController<Uint8Array> | undefined;
  #queue: Uint8Array[] = [];
  #queuedBytes = 0;
  #isWanted = false;

  constructor(maxQueuedBytes: number, leave: () => void) {
    this.#maxQueuedBytes = maxQueuedBytes;
    this.#leave = leave;
    this.stream = new ReadableStream<Uint8Array>({
      start: (controller) => {
        this.#controller = controller;
      },
      pull: () => {
        this.#isWanted = true;
        this.#flush();
      },
      cancel: () => this.#end(),
    }, { highWaterMark: 0 });
  }

  /** @param isFirst Whether it may be as long as it likes. */
  send(message: Uint8Array, isFirst = false): void {
    if (!this.#controller) return;
    this.#queue.push(message);
    if (!isFirst) this.#queuedBytes += message.length;
    if (this.#queuedBytes > this.#maxQueuedBytes) this.#drop();
    else this.#flush();
  }

  /** Ends behind what waits. */
  close(): void {
    this.#isWanted = true;
    this.#flush();
    this.#drop();
  }

  /** Ends without it: who does not read would keep it for ever. */
  #drop(): void {
    const controller = this.#controller;
    this.#end();
    controller?.close();
  }

  #end(): void {
    this.#controller = undefined;
    this.#queue = [];
    this.#leave();
  }

  #flush(): void {
    if (!this.#controller || !this.#isWanted || this.#queue.length === 0) return;
    const [only] = this.#queue;
    const bytes = this.#queue.length === 1 ? only! : joined(this.#queue);
    this.#queue = [];
    this.#queuedBytes = 0;
    this.#isWanted = false;
    this.#controller.enqueue(bytes);
  }
}

function joined(pieces: readonly Uint8Array[]): Uint8Array {
  const whole = new Uint8Array(pieces.reduce((size, piece) => size + piece.length, 0));
  let at = 0;
  for (const piece of pieces) {
    whole.set(piece, at);
    at += piece.length;
  }
  return whole;
}
