import type { Socket } from "node:net";
import { setImmediate } from "node:timers/promises";

/** What a write says of a connection that its other side has closed. */
const CLOSED = new Set(["EPIPE", "ECONNRESET"]);

/** In the turn after the next one, whatever the system held has been read. */
const TURNS = 2;

/**
 * Lets what has come in be read before a connection breaks. A server that says no while a body is still coming closes the
 * connection behind its answer; who writes to it then is told so first, and the answer would be thrown away unread.
 *
 * @returns The same connection.
 */
export function readBeforeBreak<T extends Socket>(connection: T): T {
  const destroy = connection.destroy.bind(connection);
  const push = connection.push.bind(connection);
  const read = connection.read.bind(connection);
  /** What came in since it is breaking: a connection with an error would not take it any more. */
  const rest: Uint8Array[] = [];
  let isBreaking = false;
  const breakLater = async (error: Error | undefined) => {
    for (let turn = 0; turn < TURNS; turn++) await setImmediate();
    destroy(error);
  };
  connection.destroy = (error) => {
    if (!isClosedError(error)) return destroy(error);
    if (!isBreaking) breakLater(error);
    isBreaking = true;
    return connection;
  };
  connection.push = (bytes, encoding) => {
    if (!isBreaking || bytes === null) return push(bytes, encoding);
    rest.push(bytes);
    connection.emit("readable");
    return true;
  };
  connection.read = (size) => rest.shift() ?? read(size);
  return connection;
}

function isClosedError(error: Error | undefined): boolean {
  return error !== undefined && "code" in error && CLOSED.has(String(error.code));
}
