import type { IncomingMessage, Server } from "node:http";
import type { AddressInfo, Socket } from "node:net";
import type { ConnectionInfo } from "./connection.ts";
import type { PointEvent } from "./point_event.ts";
import { checkTls } from "../ingest/tls.ts";
import { createConnectionGuard } from "./connection_guard.ts";

/** What a server shows for itself. */
export interface ServerTls {
  /** Its certificate, and those between it and one that clients trust; PEM. */
  readonly cert: string;
  /** Its private key, PEM. */
  readonly key: string;
}

/** Options for {@linkcode servePoint}. */
export interface ServePointOptions {
  /**
   * Port to listen on, 0 for any free one.
   *
   * @default {0}
   */
  port?: number;
  /**
   * Address to listen on.
   *
   * @default {"127.0.0.1"}
   */
  hostname?: string;
  /** Serves HTTPS in place of HTTP. */
  tls?: ServerTls | undefined;
  /**
   * Most connections at a time; what comes beyond them is closed with 503.
   *
   * @default {10000}
   */
  maxConnections?: number | undefined;
  /**
   * How long a client may take for the head of a request, in milliseconds.
   *
   * @default {60000}
   */
  headTimeoutMs?: number;
  /**
   * How long a client may take nothing of an answer, in milliseconds: what it does not read is kept for it.
   *
   * @default {60000}
   */
  stallTimeoutMs?: number;
  /** Is told of connections that are refused before there is a request: too many, no head, no HTTP. */
  onEvent?: ((event: PointEvent) => void) | undefined;
  /** Is told what the handler throws; the client gets a 500. */
  onError?: ((error: unknown) => void) | undefined;
}

/** A handler that is being served. */
export interface ServedPoint {
  /** Such as `http://127.0.0.1:8080`, without a slash at its end. */
  readonly url: string;
  readonly port: number;
  /** Cuts all connections and stops listening. */
  close(): Promise<void>;
}

/** What answers requests; it is told where each comes from. */
export type PointHandler = (
  request: Request,
  connection: ConnectionInfo,
) => Response | Promise<Response>;

/** Node looks after connections this often, unless the head of a request must come sooner. */
const CHECK_MS = 30_000;

/**
 * Serves a handler over HTTP/1.1, on Node and on Deno. A request may last for ever.
 *
 * @throws {RangeError} If `maxConnections` is not a whole number above 0, or the certificate and the key are none.
 * @throws {Error} If the port is taken or may not be used.
 */
export async function servePoint(
  handler: PointHandler,
  options: ServePointOptions = {},
): Promise<ServedPoint> {
  const { port = 0, hostname = "127.0.0.1", tls, onError, onEvent } = options;
  const { maxConnections = 10_000, headTimeoutMs = 60_000, stallTimeoutMs = 60_000 } = options;
  if (!Number.isSafeInteger(maxConnections) || maxConnections < 1) {
    throw new RangeError(
      `Cannot limit the connections as it must be a whole number above 0: current value is ${maxConnections}`,
    );
  }
  if (tls) checkTls(tls);
  // Loaded when they are needed: most who import this library only push.
  const { createAdaptorServer } = await import("@hono/node-server");
  const { createServer } = tls ? await import("node:https") : {};
  // By default a request must be whole after five minutes, which a live stream never is.
  const timeouts = {
    requestTimeout: 0,
    headersTimeout: headTimeoutMs,
    connectionsCheckingInterval: Math.min(CHECK_MS, headTimeoutMs),
  };
  const isSecure = tls !== undefined;
  const timeoutsMs = { headTimeoutMs, stallTimeoutMs };
  const guard = createConnectionGuard({ maxConnections, ...timeoutsMs, isSecure, onEvent });
  const server = createAdaptorServer({
    fetch: async (request, { incoming }) => {
      if (guard.isRefused(incoming.socket)) return new Response(null, { status: 503 });
      try {
        return await handler(request, connectionOf(incoming.socket));
      } catch (error) {
        onError?.(error);
        return new Response(null, { status: 500 });
      }
    },
    overrideGlobalObjects: false,
    ...(tls && createServer
      ? { createServer, serverOptions: { ...timeouts, cert: tls.cert, key: tls.key } }
      : { serverOptions: timeouts }),
  }) as Server;
  guard.watch(server);
  allowHalfOpen(server, tls ? "secureConnection" : "connection");
  await new Promise<void>((resolve, reject) => {
    server.once("error", reject);
    server.listen(port, hostname, () => {
      server.off("error", reject);
      resolve();
    });
  });
  const { port: boundPort } = server.address() as AddressInfo;
  const shownHost = hostname.includes(":") ? `[${hostname}]` : hostname;
  return {
    url: `${tls ? "https" : "http"}://${shownHost}:${boundPort}`,
    port: boundPort,
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}

function connectionOf({ remoteAddress, remotePort }: Partial<Socket>): ConnectionInfo {
  if (remoteAddress === undefined) return {};
  const port = remotePort === undefined ? {} : { port: remotePort };
  return { remoteAddr: { transport: "tcp", hostname: remoteAddress, ...port } };
}

/**
 * Lets a client close its half of the connection behind the last byte of a request, as encoders do that do not wait for
 * the answer: by default the server would cut the connection then, and lose what it has not read yet.
 */
function allowHalfOpen(server: Server, event: "connection" | "secureConnection"): void {
  (server as Server & { httpAllowHalfOpen: boolean }).httpAllowHalfOpen = true;
  const requests = new WeakMap<Socket, IncomingMessage>();
  server.on("request", (request) => requests.set(request.socket, request));
  server.on(event, (socket: Socket) => {
    // Deno does not see that the body is not complete, and would wait for the rest for ever.
    socket.on("end", () => {
      if (requests.get(socket)?.complete === false) socket.destroy();
    });
  });
}
