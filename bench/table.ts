/**
 * A table in Markdown that is also readable as it stands.
 *
 * @param left Columns of words, from 0; the others are figures, which are set to the right.
 */
export function formatTable(
  heads: readonly string[],
  rows: readonly (readonly string[])[],
  left: readonly number[] = [0],
): string {
  const escaped = rows.map((row) => row.map((cell) => cell.replaceAll("|", "\\|")));
  const widths = heads.map((head, n) =>
    Math.max(head.length, 3, ...escaped.map((row) => row[n]?.length ?? 0))
  );
  const line = (cells: readonly string[]) => {
    const padded = widths.map((width, n) =>
      left.includes(n) ? (cells[n] ?? "").padEnd(width) : (cells[n] ?? "").padStart(width)
    );
    return `| ${padded.join(" | ")} |`;
  };
  const rule = widths.map((width, n) => "-".repeat(width - 1) + (left.includes(n) ? "-" : ":"));
  return [line(heads), line(rule), ...escaped.map(line)].join("\n");
}
