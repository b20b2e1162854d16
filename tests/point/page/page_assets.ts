import { readdirSync, readFileSync } from "node:fs";
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { readPageAsset } from "../../../lib/point/page/page_assets.ts";

const SITE = new URL("../../../lib/point/page/site/", import.meta.url);
const FILES = readdirSync(SITE).filter((name) => name !== "vendor");
const PLAYER = ["dash.all.min.js", "dash.mss.min.js"];

const test = suite("readPageAsset");

for (const name of [...FILES, ...PLAYER]) {
  test(`has ${name}, and what it is`, async () => {
    const asset = await readPageAsset(name);
    const type = asset?.contentType.split(";")[0];
    const ending = name.slice(name.lastIndexOf("."));
    const expected = {
      ".html": "text/html",
      ".css": "text/css",
      ".js": "text/javascript",
      ".svg": "image/svg+xml",
    }[ending];
    assert.is(type, expected);
    assert.ok(asset!.bytes.length > 0);
    assert.match(asset!.tag, /^"[0-9a-f]{24}"$/);
  });
}

test("reads a file once", async () => {
  assert.is(await readPageAsset("style.css"), await readPageAsset("style.css"));
});

const others = [
  "",
  ".",
  "..",
  "../page.ts",
  "page_assets.ts",
  "point.js.map",
  "STYLE.CSS",
  "vendor",
];
for (const name of others) {
  test(`has no ${JSON.stringify(name)}`, async () => {
    assert.is(await readPageAsset(name), undefined);
  });
}

for (const name of FILES.filter((file) => /\.(?:html|js)$/.test(file))) {
  test(`everything that ${name} names is there`, async () => {
    const text = readFileSync(new URL(name, SITE), "utf8");
    const named = name.endsWith(".html")
      ? [...text.matchAll(/(?:src|href)="page\/([^"]+)"/g)]
      : [...text.matchAll(/from "\.\/([^"]+)"/g)];
    for (const [, file] of named) assert.ok(await readPageAsset(file!), file);
  });
}

test("no markup holds a script or a style, which the policy would forbid", () => {
  for (const name of FILES.filter((file) => file.endsWith(".html"))) {
    const text = readFileSync(new URL(name, SITE), "utf8");
    assert.not.match(text, /<style|\sstyle=|\son[a-z]+=|<script[^>]*>[^<]/i);
    assert.not.match(text, /https?:\/\//);
  }
});

test.run();
