import { spawnSync } from "node:child_process";
import { mkdirSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import process from "node:process";
import { setTimeout } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import * as assert from "uvu/assert";
import { readBody, wholePart, type WireFragment } from "../helpers/wire.ts";
import { type Runtime, runtimes, SAMPLE, startCli } from "./helpers/command_line.ts";
import { type RunningProcess, startProcess } from "./helpers/start_process.ts";
import { suiteWith } from "./helpers/suite_with.ts";
import { makeTempFolder } from "./helpers/temp_folder.ts";
import { until } from "./helpers/until.ts";

const SERVER = fileURLToPath(new URL("helpers/body_recorder.ts", import.meta.url));
const SPACE = `pushencoder-${process.pid}`;
const OUTSIDE = `pe${process.pid % 10000}a`;
const INSIDE = `pe${process.pid % 10000}b`;
const ADDRESS = "10.77.0.2";

const ip = (...args: string[]) => spawnSync("ip", args, { encoding: "utf8" });
const inside = (...args: string[]) => ip("netns", "exec", SPACE, ...args);

/** A network of two hosts: this one, and a name space behind a virtual cable. */
function makeNetwork(): boolean {
  const steps = [
    ip("netns", "add", SPACE),
    ip("link", "add", OUTSIDE, "type", "veth", "peer", "name", INSIDE),
    ip("link", "set", INSIDE, "netns", SPACE),
    ip("addr", "add", "10.77.0.1/24", "dev", OUTSIDE),
    ip("link", "set", OUTSIDE, "up"),
    inside("ip", "addr", "add", `${ADDRESS}/24`, "dev", INSIDE),
    inside("ip", "link", "set", INSIDE, "up"),
  ];
  return steps.every(({ status }) => status === 0);
}

function removeNetwork(): void {
  ip("netns", "del", SPACE);
  ip("link", "del", OUTSIDE);
}

/** Pulls the virtual cable, or plugs it in again: packets vanish, nobody is told. */
const setCable = (state: "up" | "down") => inside("ip", "link", "set", INSIDE, state);

async function startServer(folder: string, port: number): Promise<RunningProcess> {
  const command = [process.execPath, "--import", "tsx", SERVER, ADDRESS, String(port), folder];
  const server = startProcess(["ip", "netns", "exec", SPACE, ...command], { timeoutMs: 120_000 });
  await until("the server", () => Promise.resolve(server.stdout().includes("ready")), 10_000);
  return server;
}

/** All fragments that arrived whole of each stream, over all connections. */
function arrived(folder: string): Map<string, Map<number, WireFragment>> {
  const streams = new Map<string, Map<number, WireFragment>>();
  for (const name of readdirSync(folder)) {
    const stream = name.slice(0, name.indexOf(" "));
    const { fragments } = readBody(wholePart(readFileSync(join(folder, name))));
    const all = streams.get(stream) ?? new Map();
    streams.set(stream, all);
    for (const fragment of fragments) all.set(fragment.sequenceNumber, fragment);
  }
  return streams;
}

/** Pushes two passes of the sample while the network is silent for twelve seconds in the middle. */
async function pushThroughSilence(
  runtime: Runtime,
  port: number,
  during: (folder: string) => Promise<void>,
) {
  const folder = makeTempFolder();
  mkdirSync(folder, { recursive: true });
  await startServer(folder, port);
  const url = `http://${ADDRESS}:${port}/live.isml`;
  const args = ["--json", "--loop=2", "--rate=1.5", "--id=9", url, SAMPLE];
  const cli = startCli(runtime, args, { timeoutMs: 120_000 });
  await until(
    "fragments",
    () => Promise.resolve(cli.stdout().split('"fragment"').length > 12),
    30_000,
  );
  const silentMs = Date.now();
  setCable("down");
  await setTimeout(12_000);
  await during(folder);
  setCable("up");
  const { code, stdout } = await cli.exited;
  const events = stdout.trim().split("\n").map((line) => JSON.parse(line));
  const noticed = events.find(({ event }) => event === "retrying");
  return { folder, code, events, noticedSeconds: (Date.parse(noticed?.time) - silentMs) / 1000 };
}

function checkWhole(folder: string): void {
  const streams = arrived(folder);
  assert.equal([...streams.keys()].sort(), [0, 1, 2, 3, 4].map((n) => `9-stream${n}`));
  for (const [stream, fragments] of streams) {
    const count = stream === "9-stream4" ? 6 : 20;
    const numbers = [...fragments.keys()].sort((a, b) => a - b);
    assert.equal(numbers, Array.from({ length: count }, (_, n) => n + 1), stream);
  }
}

const test = suiteWith(["ip"], "a network that goes silent");
const isPossible = process.getuid?.() === 0 && makeNetwork();
if (!isPossible) {
  process.stdout.write("a network that goes silent: skipped, as no name space can be made\n");
  removeNetwork();
} else {
  let port = 8080;
  for (const runtime of runtimes) {
    test(`is noticed, and everything arrives, on ${runtime.name}`, async () => {
      const how = await pushThroughSilence(runtime, ++port, () => Promise.resolve());
      assert.is(how.code, 0, JSON.stringify(how.events.filter(({ event }) => event === "ended")));
      checkWhole(how.folder);
      process.stdout.write(`(noticed after ${how.noticedSeconds.toFixed(1)} s) `);
    });
  }
}

test.after(() => removeNetwork());
test.run();
