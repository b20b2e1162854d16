import { existsSync } from "node:fs";
import { dirname, join } from "node:path";
import process from "node:process";
import { runWell } from "./start_process.ts";
import { makeTempFolder } from "./temp_folder.ts";

const MAJOR = 24;

let installed: Promise<string> | undefined;

/**
 * Path of a Node 24: this one, or one from npm. The package `node` would bring it by an install script, which npm may not
 * run; the packages for the single platforms have the program in them.
 */
export function node24(): Promise<string> {
  installed ??= findNode24();
  return installed;
}

async function findNode24(): Promise<string> {
  if (Number.parseInt(process.versions.node) === MAJOR) return process.execPath;
  const folder = makeTempFolder();
  const name = `node-${process.platform}-${process.arch}`;
  const options = ["--no-save", "--no-audit", "--no-fund", "--prefix", folder];
  await runWell(["npm", "install", ...options, `${name}@${MAJOR}`], {
    cwd: folder,
    timeoutMs: 180_000,
  });
  const path = join(folder, "node_modules", name, "bin/node");
  if (!existsSync(path)) throw new Error(`${name} has no ${path}`);
  return path;
}

/** An environment in which `node` is a given program. */
export function withNode(path: string): Record<string, string> {
  return { PATH: `${dirname(path)}:${process.env["PATH"] ?? ""}` };
}
