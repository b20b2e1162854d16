import type { PushEvent } from "../push_event.ts";
import type { Display } from "./display.ts";
import type { StreamRow } from "./stream_rows.ts";
import type { TextOutput } from "./terminal.ts";
import { describeEvent } from "./plain_log.ts";
import { StreamRows } from "./stream_rows.ts";
import { formatTable, plainText, type TableColumn } from "./text_table.ts";
import { showBitrate, showBytes, showLag, showTime } from "./units.ts";

const REDRAW_INTERVAL_MS = 200;

const CLEAR_LINE = "\x1b[K";
const CLEAR_BELOW = "\x1b[J";

const COLUMNS: readonly TableColumn[] = [
  { title: "stream" },
  { title: "track", canShrink: true },
  { title: "bitrate", align: "right" },
  { title: "media time", align: "right", minWidth: 10 },
  { title: "fragments", align: "right" },
  { title: "bytes", align: "right", minWidth: 7 },
  { title: "lag", align: "right", minWidth: 6 },
  { title: "state", minWidth: 9 },
  { title: "reconnects", align: "right" },
];

/** A table of the streams that is drawn again in place. */
export class LiveTable implements Display {
  readonly #output: TextOutput & { readonly rows?: number };
  readonly #rows = new StreamRows();
  readonly #timer: ReturnType<typeof setInterval>;
  #drawnLines = 0;
  #isStale = false;

  constructor(output: TextOutput) {
    this.#output = output;
    this.#timer = setInterval(() => this.#redraw(), REDRAW_INTERVAL_MS);
  }

  onEvent(event: PushEvent): void {
    this.#rows.update(event);
    this.#isStale = true;
    const isNote = ["warning", "created", "recovered"].includes(event.event) ||
      (event.event === "retrying" && event.attempt === 1) ||
      (event.event === "ended" && event.message !== undefined);
    if (isNote) this.#note(`${event.stream || event.point} ${describeEvent(event, false)}`.trim());
  }

  close(): void {
    clearInterval(this.#timer);
    this.#redraw();
  }

  /** A line that stays, above the table. */
  #note(text: string): void {
    this.#output.write(`${this.#home()}${CLEAR_BELOW}${plainText(text)}\n`);
    this.#drawnLines = 0;
    this.#redraw();
  }

  #redraw(): void {
    if (!this.#isStale) return;
    this.#isStale = false;
    const lines = this.#lines();
    // Line by line: clearing the whole screen would push it into the history of some terminals.
    const text = lines.map((line) => `${line}${CLEAR_LINE}\n`).join("");
    this.#output.write(
      `${this.#home()}${text}${lines.length < this.#drawnLines ? CLEAR_BELOW : ""}`,
    );
    this.#drawnLines = lines.length;
  }

  /** Goes back to the first line of the table. */
  #home(): string {
    return this.#drawnLines > 0 ? `\x1b[${this.#drawnLines}F` : "";
  }

  #lines(): string[] {
    const { rows } = this.#rows;
    if (rows.length === 0) return [];
    const width = this.#output.columns ?? 100;
    // A table taller than the screen could not be drawn in place.
    const room = Math.max(3, (this.#output.rows ?? 24) - 4);
    const shown = rows.slice(0, room);
    const hasPoints = new Set(rows.map(({ point }) => point)).size > 1;
    const columns = hasPoints ? [{ title: "point", canShrink: true }, ...COLUMNS] : COLUMNS;
    const cells = shown.map((row) => hasPoints ? [row.point, ...cellsOf(row)] : cellsOf(row));
    const lines = formatTable(columns, cells, { width });
    if (rows.length > room) lines.push(`and ${rows.length - room} more`);
    return lines;
  }
}

function cellsOf(row: StreamRow): string[] {
  return [
    row.stream,
    row.tracks.join("+"),
    showBitrate(row.bitrate),
    showTime(row.mediaSeconds),
    String(row.fragments),
    showBytes(row.bytes),
    row.fragments > 0 ? showLag(row.lateMs) : "-",
    row.state,
    String(row.reconnects),
  ];
}
