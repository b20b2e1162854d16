import type { Results } from "../../bench/report.ts";
import { suite } from "uvu";
import * as assert from "uvu/assert";
import {
  formatMarkdown,
  formatReport,
  formatResults,
  parseResults,
  putBetweenMarks,
} from "../../bench/report.ts";

const results: Results = {
  conditions: ["2026-11-28, 2 cores", "Node 22.23.3"],
  answers: {
    drift: {
      figures: [
        { name: "a | b", unit: "ms", target: { atMost: 5 }, measured: 7, detail: "p50 <3 ms" },
        { name: "c", unit: "ms", measured: undefined, detail: "not installed" },
      ],
    },
    growth: {
      figures: [],
      plots: [{ title: "CPU time", x: { label: "n" }, y: { label: "s" }, series: [] }],
    },
  },
};

const resultsTest = suite("formatResults, parseResults");

resultsTest("keep what never came and what is no number", () => {
  const figures = [Infinity, -Infinity, NaN, 5, undefined].map((measured) => ({
    ...{ name: "a", unit: "ms", detail: "" },
    measured,
  }));
  const { answers } = parseResults(formatResults({ ...results, answers: { drift: { figures } } }));
  assert.equal(
    answers.drift!.figures.map(({ measured }) => measured),
    [Infinity, -Infinity, NaN, 5, undefined],
  );
});

resultsTest.run();

const markdownTest = suite("formatMarkdown");

markdownTest("is a table below what it was measured on", () => {
  assert.is(
    formatMarkdown(results),
    [
      "2026-11-28, 2 cores  ",
      "Node 22.23.3",
      "",
      "| figure |     to reach | measured | verdict      |",
      "| ------ | -----------: | -------: | ------------ |",
      "| a \\| b | at most 5 ms |     7 ms | missed       |",
      "| c      |            – |        – | not measured |",
    ].join("\n"),
  );
});

markdownTest("has the main figures alone where it is to be short", () => {
  const figure = { unit: "ms", measured: 1, detail: "" };
  const answers = {
    unpaced: { figures: [{ ...figure, name: "Unpaced push" }, { ...figure, name: "… CPU time" }] },
    scheduler: { figures: [{ ...figure, name: "Scheduler alone" }] },
    pacing: {
      figures: [
        { ...figure, name: "Pacing of 100 streams, Node: last byte p50" },
        { ...figure, name: "Pacing of 100 streams, clock thread, Node: last byte p50" },
      ],
    },
  };
  const short = formatMarkdown({ conditions: [], answers }, true);
  assert.match(short, "Unpaced push");
  assert.match(short, "100 streams, Node");
  for (const name of ["CPU time", "Scheduler", "clock thread"]) assert.not.match(short, name);
  assert.match(formatMarkdown({ conditions: [], answers }), "Scheduler alone");
});

markdownTest.run();

const reportTest = suite("formatReport");

reportTest("has the figures with their details, and the plots under their questions", () => {
  const row = { id: "growth", question: "What does n cost?", run: () => Promise.reject() };
  const report = formatReport(results, [row]);
  assert.match(report, ">p50 &lt;3 ms</td>");
  assert.ok(report.indexOf("<h2>What does n cost?</h2>") < report.indexOf("<svg"));
});

reportTest.run();

const marksTest = suite("putBetweenMarks");

marksTest("replaces what is between the marks, and nothing else", () => {
  const document = "a\n<!-- bench: begin -->\nold\n<!-- bench: end -->\nb";
  const replaced = "a\n<!-- bench: begin -->\n\nnew\n\n<!-- bench: end -->\nb";
  assert.is(putBetweenMarks(document, "new"), replaced);
  assert.is(putBetweenMarks(replaced, "new"), replaced);
});

marksTest("says that the marks are missing", () => {
  assert.throws(() => putBetweenMarks("a", "new"), /bench: begin/);
});

marksTest.run();
