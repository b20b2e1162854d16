import type { IngestError } from "../errors.ts";
import type { TransportAnswer } from "./transport.ts";

/** What to do about a failed request. */
export type Remedy =
  /** Nothing helps. */
  | "none"
  /** Try again at once: with other credentials or elsewhere. */
  | "at once"
  /** Try again after a while. */
  | "later";

/** A request that failed, inside the uploader: what to tell, and what to do. */
export class Setback extends Error {
  readonly error: IngestError;
  readonly remedy: Remedy;
  /** How long the server wants to be left alone. */
  readonly retryAfterMs: number | undefined;

  constructor(error: IngestError, remedy: Remedy, retryAfterMs?: number) {
    super(error.message, { cause: error });
    this.error = error;
    this.remedy = remedy;
    this.retryAfterMs = retryAfterMs;
  }
}

/** What `Retry-After` asks for (RFC 9110 10.2.3): seconds, or a date. */
export function retryAfterMs(answer: TransportAnswer, wallClockMs: number): number | undefined {
  const value = answer.header("retry-after")?.trim();
  if (!value) return undefined;
  if (/^\d+$/.test(value)) return Number(value) * 1000;
  const date = Date.parse(value);
  return Number.isNaN(date) ? undefined : Math.max(0, date - wallClockMs);
}
