import type { StreamOutcome } from "../push.ts";
import type { StreamState } from "../push_event.ts";
import { IngestError, InputError } from "../errors.ts";
import { UsageError } from "./usage_error.ts";

/** What the exit codes mean. */
export const EXIT = {
  ok: 0,
  defect: 1,
  usage: 2,
  input: 3,
  refused: 4,
  lost: 5,
  interrupted: 130,
  terminated: 143,
} as const;

const CODES: Readonly<Record<StreamState, number>> = {
  complete: EXIT.ok,
  stopped: EXIT.ok,
  refused: EXIT.refused,
  lost: EXIT.lost,
  broken: EXIT.input,
  failed: EXIT.defect,
};

/** Of several outcomes the first of these that occurred counts. */
const ORDER = [EXIT.defect, EXIT.input, EXIT.refused, EXIT.lost];

/** The exit code of a push that nobody stopped. */
export function exitCodeOf(streams: readonly Pick<StreamOutcome, "state">[]): number {
  const codes = streams.map(({ state }) => CODES[state]);
  return ORDER.find((code) => codes.includes(code)) ?? EXIT.ok;
}

/** The exit code for what a command threw. */
export function exitCodeOfError(error: unknown): number {
  if (error instanceof UsageError) return EXIT.usage;
  if (error instanceof InputError) return EXIT.input;
  if (error instanceof IngestError) return error.kind === "refused" ? EXIT.refused : EXIT.lost;
  return EXIT.defect;
}

/** Why the user's stop came: the code that a shell expects for the signal. */
export class StopReason extends Error {
  readonly exitCode: number;

  /** @param signalName `SIGINT` or `SIGTERM`. */
  constructor(signalName: "SIGINT" | "SIGTERM") {
    super(`Stopped by ${signalName}`);
    this.exitCode = signalName === "SIGTERM" ? EXIT.terminated : EXIT.interrupted;
  }
}
