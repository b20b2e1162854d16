import type { StreamOutcome } from "../push.ts";
import type { PushEvent } from "../push_event.ts";
import type { OutputArguments } from "./shared_arguments.ts";
import { isScreen, type Terminal } from "./terminal.ts";
import { LiveTable } from "./live_table.ts";
import { PlainLog } from "./plain_log.ts";

/** Shows what happens during a push. */
export interface Display {
  onEvent(event: PushEvent): void;
  /** Shows the last state and lets go of the terminal. */
  close(): void;
}

/**
 * The display that suits the options and the terminal: a live table on a terminal, else one line per event, both on
 * stderr; with `--json` one object per event on stdout; with `--quiet` nothing.
 */
export function openDisplay(options: OutputArguments, terminal: Terminal): Display {
  if (options.json) return jsonLines(terminal);
  if (options.quiet) return { onEvent: () => {}, close: () => {} };
  return isScreen(terminal) && !options.verbose
    ? new LiveTable(terminal.stderr)
    : new PlainLog(terminal.stderr, options.verbose);
}

/** Says why streams failed where {@linkcode openDisplay} showed nothing of it. */
export function showFailures(
  streams: readonly StreamOutcome[],
  { quiet, json }: OutputArguments,
  { stderr }: Terminal,
): void {
  if (!quiet || json) return;
  for (const { stream, error } of streams) {
    if (error) stderr.write(`${stream}: ${error.message}\n`);
  }
}

function jsonLines({ stdout }: Terminal): Display {
  return {
    onEvent({ time, event, point, stream, ...details }) {
      stdout.write(`${JSON.stringify({ time, event, point, stream, ...details })}\n`);
    },
    close() {},
  };
}
