import { readdir, readFile } from "node:fs/promises";
import { join } from "node:path";
import process from "node:process";
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { sameBytes } from "../helpers/same_bytes.ts";
import { DENO, ROOT, SAMPLE } from "./helpers/command_line.ts";
import { node24 } from "./helpers/node_24.ts";
import { runWell } from "./helpers/start_process.ts";
import { makeTempFolder } from "./helpers/temp_folder.ts";

const test = suite("from source");

const cli = join(ROOT, "cli.ts");
const ways: readonly { name: string; command: () => Promise<string[]> | string[] }[] = [
  { name: "tsx", command: () => [process.execPath, "--import", "tsx", cli] },
  { name: "the program of tsx", command: () => [join(ROOT, "node_modules/.bin/tsx"), cli] },
  { name: "Node 24 alone", command: async () => [await node24(), cli] },
  { name: "Deno", command: () => [DENO, "run", "-A", cli] },
];

/** The files of a push without a server, by name. */
async function outputOf(command: readonly string[]): Promise<Map<string, Uint8Array>> {
  const folder = makeTempFolder();
  const args = [`--output=${folder}`, SAMPLE, "--id=1", "--rate=max", "--quiet"];
  await runWell([...command, ...args], { cwd: ROOT });
  const names = (await readdir(folder)).sort();
  return new Map(
    await Promise.all(
      names.map(async (name) => [name, await readFile(join(folder, name))] as const),
    ),
  );
}

let first: Map<string, Uint8Array> | undefined;

for (const { name, command } of ways) {
  test(`runs by ${name}, and writes the same bytes as by the others`, async () => {
    const program = await command();
    const version = await runWell([...program, "--version"], { cwd: ROOT });
    assert.match(version, /^pushencoder \d+\.\d+\.\d+\n$/);
    const files = await outputOf(program);
    assert.equal([...files.keys()], [0, 1, 2, 3, 4].map((number) => `1-stream${number}.ismv`));
    first ??= files;
    for (const [name, bytes] of files) sameBytes(bytes, first.get(name)!, name);
  });
}

test.run();
