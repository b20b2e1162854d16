import type { Duplex } from "node:stream";

const STATUS_LINE = /^HTTP\/1\.[01] 100[ \r]/;

/**
 * Takes "100 Continue" out of what a connection reads. Who did not ask for it passes it over (RFC 9110 15.2), but undici
 * takes it as an error.
 *
 * @returns The same connection.
 */
export function passOverContinue<T extends Duplex>(connection: T): T {
  const read = connection.read.bind(connection);
  connection.read = (size?: number) => {
    let bytes: Uint8Array | null = read(size);
    while (bytes) {
      const length = continueLength(bytes);
      if (length === 0) break;
      bytes = length < bytes.length ? bytes.subarray(length) : read(size);
    }
    return bytes;
  };
  return connection;
}

/** Bytes of the interim answer that `bytes` begin with; a server puts it on the wire in one go. */
function continueLength(bytes: Uint8Array): number {
  const text = new TextDecoder("latin1").decode(bytes.subarray(0, 1024));
  if (!STATUS_LINE.test(text)) return 0;
  const end = text.indexOf("\r\n\r\n");
  return end < 0 ? 0 : end + 4;
}
