/** Options for {@linkcode formatHtmlPage}. */
export interface HtmlPageOptions {
  /** Plain text. */
  readonly title: string;
  /** HTML of what comes below the title. */
  readonly body: string;
}

/** Light and dark as the reader has it; tables scroll by themselves where the window is narrow. */
const STYLE = `
:root { color-scheme: light dark; }
body { font: 16px/1.5 system-ui, sans-serif; max-width: 72rem; margin: 2rem auto; padding: 0 1rem; }
h1 { font-size: 1.6rem; overflow-wrap: anywhere; } h2 { font-size: 1.2rem; margin-top: 2.5rem; }
.scroll { overflow-x: auto; }
table { border-collapse: collapse; font-variant-numeric: tabular-nums; font-size: 0.9rem; }
th, td { padding: 0.3rem 0.7rem; text-align: left; vertical-align: top;
  border-bottom: 1px solid color-mix(in srgb, currentColor 20%, transparent); }
td.wide { min-width: 16rem; }
td.figure, th.figure { text-align: right; white-space: nowrap; }
.scroll > svg { max-width: 100%; min-width: 34rem; height: auto; display: block; margin: 1rem 0; }
`;

/** Makes plain text safe as the content of an element or as an attribute in double quotes. */
export function escapeHtml(text: string): string {
  return text
    .replaceAll("&", "&amp;")
    .replaceAll("<", "&lt;")
    .replaceAll(">", "&gt;")
    .replaceAll('"', "&quot;");
}

/** One page that loads nothing: it can be mailed, and opened without a network. */
export function formatHtmlPage({ title, body }: HtmlPageOptions): string {
  const text = escapeHtml(title);
  return [
    "<!doctype html>",
    '<html lang="en">',
    '<head><meta charset="utf-8">',
    '<meta name="viewport" content="width=device-width, initial-scale=1">',
    '<link rel="icon" href="data:,">',
    `<title>${text}</title><style>${STYLE}</style></head>`,
    `<body><h1>${text}</h1>`,
    body,
    "</body></html>",
    "",
  ].join("\n");
}

/** Something wide, such as a plot, that scrolls by itself where the window is narrow. */
export function formatHtmlScroll(html: string): string {
  return `<div class="scroll">${html}</div>`;
}

/** A cell that holds a figure is set to the right. */
export interface HtmlTableOptions {
  readonly heads: readonly string[];
  readonly rows: readonly (readonly string[])[];
  /** Columns that hold figures, from 0. */
  readonly figures?: readonly number[];
  /** Columns that hold sentences, from 0. */
  readonly wide?: readonly number[];
}

/** A table of plain text. */
export function formatHtmlTable(
  { heads, rows, figures = [], wide = [] }: HtmlTableOptions,
): string {
  const kind = (n: number) =>
    figures.includes(n) ? ' class="figure"' : wide.includes(n) ? ' class="wide"' : "";
  const line = (tag: string, cells: readonly string[]) =>
    `<tr>${cells.map((cell, n) => `<${tag}${kind(n)}>${escapeHtml(cell)}</${tag}>`).join("")}</tr>`;
  return formatHtmlScroll([
    "<table><thead>",
    line("th", heads),
    "</thead><tbody>",
    ...rows.map((row) => line("td", row)),
    "</tbody></table>",
  ].join("\n"));
}
