import { spawnSync } from "node:child_process";
import { mkdirSync } from "node:fs";
import process from "node:process";
import { setTimeout } from "node:timers/promises";
import * as assert from "uvu/assert";
import { checkArrived } from "./helpers/arrived.ts";
import { startBodyServer } from "./helpers/body_server.ts";
import { type Runtime, runtimes, SAMPLE, startCli } from "./helpers/command_line.ts";
import { suiteWith } from "./helpers/suite_with.ts";
import { makeTempFolder } from "./helpers/temp_folder.ts";
import { until } from "./helpers/until.ts";

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

/** Pushes two passes of the sample while the network is silent for twelve seconds in the middle. */
async function pushThroughSilence(
  runtime: Runtime,
  port: number,
  during: (folder: string) => Promise<void>,
) {
  const folder = makeTempFolder();
  mkdirSync(folder, { recursive: true });
  await startBodyServer(ADDRESS, port, folder, ["ip", "netns", "exec", SPACE]);
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
      checkArrived(how.folder, "9", 2);
      process.stdout.write(`(noticed after ${how.noticedSeconds.toFixed(1)} s) `);
    });
  }

  test("ends within a fragment and the time of an answer after a SIGTERM", async () => {
    const folder = makeTempFolder();
    await startBodyServer(ADDRESS, ++port, folder, ["ip", "netns", "exec", SPACE]);
    const pushes = runtimes.map((runtime, n) => {
      const url = `http://${ADDRESS}:${port}/live.isml`;
      return startCli(runtime, ["--json", "--loop", `--id=${n}`, url, SAMPLE]);
    });
    await until(
      "fragments",
      () => pushes.every(({ stdout }) => stdout().split('"fragment"').length > 8),
    );
    setCable("down");
    // The silence has come upon fragments by then.
    await setTimeout(3000);
    const startMs = performance.now();
    for (const push of pushes) push.kill("SIGTERM");
    const exits = await Promise.all(pushes.map(({ exited }) => exited));
    const tookMs = performance.now() - startMs;
    setCable("up");
    assert.equal(exits.map(({ code }) => code), [143, 143]);
    assert.ok(tookMs < 37_000, `${tookMs} ms`); // 2 s for a fragment, 30 s for an answer, and some for a busy machine
  });
}

test.after(() => removeNetwork());
test.run();
