import { suite } from "uvu";
import * as assert from "uvu/assert";
import { formatPlot, formatQuantity, type PlotOptions } from "../../lib/report/plot.ts";

const plot = (options: Partial<PlotOptions> = {}) =>
  formatPlot({
    title: "Lateness",
    x: { label: "streams", scale: "log" },
    y: { label: "ms" },
    series: [{ name: "p99", points: [[1, 0.5], [10, 1], [100, 2]] }],
    ...options,
  });

const pathOf = (svg: string) =>
  /class="plot-line plot-0"[^>]* d="(M[^"]*)"\/>\n<circle/.exec(svg)?.[1];

const test = suite("formatPlot");

test("draws a line through the points, from left to right and upwards", () => {
  const numbers = pathOf(plot())!.split(/[ML]/).slice(1).map((pair) => pair.split(" ").map(Number));
  assert.is(numbers.length, 3);
  const [[x0, y0], [x1, y1], [x2, y2]] = numbers as [number, number][] as [
    [number, number],
    [number, number],
    [number, number],
  ];
  assert.ok(Math.abs((x1 - x0) - (x2 - x1)) < 0.2, "decades are equally wide");
  assert.ok(y0 > y1 && y1 > y2);
});

test("leaves room for half of a long number at the right end", () => {
  const format = () => "99.6842 percent";
  const long = plot({ x: { label: "percentile", format } });
  const endOf = (svg: string) => Math.max(...pathOf(svg)!.split(/[ML]/).slice(1).map(parseFloat));
  assert.is(endOf(plot()), 720 - 24);
  assert.ok(720 - endOf(long) >= format().length * 6.7 / 2);
});

test("says each point in words", () => {
  assert.match(plot(), "<title>p99: 100, 2</title>");
});

test("breaks the line at a point that has no place", () => {
  const svg = plot({ series: [{ name: "p99", points: [[1, 1], [10, NaN], [100, 2], [1000, 3]] }] });
  assert.is(pathOf(svg)!.split("M").length - 1, 2);
  assert.not.match(svg, /NaN|undefined|Infinity/);
});

test("escapes what it is given", () => {
  const svg = plot({ title: '<b> & "c"', series: [{ name: "a<b", points: [[1, 1]] }] });
  assert.match(svg, 'aria-label="&lt;b&gt; &amp; &quot;c&quot;"');
  assert.match(svg, "a&lt;b: 1, 1");
  assert.not.match(svg, "<b>");
});

test("draws a mark inside the plot, though no point is as high", () => {
  const svg = plot({ marks: [{ axis: "y", value: 40, label: "at most 40 ms" }] });
  assert.match(svg, 'class="plot-mark"');
  assert.match(svg, "at most 40 ms");
});

test("has room for the legend of many series", () => {
  const series = Array.from({ length: 12 }, (_, n) => ({
    name: `a series with a long name, ${n}`,
    points: [[1, n]] as const,
  }));
  const svg = plot({ series });
  const rows = new Set([...svg.matchAll(/y="([\d.]+)" text-anchor="start"/g)].map(([, y]) => y));
  assert.ok(rows.size >= 4);
});

test("is a plot without any point too", () => {
  assert.not.match(plot({ series: [] }), /NaN|undefined|Infinity/);
  assert.not.match(plot({ series: [{ name: "none", points: [] }] }), /NaN|undefined|Infinity/);
});

test.run();

const quantityTest = suite("formatQuantity");

const quantities = [
  [0, "0"],
  [0.05, "0.05"],
  [999, "999"],
  [1500, "1.5k"],
  [2e7, "20M"],
  [1e10, "10G"],
  [-2500, "-2.5k"],
] as const;
for (const [value, text] of quantities) {
  quantityTest(`writes ${value} as ${text}`, () => {
    assert.is(formatQuantity(value), text);
  });
}

quantityTest.run();
