import { spawnSync } from "node:child_process";
import { mkdirSync } from "node:fs";
import { fileURLToPath } from "node:url";

const BUILD = new URL("build/", import.meta.url);

/**
 * Compiles one of the programs in C with the compiler of the machine.
 *
 * @returns Path of the program; `undefined` where there is no compiler, or the system is not the one it is written for.
 */
export function compileProgram(name: "sink" | "sleeper"): string | undefined {
  mkdirSync(BUILD, { recursive: true });
  const program = fileURLToPath(new URL(name, BUILD));
  const source = fileURLToPath(new URL(`${name}.c`, import.meta.url));
  const { status } = spawnSync("cc", ["-O2", "-o", program, source], { encoding: "utf8" });
  return status === 0 ? program : undefined;
}
