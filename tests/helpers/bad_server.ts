import type { AddressInfo, Server, Socket } from "node:net";
import { createServer } from "node:net";
import { join } from "../../lib/mp4/box.ts";
import { readBody, type WireFragment } from "./wire.ts";

/** What a server does with one request, step by step; what it does not ask for stays in the buffers of the system. */
export type Script = (request: BadRequest) => void | Promise<void>;

/** An answer as it stands on the wire. */
export function answer(status: number, headers: Readonly<Record<string, string>> = {}): string {
  const lines = Object.entries({ "Content-Length": "0", ...headers });
  const head = [`HTTP/1.1 ${status} Word`, ...lines.map(([name, value]) => `${name}: ${value}`)];
  return `${head.join("\r\n")}\r\n\r\n`;
}

/** Takes the whole body and says 200: what a publishing point does. */
export async function accept(request: BadRequest): Promise<void> {
  if (await request.toEnd()) request.say(answer(200));
}

/** Bytes of a socket, taken when they are asked for. */
class Inlet {
  readonly socket: Socket;
  #queue: Uint8Array[] = [];
  #isOver = false;
  #wake: (() => void) | undefined;

  constructor(socket: Socket) {
    this.socket = socket;
    const over = () => {
      this.#isOver = true;
      this.#rouse();
    };
    socket.on("data", (bytes: Uint8Array) => {
      this.#queue.push(bytes);
      socket.pause();
      this.#rouse();
    }).on("end", over).on("close", over).on("error", over);
    socket.pause();
  }

  /** The next bytes, at most so many; nothing when the client is gone. */
  async next(maxBytes = Infinity): Promise<Uint8Array | undefined> {
    while (this.#queue.length === 0) {
      if (this.#isOver) return undefined;
      this.socket.resume();
      await new Promise<void>((resolve) => this.#wake = resolve);
    }
    const first = this.#queue.shift()!;
    if (first.length > maxBytes) this.unread(first.subarray(maxBytes));
    return first.subarray(0, maxBytes);
  }

  unread(bytes: Uint8Array): void {
    if (bytes.length > 0) this.#queue.unshift(bytes);
  }

  /** Forgets what was not asked for, and what comes. */
  discard(): void {
    this.#queue = [];
    this.#isOver = true;
    this.socket.removeAllListeners("data");
  }

  #rouse(): void {
    this.#wake?.();
    this.#wake = undefined;
  }
}

/** Takes the framing of HTTP off a body that comes in pieces (RFC 9112 7.1). */
class BodyDecoder {
  readonly #isChunked: boolean;
  #left: number;
  #line = "";
  #isWhole: boolean;

  constructor(headers: Readonly<Record<string, string>>) {
    this.#isChunked = /chunked/i.test(headers["transfer-encoding"] ?? "");
    this.#left = this.#isChunked ? 0 : Number(headers["content-length"] ?? 0);
    this.#isWhole = !this.#isChunked && this.#left === 0;
  }

  get isWhole(): boolean {
    return this.#isWhole;
  }

