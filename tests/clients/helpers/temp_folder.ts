import { chmodSync, mkdirSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import process from "node:process";

let root: string | undefined;
let count = 0;

/** Makes an empty folder, which goes when the tests end. Every user of the machine can read it, as servers change theirs. */
export function makeTempFolder(): string {
  root ??= makeRoot();
  const folder = join(root, String(++count));
  mkdirSync(folder);
  return folder;
}

function makeRoot(): string {
  const folder = mkdtempSync(join(tmpdir(), "pushencoder-clients-"));
  chmodSync(folder, 0o755);
  process.once("exit", () => rmSync(folder, { recursive: true, force: true }));
  return folder;
}
