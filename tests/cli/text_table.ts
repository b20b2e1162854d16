import { suite } from "uvu";
import * as assert from "uvu/assert";
import { cutText, formatTable, plainText, textWidth, wrapText } from "../../lib/cli/text_table.ts";

const tableTest = suite("formatTable");

const ID = { title: "id" };
const BYTES = { title: "bytes", align: "right" } as const;

tableTest("lines up titles and cells", () => {
  assert.equal(formatTable([ID, BYTES], [["1", "500"], ["audio", "1234567"]]), [
    "id       bytes",
    "1          500",
    "audio  1234567",
  ]);
});

tableTest("indents every line and leaves no space at its end", () => {
  assert.equal(formatTable([BYTES, ID], [["5", "a"], ["6"]], { indent: 2 }), [
    "  bytes  id",
    "      5  a",
    "      6",
  ]);
});

tableTest("keeps a least and a most width", () => {
  const columns = [{ title: "a", minWidth: 4 }, { title: "b", maxWidth: 3 }, { title: "c" }];
  assert.equal(formatTable(columns, [["1", "12345", "1"]]), ["a     b    c", "1     12…  1"]);
});

tableTest("cuts the widest column that may shrink where a line is too long", () => {
  const columns = [{ title: "a", canShrink: true }, { title: "b", canShrink: true }, ID];
  assert.equal(formatTable(columns, [["123456789", "12345678", "77"]], { width: 18 }), [
    "a       b       id",
    "12345…  12345…  77",
  ]);
});

tableTest("cuts the line where no column may shrink", () => {
  assert.equal(formatTable([ID, BYTES], [["1", "500"]], { width: 6 }), ["id  b…", "1    …"]);
});

tableTest("leaves whole columns out in their order where there is no room for all", () => {
  const columns = [
    ID,
    { title: "second", dropOrder: 1 },
    { title: "first", dropOrder: 0 },
    { title: "text", canShrink: true },
  ];
  const at = (width: number) => formatTable(columns, [["1", "2", "3", "a text"]], { width });
  assert.equal(at(25), ["id  second  first  text", "1   2       3      a text"]);
  assert.equal(at(23), ["id  second  first  text", "1   2       3      a t…"]);
  assert.equal(at(22), ["id  second  text", "1   2       a text"]);
  assert.equal(at(15), ["id  text", "1   a text"]);
});

tableTest("leaves nothing out for columns without a cell", () => {
  const columns = [ID, { title: "language" }, { title: "text", dropOrder: 0 }];
  const lines = formatTable(columns, [["1", "", "some"]], { width: 8, dropEmpty: true });
  assert.equal(lines, ["id  text", "1   some"]);
});

tableTest("drops columns without a cell if asked", () => {
  const columns = [ID, { title: "language" }, BYTES];
  assert.equal(formatTable(columns, [["1", "", "5"]], { dropEmpty: true }), [
    "id  bytes",
    "1       5",
  ]);
  assert.match(formatTable(columns, [["1", "", "5"]])[0]!, "language");
});

tableTest("has only titles where there are no rows", () => {
  assert.equal(formatTable([ID, BYTES], []), ["id  bytes"]);
});

tableTest("lets nothing reach the terminal that it would obey", () => {
  const [, line] = formatTable([ID], [["a\x1b[2Jb\nc\u202e"]]);
  assert.is(line, "a\\u{1b}[2Jb\\u{a}c\\u{202e}");
});

tableTest("counts wide and combining characters as a terminal does", () => {
  assert.equal(formatTable([ID, BYTES], [["日本", "1"], ["e\u0301", "2"]]), [
    "id    bytes",
    "日本      1",
    "e\u0301         2",
  ]);
});

tableTest.run();

const cutTest = suite("cutText");

const cuts: [text: string, width: number, cut: string][] = [
  ["abc", 3, "abc"],
  ["abcd", 3, "ab…"],
  ["日本語", 4, "日…"],
  ["abc", 1, "…"],
  ["abc", 0, ""],
];
for (const [text, width, cut] of cuts) {
  cutTest(`makes "${cut}" of "${text}" in ${width} characters`, () => {
    assert.is(cutText(text, width), cut);
    assert.ok(textWidth(cut) <= width);
  });
}

cutTest.run();

const plainTest = suite("plainText");

plainTest("leaves what is harmless as it is", () => {
  assert.is(plainText("Größe – 日本 😀 'x'"), "Größe – 日本 😀 'x'");
});

plainTest("shows the number of half a character", () => {
  assert.is(plainText("a\ud800b"), "a\\u{d800}b");
});

plainTest.run();

const wrapTest = suite("wrapText");

wrapTest("breaks between words and indents what follows the first line", () => {
  assert.equal(wrapText("one two three four", { width: 12, lead: "  - " }), [
    "  - one two",
    "    three",
    "    four",
  ]);
});

wrapTest("breaks a word that is longer than a line", () => {
  assert.equal(wrapText("a 1234567 b", { width: 4 }), ["a", "1234", "567", "b"]);
});

wrapTest("has one line where there is little text", () => {
  assert.equal(wrapText("short"), ["short"]);
  assert.equal(wrapText(""), [""]);
});

wrapTest.run();
