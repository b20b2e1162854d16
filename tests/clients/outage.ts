import { copyFileSync, truncateSync } from "node:fs";
import { join } from "node:path";
import { setTimeout } from "node:timers/promises";
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { accept, BadServer } from "../helpers/bad_server.ts";
import { readSample, SAMPLE_FILES, samplePath } from "../helpers/sample.ts";
import { arrivedIn, checkArrived, endsIn } from "./helpers/arrived.ts";
import { startBodyServer } from "./helpers/body_server.ts";
import { type Runtime, runtimes, SAMPLE, startCli } from "./helpers/command_line.ts";
import { freePort } from "./helpers/free_port.ts";
import type { RunningProcess } from "./helpers/start_process.ts";
import { makeTempFolder } from "./helpers/temp_folder.ts";
import { until } from "./helpers/until.ts";

const test = suite("outages of real processes");

const HOST = "127.0.0.1";

/** One push by each runtime at once, under the IDs 0 and 1. */
function pushByEach(args: readonly string[], url: string): RunningProcess[] {
  return runtimes.map((runtime, id) =>
    startCli(runtime, ["--json", `--id=${id}`, ...args, url, SAMPLE], { timeoutMs: 120_000 })
  );
}

// deno-lint-ignore no-explicit-any -- each event has fields of its own
type Told = Record<string, any>;

function eventsOf(stdout: string): Told[] {
  return stdout.trim().split("\n").map((line) => JSON.parse(line));
}

/** Waits until each push has told of so many fragments. */
async function untilFragments(pushes: readonly RunningProcess[], count: number): Promise<void> {
  const told = ({ stdout }: RunningProcess) => stdout().split('"event":"fragment"').length - 1;
  await until(`${count} fragments`, () => pushes.every((push) => told(push) >= count), 60_000);
}

test("a server that is killed and down for twenty seconds in mid-push gets everything", async () => {
  const folder = makeTempFolder();
  const port = await freePort();
  const server = await startBodyServer(HOST, port, folder);
  const pushes = pushByEach(["--loop=2"], `http://${HOST}:${port}/live.isml`);
  await untilFragments(pushes, 12);
  server.kill("SIGKILL");
  await server.exited;
  await setTimeout(20_000);
  const second = await startBodyServer(HOST, port, folder);
  const exits = await Promise.all(pushes.map(({ exited }) => exited));
  for (const [id, { code, stdout, stderr }] of exits.entries()) {
    assert.is(code, 0, stderr);
    checkArrived(folder, String(id), 2);
    for (const n of [0, 1, 2, 3]) {
      const events = eventsOf(stdout).filter(({ stream }) => stream === `${id}-stream${n}`);
      const recovered = events.filter(({ event }) => event === "recovered");
      assert.is(recovered.length, 1, `recoveries of stream ${n}`);
      assert.ok(recovered[0]!["outageSeconds"] > 19);
      assert.ok(events.some(({ event }) => event === "resending"));
      const { state, reconnects, fragments } = events.at(-1)!;
      assert.equal([state, reconnects, fragments], ["complete", 1, 20]);
    }
  }
  assert.equal([...endsIn(folder).values()], Array(10).fill(1));
  second.kill("SIGKILL");
});

const pairs: readonly (readonly [first: Runtime, second: Runtime])[] = [
  [runtimes[0], runtimes[1]],
  [runtimes[1], runtimes[0]],
];
for (const [first, second] of pairs) {
  test(`${second.name} takes the place of ${first.name}, killed in mid-push`, async () => {
    const folder = makeTempFolder();
    const port = await freePort();
    const server = await startBodyServer(HOST, port, folder);
    const url = `http://${HOST}:${port}/live.isml`;
    const same = ["--json", "--id=9", "--realtime=132537600000000000", "--epoch=filetime"];
    const start = (runtime: Runtime, rate: string) =>
      startCli(runtime, [...same, "--loop=2", `--rate=${rate}`, url, SAMPLE]);
    const killed = start(first, "4");
    await untilFragments([killed], 30);
    killed.kill("SIGKILL");
    assert.is((await killed.exited).signal, "SIGKILL");
    assert.is(endsIn(folder).size, 0);
    const { code, stderr } = await start(second, "max").exited;
    assert.is(code, 0, stderr);
    // Whatever came twice was the same.
    checkArrived(folder, "9", 2);
    assert.equal([...endsIn(folder).values()], [1, 1, 1, 1, 1]);
    server.kill("SIGKILL");
  });
}

