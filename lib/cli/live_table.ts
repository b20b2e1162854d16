import type { PushEvent } from "../push_event.ts";
import type { Display } from "./display.ts";
import type { StreamRow } from "./stream_rows.ts";
import type { TextOutput } from "./terminal.ts";
import { describeEvent } from "./plain_log.ts";
import { StreamRows } from "./stream_rows.ts";
import { formatTable, leastTableWidth, plainText, type TableColumn } from "./text_table.ts";
import { showBitrate, showBytes, showLag, showTime } from "./units.ts";

const REDRAW_INTERVAL_MS = 200;

const CLEAR_LINE = "\x1b[K";
const CLEAR_BELOW = "\x1b[J";

/** A column and what stands in it. */
interface LiveColumn extends TableColumn {
  readonly cell: (row: StreamRow) => string;
  /** Its title where there is little room; none if it is left out then. */
  readonly narrow?: string;
}

const POINT: LiveColumn = {
  title: "point",
  narrow: "point",
  canShrink: true,
  cell: ({ point }) => point,
};

const COLUMNS: readonly LiveColumn[] = [
  { title: "stream", narrow: "stream", cell: ({ stream }) => stream },
  { title: "track", narrow: "track", canShrink: true, cell: ({ tracks }) => tracks.join("+") },
  { title: "bitrate", align: "right", cell: ({ bitrate }) => showBitrate(bitrate) },
  {
    title: "media time",
    narrow: "time",
    align: "right",
    dropOrder: 3,
    minWidth: 9,
    cell: ({ mediaSeconds }) => showTime(mediaSeconds),
  },
  {
    title: "fragments",
    narrow: "frags",
    align: "right",
    dropOrder: 1,
    cell: ({ fragments }) => String(fragments),
  },
  {
    title: "bytes",
    narrow: "bytes",
    align: "right",
    dropOrder: 0,
    minWidth: 7,
    cell: ({ bytes }) => showBytes(bytes),
  },
  {
    title: "lag",
    narrow: "lag",
    align: "right",
    minWidth: 6,
    cell: ({ fragments, lateMs }) => fragments > 0 ? showLag(lateMs) : "-",
  },
  { title: "state", narrow: "state", minWidth: 9, cell: ({ state }) => state },
  { title: "resent", align: "right", cell: ({ resent }) => String(resent) },
  {
    title: "reconnects",
    narrow: "breaks",
    align: "right",
    dropOrder: 2,
    cell: ({ reconnects }) => String(reconnects),
  },
];

/** The columns under the titles that they have where there is little room. */
function narrowed(columns: readonly LiveColumn[]): LiveColumn[] {
  return columns.flatMap((column) =>
    column.narrow === undefined ? [] : { ...column, title: column.narrow }
  );
}

/** A table of the streams that is drawn again in place. */
export class LiveTable implements Display {
  readonly #output: TextOutput;
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
    const full = hasPoints ? [POINT, ...COLUMNS] : COLUMNS;
    const cellsIn = (columns: readonly LiveColumn[]) =>
      shown.map((row) => columns.map(({ cell }) => cell(row)));
    const columns = leastTableWidth(full, cellsIn(full)) > width ? narrowed(full) : full;
    const lines = formatTable(columns, cellsIn(columns), { width });
    if (rows.length > room) lines.push(`and ${rows.length - room} more`);
    return lines;
  }
}
