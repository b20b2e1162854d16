import { suite } from "uvu";
import * as assert from "uvu/assert";
import { hideCredentials, quote } from "../../lib/cli/quote.ts";

const quoteTest = suite("quote");

const texts = [
  { text: "a b", quoted: `"a b"` },
  { text: `"\\`, quoted: `"\\"\\\\"` },
  { text: "a\n\u001b\u007f\u009b\u2028", quoted: `"a\\n\\u001b\\u007f\\u009b\\u2028"` },
  { text: "ä€😀", quoted: `"ä€😀"` },
  { text: "x".repeat(101), quoted: `"${"x".repeat(100)}…"` },
];
for (const { text, quoted } of texts) {
  quoteTest(`makes ${quoted.slice(0, 40)}`, () => {
    assert.is(quote(text), quoted);
  });
}

quoteTest.run();

const hideTest = suite("hideCredentials");

const urls = [
  { text: "http://host/a.isml", shown: "http://host/a.isml" },
  { text: "http://host:8080/a", shown: "http://host:8080/a" },
  { text: "http://host:8080", shown: "http://host:8080" },
  { text: "http://me:pw@host/a", shown: "http://…@host/a" },
  { text: "http://me@host/a", shown: "http://…@host/a" },
  { text: "http://me:p@w@host/a", shown: "http://…@host/a" },
  { text: "http://me:p/w@host/a", shown: "http://…@host/a" },
  { text: "http:/me:pw@host/a", shown: "http:/…@host/a" },
  { text: "me:pw@host/a", shown: "…@host/a" },
  { text: "//me:pw@host/a", shown: "…@host/a" },
  { text: "http://me:pw", shown: "http://me:…" },
  { text: "http://me:pw%40host/a", shown: "http://me:…" },
  { text: "http://me:p\nw", shown: "http://me:…" },
  { text: "C:\\movies\\a.ism", shown: "C:\\movies\\a.ism" },
  { text: "C:/movies/a.ism", shown: "C:/movies/a.ism" },
  { text: "a@b", shown: "a@b" },
  { text: "2024-13-01T10:00:00Z", shown: "2024-13-01T10:00:00Z" },
  { text: "", shown: "" },
];
for (const { text, shown } of urls) {
  hideTest(`shows ${JSON.stringify(text)} as ${shown}`, () => {
    assert.is(hideCredentials(text), shown);
  });
}

hideTest.run();
