import type { BenchProgress } from "../load/bench_options.ts";
import { isScreen, type Terminal, type TextOutput } from "./terminal.ts";
import { countWords } from "../count_words.ts";
import { distributionsOf } from "../load/bench_report.ts";
import { metricLines, showMs, showThroughput, stepLines } from "./bench_lines.ts";
import { cutText, plainText, wrapText } from "./text_table.ts";
import { showTime } from "./units.ts";

/** Shows how a load test is going. */
export interface BenchDisplay {
  onProgress(progress: BenchProgress): void;
  note(text: string): void;
  close(): void;
}

/** The display that suits the terminal: a view that is drawn again in place, else a line now and then; both on stderr. */
export function openBenchDisplay(
  { quiet, title }: { readonly quiet: boolean; readonly title: string },
  terminal: Terminal,
): BenchDisplay {
  if (quiet) return { onProgress: () => {}, note: () => {}, close: () => {} };
  return isScreen(terminal)
    ? new BenchView(terminal.stderr, title)
    : new BenchLog(terminal.stderr, title);
}

const CLEAR_LINE = "\x1b[K";
const CLEAR_BELOW = "\x1b[J";
const DEFAULT_WIDTH = 100;

const DEFAULT_ROWS = 24;

/** Steps of a search that are shown where there is room. */
const SHOWN_STEPS = 8;

class BenchView implements BenchDisplay {
  readonly #output: TextOutput;
  readonly #title: string;
  #drawnLines = 0;

  constructor(output: TextOutput, title: string) {
    this.#output = output;
    this.#title = title;
  }

  onProgress(progress: BenchProgress): void {
    const width = this.#output.columns ?? DEFAULT_WIDTH;
    const lines = this.#lines(progress, width);
    const text = lines.map((line) => `${cutText(line, width)}${CLEAR_LINE}\n`).join("");
    this.#output.write(`${this.#home()}${text}${CLEAR_BELOW}`);
    this.#drawnLines = lines.length;
  }

  /** No more than the screen has rows, as what is above it could not be drawn again. */
  #lines(progress: BenchProgress, width: number): string[] {
    const room = Math.max(1, (this.#output.rows ?? DEFAULT_ROWS) - 1);
    const head = [this.#title, ...headLines(progress).flatMap((it) => wrapText(it, { width }))];
    const metrics = ["", ...metricLines(distributionsOf(progress.tally), width)];
    // An empty line and the titles.
    const count = Math.min(SHOWN_STEPS, room - head.length - metrics.length - 2);
    const steps = progress.steps.length > 0 && count > 0
      ? ["", ...stepLines(progress.steps.slice(-count), width)]
      : [];
    return [...head, ...metrics, ...steps].slice(0, room);
  }

  note(text: string): void {
    this.#output.write(`${this.#home()}${CLEAR_BELOW}${plainText(text)}\n`);
    this.#drawnLines = 0;
  }

  close(): void {
    // The summary takes its place.
    this.#output.write(`${this.#home()}${CLEAR_BELOW}`);
    this.#drawnLines = 0;
  }

  #home(): string {
    return this.#drawnLines > 0 ? `\x1b[${this.#drawnLines}F` : "";
  }
}

const LOG_INTERVAL_SECONDS = 10;

class BenchLog implements BenchDisplay {
  readonly #output: TextOutput;
  #nextSeconds = 0;
  #steps = 0;
  #state = "";

  constructor(output: TextOutput, title: string) {
    this.#output = output;
    this.note(title);
  }

  onProgress(progress: BenchProgress): void {
    const { elapsedSeconds, state, steps, tally } = progress;
    for (const step of steps.slice(this.#steps)) {
      const { channels, isKept, misses, last } = step;
      this.note(
        `${countWords(channels, "channel")}: p99 ${showMs(last.p99)}, ${
          isKept ? "kept" : misses.join("; ")
        }`,
      );
    }
    this.#steps = steps.length;
    if (state === this.#state && elapsedSeconds < this.#nextSeconds) return;
    if (state === this.#state || state === "measuring") {
      this.#nextSeconds = elapsedSeconds + LOG_INTERVAL_SECONDS;
    }
    this.#state = state;
    const last = tally.histogram("last");
    const latency = last.count > 0
      ? `, last byte p50 ${showMs(last.percentile(50))}, p99 ${showMs(last.percentile(99))}`
      : "";
    this.note(`${headLines(progress).join("; ")}${latency}`);
  }

  note(text: string): void {
    this.#output.write(`${new Date().toISOString()} ${plainText(text)}\n`);
  }

  close(): void {}
}

function headLines(progress: BenchProgress): string[] {
  const { state, elapsedSeconds, totalSeconds, channels, target, tally } = progress;
  if (state === "calibrating") {
    return [`calibrating with ${countWords(target, "channel")} against a null sink`];
  }
  const { reconnects, stalls } = tally.counts;
  const total = totalSeconds === undefined ? "" : ` of ${showTime(totalSeconds)}`;
  const errors = tally.errorCount > 0 ? ` (${tally.errorText})` : "";
  return [
    `${state} ${showTime(elapsedSeconds)}${total}  ${channels} of ${target} channels`,
    `${showThroughput(progress.bytesPerSecond)}  ${
      progress.fragmentsPerSecond.toFixed(0)
    } fragments/s  overdue ${showMs(progress.overdueMs)}  CPU ${
      progress.cpuCores.toFixed(2)
    } cores`,
    `${countWords(tally.errorCount, "error")}${errors}  ${countWords(reconnects, "reconnect")}  ${
      countWords(stalls, "stall")
    }`,
  ];
}
