/** One column of a table. */
export interface TableColumn {
  readonly title: string;
  /** @default {"left"} */
  readonly align?: "left" | "right";
  /**
   * Least width in characters: a table that is drawn again and again does not jump.
   *
   * @default {0}
   */
  readonly minWidth?: number;
  /** Most width in characters; a longer cell is cut. */
  readonly maxWidth?: number;
  /**
   * Whether its cells are cut where the table does not fit otherwise.
   *
   * @default {false}
   */
  readonly canShrink?: boolean;
  /**
   * Whether it goes as a whole where the table does not fit even so: the lowest number first.
   *
   * @default {it stays}
   */
  readonly dropOrder?: number;
}

/** Options for {@linkcode formatTable}. */
export interface TableOptions {
  /**
   * Most characters of a line.
   *
   * @default {100}
   */
  readonly width?: number;
  /**
   * Spaces in front of each line.
   *
   * @default {0}
   */
  readonly indent?: number;
  /**
   * Whether columns go that are empty in every row.
   *
   * @default {false}
   */
  readonly dropEmpty?: boolean;
}

const GAP = 2;
const LEAST_WIDTH = 4;
const DEFAULT_WIDTH = 100;

// What a terminal may obey, or what hides or turns the text around it.
const UNSAFE = /[\p{Cc}\p{Cf}\p{Cs}\p{Zl}\p{Zp}]/gu;
const COMBINING = /^[\p{Mn}\p{Me}]$/u;
const WIDE =
  /^[\u1100-\u115f\u2e80-\ua4cf\uac00-\ud7a3\uf900-\ufaff\ufe30-\ufe6f\uff00-\uff60\uffe0-\uffe6\u{1f300}-\u{1faff}\u{20000}-\u{3fffd}]$/u;

/** `text` on one line, without anything that a terminal would obey: such characters are shown by number. */
export function plainText(text: string): string {
  return text.replace(UNSAFE, (char) => `\\u{${char.codePointAt(0)!.toString(16)}}`);
}

function characterWidth(char: string): number {
  if (COMBINING.test(char)) return 0;
  return WIDE.test(char) ? 2 : 1;
}

/** How many cells of a terminal `text` takes. */
export function textWidth(text: string): number {
  let width = 0;
  for (const char of text) width += char <= "~" ? 1 : characterWidth(char);
  return width;
}

/** `text`, cut with an ellipsis where it is wider than `width`. */
export function cutText(text: string, width: number): string {
  if (textWidth(text) <= width) return text;
  let cut = "";
  let left = width - 1;
  for (const char of text) {
    left -= characterWidth(char);
    if (left < 0) break;
    cut += char;
  }
  return width > 0 ? `${cut}…` : "";
}

function pad(text: string, width: number, align: TableColumn["align"]): string {
  const space = " ".repeat(Math.max(0, width - textWidth(text)));
  return align === "right" ? space + text : text + space;
}

/** Widths of the columns: as wide as the longest cell. */
function fullWidths(
  columns: readonly TableColumn[],
  cells: readonly (readonly string[])[],
): number[] {
  return columns.map(({ minWidth = 0, maxWidth = Infinity }, n) => {
    const longest = cells.reduce((most, row) => Math.max(most, textWidth(row[n]!)), 0);
    return Math.min(Math.max(longest, minWidth), maxWidth);
  });
}

/** The width of a table, gaps included. */
function lineWidth(widths: readonly number[]): number {
  return widths.reduce((sum, each) => sum + each + GAP, -GAP);
}

/** How many characters a line of a table takes at least, if all is cut that can be. */
export function leastTableWidth(
  columns: readonly TableColumn[],
  rows: readonly (readonly string[])[],
): number {
  const cells = [columns.map(({ title }) => title), ...rows.map((row) => row.map(plainText))];
  const widths = fullWidths(columns, cells);
  return lineWidth(
    widths.map((each, n) => columns[n]!.canShrink ? Math.min(each, LEAST_WIDTH) : each),
  );
}

