/**
 * A process that takes requests in on loopback and throws them away: `sink.ts [stalling]`. It is started by
 * {@linkcode startSink} and tells it of every request.
 */
import type { Socket } from "node:net";
import type { ReceivedRequest } from "./request_reader.ts";
import { createServer, Socket as NetSocket } from "node:net";
import process from "node:process";
import { PayloadHash } from "./payload_hash.ts";
import { RequestReader } from "./request_reader.ts";

/** What the sink tells of a request. */
export interface SinkRecord extends ReceivedRequest {
  /** Of the payloads of all `mdat` boxes one behind the other; only where the sink looks at what it gets. */
  readonly payloadHash?: string | undefined;
}

/** What the sink sends to its parent. */
export type SinkMessage =
  | { readonly type: "listening"; readonly port: number }
  /** All requests since the last such message. */
  | { readonly type: "records"; readonly records: readonly SinkRecord[] };

// Larger than this no longer pays, and it stays in the cache of a core.
const RECEIVE_BYTES = 256 * 1024;

/** One read in this many is followed by a stall. */
const READS_PER_STALL = 4;

/** The longest stall. */
const MAX_STALL_MS = 12;

/**
 * Reads an accepted connection into one buffer again and again. Node offers this only for connections that a client
 * makes; without it a server gets new memory for every 64 KiB, which costs it twice the CPU time. So the connection
 * moves to another socket by its handle.
 */
function readInto(
  accepted: Socket,
  buffer: Uint8Array,
  callback: (bytes: Uint8Array) => boolean,
): Socket {
  const { _handle: handle } = accepted as Socket & { readonly _handle: unknown };
  const onread = {
    buffer,
    callback: (size: number, bytes: Uint8Array) => callback(bytes.subarray(0, size)),
  };
  return new NetSocket({ handle, onread, readable: true, writable: true } as object);
}

const isStalling = process.argv[2] === "stalling";
const buffer = new Uint8Array(RECEIVE_BYTES);
let records: SinkRecord[] = [];

const server = createServer({ pauseOnConnect: true, noDelay: true }, (accepted) => {
  let payloads = new PayloadHash();
  const reader = new RequestReader({
    ...(isStalling && { onBody: (bytes) => payloads.push(bytes) }),
    onEnd: (request) => {
      records.push(isStalling ? { ...request, payloadHash: payloads.digest() } : request);
      payloads = new PayloadHash();
      const body = String(request.bytes);
      socket.write(`HTTP/1.1 200 OK\r\nContent-Length: ${body.length}\r\n\r\n${body}`);
    },
  });
  const socket = readInto(accepted, buffer, (bytes) => {
    reader.push(bytes);
    if (!isStalling || Math.random() * READS_PER_STALL > 1) return true;
    setTimeout(() => socket.resume(), Math.random() * MAX_STALL_MS);
    return false;
  });
  socket.on("error", () => {}); // a client that goes away is none of the sink's business
  socket.resume();
});

function send(message: SinkMessage): void {
  process.send!(message);
}

server.listen(0, "127.0.0.1", () => {
  const address = server.address();
  if (address && typeof address === "object") send({ type: "listening", port: address.port });
});

process.on("message", () => {
  send({ type: "records", records });
  records = [];
});
process.on("disconnect", () => process.exit());
