import type { Answer, Row } from "./row.ts";
import type { Figure } from "./figure.ts";
import {
  escapeHtml,
  formatHtmlPage,
  formatHtmlScroll,
  formatHtmlTable,
} from "../lib/report/html_page.ts";
import { formatPlot } from "../lib/report/plot.ts";
import { formatMeasured, formatTarget, verdictOf } from "./figure.ts";
import { formatTable } from "./table.ts";

/** What was measured in one run of the benchmarks, or in several. */
export interface Results {
  /** Machine, versions and date, a line each. */
  readonly conditions: readonly string[];
  /** By the `id` of the row, in the order of the rows. */
  readonly answers: Readonly<Record<string, Answer>>;
}

/** As JSON, in which a number that is not finite is a word: what never came is infinitely late. */
export function formatResults(results: Results): string {
  const word = (_: string, value: unknown) =>
    typeof value === "number" && !Number.isFinite(value) ? String(value) : value;
  return JSON.stringify(results, word, 2);
}

/**
 * Reads what {@linkcode formatResults} wrote.
 *
 * @throws {SyntaxError} If it is no JSON.
 */
export function parseResults(text: string): Results {
  const numbers = new Map([["Infinity", Infinity], ["-Infinity", -Infinity], ["NaN", NaN]]);
  return JSON.parse(text, (_, value) => numbers.get(value) ?? value) as Results;
}

const HEADS = ["figure", "to reach", "measured", "verdict"];

function cellsOf(figure: Figure): string[] {
  return [figure.name, formatTarget(figure), formatMeasured(figure), verdictOf(figure)];
}

/** The figures that the README of the project shows, by the `id` of their rows: those that answer the question. */
const HEADLINES: ReadonlyMap<string, RegExp> = new Map([
  ["unpaced", /^Unpaced/],
  ["memory", /^Peak memory/],
  ["fragments", /^Fragments/],
  ["pacing", /^Pacing(?!.*clock thread)/],
  ["thousand", /^/],
  ["drift", /^/],
  ["start", /first byte/],
  ["bytes", /^/],
  ["point", /lost$/],
]);

function headlinesOf([id, { figures }]: readonly [string, Answer]): readonly Figure[] {
  const pattern = HEADLINES.get(id);
  return figures.filter(({ name }) => pattern?.test(name));
}

/** The table in Markdown, with what it was measured on: all figures, or those for the README of the project. */
export function formatMarkdown({ conditions, answers }: Results, isShort = false): string {
  const figures = isShort
    ? Object.entries(answers).flatMap(headlinesOf)
    : Object.values(answers).flatMap(({ figures }) => figures);
  const rows = figures.map(cellsOf);
  return [
    ...conditions.map((text, n) => `${text}${n < conditions.length - 1 ? "  " : ""}`),
    "",
    formatTable(HEADS, rows, [0, 3]),
  ].join("\n");
}

/** The whole as one page that loads nothing, with the plots. */
export function formatReport({ conditions, answers }: Results, rows: readonly Row[]): string {
  const figures = Object.values(answers).flatMap(({ figures }) => figures);
  const plots = rows.flatMap(({ id, question }) => {
    const own = answers[id]?.plots ?? [];
    return own.length === 0 ? [] : [
      `<h2>${escapeHtml(question)}</h2>`,
      ...own.map((plot) => formatHtmlScroll(formatPlot(plot))),
    ];
  });
  const table = formatHtmlTable({
    heads: [...HEADS, "detail"],
    rows: figures.map((figure) => [...cellsOf(figure), figure.detail]),
    figures: [1, 2],
    wide: [0, 4],
  });
  return formatHtmlPage({
    title: "Benchmarks of pushencoder",
    body: [
      ...conditions.map((text) => `<p>${escapeHtml(text)}</p>`),
      ...(figures.length > 0 ? [table] : []),
      ...plots,
    ].join("\n"),
  });
}

const BEGIN = "<!-- bench: begin -->";
const END = "<!-- bench: end -->";

/**
 * Puts a text between the two marks of a document.
 *
 * @throws {SyntaxError} If it does not have them.
 */
export function putBetweenMarks(document: string, text: string): string {
  const [from, to] = [document.indexOf(BEGIN), document.indexOf(END)];
  if (from < 0 || to < from) {
    throw new SyntaxError(`Cannot find "${BEGIN}" and "${END}" in the document`);
  }
  return `${document.slice(0, from + BEGIN.length)}\n\n${text}\n\n${document.slice(to)}`;
}