/** Which of some columns have room; all are told by number. */
function fittingColumns(
  some: readonly number[],
  columns: readonly TableColumn[],
  rows: readonly (readonly string[])[],
  width: number,
): number[] {
  const kept = [...some];
  const goers = some.filter((n) => columns[n]!.dropOrder !== undefined)
    .sort((a, b) => columns[a]!.dropOrder! - columns[b]!.dropOrder!);
  const isTooWide = () =>
    leastTableWidth(kept.map((n) => columns[n]!), rows.map((row) => kept.map((n) => row[n]!))) >
      width;
  for (const goer of goers) {
    if (!isTooWide()) break;
    kept.splice(kept.indexOf(goer), 1);
  }
  return kept;
}

/** Widths of the columns, less than full where the table would be too wide. */
function columnWidths(
  columns: readonly TableColumn[],
  cells: readonly (readonly string[])[],
  width: number,
): number[] {
  const widths = fullWidths(columns, cells);
  let excess = lineWidth(widths) - width;
  for (; excess > 0; excess--) {
    const widest = columns.reduce(
      (found, { canShrink }, n) =>
        canShrink && widths[n]! > LEAST_WIDTH && widths[n]! > (widths[found] ?? 0) ? n : found,
      -1,
    );
    if (widest < 0) break;
    widths[widest]!--;
  }
  return widths;
}

/**
 * Formats a table: a line with the titles, then one for each row, without spaces at their ends. What is in the cells is
 * made harmless for a terminal.
 *
 * @param rows As many cells each as there are columns; a missing one is empty.
 *
 * @example
 * ```ts
 * formatTable([{ title: "id" }, { title: "bytes", align: "right" }], [["1", "500"]]);
 * // ["id  bytes", "1     500"]
 * ```
 */
export function formatTable(
  columns: readonly TableColumn[],
  rows: readonly (readonly (string | undefined)[])[],
  options: TableOptions = {},
): string[] {
  const { width = DEFAULT_WIDTH, indent = 0, dropEmpty = false } = options;
  const all = rows.map((row) => columns.map((_, n) => plainText(row[n] ?? "")));
  const asked = [...columns.keys()].filter((n) => !dropEmpty || all.some((row) => row[n] !== ""));
  const kept = fittingColumns(asked, columns, all, width - indent);
  const shown = kept.map((n) => columns[n]!);
  const cells = [columns.map(({ title }) => title), ...all]
    .map((row) => kept.map((n) => row[n]!));
  const widths = columnWidths(shown, cells, width - indent);
  return cells.map((row) => {
    const padded = row.map((cell, n) =>
      pad(cutText(cell, widths[n]!), widths[n]!, shown[n]!.align)
    );
    return cutText(" ".repeat(indent) + padded.join(" ".repeat(GAP)).trimEnd(), width);
  });
}

/** Options for {@linkcode wrapText}. */
export interface WrapOptions {
  /**
   * Most characters of a line.
   *
   * @default {100}
   */
  readonly width?: number;
  /** What stands in front of the first line; the others are indented as far. */
  readonly lead?: string;
}

/** Breaks text into lines between words; a word that is longer than a line is broken. It is made harmless as in a table. */
export function wrapText(text: string, options: WrapOptions = {}): string[] {
  const { width = DEFAULT_WIDTH, lead = "" } = options;
  const room = Math.max(1, width - textWidth(lead));
  const lines: string[] = [];
  let line = "";
  for (const word of plainText(text).split(" ")) {
    const longer = line === "" ? word : `${line} ${word}`;
    if (textWidth(longer) <= room) {
      line = longer;
      continue;
    }
    if (line !== "") lines.push(line);
    line = "";
    for (const char of word) {
      if (textWidth(line) + characterWidth(char) > room) {
        lines.push(line);
        line = "";
      }
      line += char;
    }
  }
  const hang = " ".repeat(textWidth(lead));
  return [...lines, line].map((each, n) => `${n === 0 ? lead : hang}${each}`.trimEnd());
}
