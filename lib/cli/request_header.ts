import type { Header } from "../ingest/default_headers.ts";
import { quote } from "./quote.ts";
import { UsageError } from "./usage_error.ts";

// RFC 9110 5.6.2 and 5.5.
const TOKEN = /^[!#$%&'*+.^_`|~0-9A-Za-z-]+/;
const FIELD_VALUE = /^[\t\x20-\x7e\x80-\xff]*$/;

const BY_CLIENT = "the HTTP client says this for the connection it uses";

const REFUSED: ReadonlyMap<string, string> = new Map([
  ["expect", "the empty POST ahead of each stream does what it is for"],
  ["transfer-encoding", "the length of a live stream is not known, so that it is always chunked"],
  ["content-length", "the length of a live stream is not known, so that it is always chunked"],
  ["host", "it follows from the URL"],
  ["connection", BY_CLIENT],
  ["keep-alive", BY_CLIENT],
  ["proxy-connection", BY_CLIENT],
  ["te", BY_CLIENT],
  ["trailer", BY_CLIENT],
  ["upgrade", BY_CLIENT],
]);

/** Cuts `h1,h2` into its headers: a comma separates only where a header name and a colon follow. */
export function splitHeaders(text: string): string[] {
  return text.split(/,(?=\s*[!#$%&'*+.^_`|~0-9A-Za-z-]+:)/);
}

/**
 * Reads `Name: value` (RFC 9110 5.1 and 5.5).
 *
 * @param spelling The option that it came with, for the message.
 * @throws {UsageError} If it is not a header, or one that must not be set. The value is not shown: it may be secret.
 */
export function parseHeader(text: string, spelling: string): Header {
  const line = text.trim();
  const name = TOKEN.exec(line)?.[0] ?? "";
  if (line[name.length] !== ":" || name === "") {
    throw new UsageError(
      `Cannot use ${spelling} as a header must be written "Name: value": ` +
        `current value starts with ${quote(name)}`,
    );
  }
  const reason = REFUSED.get(name.toLowerCase());
  if (reason !== undefined) {
    throw new UsageError(
      `Cannot use ${spelling} as this header must not be set, ${reason}: ` +
        `current value starts with ${quote(name)}`,
    );
  }
  const value = line.slice(name.length + 1).trim();
  if (!FIELD_VALUE.test(value)) {
    throw new UsageError(
      `Cannot use ${spelling} as the value of a header must be one line of Latin-1 text: ` +
        `current value starts with ${quote(name)}`,
    );
  }
  return [name, value];
}
