import type { IncomingMessage, Server, ServerResponse } from "node:http";
import type { Socket } from "node:net";
import type { PointEvent } from "./point_event.ts";

/** Options for {@linkcode createConnectionGuard}. */
export interface ConnectionGuardOptions {
  /** Most connections at a time. */
  maxConnections: number;
  /** How long a client may take for the head of a request, in milliseconds. */
  headTimeoutMs: number;
  /** How long a client may take nothing of an answer, in milliseconds. */
  stallTimeoutMs: number;
  /** Whether what comes first is a handshake: an answer in plain text would be none. */
  isSecure: boolean;
  /** Is told what is refused before it is a request. */
  onEvent?: ((event: PointEvent) => void) | undefined;
}

/** Keeps count of the connections of a server. */
export interface ConnectionGuard {
  watch(server: Server): void;
  /** Whether a connection was one too many: it is about to be closed, and nothing of it counts. */
  isRefused(socket: Socket): boolean;
}

const REASONS: Readonly<Record<number, string>> = {
  400: "Bad Request",
  408: "Request Timeout",
  413: "Payload Too Large",
  431: "Request Header Fields Too Large",
  503: "Service Unavailable",
};

/** An answer to what is no request. */
function answerOf(status: number, message: string): string {
  const lines = ["content-type: text/plain", `content-length: ${message.length + 1}`];
  return [
    `HTTP/1.1 ${status} ${REASONS[status]}`,
    ...lines,
    "connection: close",
    "",
    `${message}\n`,
  ].join("\r\n");
}

/**
 * Makes what closes connections that are too many, with 503, and those that bring no request: 408 where its head does not come, 431
 * where it is too large, 400 where it is none; and those that take nothing of an answer. Each is told as an event without a
 * point.
 *
 * Node answers the latter too, but tells nobody.
 */
export function createConnectionGuard(options: ConnectionGuardOptions): ConnectionGuard {
  const { maxConnections, headTimeoutMs, stallTimeoutMs, isSecure, onEvent } = options;
  const open = new Set<Socket>();
  const refused = new WeakSet<Socket>();
  const requests = new WeakMap<Socket, IncomingMessage>();
  const responses = new WeakMap<Socket, ServerResponse>();
  const tell = (status: number, message: string, { remoteAddress }: Socket) => {
    const from = remoteAddress === undefined ? "" : `, from ${remoteAddress}`;
    onEvent?.({ event: "refused", point: "", stream: "", status, message: `${message}${from}` });
  };
  const onConnection = (socket: Socket) => {
    if (open.size < maxConnections) {
      open.add(socket);
      socket.once("close", () => open.delete(socket));
      return;
    }
    refused.add(socket);
    const message = `there may be at most ${maxConnections} connections`;
    tell(503, message, socket);
    if (isSecure) socket.destroy();
    else dismiss(socket, 503, message);
  };
  /** Nothing has moved for a while: that is for who reads the body to judge, if there is one. */
  const onTimeout = (socket: Socket) => {
    if (requests.get(socket)?.complete === false) return;
    const response = responses.get(socket);
    const isOpen = response !== undefined && !response.writableFinished;
    // An answer that goes on as things happen.
    if (isOpen && response.writableLength === 0) return;
    // Deno calls an answer finished that lies in its buffers.
    if (isOpen) tell(408, `nothing of an answer was taken for ${stallTimeoutMs / 1000} s`, socket);
    socket.destroy();
  };
  const onClientError = (error: Error & { readonly code?: string }, socket: Socket) => {
    const status = statusOf(error);
    const response = responses.get(socket);
    const isUnderWay = response !== undefined && !response.writableFinished;
    if (status === undefined || !socket.writable || response?.headersSent && isUnderWay) {
      socket.destroy(error);
      return;
    }
    const message = status === 408
      ? `the head of a request did not come within ${headTimeoutMs / 1000} s`
      : `this is no request: ${error.message}`;
    // What breaks within a body is told by who reads it.
    if (!isUnderWay) tell(status, message, socket);
    dismiss(socket, status, message);
  };
  return {
    watch(server) {
      server.on("connection", onConnection);
      server.setTimeout(stallTimeoutMs, onTimeout);
      server.on("request", (request: IncomingMessage, response: ServerResponse) => {
        requests.set(request.socket, request);
        responses.set(request.socket, response);
      });
      server.on("clientError", onClientError);
    },
    isRefused: (socket) => refused.has(socket),
  };
}

/** The status for what a client did wrong; none where it only went away. */
function statusOf({ code = "" }: { readonly code?: string }): number | undefined {
  if (code === "ERR_HTTP_REQUEST_TIMEOUT") return 408;
  if (code === "HPE_HEADER_OVERFLOW") return 431;
  if (code === "HPE_CHUNK_EXTENSIONS_OVERFLOW") return 413;
  return code.startsWith("HPE_") && code !== "HPE_INVALID_EOF_STATE" ? 400 : undefined;
}

/** Answers, and lets go of the connection as soon as that is written. */
function dismiss(socket: Socket, status: number, message: string): void {
  socket.on("error", () => {}); // it may be gone already
  socket.end(answerOf(status, message), () => socket.destroy());
}
