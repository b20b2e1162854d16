import type { Exit, ProcessOptions, RunningProcess } from "./start_process.ts";
import { spawnSync } from "node:child_process";
import { join } from "node:path";
import process from "node:process";
import { fileURLToPath } from "node:url";
import { checkNoSecret, secretsIn } from "./secrets.ts";
import { runWell, startProcess } from "./start_process.ts";

/** The folder of the project. */
export const ROOT = fileURLToPath(new URL("../../../", import.meta.url));

/** The sample presentation of the project. */
export const SAMPLE = join(ROOT, "testdata/sample.ism");

/** What runs the command line. */
export interface Runtime {
  readonly name: string;
  /** To which the arguments are added. */
  readonly command: readonly string[];
}

/** The program itself: what npm puts into `.bin` may be a script that starts it, and would be hit by a signal in its place. */
function findDeno(): string {
  const deno = join(ROOT, "node_modules/.bin/deno");
  const code = "console.log(Deno.execPath())";
  return spawnSync(deno, ["eval", code], { encoding: "utf8" }).stdout.trim();
}

/** The program `deno`, as npm brought it. */
export const DENO = findDeno();

const cli = join(ROOT, "cli.ts");

/** Both runtimes, from source. */
export const runtimes: readonly [node: Runtime, deno: Runtime] = [
  { name: "Node", command: [process.execPath, "--import", "tsx", cli] },
  { name: "Deno", command: [DENO, "run", "-A", cli] },
];

/** Starts `pushencoder`; at its end all that it wrote is searched for the secrets that it was given. */
export function startCli(
  { command }: Runtime,
  args: readonly string[],
  options: ProcessOptions = {},
): RunningProcess {
  const running = startProcess([...command, ...args], { cwd: ROOT, ...options });
  const secrets = secretsIn(args, options.env);
  const exited = running.exited.then((exit) => {
    checkNoSecret(exit.stdout, secrets, "standard output");
    checkNoSecret(exit.stderr, secrets, "standard error");
    return exit;
  });
  exited.catch(() => {}); // for those who wait for something else first
  return { ...running, exited };
}

/** Runs `pushencoder` to its end. */
export function runCli(
  runtime: Runtime,
  args: readonly string[],
  options?: ProcessOptions,
): Promise<Exit> {
  return startCli(runtime, args, options).exited;
}

/** Writes what would be sent into a folder, under the ID 9. */
export async function writeBodies(
  folder: string,
  presentation: string,
  ...args: readonly string[]
): Promise<void> {
  const [node] = runtimes;
  const output = ["--id=9", `--output=${folder}`, "--rate=max", "--quiet"];
  await runWell([...node.command, ...output, ...args, presentation], { cwd: ROOT });
}
