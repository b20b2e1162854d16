import { suite } from "uvu";
import * as assert from "uvu/assert";
import type { DemoArguments } from "../../lib/cli/args.ts";
import { runDemo } from "../../lib/cli/demo.ts";
import { StopReason } from "../../lib/cli/exit_code.ts";
import type { Terminal } from "../../lib/cli/terminal.ts";
import { UsageError } from "../../lib/cli/usage_error.ts";
import { servePoint } from "../../lib/point/serve_point.ts";

const test = suite("runDemo");

/** A demo of some seconds, as fast as it can. */
const ARGUMENTS: DemoArguments = {
  command: "demo",
  duration: 45,
  rate: "max",
  port: 0,
  open: false,
  json: false,
  quiet: false,
  verbose: false,
};

/** A terminal that keeps what is written. */
function openTerminal(onWrite: (text: string) => void = () => {}) {
  const written = { stdout: "", stderr: "" };
  const output = (name: keyof typeof written) => ({
    write: (text: string) => {
      written[name] += text;
      onWrite(text);
    },
  });
  const stop = new AbortController();
  const terminal: Terminal = {
    stdout: output("stdout"),
    stderr: output("stderr"),
    stop: stop.signal,
    signal: new AbortController().signal,
    env: {},
  };
  return { terminal, written, stop };
}

test("pushes the sample and says what arrived", async () => {
  const { terminal, written } = openTerminal();
  assert.is(await runDemo(ARGUMENTS, terminal), 0);
  assert.match(written.stderr, /^Publishing point: http:\/\/127\.0\.0\.1:\d+\/demo\.isml\n/);
  const lines = written.stdout.split("\n");
  assert.is(lines.length, 8); // titles, five streams, the verdict, the end of the last line
  const cells = lines.slice(1, 6).map((line) => line.split(/ {2,}/));
  assert.equal(cells.map(([stream, tracks, fragments]) => [stream, tracks, fragments]), [
    ["demo-stream0", "video (1)", "23"],
    ["demo-stream1", "video (1)", "23"],
    ["demo-stream2", "video (1)", "23"],
    ["demo-stream3", "audio (2)", "23"],
    ["demo-stream4", "captions (3)", "7"],
  ]);
  assert.match(lines[6]!, /^99 fragments of 5 streams arrived, .* MB: all of it is right$/);
});

test("has a page that is there from the start, and says where", async () => {
  const answers: Promise<Response>[] = [];
  const { terminal } = openTerminal((text) => {
    const [, url] = /^Watch it in a browser: (.*)\n/m.exec(text) ?? [];
    if (url !== undefined) answers.push(fetch(url));
  });
  await runDemo(ARGUMENTS, terminal);
  const [page] = await Promise.all(answers);
  assert.is(page?.status, 200);
  assert.match(await page!.text(), /<video /);
});

test("goes on where no browser can be opened, and says so", async () => {
  const { terminal, written } = openTerminal();
  const env = { BROWSER: "/nowhere/browser" };
  assert.is(await runDemo({ ...ARGUMENTS, open: true, quiet: true }, { ...terminal, env }), 0);
  assert.match(written.stderr, /^Cannot open a browser: .*ENOENT.*\n$/);
});

test("says it as JSON, one object a line", async () => {
  const { terminal, written } = openTerminal();
  assert.is(await runDemo({ ...ARGUMENTS, json: true }, terminal), 0);
  const events = written.stdout.trimEnd().split("\n").map((line) => JSON.parse(line));
  for (const event of events) {
    assert.equal(Object.keys(event).slice(0, 4), ["time", "event", "point", "stream"]);
  }
  const arrived = events.filter(({ event }) => event === "arrived");
  assert.equal(arrived.map(({ stream, fragments }) => [stream, fragments]), [
    ["demo-stream0", 23],
    ["demo-stream1", 23],
    ["demo-stream2", 23],
    ["demo-stream3", 23],
    ["demo-stream4", 7],
  ]);
  assert.equal(arrived[0].tracks[0].seconds, 46);
  const { event, isRight, faults } = events.at(-1);
  assert.equal([event, isRight, faults], ["verdict", true, 0]);
});

test("shows nothing but the result when it is to be quiet", async () => {
  const { terminal, written } = openTerminal();
  assert.is(await runDemo({ ...ARGUMENTS, quiet: true }, terminal), 0);
  assert.is(written.stderr, "");
  assert.match(written.stdout, /all of it is right\n$/);
});

for (const [name, code] of [["SIGINT", 130], ["SIGTERM", 143]] as const) {
  test(`goes on until it is stopped by ${name}, and ends in order`, async () => {
    const { terminal, written, stop } = openTerminal((text) => {
      if (text.includes('"pass":3')) stop.abort(new StopReason(name));
    });
    const endless = { ...ARGUMENTS, duration: undefined, json: true };
    assert.is(await runDemo(endless, terminal), code);
    const verdict = JSON.parse(written.stdout.trimEnd().split("\n").at(-1)!);
    assert.equal([verdict.event, verdict.isRight], ["verdict", true]);
  });
}

test("says what is wrong with what arrived", async () => {
  const { terminal, written, stop } = openTerminal((text) => {
    const [, url] = /^Publishing point: (.*)\n/.exec(text) ?? [];
    if (url === undefined) return;
    // Another sender gets in the way.
    fetch(`${url}/Streams(demo-stream3)`, { method: "POST", body: "no boxes" })
      .then((response) => response.text())
      .then(() => stop.abort());
  });
  assert.is(await runDemo({ ...ARGUMENTS, duration: undefined }, terminal), 1);
  const lines = written.stdout.trimEnd().split("\n");
  assert.ok(lines.some((line) => /^demo-stream3: .*whole boxes.*\[2 /.test(line)), written.stdout);
  assert.match(lines.at(-1)!, / things? (is|are) wrong$/);
});

test("names the port that it cannot listen on", async () => {
  const other = await servePoint(() => new Response(null));
  try {
    await runDemo({ ...ARGUMENTS, port: other.port }, openTerminal().terminal);
    assert.unreachable();
  } catch (error) {
    assert.instance(error, UsageError);
    assert.match((error as Error).message, new RegExp(`port ${other.port}.*EADDRINUSE`));
  } finally {
    await other.close();
  }
});

test.run();
