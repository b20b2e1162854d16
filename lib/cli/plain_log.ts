import type { PushEvent } from "../push_event.ts";
import type { Display } from "./display.ts";
import type { TextOutput } from "./terminal.ts";
import { countWords } from "../count_words.ts";
import { type StreamRow, StreamRows } from "./stream_rows.ts";
import { plainText } from "./text_table.ts";
import { showBitrate, showBytes, showLag, showTime } from "./units.ts";

const SUMMARY_INTERVAL_MS = 10_000;

/** States of streams that have begun and not ended. */
const RUNNING: readonly StreamRow["state"][] = ["streaming", "late", "retrying", "resending"];

/** One line per event, and a summary now and then: for logs and pipes. */
export class PlainLog implements Display {
  readonly #output: TextOutput;
  readonly #showsFragments: boolean;
  readonly #rows = new StreamRows();
  readonly #timer: ReturnType<typeof setInterval>;

  constructor(output: TextOutput, showsFragments: boolean) {
    this.#output = output;
    this.#showsFragments = showsFragments;
    this.#timer = setInterval(() => this.#summarize(), SUMMARY_INTERVAL_MS);
  }

  onEvent(event: PushEvent): void {
    this.#rows.update(event);
    const text = describeEvent(event, this.#showsFragments);
    if (text === undefined) return;
    const subject = [event.point, event.stream].filter((it) => it !== "").join(" ");
    const line = `${event.time} ${subject === "" ? "" : `${subject}: `}${text}`;
    this.#output.write(`${plainText(line)}\n`);
  }

  close(): void {
    clearInterval(this.#timer);
  }

  #summarize(): void {
    const text = summaryOf(this.#rows.rows);
    if (text !== undefined) this.#output.write(`${new Date().toISOString()} ${text}\n`);
  }
}

/** All streams that have begun and not ended, in one line; `undefined` if there are none. */
export function summaryOf(rows: readonly StreamRow[]): string | undefined {
  const running = rows.filter(({ state }) => RUNNING.includes(state));
  if (running.length === 0) return undefined;
  const retrying = running.filter(({ state }) => state === "retrying").length;
  const sum = (of: (row: typeof running[number]) => number) =>
    running.reduce((total, row) => total + of(row), 0);
  const latest = Math.max(...running.map(({ mediaSeconds }) => mediaSeconds));
  const lag = Math.max(...running.map(({ lateMs }) => lateMs));
  return `${running.length} streams${retrying > 0 ? ` (${retrying} retrying)` : ""} at ${
    showTime(latest)
  }: ${sum(({ fragments }) => fragments)} fragments, ${
    showBytes(sum(({ bytes }) => bytes))
  }, at most ${showLag(lag)} late`;
}

/** An event in words; `undefined` for one that is not shown. */
export function describeEvent(event: PushEvent, showsFragments: boolean): string | undefined {
  switch (event.event) {
    case "planned":
      return event.streams.map(({ stream, tracks, bitrate, isSparse }) =>
        `${stream} (${tracks.join(" + ")}, ${isSparse ? "sparse" : showBitrate(bitrate)})`
      ).join(", ");
    case "warning":
      return `warning: ${event.message}`;
    case "created":
      return event.status === 201 ? "created" : `exists already (${event.status}), replaced`;
    case "probing":
      return `probing ${event.url}`;
    case "connected":
      return event.status === undefined ? "ready" : `accepted (${event.status})`;
    case "fragment":
      if (!showsFragments) return undefined;
      return `track ${event.trackId} fragment ${event.index} of pass ${event.pass}: ${
        showBytes(event.bytes)
      }, to ${showTime(event.mediaSeconds)}, ${showLag(event.lateMs)} late`;
    case "retrying":
      return `${event.message}; try ${event.attempt} in ${showLag(event.delayMs)}`;
    case "resending":
      return `sending the last ${countWords(event.fragments, "fragment")} again (${
        showBytes(event.bytes)
      })`;
    case "recovered":
      return `goes on after ${showLag(event.outageSeconds * 1000)}`;
    case "dropped":
      return `track ${event.trackId} fragment ${event.index} left out: too late`;
    case "late":
      return `${showLag(event.lateMs)} late`;
    case "ended": {
      const counts = `${countWords(event.fragments, "fragment")}, ${showBytes(event.bytes)}`;
      return `${event.state}: ${event.message ?? counts}`;
    }
  }
}
