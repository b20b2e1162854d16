import type { TransportAnswer } from "./transport.ts";
import { IngestError } from "../errors.ts";

/** What was asked for. */
export type Operation = "push" | "create";

/** What a status means on a publishing point, and what to try. */
const MEANINGS: Readonly<Record<Operation, Readonly<Record<number, string>>>> = {
  push: {
    400: "the point does not understand the request; it may be no point for Smooth Streaming",
    401: "the point wants credentials; give --user and a password, or others than these",
    403:
      "these credentials may not push there, or the point takes no push in its present state; shut it down or start it",
    404: "there is no such point, or it is not started; check the URL, or create it with --create",
    405:
      "the server takes no POST there; check that the URL ends in .isml and its module is installed",
    409: "the point takes no push in its present state; shut it down first",
    412: "the point is stopped, or wants other header boxes; shut it down and start it again",
    413: "the server takes no bodies of this size; raise its limit",
    415: "the point does not take this type of content; give a Content-Type with -H",
  },
  create: {
    401:
      "the server wants credentials; anonymous authoring is not supported, give --user and a password",
    403: "these credentials may not write there; give the user the right to write",
    404: "there is no such folder on the server; make it first",
    405: "the server takes no PUT there; switch WebDAV on for this folder",
    409:
      "the folder above it is missing, or the point is running; make the folder, or shut the point down",
    423: "the file is locked; shut the point down, or wait for whoever holds it",
    507: "the server has no room for it",
  },
};

/** Statuses of 4xx that speak of the moment and not of the request. */
const PASSING = new Set([408, 425, 429]);

/** Whether an answer is a success. */
export function isSuccess({ status }: TransportAnswer): boolean {
  return status >= 200 && status < 300;
}

/** The operation in a sentence. */
const VERBS: Readonly<Record<Operation, string>> = {
  push: "push to",
  create: "create the publishing point",
};

/**
 * The error that an answer is.
 *
 * @param url Without credentials.
 */
export function answerError(
  operation: Operation,
  url: string,
  answer: TransportAnswer,
): IngestError {
  const { status, statusText } = answer;
  const shown = statusText ? `${status} ${statusText}` : `${status}`;
  if (isSuccess(answer)) {
    return new IngestError(
      `Cannot ${
        VERBS[operation]
      } ${url} as its answer must come after the end of the body: current value is ${shown} before it`,
      { kind: "lost", url, status },
    );
  }
  const isRefusal = status < 500 && !PASSING.has(status);
  const meaning = MEANINGS[operation][status] ??
    (status >= 500
      ? "the server failed"
      : status < 400
      ? "the server wants it elsewhere; give that URL"
      : "the server refused it");
  return new IngestError(
    `Cannot ${
      VERBS[operation]
    } ${url} as its answer must be 2xx: current value is ${shown} (${meaning})`,
    { kind: isRefusal ? "refused" : "lost", url, status },
  );
}

/** The error that no answer is. */
export function connectionError(operation: Operation, url: string, cause: unknown): IngestError {
  const rule = isUntrusted(cause)
    ? "the certificate of the server must be trusted, as with --cacert or --insecure"
    : "the connection must hold until its answer";
  return new IngestError(
    `Cannot ${VERBS[operation]} ${url} as ${rule}: current value is "${reasonOf(cause)}"`,
    { kind: "lost", url, cause },
  );
}

/**
 * Codes of Node for certificates that are not accepted: those of OpenSSL, and its own for names. What a server says of the
 * certificate of the client begins with ERR_SSL.
 */
const UNTRUSTED = /^(?!ERR_SSL_).*(?:CERT|UNABLE_TO_(?:GET|VERIFY)|HOSTNAME_MISMATCH|INVALID_CA)/;

/** Whether there was no connection as nobody vouches for the server. */
export function isUntrusted(error: unknown): boolean {
  if (!(error instanceof Error)) return false;
  const { code = "" } = error as { code?: string };
  // Deno has no code for it.
  const isIt = UNTRUSTED.test(code) || error.message.includes("invalid peer certificate");
  return isIt || isUntrusted(error.cause);
}

function reasonOf(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  const { code } = error as { code?: string };
  const inner = error.cause instanceof Error ? reasonOf(error.cause) : undefined;
  const message = inner ?? error.message;
  const text = message === "" && error instanceof AggregateError
    ? reasonOf(error.errors[0])
    : message;
  return code && !text.includes(code) ? `${text} (${code})` : text;
}
