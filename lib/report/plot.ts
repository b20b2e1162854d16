import type { Scale, ScaleKind } from "./scale.ts";
import { escapeHtml } from "./html_page.ts";
import { makeScale } from "./scale.ts";

/** An axis of a plot. */
export interface PlotAxis {
  /** What is laid along it, with its unit. */
  readonly label: string;
  /**
   * A log axis leaves out what is not above 0.
   *
   * @default {"linear"}
   */
  readonly scale?: ScaleKind;
  /** Where it begins, in place of a round number at or before the first value. */
  readonly min?: number | undefined;
  /** Where it ends, in place of a round number at or after the last value. */
  readonly max?: number | undefined;
  /** @default {formatQuantity} */
  readonly format?: (value: number) => string;
}

/** Points of one kind. */
export interface PlotSeries {
  readonly name: string;
  /** In the order in which a line goes through them; one that is not finite makes a gap. */
  readonly points: readonly (readonly [x: number, y: number])[];
  /**
   * A line with a dot at each point, the line or the dots alone, or a line that goes across before it goes up.
   *
   * @default {"line and dots"}
   */
  readonly style?: "line and dots" | "line" | "dots" | "steps";
}

/** A line across the plot, such as a target. */
export interface PlotMark {
  /** The axis on which its value lies. */
  readonly axis: "x" | "y";
  readonly value: number;
  readonly label: string;
}

/** Options for {@linkcode formatPlot}. */
export interface PlotOptions {
  readonly title: string;
  readonly x: PlotAxis;
  readonly y: PlotAxis;
  readonly series: readonly PlotSeries[];
  readonly marks?: readonly PlotMark[];
  /**
   * In pixels; a page may show it narrower.
   *
   * @default {720}
   */
  readonly width?: number;
  /** @default {380} */
  readonly height?: number;
}

const FONT_SIZE = 12;

/** About as wide as a character of the font is on average. */
const CHARACTER_WIDTH = 6.7;

const LINE_HEIGHT = 18;

/** For light pages and for dark ones; all can be told apart with any kind of colour vision, the dashes help. */
const COLOURS = [
  ["#0066a8", "#6cbcf0"],
  ["#c24a00", "#ff9d5c"],
  ["#00785a", "#3fd0a4"],
  ["#a3428b", "#e79ad2"],
  ["#8a6d00", "#e8c547"],
  ["#4d4d4d", "#c4c4c4"],
] as const;

const DASHES = ["none", "7 3", "2 3", "9 3 2 3"];

const STYLE = [
  `.plot text{font:${FONT_SIZE}px system-ui,sans-serif;fill:currentColor}`,
  ".plot .plot-title{font-weight:600;font-size:14px}",
  ".plot .plot-grid{stroke:currentColor;stroke-opacity:.15}",
  ".plot .plot-axis{stroke:currentColor;stroke-opacity:.6;fill:none}",
  ".plot .plot-mark{stroke:currentColor;stroke-opacity:.7;stroke-dasharray:3 4}",
  ".plot .plot-line{fill:none;stroke-width:2;stroke-linejoin:round}",
  ...COLOURS.map(([light], n) => colourRule(n, light)),
  `@media (prefers-color-scheme:dark){${
    COLOURS.map(([, dark], n) => colourRule(n, dark)).join("")
  }}`,
].join("");

function colourRule(n: number, colour: string): string {
  return `.plot .plot-${n}{stroke:${colour}}.plot circle.plot-${n}{fill:${colour}}`;
}

/** The rectangle in which points lie. */
interface Area {
  readonly left: number;
  readonly top: number;
  readonly right: number;
  readonly bottom: number;
}

/**
 * Draws a plot as an SVG element that stands by itself, in a page or in a file. It takes the colour of the text around
 * it, and its lines have other colours where the reader has it dark.
 */
export function formatPlot(options: PlotOptions): string {
  const { title, series, marks = [], width = 720, height = 380 } = options;
  const [x, y] = (["x", "y"] as const).map((axis) => scaleOf(options, axis)) as [Scale, Scale];
  const formats = { x: options.x.format ?? formatQuantity, y: options.y.format ?? formatQuantity };
  const widest = Math.max(0, ...y.ticks.map((tick) => formats.y(tick).length));
  // The last number below the plot may be as far to the right as the plot goes.
  const last = formats.x(x.ticks.at(-1) ?? 0).length;
  const legend = formatLegend(series, 16, width - 16, 24 + LINE_HEIGHT);
  const area: Area = {
    left: 34 + widest * CHARACTER_WIDTH,
    top: legend.bottom + 10,
    right: width - Math.max(24, last * CHARACTER_WIDTH / 2 + 4),
    bottom: height - 48,
  };
  const toX = (value: number) => onto(x.place(value), area.left, area.right);
  const toY = (value: number) => onto(y.place(value), area.bottom, area.top);
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" class="plot" role="img" aria-label="${
      escapeHtml(title)
    }" width="${width}" height="${height}" viewBox="0 0 ${width} ${height}">`,
    `<style>${STYLE}</style>`,
    `<text class="plot-title" x="16" y="20">${escapeHtml(title)}</text>`,
    ...legend.elements,
    ...x.ticks.map((tick) => {
      const at = toX(tick)!;
      return `<path class="plot-grid" d="M${at} ${area.top}V${area.bottom}"/>` +
        label(at, area.bottom + 16, formats.x(tick), "middle");
    }),
    ...y.ticks.map((tick) => {
      const at = toY(tick)!;
      return `<path class="plot-grid" d="M${area.left} ${at}H${area.right}"/>` +
        label(area.left - 6, at + 4, formats.y(tick), "end");
    }),
    `<path class="plot-axis" d="M${area.left} ${area.top}V${area.bottom}H${area.right}"/>`,
    label((area.left + area.right) / 2, height - 12, options.x.label, "middle"),
    sideLabel(14, (area.top + area.bottom) / 2, options.y.label),
    ...marks.map((mark) => formatMark(mark, area, toX, toY)),
    ...series.flatMap((one, n) => formatSeries(one, n, toX, toY, formats)),
    "</svg>",
  ].join("\n");
}