  /** Returns how many bytes belong to the body; the rest is that of the next request. */
  push(bytes: Uint8Array, onData: (data: Uint8Array) => void): number {
    let at = 0;
    while (at < bytes.length && !this.#isWhole) {
      if (this.#left > 0) {
        const data = bytes.subarray(at, at + this.#left);
        this.#left -= data.length;
        at += data.length;
        onData(data);
        if (!this.#isChunked) this.#isWhole = this.#left === 0;
        continue;
      }
      this.#line += String.fromCharCode(bytes[at++]!);
      if (!this.#line.endsWith("\r\n")) continue;
      const line = this.#line.trim();
      this.#line = this.#line === "\r\n" ? "" : this.#line;
      if (line === "" && !this.#isLast) continue; // the end of the chunk before
      this.#line = "";
      if (this.#isLast) this.#isWhole = line === "";
      else {
        if (!/^[0-9a-f]+$/i.test(line)) throw new Error(`bad chunk size: ${JSON.stringify(line)}`);
        this.#left = parseInt(line, 16);
        this.#isLast = this.#left === 0;
      }
    }
    return at;
  }

  #isLast = false;
}

/** A request as it came over the wire, and what a script can do about it. */
export class BadRequest {
  /** Which request to this server it is, from 0. */
  readonly number: number;
  readonly method: string;
  readonly url: string;
  /** Names in small letters. */
  readonly headers: Readonly<Record<string, string>>;
  /** Which connection to this server it came over, from 0. */
  readonly connection: number;
  /** The body without the framing of HTTP, as far as it was taken, unless `sink` took it. */
  readonly pieces: Uint8Array[] = [];
  /** Takes the body piece by piece in place of `pieces`. */
  sink: ((bytes: Uint8Array) => void) | undefined;
  /** Bytes behind the head that were taken, with the framing of HTTP. */
  taken = 0;
  readonly #inlet: Inlet;
  readonly #decoder: BodyDecoder;

  constructor(number: number, connection: number, head: string, inlet: Inlet) {
    const [first = "", ...lines] = head.trimEnd().split("\r\n");
    const [method = "", url = ""] = first.split(" ");
    this.number = number;
    this.connection = connection;
    this.method = method;
    this.url = url;
    this.headers = Object.fromEntries(lines.map((line) => {
      const [name = "", ...value] = line.split(":");
      return [name.toLowerCase(), value.join(":").trim()];
    }));
    this.#inlet = inlet;
    this.#decoder = new BodyDecoder(this.headers);
  }

  /** Whether it is the empty POST that comes before a body. */
  get isProbe(): boolean {
    return this.headers["content-length"] === "0";
  }

  /** Whether the body has come to its end. */
  get isWhole(): boolean {
    return this.#decoder.isWhole;
  }

  body(): Uint8Array {
    return join(this.pieces);
  }

  /** The body as text, a byte a character. */
  text(): string {
    return new TextDecoder("latin1").decode(this.body());
  }

  /**
   * Takes so many bytes behind the head, or up to the end of the body.
   *
   * @returns Whether they came: `false` if the client is gone.
   */
  async take(bytes: number): Promise<boolean> {
    const goal = this.taken + bytes;
    while (this.taken < goal && !this.isWhole) {
      const piece = await this.#inlet.next(goal - this.taken);
      if (!piece) return false;
      const used = this.#decoder.push(piece, (data) => {
        if (this.sink) this.sink(data);
        else this.pieces.push(data.slice());
      });
      this.taken += used;
      this.#inlet.unread(piece.subarray(used));
    }
    return true;
  }

  /** Takes the body up to its end. */
  toEnd(): Promise<boolean> {
    return this.take(Infinity);
  }

  /** Takes bytes until the body has so many of something in it. */
  async takeUntil(pattern: RegExp, count = 1): Promise<boolean> {
    const all = new RegExp(pattern.source, "g");
    while ((this.text().match(all)?.length ?? 0) < count) {
      if (this.isWhole || !await this.take(1)) return false;
    }
    return true;
  }

  /** Puts something on the wire, as it is. */
  say(text: string): void {
    if (!this.#inlet.socket.destroyed) this.#inlet.socket.write(text);
  }

  /** Ends the connection with an RST: what neither side has taken yet is thrown away. */
  reset(): void {
    this.#inlet.socket.resetAndDestroy();
    this.#letGo();
  }

  /** Ends what the server says with a FIN, and goes on reading what is asked for. */
  halfClose(): void {
    this.#inlet.socket.end();
  }

  /** Ends the connection with a FIN. */
  close(): void {
    this.#inlet.socket.end(() => this.#inlet.socket.destroy());
    this.#letGo();
  }

  /** A thousand of them must not add up. */
  #letGo(): void {
    this.#inlet.discard();
    this.sink = undefined;
  }
}

/**
 * A server that misbehaves by a script, on a free port of loopback. It speaks HTTP by itself, byte by byte, and reads
 * only what its script asks for.
 */
export class BadServer {
  readonly requests: BadRequest[] = [];
  /** Without a slash at its end. */
  readonly url: string;
  /** Is asked for each request; none means {@linkcode accept}. */
  script: Script;
  /** Rejects when a script goes wrong. */
  readonly failed: Promise<never>;
  #fail!: (reason: unknown) => void;
  readonly #server: Server;
  readonly #sockets = new Set<Socket>();
  #connections = 0;

  private constructor(server: Server, script: Script) {
    this.#server = server;
    this.script = script;
    this.url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
    this.failed = new Promise((_, reject) => this.#fail = reject);
    this.failed.catch(() => {});
    server.on("connection", (socket: Socket) => {
      this.#sockets.add(socket);
      socket.on("close", () => this.#sockets.delete(socket));
      socket.on("error", () => {}); // the client is gone
      socket.setNoDelay(true);
      this.#serve(socket, this.#connections++).catch(this.#fail);
    });
  }

  /** @param port A port that must be free; 0 for any. */
  static async start(script: Script = accept, port = 0): Promise<BadServer> {
    const server = createServer({ allowHalfOpen: true });
    await new Promise<void>((resolve, reject) => {
      server.once("error", reject);
      server.listen(port, "127.0.0.1", resolve);
    });
    return new BadServer(server, script);
  }

  get port(): number {
    return Number(new URL(this.url).port);
  }

  /** The requests that carry something. */
  get posts(): BadRequest[] {
    return this.requests.filter(({ isProbe }) => !isProbe);
  }

  get probes(): BadRequest[] {
    return this.requests.filter(({ isProbe }) => isProbe);
  }

  /**
   * Ends all connections and stops listening.
   *
   * @throws What went wrong in a script.
   */
  async close(): Promise<void> {
    for (const socket of this.#sockets) socket.destroy();
    await new Promise<void>((resolve) => this.#server.close(() => resolve()));
    await Promise.race([this.failed, Promise.resolve()]);
  }

  async #serve(socket: Socket, connection: number): Promise<void> {
    const inlet = new Inlet(socket);
    while (true) {
      const head = await readHead(inlet);
      if (head === undefined) {
        socket.end();
        return;
      }
      const request = new BadRequest(this.requests.length, connection, head, inlet);
      this.requests.push(request);
      await this.script(request);
      if (!request.isWhole) return; // the script has done with it as it likes
    }
  }
}

async function readHead(inlet: Inlet): Promise<string | undefined> {
  let head = "";
  while (!head.endsWith("\r\n\r\n")) {
    const byte = await inlet.next(1);
    if (!byte) return undefined;
    head += String.fromCharCode(byte[0]!);
  }
  return head;
}

/** The boxes in front of the first fragment. */
export function headerOf(body: Uint8Array): Uint8Array {
  for (const { at, type } of topBoxes(body)) if (type === "moof") return body.subarray(0, at);
  return body.subarray(0, endOfBoxes(body));
}

/** The fragments of a body that may be cut off anywhere: those that are whole. */
export function wholeFragments(body: Uint8Array): readonly WireFragment[] {
  const boxes = [...topBoxes(body)];
  // A moof whose mdat is not whole is none.
  const last = boxes.at(-1);
  const end = last?.type === "moof" ? last.at : endOfBoxes(body);
  return readBody(body.subarray(0, end)).fragments;
}

function* topBoxes(body: Uint8Array): Generator<{ at: number; size: number; type: string }> {
  const view = new DataView(body.buffer, body.byteOffset, body.length);
  for (let at = 0; at + 8 <= body.length;) {
    const size = view.getUint32(at);
    if (size < 8) throw new Error(`bad box of ${size} bytes at ${at}`);
    if (at + size > body.length) return;
    yield { at, size, type: String.fromCharCode(...body.subarray(at + 4, at + 8)) };
    at += size;
  }
}

function endOfBoxes(body: Uint8Array): number {
  let end = 0;
  for (const { at, size } of topBoxes(body)) end = at + size;
  return end;
}
