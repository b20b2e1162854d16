import type { Command } from "./measure.ts";
import type { Input } from "./make_input.ts";
import { spawnSync } from "node:child_process";
import { existsSync } from "node:fs";
import process from "node:process";
import { fileURLToPath } from "node:url";

/** Something that sends a presentation to a sink. */
export interface Client {
  readonly name: string;
  /** Why it cannot run here. */
  readonly missing?: string | undefined;
  command(input: Input, origin: string): Command;
  /** How many bytes it says it has sent, from what it printed; throws if it did not succeed. */
  sentBytes(input: Input, output: string): number;
}

/** Runs a small program to its end; `undefined` if there is none, or it fails. */
function outputOf(program: string, ...args: string[]): string | undefined {
  const { status, stdout } = spawnSync(program, args, { encoding: "utf8" });
  return status === 0 ? stdout.trim() : undefined;
}

/** What to measure against: a client that does nothing but read a file and write it to a socket. */
export function curlClient(): Client {
  const version = /^curl (\S+)/.exec(outputOf("curl", "--version") ?? "")?.[1];
  return {
    name: `curl ${version ?? ""}`.trim(),
    missing: version === undefined ? "curl is not installed" : undefined,
    command: ({ mediaFile }, origin) => ({
      program: "curl",
      // Without the empty header curl would wait to be told to go on.
      args: [
        ...["-sS", "-f", "-X", "POST", "-H", "Transfer-Encoding: chunked", "-H", "Expect:"],
        ...["-T", mediaFile, `${origin}/live.isml/Streams(1-stream0)`],
      ],
    }),
    sentBytes: ({ bytes }) => bytes,
  };
}

/**
 * The program that is measured: plain JavaScript, so that it is the same on every runtime, and no more than the library
 * and one call.
 */
function pushScript(library: string, { presentation }: Input, origin: string): string {
  const options = {
    points: [{ url: `${origin}/live.isml` }],
    presentation,
    id: "1",
    rate: "max",
  };
  return `import { push } from ${JSON.stringify(library)};
const { streams } = await push(${JSON.stringify(options)});
console.log(JSON.stringify(streams.map(({ state, bytes }) => ({ state, bytes }))));`;
}

function pushedBytes(_input: Input, output: string): number {
  const streams = JSON.parse(output) as { state: string; bytes: number }[];
  if (streams.some(({ state }) => state !== "complete")) {
    throw new Error(`Cannot count a push that is not complete: ${output}`);
  }
  return streams.reduce((sum, { bytes }) => sum + bytes, 0);
}

const SOURCE = new URL("../mod.ts", import.meta.url).href;
const BUILT = new URL("../dist/mod.js", import.meta.url);

/** The built package on some version of Node. */
export function builtClient(program: string): Client {
  const version = outputOf(program, "--version");
  const isBuilt = existsSync(BUILT);
  return {
    name: `push, Node ${version?.slice(1) ?? program}`,
    missing: !version
      ? `${program} does not run`
      : isBuilt
      ? undefined
      : "there is no dist/: npm run build makes it",
    command: (input, origin) => ({
      program,
      args: ["--input-type=module", "--eval", pushScript(BUILT.href, input, origin)],
    }),
    sentBytes: pushedBytes,
  };
}

/** The source on this Node: what it costs to translate it is in the figures. */
export function sourceClient(): Client {
  return {
    name: `push, Node ${process.versions.node}, source by tsx`,
    command: (input, origin) => ({
      program: process.execPath,
      args: [
        `--import=${import.meta.resolve("tsx")}`,
        "--input-type=module",
        "--eval",
        pushScript(SOURCE, input, origin),
      ],
    }),
    sentBytes: pushedBytes,
  };
}

/** The source on Deno. */
export function denoClient(): Client {
  const launcher = fileURLToPath(new URL("../node_modules/.bin/deno", import.meta.url));
  // The launcher of the package is a program for Node: what is measured is what it starts.
  const script = 'import process from "node:process"; console.log(process.execPath);';
  const program = outputOf(launcher, "eval", script);
  const version = program && /^deno (\S+)/.exec(outputOf(program, "--version") ?? "")?.[1];
  return {
    name: `push, Deno ${version ?? ""}`.trim(),
    missing: version ? undefined : "deno is not installed: npm ci brings it",
    command: (input, origin) => ({
      program: program ?? launcher,
      args: ["eval", pushScript(SOURCE, input, origin)],
    }),
    sentBytes: pushedBytes,
  };
}