/** A number with at most three digits and a letter for its size: 1.5k, 20M, 3G. */
export function formatQuantity(value: number): string {
  const size = Math.abs(value);
  const [unit, letter] = size >= 1e9
    ? [1e9, "G"]
    : size >= 1e6
    ? [1e6, "M"]
    : size >= 1e3
    ? [1e3, "k"]
    : [1, ""];
  return `${Number((value / (unit as number)).toPrecision(3))}${letter}`;
}

function scaleOf({ series, marks = [], ...axes }: PlotOptions, axis: "x" | "y"): Scale {
  const { scale: kind = "linear", min, max } = axes[axis];
  const values = series.flatMap(({ points }) => points.map(([x, y]) => axis === "x" ? x : y));
  const marked = marks.filter((mark) => mark.axis === axis).map(({ value }) => value);
  // A linear axis of amounts begins at 0: differences look as large as they are.
  const zero = kind === "linear" && axis === "y" && min === undefined ? [0] : [];
  return makeScale({ kind, values: [...values, ...marked, ...zero], min, max });
}

/** In pixels, with one digit behind the point. */
function onto(place: number | undefined, from: number, to: number): number | undefined {
  return place === undefined ? undefined : Math.round((from + place * (to - from)) * 10) / 10;
}

function label(x: number, y: number, text: string, anchor: "start" | "middle" | "end"): string {
  return `<text x="${x}" y="${y}" text-anchor="${anchor}">${escapeHtml(text)}</text>`;
}

function sideLabel(x: number, y: number, text: string): string {
  return `<text transform="translate(${x} ${y}) rotate(-90)" text-anchor="middle">${
    escapeHtml(text)
  }</text>`;
}

type Place = (value: number) => number | undefined;

function formatMark({ axis, value, label: text }: PlotMark, area: Area, toX: Place, toY: Place) {
  const at = axis === "x" ? toX(value) : toY(value);
  if (at === undefined) return "";
  return axis === "x"
    ? `<path class="plot-mark" d="M${at} ${area.top}V${area.bottom}"/>` +
      label(at + 4, area.top + 12, text, "start")
    : `<path class="plot-mark" d="M${area.left} ${at}H${area.right}"/>` +
      label(area.right - 4, at - 5, text, "end");
}

function formatSeries(
  { name, points, style = "line and dots" }: PlotSeries,
  n: number,
  toX: Place,
  toY: Place,
  formats: Record<"x" | "y", (value: number) => string>,
): string[] {
  const colour = n % COLOURS.length;
  let path = "";
  let isDown = false;
  const dots: string[] = [];
  for (const [x, y] of points) {
    const [px, py] = [toX(x), toY(y)];
    if (px === undefined || py === undefined) {
      isDown = false;
      continue;
    }
    path += isDown ? (style === "steps" ? `H${px}V${py}` : `L${px} ${py}`) : `M${px} ${py}`;
    isDown = true;
    const text = escapeHtml(`${name}: ${formats.x(x)}, ${formats.y(y)}`);
    dots.push(
      `<circle class="plot-${colour}" cx="${px}" cy="${py}" r="3"><title>${text}</title></circle>`,
    );
  }
  const line = `<path class="plot-line plot-${colour}" stroke-dasharray="${
    dashOf(n)
  }" d="${path}"/>`;
  return [
    ...(style === "dots" || path === "" ? [] : [line]),
    ...(style === "line" || style === "steps" ? [] : dots),
  ];
}

function dashOf(n: number): string {
  return DASHES[n % DASHES.length]!;
}

/** As many names in a line as have room. */
function formatLegend(series: readonly PlotSeries[], left: number, right: number, top: number) {
  const elements: string[] = [];
  let [x, y] = [left, top];
  for (const [n, { name, style }] of series.entries()) {
    const width = 36 + name.length * CHARACTER_WIDTH + 14;
    if (x > left && x + width > right) [x, y] = [left, y + LINE_HEIGHT];
    const colour = n % COLOURS.length;
    const sample = style === "dots"
      ? `<circle class="plot-${colour}" cx="${x + 14}" cy="${y - 4}" r="3"/>`
      : `<path class="plot-line plot-${colour}" stroke-dasharray="${dashOf(n)}" d="M${x} ${
        y - 4
      }h28"/>`;
    elements.push(sample + label(x + 34, y, name, "start"));
    x += width;
  }
  return { elements, bottom: series.length > 0 ? y + 4 : top - LINE_HEIGHT + 4 };
}
