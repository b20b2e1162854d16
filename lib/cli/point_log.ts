import type { PointEvent } from "../point/point_event.ts";
import type { OutputArguments } from "./shared_arguments.ts";
import type { Terminal } from "./terminal.ts";
import { plainText } from "./text_table.ts";
import { showBytes } from "./units.ts";

/** Shows what happens at publishing points. */
export interface PointLog {
  /** The server listens. */
  start(url: string, isProtected: boolean): void;
  onEvent(event: PointEvent): void;
  /** Something could not be done that the broadcast does without. */
  warn(message: string): void;
  /** Something went wrong within the server. */
  onError(error: unknown): void;
  close(): void;
}

/** Addresses that other machines cannot reach. */
const LOOPBACK = /^https?:\/\/(?:127\.|localhost\b|\[::1\])/;

/**
 * The log that suits the options: one line per event on stderr; with `--json` one object per event on stdout; with
 * `--quiet` errors alone. Each fragment shows with `--verbose` only.
 */
export function openPointLog(
  { json, quiet, verbose }: OutputArguments,
  { stdout, stderr }: Terminal,
): PointLog {
  const write = (text: string) => {
    if (!quiet) stderr.write(`${plainText(`${now()} ${text}`)}\n`);
  };
  return {
    start(url, isProtected) {
      if (json) stdout.write(jsonLine({ event: "listening", point: "", stream: "", url }));
      else write(`listening on ${url}`);
      if (!LOOPBACK.test(url) && !isProtected) {
        write("warning: everyone who can reach this address may push; see --user and --password");
      }
    },
    onEvent(event) {
      if (event.event === "fragment" && !verbose && !json) return;
      if (json) {
        stdout.write(jsonLine(jsonOf(event)));
        return;
      }
      const subject = [event.point, event.stream].filter((it) => it !== "").join(" ");
      const words = describePointEvent(event);
      write(subject === "" ? words : `${subject}: ${words}`);
    },
    warn(message) {
      if (json) stdout.write(jsonLine({ event: "warning", point: "", stream: "", message }));
      else stderr.write(`${plainText(`${now()} warning: ${message}`)}\n`);
    },
    onError(error) {
      const message = error instanceof Error ? error.stack ?? error.message : String(error);
      stderr.write(`pushencoder: ${message}\n`);
    },
    close() {},
  };
}

/** The time of a fragment is another one than that of the line. */
function jsonOf(event: PointEvent): Readonly<Record<string, unknown>> {
  const { event: name, point, stream, ...details } = event;
  const values = { event: name, point, stream, ...details };
  if (!("time" in values)) return values;
  const { time: mediaTime, ...others } = values;
  return { ...others, mediaTime };
}

function now(): string {
  return new Date().toISOString();
}

/** Ticks are text, as they may be past 2^53. */
function jsonLine(values: Readonly<Record<string, unknown>>): string {
  const text = (_key: string, value: unknown) => typeof value === "bigint" ? String(value) : value;
  return `${JSON.stringify({ time: now(), ...values }, text)}\n`;
}

/** An event in words. */
export function describePointEvent(event: PointEvent): string {
  const seconds = (ticks: bigint, timescale: number) => `${Number(ticks) / timescale} s`;
  switch (event.event) {
    case "created":
      return "created";
    case "deleted":
      return "deleted";
    case "probed":
      return "probed";
    case "began":
      return "began to send";
    case "state":
      return event.eventId === undefined ? event.state : `${event.state} (event ${event.eventId})`;
    case "fragment": {
      const { trackId, time, duration, timescale, bytes, outcome } = event;
      const place = `${seconds(time, timescale)} + ${seconds(duration, timescale)}`;
      return `track ${trackId} at ${place}, ${showBytes(bytes)}, ${outcome}`;
    }
    case "gap": {
      const { trackId, time, size, timescale, missing } = event;
      const lost = missing > 0 ? `, ${missing} missing by number` : "";
      return `track ${trackId} has a gap at ${seconds(time, timescale)} of ${
        seconds(size, timescale)
      }${lost}`;
    }
    case "behind": {
      const { time, reached, timescale } = event;
      return `all it sends is late: it is at ${seconds(time, timescale)}, and players have ${
        seconds(reached, timescale)
      } already; set the point to Idle to begin anew, or push with --realtime`;
    }
    case "broken":
      return `broke the rule "${event.rule}": ${event.detail}`;
    case "answered":
      return `answered ${event.status}`;
    case "lost":
      return `broke off: ${event.message}`;
    case "refused":
      return `refused (${event.status}): ${event.message}`;
    case "shed":
      return `memory is short: ${event.fragments} old fragments gone`;
  }
}