test("a file that becomes shorter in mid-push is sent as far as it is whole, and ended", async () => {
  const { length } = await readSample("sample_560.ismv");
  for (const runtime of runtimes) {
    const [input, folder] = [makeTempFolder(), makeTempFolder()];
    for (const name of ["sample.ism", "sample.ismc", ...SAMPLE_FILES]) {
      copyFileSync(samplePath(name), join(input, name));
    }
    const port = await freePort();
    const server = await startBodyServer(HOST, port, folder);
    const url = `http://${HOST}:${port}/live.isml`;
    const args = ["--json", "--id=9", "--rate=2", url, join(input, "sample.ism")];
    const push = startCli(runtime, args);
    await untilFragments([push], 9);
    truncateSync(join(input, "sample_560.ismv"), Math.floor(length * 0.55));
    const { code, stdout, stderr } = await push.exited;
    assert.is(code, 3, stderr);
    const ended = eventsOf(stdout).filter(({ event }) => event === "ended");
    const states = Object.fromEntries(ended.map(({ stream, state }) => [stream, state]));
    assert.equal(
      [0, 1, 2, 3, 4].map((n) => states[`9-stream${n}`]),
      ["broken", "complete", "complete", "broken", "complete"],
    );
    const arrived = arrivedIn(folder);
    for (const [stream, fragments] of arrived) {
      const numbers = [...fragments.keys()];
      assert.equal(numbers, numbers.map((_, n) => n + 1), stream);
    }
    assert.equal([1, 2].map((n) => arrived.get(`9-stream${n}`)!.size), [10, 10]);
    const broken = arrived.get("9-stream0")!.size;
    assert.ok(broken >= 3 && broken <= 6, `${broken} fragments`);
    assert.equal([...endsIn(folder).values()], [1, 1, 1, 1, 1]);
    server.kill("SIGKILL");
  }
});

// ---- SIGTERM when nothing goes on

test("SIGTERM ends a push at once whose server is gone", async () => {
  const folder = makeTempFolder();
  const port = await freePort();
  const server = await startBodyServer(HOST, port, folder);
  const pushes = pushByEach(["--loop"], `http://${HOST}:${port}/live.isml`);
  await untilFragments(pushes, 4);
  server.kill("SIGKILL");
  await until(
    "retries",
    () => pushes.every(({ stdout }) => stdout().split('"event":"retrying"').length > 8),
  );
  const startMs = performance.now();
  for (const push of pushes) push.kill("SIGTERM");
  const exits = await Promise.all(pushes.map(({ exited }) => exited));
  assert.equal(exits.map(({ code }) => code), [143, 143]);
  const tookMs = performance.now() - startMs;
  assert.ok(tookMs < 15_000, `${tookMs} ms`); // an answer would be awaited for 30 s
});

test("SIGTERM ends a push whose server reads no more, after the time of a fragment and an answer", async () => {
  const server = await BadServer.start(async (request) => {
    if (request.isProbe) return await accept(request);
    await request.take(20_000);
  });
  try {
    const pushes = pushByEach(["--loop", "--rate=10"], `${server.url}/live.isml`);
    await untilFragments(pushes, 20);
    const startMs = performance.now();
    for (const push of pushes) push.kill("SIGTERM");
    const exits = await Promise.all(pushes.map(({ exited }) => exited));
    assert.equal(exits.map(({ code }) => code), [143, 143]);
    const tookMs = performance.now() - startMs;
    assert.ok(tookMs < 37_000, `${tookMs} ms`); // 2 s for a fragment, 30 s for an answer, and some for a busy machine
  } finally {
    await server.close();
  }
});

test.run();
