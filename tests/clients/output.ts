import { spawn } from "node:child_process";
import { once } from "node:events";
import { text } from "node:stream/consumers";
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { startRecorder } from "../helpers/recorder.ts";
import { ROOT, runCli, type Runtime, runtimes, SAMPLE } from "./helpers/command_line.ts";
import { readJsonLines } from "./helpers/read_json_lines.ts";
import { makeTempFolder } from "./helpers/temp_folder.ts";

const test = suite("what is written where");

async function runPush(runtime: Runtime, ...args: readonly string[]) {
  const recorder = await startRecorder();
  try {
    const url = `${recorder.url}/x.isml`;
    const exit = await runCli(runtime, ["--rate=max", "--id=9", ...args, url, SAMPLE]);
    assert.is(exit.code, 0, exit.stderr);
    return { ...exit, url };
  } finally {
    await recorder.close();
  }
}

const STREAMS = [0, 1, 2, 3, 4].map((number) => `9-stream${number}`);

for (const runtime of runtimes) {
  test(`${runtime.name}: a push without a terminal writes a line per event to stderr`, async () => {
    const { stdout, stderr } = await runPush(runtime);
    assert.is(stdout, "");
    const lines = stderr.trimEnd().split("\n");
    assert.ok(lines.every((line) => /^\d{4}-\d\d-\d\dT[\d:.]+Z /.test(line)), stderr);
    assert.not.match(stderr, "\x1b"); // no colours, no cursor
    for (const stream of STREAMS) assert.match(stderr, `${stream}: complete`);
  });

  test(`${runtime.name}: --quiet writes nothing`, async () => {
    const { stdout, stderr } = await runPush(runtime, "--quiet");
    assert.is(stdout, "");
    assert.is(stderr, "");
  });

  test(`${runtime.name}: --json writes one object a line to stdout, and nothing else`, async () => {
    const { stdout, stderr, url } = await runPush(runtime, "--json");
    assert.is(stderr, "");
    const lines = readJsonLines(stdout);
    for (const line of lines) {
      assert.equal(Object.keys(line).slice(0, 4), ["time", "event", "point", "stream"]);
      assert.is(new Date(String(line["time"])).toISOString(), line["time"]);
    }
    assert.is(lines[0]!["event"], "planned");
    const named = (event: string) => lines.filter((line) => line["event"] === event);
    for (const event of ["probing", "connected", "ended"]) {
      assert.equal(named(event).map(({ stream }) => stream).sort(), STREAMS, event);
      assert.ok(named(event).every(({ point }) => point === url));
    }
    assert.is(named("fragment").length, 43);
    assert.ok(named("ended").every(({ state }) => state === "complete"));
  });

  test(`${runtime.name}: --dry-run writes its result to stdout, and sends nothing`, async () => {
    const recorder = await startRecorder();
    try {
      for (const isJson of [false, true]) {
        const args = [...(isJson ? ["--json"] : []), "--dry-run", "--id=9"];
        const exit = await runCli(runtime, [...args, `${recorder.url}/x.isml`, SAMPLE]);
        assert.is(exit.code, 0, exit.stderr);
        assert.is(exit.stderr, "");
        for (const stream of STREAMS) assert.match(exit.stdout, stream);
        if (isJson) assert.is(readJsonLines(exit.stdout).length, 1);
      }
      assert.is(recorder.requests.length, 0);
    } finally {
      await recorder.close();
    }
  });

  test(`${runtime.name}: --output is told of like a push`, async () => {
    const folder = makeTempFolder();
    const { code, stdout, stderr } = await runCli(runtime, [`--output=${folder}`, SAMPLE]);
    assert.is(code, 0, stderr);
    assert.is(stdout, "");
    assert.match(stderr, "complete");
  });

  test(`${runtime.name}: a reader of the results that goes does not end a push`, async () => {
    const recorder = await startRecorder();
    const [program, ...before] = runtime.command;
    const args = [...before, "--json", "--rate=max", "--id=9", `${recorder.url}/x.isml`, SAMPLE];
    const child = spawn(program!, args, { cwd: ROOT });
    try {
      child.stdout.destroy();
      const told = text(child.stderr);
      const [code] = await once(child, "exit");
      assert.is(await told, "");
      assert.is(code, 0);
      assert.ok(recorder.requests.length > 5);
    } finally {
      child.kill();
      await recorder.close();
    }
  });

  for (const args of [["--help"], ["help"], ["--version"]]) {
    test(`${runtime.name}: ${args.join(" ")} goes to stdout`, async () => {
      const { code, stdout, stderr } = await runCli(runtime, args);
      assert.is(code, 0);
      assert.is(stderr, "");
      assert.match(stdout, "pushencoder");
    });
  }
}

test.run();
