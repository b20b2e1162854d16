/**
 * Runs the test files that need nothing but the runtime, on Node and on Deno: `tsx tests/run.ts [part of a path ...]`.
 */
import { readdirSync } from "node:fs";
import process from "node:process";
import { runSuites } from "./helpers/run_suites.ts";

const ROOT = new URL("./", import.meta.url);
const LEFT_OUT = ["run.ts", "helpers/", "clients/", "optional/"];

function testFiles(folder: URL): string[] {
  return readdirSync(folder, { withFileTypes: true }).flatMap((entry) => {
    const url = new URL(entry.isDirectory() ? `${entry.name}/` : entry.name, folder);
    const path = url.href.slice(ROOT.href.length);
    if (LEFT_OUT.includes(path)) return [];
    if (entry.isDirectory()) return testFiles(url);
    return path.endsWith(".ts") ? [path] : [];
  });
}

const wanted = process.argv.slice(2);
const files = testFiles(ROOT).sort().filter((path) =>
  wanted.length === 0 || wanted.some((part) => path.includes(part))
);
await runSuites(ROOT, files);
