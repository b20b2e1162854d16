import type { ServeArguments } from "../../lib/cli/serve_arguments.ts";
import type { KeptTerminal } from "../helpers/terminal.ts";
import { existsSync } from "node:fs";
import { readdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { EXIT, StopReason } from "../../lib/cli/exit_code.ts";
import { runServe } from "../../lib/cli/serve.ts";
import { UsageError } from "../../lib/cli/usage_error.ts";
import { InputError } from "../../lib/errors.ts";
import { verify } from "../../lib/point/conformance/verify.ts";
import { servePoint } from "../../lib/point/serve_point.ts";
import { push } from "../../lib/push.ts";
import { failure } from "../helpers/parts.ts";
import { SAMPLE_ISM } from "../helpers/sample.ts";
import { withFolder } from "../helpers/temp_folder.ts";
import { keptTerminal } from "../helpers/terminal.ts";
import { until } from "../helpers/until.ts";

const BY_DEFAULT: ServeArguments = {
  command: "serve",
  port: 0,
  host: "127.0.0.1",
  autoCreate: true,
  limits: {},
  json: false,
  quiet: false,
  verbose: false,
};

interface Served {
  readonly url: string;
  readonly terminal: KeptTerminal;
}

/** Runs the command while `use` runs, and stops it as Ctrl-C does. */
async function serve(
  fields: Partial<ServeArguments>,
  use: (served: Served) => Promise<unknown>,
): Promise<{ readonly code: number; readonly terminal: KeptTerminal }> {
  const stop = new AbortController();
  const terminal = { ...keptTerminal(), stop: stop.signal };
  const running = runServe({ ...BY_DEFAULT, ...fields }, terminal);
  const shown = () => terminal.stderr.text + terminal.stdout.text;
  await until(() => /http:[^\s"]+/.test(shown()), "the address");
  try {
    await use({ url: /http:[^\s"]+/.exec(shown())![0], terminal });
  } finally {
    stop.abort(new StopReason("SIGINT"));
  }
  return { code: await running, terminal };
}

const pushTo = (url: string, id = "1") =>
  push({ points: [{ url: `${url}/live/a.isml` }], presentation: SAMPLE_ISM, rate: "max", id });

const test = suite("runServe");

test("takes a push, delivers it, judges it, and tells what happens", async () => {
  const { code, terminal } = await serve({}, async ({ url }) => {
    const { streams } = await pushTo(url);
    assert.equal(new Set(streams.map(({ state }) => state)), new Set(["complete"]));
    const manifest = await (await fetch(`${url}/live/a.isml/Manifest`)).text();
    assert.match(manifest, /<StreamIndex Type="video" .*Chunks="10" QualityLevels="3"/);
    const verdict = await (await fetch(`${url}/live/a.isml/conformance`)).json();
    assert.is(verdict.isConforming, true);
  });
  assert.is(code, EXIT.interrupted);
  const { text } = terminal.stderr;
  for (const line of ["created", "Starting", "Started", "Stopping", "Stopped"]) {
    assert.match(text, new RegExp(`Z /live/a\\.isml: ${line}\n`));
  }
  assert.match(text, "/live/a.isml 1-stream0: answered 200\n");
  assert.not.match(text, "warning");
  assert.is(terminal.stdout.text, "");
});

test("keeps an archive and the bodies, each where it is wanted", async () => {
  await withFolder({}, async (folder) => {
    const [archive, record] = [join(folder, "a", "b"), join(folder, "r")];
    await serve({ archive, record }, ({ url }) => pushTo(url));
    const files = await readdir(join(archive, "live", "a.isml", "broadcast"));
    assert.ok(["a.ism", "a.ismc", "1-stream0.ismv"].every((name) => files.includes(name)));
    const { streams } = await verify(record);
    assert.equal(streams.map(({ isConforming }) => isConforming), Array(5).fill(true));
  });
});

test("writes JSON objects, with ticks as text", async () => {
  const { terminal } = await serve({ json: true }, ({ url }) => pushTo(url));
  const events = terminal.stdout.text.trimEnd().split("\n").map((line) => JSON.parse(line));
  assert.equal([events[0].event, events[0].point], ["listening", ""]);
  const fragment = events.find(({ event, stream }) =>
    event === "fragment" && stream === "1-stream0"
  );
  assert.equal([fragment.point, fragment.trackId, fragment.outcome], [
    "/live/a.isml",
    1,
    "new",
  ]);
  assert.equal([fragment.mediaTime, fragment.duration], ["0", "20000000"]);
  assert.ok(events.every(({ time }) => /^\d{4}-.*Z$/.test(time)));
  assert.is(terminal.stderr.text, "");
});

test("knows no point that was not made, and says so", async () => {
  const { terminal } = await serve({ autoCreate: false }, async ({ url }) => {
    const { streams } = await pushTo(url);
    assert.equal(new Set(streams.map(({ status }) => status)), new Set([404]));
  });
  assert.match(terminal.stderr.text, "refused (404): there is no publishing point /live/a.isml");
});

test("demands credentials of those who send", async () => {
  const credentials = { user: "u", password: "p" };
  await serve({ credentials }, async ({ url }) => {
    const { streams } = await pushTo(url);
    assert.equal(new Set(streams.map(({ status }) => status)), new Set([401]));
    const known = [{ url: `${url}/live/a.isml`, ...credentials }];
    const pushed = await push({ points: known, presentation: SAMPLE_ISM, rate: "max" });
    assert.equal(new Set(pushed.streams.map(({ state }) => state)), new Set(["complete"]));
    assert.is((await fetch(`${url}/live/a.isml/Manifest`)).status, 200);
  });
});

test("shows errors alone if it is to be quiet", async () => {
  const other = await servePoint(() => new Response(null));
  await other.close();
  const stop = new AbortController();
  const terminal = { ...keptTerminal(), stop: stop.signal };
  const running = runServe({ ...BY_DEFAULT, port: other.port, quiet: true }, terminal);
  let isUp = false;
  const ask = () =>
    fetch(`http://127.0.0.1:${other.port}/a.isml/state`).then(() => isUp = true, () => {});
  while (!isUp) await ask();
  stop.abort(new StopReason("SIGTERM"));
  assert.is(await running, EXIT.terminated);
  assert.equal([terminal.stderr.text, terminal.stdout.text], ["", ""]);
});

test("says when a push begins again behind what players have", async () => {
  const { terminal } = await serve({}, async ({ url }) => {
    const how = { presentation: SAMPLE_ISM, rate: "max", loop: 3 } as const;
    const points = [{ url: `${url}/live.isml` }];
    await push({ ...how, points, id: "1", noEos: true });
    await push({ ...how, points, id: "2", noEos: true, duration: 20 });
  });
  const lines = terminal.stderr.text.split("\n").filter((line) => line.includes("late"));
  assert.ok(lines.length >= 3, terminal.stderr.text);
  for (const line of lines) {
    assert.match(
      line,
      /\/live\.isml 2-stream\d: all it sends is late: it is at \d.* s, and players have 5\d/,
    );
    assert.match(line, "set the point to Idle");
  }
});

test("warns where other machines may push", async () => {
  const { terminal } = await serve({ host: "0.0.0.0" }, async () => {});
  assert.match(terminal.stderr.text, "warning: everyone who can reach this address may push");
});

test("says in one line what it cannot serve with", async () => {
  const other = await servePoint(() => new Response(null));
  try {
    await withFolder({ file: "" }, async (folder) => {
      const file = join(folder, "file");
      await writeFile(file, "no certificate");
      const tls = { cert: file, key: file };
      const cases: readonly (readonly [Partial<ServeArguments>, RegExp])[] = [
        [{ port: other.port }, /Cannot listen on port \d+ of 127\.0\.0\.1 .*EADDRINUSE/],
        [{ archive: join(file, "a") }, /Cannot use --archive as the folder cannot be made.*file/],
        [{ record: file }, /Cannot use --record as the folder cannot be made/],
      ];
      for (const [fields, message] of cases) {
        const error = await failure(runServe({ ...BY_DEFAULT, ...fields }, keptTerminal()));
        assert.instance(error, UsageError, String(message));
        assert.match(error.message, message);
        assert.not.match(error.message, "\n");
      }
      const spoilt = await failure(runServe({ ...BY_DEFAULT, tls }, keptTerminal()));
      assert.instance(spoilt, InputError);
      assert.match(spoilt.message, `${file}: Cannot use the certificate as it must be`);
      const missing = { cert: join(folder, "none"), key: file };
      const error = await failure(runServe({ ...BY_DEFAULT, tls: missing }, keptTerminal()));
      assert.match(error.message, "none");
      assert.not(existsSync(join(folder, "a")));
    });
  } finally {
    await other.close();
  }
});

test.run();
