// deno-lint-ignore-file no-console -- the example of the README logs, and the test reads along
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath, pathToFileURL } from "node:url";
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { formatOption, isOptionOf, OPTIONS } from "../lib/cli/options.ts";
import { VERSION } from "../lib/cli/version.ts";
import { startRecorder } from "./helpers/recorder.ts";
import { readBody } from "./helpers/wire.ts";

const read = (path: string) => readFileSync(new URL(path, import.meta.url), "utf8");
const README = read("../README.md");
/** The rows of its tables, without the spaces that line them up. */
const ROWS = README.split("\n").filter((line) => line.startsWith("|")).map((line) =>
  line.slice(1, -1).split(/(?<!\\)\|/).map((cell) => cell.trim()).join(" | ")
);

const test = suite("README");

for (const option of OPTIONS.filter((it) => isOptionOf(it, "push"))) {
  test(`lists --${option.name} as it is`, () => {
    const posix = formatOption(option, "posix");
    const cells = [
      option.original === undefined ? "" : `\`${formatOption(option, "original")}\``,
      `\`${option.short === undefined ? posix : `-${option.short}, ${posix}`}\``,
      option.help,
    ];
    const row = cells.map((cell) => cell.replaceAll("|", "\\|")).join(" | ");
    assert.ok(ROWS.includes(row), row);
  });
}

/** The options that have a table of their own in the part of a command. */
const OWN_OPTIONS = [
  ...OPTIONS.filter((it) => isOptionOf(it, "serve") && !["help", "version"].includes(it.name))
    .map((option) => ({ command: "serve" as const, option })),
  ...OPTIONS.filter((it) => isOptionOf(it, "bench"))
    .filter((it) => !isOptionOf(it, "push") || it.helpOf?.bench)
    .map((option) => ({ command: "bench" as const, option })),
];

for (const { command, option } of OWN_OPTIONS) {
  test(`lists --${option.name} of ${command} as it is`, () => {
    const row = `\`${formatOption(option, "posix")}\` | ${option.helpOf?.[command] ?? option.help}`;
    assert.ok(ROWS.includes(row.replaceAll(/(?<!\\)\|(?! )/g, "\\|")), row);
  });
}

test("has an example of a pipeline that works", async () => {
  const example = /```ts\n(.*?)```/s.exec(README)?.[1];
  assert.ok(example);
  const recorder = await startRecorder();
  const folder = mkdtempSync(join(tmpdir(), "pushencoder-readme-"));
  const log = console.log;
  const lines: string[] = [];
  try {
    const sample = fileURLToPath(new URL("../testdata/sample.ism", import.meta.url));
    const file = join(folder, "example.mts");
    const source = example
      .replaceAll('"pushencoder"', JSON.stringify(new URL("../mod.ts", import.meta.url).href))
      .replace('"movie.ism"', JSON.stringify(sample))
      .replace("http://localhost:8080", recorder.url)
      // The example is paced; nobody waits for it here.
      .replace("rate: 2", 'rate: "max"');
    writeFileSync(file, source);
    console.log = (line: string) => lines.push(line);
    await import(pathToFileURL(file).href);
  } finally {
    console.log = log;
    rmSync(folder, { recursive: true });
    await recorder.close();
  }
  assert.is(lines.length, 2 * (4 * 10 + 3));
  assert.match(lines.join("\n"), /stream 0: fragment 9 at 38 s, \d+ bytes/);
  const bodyOf = (n: number) =>
    recorder.requests.find((it) => it.url.includes(`(7-stream${n})`) && it.body().length > 0)!
      .body();
  const { fragments, types } = readBody(bodyOf(0));
  assert.is(fragments.length, 20);
  assert.is(types.at(-1), "mfra");
  // Levels that are called alike and have no bitrate would be one to a publishing point.
  const bitrates = [0, 1, 2].map((n) => {
    const text = new TextDecoder().decode(bodyOf(n));
    return /"systemBitrate" value="(\d+)"/.exec(text)?.[1];
  });
  assert.equal(bitrates, ["560000", "250000", "110000"]);
});

test("is of the version that the package has", () => {
  for (const file of ["../package.json", "../deno.json"]) {
    assert.is(JSON.parse(read(file)).version, VERSION);
  }
  assert.match(read("../CHANGELOG.md"), `## ${VERSION}`);
});

test.run();
