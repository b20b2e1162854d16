/** A table in Markdown that is also readable as it stands: the first column to the left, figures to the right. */
export function formatTable(
  heads: readonly string[],
  rows: readonly (readonly string[])[],
): string {
  const widths = heads.map((head, n) =>
    Math.max(head.length, 3, ...rows.map((row) => row[n]?.length ?? 0))
  );
  const line = (cells: readonly string[]) => {
    const padded = widths.map((width, n) =>
      n === 0 ? (cells[n] ?? "").padEnd(width) : (cells[n] ?? "").padStart(width)
    );
    return `| ${padded.join(" | ")} |`;
  };
  const rule = widths.map((width, n) => "-".repeat(width - 1) + (n === 0 ? "-" : ":"));
  return [line(heads), line(rule), ...rows.map(line)].join("\n");
}

/** A figure with so many digits behind the point; a dash where there is none. */
export function formatFigure(value: number | undefined, digits: number): string {
  return value === undefined ? "–" : value.toFixed(digits);
}
