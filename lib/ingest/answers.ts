import type { TransportAnswer } from "./transport.ts";
import { IngestError } from "../errors.ts";

/** What a status means on a publishing point, and what to try. */
const MEANINGS: Readonly<Record<number, string>> = {
  400:
    "the point does not understand the request; it may be no publishing point for Smooth Streaming",
  401: "the point wants credentials; give --user and a password, or others than these",
  403:
    "these credentials may not push there, or the point cannot be pushed to in its present state; shut it down or start it",
  404:
    "there is no such publishing point, or it is not started; check the URL, or create it with --create",
  405:
    "the server does not take POST there; check that the URL ends in .isml and the module is installed",
  409: "the point is in a state that does not allow it; shut it down first",
  412: "the point wants the header boxes first, or is stopped; shut it down and start it again",
  413: "the point takes no bodies of this size",
  415: "the point does not take this type of content; give a Content-Type with -H",
};

/** Statuses of 4xx that speak of the moment and not of the request. */
const PASSING = new Set([408, 425, 429]);

/** Whether an answer is a success. */
export function isSuccess({ status }: TransportAnswer): boolean {
  return status >= 200 && status < 300;
}

/**
 * The error that an answer is.
 *
 * @param what What was asked for, such as "push".
 * @param url Without credentials.
 */
export function answerError(what: string, url: string, answer: TransportAnswer): IngestError {
  const { status, statusText } = answer;
  const shown = statusText ? `${status} ${statusText}` : `${status}`;
  if (isSuccess(answer)) {
    return new IngestError(
      `Cannot ${what} to ${url} as its answer must come after the end of the body: current value is ${shown} before it`,
      { kind: "lost", url, status },
    );
  }
  const isRefusal = status < 500 && !PASSING.has(status);
  const meaning = MEANINGS[status] ??
    (status >= 500
      ? "the server failed"
      : status < 400
      ? "the server wants it elsewhere; give that URL"
      : "the server refused it");
  return new IngestError(
    `Cannot ${what} to ${url} as its answer must be 2xx: current value is ${shown} (${meaning})`,
    { kind: isRefusal ? "refused" : "lost", url, status },
  );
}

/** The error that no answer is. */
export function connectionError(what: string, url: string, cause: unknown): IngestError {
  return new IngestError(
    `Cannot ${what} to ${url} as the connection must hold until its answer: current value is "${
      reasonOf(cause)
    }"`,
    { kind: "lost", url, cause },
  );
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
