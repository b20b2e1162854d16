import { spawnSync } from "node:child_process";
import { mkdirSync } from "node:fs";
import { fileURLToPath } from "node:url";

const SOURCE = fileURLToPath(new URL("sink.c", import.meta.url));
const BUILD = new URL("build/", import.meta.url);

/**
 * Compiles the sink with the C compiler of the machine.
 *
 * @returns Path of the program; `undefined` where there is no compiler, or the system is not the one it is written for.
 */
export function compileSink(): string | undefined {
  mkdirSync(BUILD, { recursive: true });
  const program = fileURLToPath(new URL("sink", BUILD));
  const { status } = spawnSync("cc", ["-O2", "-o", program, SOURCE], { encoding: "utf8" });
  return status === 0 ? program : undefined;
}
