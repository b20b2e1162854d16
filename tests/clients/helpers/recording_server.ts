import type { RunningProcess } from "./start_process.ts";
import { createHash } from "node:crypto";
import { connect } from "node:net";
import { freePort } from "./free_port.ts";
import { until } from "./until.ts";

/** A request as a real server wrote it down. */
export interface ServedRequest {
  readonly method: string;
  readonly uri: string;
  readonly protocol: string;
  /** `Content-Length`; empty where there was none. */
  readonly length: string;
  /** `Transfer-Encoding`; empty where there was none. */
  readonly encoding: string;
  readonly agent: string;
  readonly body: Uint8Array;
}

/** A server that keeps the bodies of POST requests. */
export interface RecordingServer {
  /** Without a slash at the end. */
  readonly url: string;
  /** What it has got so far, in the order of the answers. */
  requests(): Promise<ServedRequest[]>;
  stop(): Promise<void>;
}

/** Who may push below `/locked/`. */
export const USER = "encoder";
/** The password of {@linkcode USER}. */
export const PASSWORD = "s3cret:and/odd";

/** The file of users that Apache and nginx understand. */
export function passwordFile(): string {
  return `${USER}:{SHA}${createHash("sha1").update(PASSWORD).digest("base64")}\n`;
}

const TRIES = 3;

/**
 * Starts a server on a free port, and on another one should somebody else have taken it meanwhile.
 *
 * @param start Starts it in the foreground.
 */
export async function startOnFreePort(
  start: (port: number) => RunningProcess,
): Promise<{ port: number; server: RunningProcess }> {
  for (let n = 1;; n++) {
    const port = await freePort();
    const server = start(port);
    let isOver = false;
    server.exited.finally(() => isOver = true).catch(() => {});
    await until("answering server", async () => isOver || await isOpen(port));
    if (!isOver) return { port, server };
    if (n === TRIES) throw new Error(`The server did not start: ${server.stderr()}`);
  }
}

function isOpen(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(port, "127.0.0.1");
    socket.once("connect", () => resolve(true));
    socket.once("error", () => resolve(false));
    socket.once("connect", () => socket.destroy());
  });
}
