import { suite } from "uvu";
import * as assert from "uvu/assert";
import { formatHtmlPage, formatHtmlTable } from "../../lib/report/html_page.ts";

const pageTest = suite("formatHtmlPage");

pageTest("escapes the title, and leaves the body as it is", () => {
  const page = formatHtmlPage({ title: "a < b & c", body: "<p>text</p>" });
  assert.match(page, "<title>a &lt; b &amp; c</title>");
  assert.match(page, "<h1>a &lt; b &amp; c</h1>\n<p>text</p>");
});

pageTest("loads nothing", () => {
  const page = formatHtmlPage({ title: "t", body: "" });
  assert.not.match(page, /https?:|src=|url\(/);
});

pageTest.run();

const tableTest = suite("formatHtmlTable");

tableTest("escapes its cells and sets figures to the right", () => {
  const table = formatHtmlTable({ heads: ["name", "ms"], rows: [["<p50>", "1.5"]], figures: [1] });
  assert.match(table, '<td>&lt;p50&gt;</td><td class="figure">1.5</td>');
});

tableTest.run();
