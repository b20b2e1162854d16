import type { InspectArguments } from "./args.ts";
import type { Terminal, TextOutput } from "./terminal.ts";
import { inspect, type InspectProgress } from "../inspect/inspect.ts";
import { formatJson } from "../inspect/inspection_json.ts";
import { fileName } from "../source/location.ts";
import { EXIT } from "./exit_code.ts";
import { formatInspection, SHOWN_FRAGMENTS } from "./inspect_report.ts";
import { cutText, plainText } from "./text_table.ts";

const MAX_WIDTH = 100;
const MIN_WIDTH = 60;
const PIECE_CHARACTERS = 65_536;
const PROGRESS_INTERVAL_MS = 250;

/**
 * Shows what is in a presentation, a manifest, a media file or a captured body.
 *
 * @returns The exit code: 3 if something could not be read, after what could be.
 * @throws {InputError} If nothing could be read.
 */
export async function runInspect(args: InspectArguments, terminal: Terminal): Promise<number> {
  const { stdout, stderr, stop, signal } = terminal;
  const progress = new Progress(stderr);
  const inspection = await inspect(args.input, {
    maxFragmentBytes: args.maxFragmentBytes,
    ...(!args.json && { maxFragments: SHOWN_FRAGMENTS }),
    onProgress: (now) => progress.show(now),
    signal: AbortSignal.any([stop, signal]),
  }).finally(() => progress.clear());
  if (args.json) {
    writePieces(stdout, formatJson(inspection));
  } else {
    const width = Math.min(Math.max(stdout.columns ?? MAX_WIDTH, MIN_WIDTH), MAX_WIDTH);
    stdout.write(`${formatInspection(inspection, width).join("\n")}\n`);
  }
  for (const message of inspection.errors) stderr.write(`pushencoder: ${plainText(message)}\n`);
  return inspection.errors.length > 0 ? EXIT.input : EXIT.ok;
}

/** Writes small pieces together, and a line break at the end. */
function writePieces(output: TextOutput, pieces: Iterable<string>): void {
  let text = "";
  for (const piece of pieces) {
    text += piece;
    if (text.length < PIECE_CHARACTERS) continue;
    output.write(text);
    text = "";
  }
  output.write(`${text}\n`);
}

/** Says on a terminal how far the reading is: a file of many gigabytes behind a URL takes its time. */
class Progress {
  readonly #output: TextOutput;
  #shownAt = performance.now();
  #isShown = false;

  constructor(output: TextOutput) {
    this.#output = output;
  }

  show({ location, offset, size }: InspectProgress): void {
    const now = performance.now();
    if (!this.#output.isTTY || now - this.#shownAt < PROGRESS_INTERVAL_MS) return;
    this.#shownAt = now;
    this.#isShown = true;
    const percent = Math.floor(100 * offset / size);
    const text = plainText(`Reading ${fileName(location)}: ${percent} %`);
    this.#output.write(`\r${cutText(text, (this.#output.columns ?? MAX_WIDTH) - 1)}\x1b[K`);
  }

  clear(): void {
    if (this.#isShown) this.#output.write("\r\x1b[K");
  }
}
