import type { Command } from "./measure.ts";
import { spawnSync } from "node:child_process";
import process from "node:process";
import manifest from "../package.json" with { type: "json" };
import { fileURLToPath } from "node:url";

/** What runs the programs that are measured. */
export interface Runtime {
  /** With its version. */
  readonly name: string;
  readonly kind: "node" | "deno";
  /** Of its version. */
  readonly major: number;
  /** Why it cannot run here. */
  readonly missing?: string | undefined;
  /** One of `programs/`, by its name, with what it is told. */
  command(program: string, argument: unknown): Command;
  /** A script of the package, such as its command line. */
  script(args: readonly string[]): Command;
}

/** Runs a small program to its end; `undefined` if there is none, or it fails. */
export function outputOf(program: string, ...args: string[]): string | undefined {
  const { status, stdout } = spawnSync(program, args, { encoding: "utf8" });
  return status === 0 ? stdout.trim() : undefined;
}

/** The command line of the built package. */
export const PACKAGE_PROGRAM: string = fileURLToPath(
  new URL(`../${manifest.bin.pushencoder}`, import.meta.url),
);

const PRINT_PATH = 'import process from "node:process"; console.log(process.execPath);';

/** A launcher may be a program of its own: what is measured is what it starts. */
function nodePath(program: string): string | undefined {
  return outputOf(program, "--input-type=module", "--eval", PRINT_PATH);
}

/**
 * Some version of Node, which runs the programs as the compiler made JavaScript of them.
 *
 * @param wanted A path, or a version such as `22`, which npx brings.
 */
function nodeRuntime(wanted: string): Runtime {
  const isVersion = /^\d+(\.\d+)*$/.test(wanted);
  const found = isVersion
    ? outputOf("npx", "--yes", "-p", `node@${wanted}`, "-c", "node -p process.execPath")
    : nodePath(wanted);
  const version = found && outputOf(found, "--version")?.slice(1);
  const program = found ?? wanted;
  return {
    name: `Node ${version ?? wanted}`,
    kind: "node",
    major: Number.parseInt(version ?? ""),
    missing: version ? undefined : `"${wanted}" is no Node that runs`,
    command: (name, argument) => ({
      program,
      args: [
        fileURLToPath(new URL(`build/bench/programs/${name}.js`, import.meta.url)),
        JSON.stringify(argument),
      ],
    }),
    script: (args) => ({
      program,
      args: [PACKAGE_PROGRAM, ...args],
    }),
  };
}

/** This Node and others, each version once: figures go by its name. */
export function nodeRuntimes(others: readonly string[]): Runtime[] {
  const all = [process.execPath, ...others].map(nodeRuntime);
  return all.filter(({ name }, n) => all.findIndex((one) => one.name === name) === n);
}

/** Deno, which runs the programs as they are. */
export function denoRuntime(): Runtime {
  const launcher = fileURLToPath(new URL("../node_modules/.bin/deno", import.meta.url));
  const program = outputOf(launcher, "eval", PRINT_PATH) ?? launcher;
  const version = /^deno (\S+)/.exec(outputOf(program, "--version") ?? "")?.[1];
  return {
    name: `Deno ${version ?? ""}`.trim(),
    kind: "deno",
    major: Number.parseInt(version ?? ""),
    missing: version ? undefined : "Deno is not installed: npm ci brings it",
    command: (name, argument) => ({
      program,
      args: [
        "run",
        "-A",
        fileURLToPath(new URL(`programs/${name}.ts`, import.meta.url)),
        JSON.stringify(argument),
      ],
    }),
    script: (args) => ({
      program,
      args: ["run", "-A", fileURLToPath(new URL("../cli.ts", import.meta.url)), ...args],
    }),
  };
}
