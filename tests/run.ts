/**
 * Runs every test file in one process, on either runtime: `tsx tests/run.ts [part of a path ...]`.
 *
 * The last line on stdout is "N passed, N failed".
 */
import { readdirSync } from "node:fs";
import process from "node:process";

const ROOT = new URL("./", import.meta.url);
const LEFT_OUT = ["run.ts", "helpers/", "clients/"];

function testFiles(folder: URL): string[] {
  return readdirSync(folder, { withFileTypes: true }).flatMap((entry) => {
    const url = new URL(entry.isDirectory() ? `${entry.name}/` : entry.name, folder);
    const path = url.href.slice(ROOT.href.length);
    if (LEFT_OUT.includes(path)) return [];
    if (entry.isDirectory()) return testFiles(url);
    return path.endsWith(".ts") ? [path] : [];
  });
}

// uvu keeps the suites of all files in these globals when it does not start by itself; it looks when it is loaded.
const uvu = globalThis as unknown as {
  UVU_DEFER: number;
  UVU_QUEUE: unknown[][];
  UVU_INDEX: number;
};
uvu.UVU_DEFER = 1;
uvu.UVU_QUEUE = [];
const { exec } = await import("uvu");

const wanted = process.argv.slice(2);
const files = testFiles(ROOT).sort().filter((path) =>
  wanted.length === 0 || wanted.some((part) => path.includes(part))
);
for (const [index, path] of files.entries()) {
  uvu.UVU_INDEX = index;
  uvu.UVU_QUEUE.push([path]);
  await import(new URL(path, ROOT).href);
}

const idle = uvu.UVU_QUEUE.filter((group) => group.length === 1).map(([path]) => path);
if (idle.length > 0) {
  process.stderr.write(`No suite runs in ${idle.join(", ")}: is test.run() missing?\n`);
  process.exit(1);
}

const write = process.stdout.write.bind(process.stdout);
let printed = "";
process.stdout.write = ((text: string) => {
  printed += text;
  return write(text);
}) as typeof process.stdout.write;
await exec();

// deno-lint-ignore no-control-regex -- uvu colours its summary
const plain = printed.replace(/\x1b\[\d+m/g, "");
const count = (name: string) => Number(new RegExp(`${name}:\\s+(\\d+)`).exec(plain)?.[1] ?? 0);
const [total, passed, skipped] = ["Total", "Passed", "Skipped"].map(count) as [
  number,
  number,
  number,
];
const failed = total - passed;
write(`${passed} passed, ${failed} failed${skipped > 0 ? `, ${skipped} skipped` : ""}\n`);
// A run without a test is no success.
process.exit(failed > 0 || total === 0 ? 1 : 0);
