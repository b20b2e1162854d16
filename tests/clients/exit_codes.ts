import { copyFile, mkdir, truncate, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { type Behaviour, startRecorder } from "../helpers/recorder.ts";
import { readBody } from "../helpers/wire.ts";
import { runCli, runtimes, SAMPLE } from "./helpers/command_line.ts";
import { freePort } from "./helpers/free_port.ts";
import { makeTempFolder } from "./helpers/temp_folder.ts";

const test = suite("exit codes");

const answerWith = (status: number): Behaviour => (_, answer) => {
  answer.writeHead(status, { connection: "close" }).end();
  return "handled";
};
const isProbe = (headers: Readonly<Record<string, unknown>>) => headers["content-length"] === "0";

/** A point that says no to a body that has begun. */
const answerBodiesWith = (status: number): Behaviour => (request, answer, incoming) => {
  if (isProbe(request.headers)) return;
  incoming.once("data", () => answer.writeHead(status, { connection: "close" }).end());
  return "handled";
};

const cutBodies: Behaviour = (request, _, incoming) => {
  if (isProbe(request.headers)) return;
  incoming.once("data", () => incoming.socket.destroy());
  return "handled";
};

const points: readonly { what: string; behaviour?: Behaviour; code: number; says?: RegExp }[] = [
  { what: "a point that takes all", code: 0 },
  { what: "a point that wants credentials", behaviour: answerWith(401), code: 4, says: /401/ },
  { what: "an unknown point", behaviour: answerWith(404), code: 4, says: /404/ },
  { what: "a point that says no to the bodies", behaviour: answerBodiesWith(403), code: 4 },
  { what: "a server that fails", behaviour: answerWith(500), code: 5, says: /500/ },
  { what: "a server that fails amid the bodies", behaviour: answerBodiesWith(503), code: 5 },
  { what: "a server that hangs up", behaviour: cutBodies, code: 5 },
];

/** Wrong command lines, and what the one line on stderr must say. */
const mistakes: readonly { args: readonly string[]; says: RegExp }[] = [
  { args: [], says: /./ },
  { args: ["--frobnicate", "http://127.0.0.1/x.isml", SAMPLE], says: /--frobnicate/ },
  { args: ["--loup", "http://127.0.0.1/x.isml", SAMPLE], says: /--loop/ },
  { args: ["--rate=0", "http://127.0.0.1/x.isml", SAMPLE], says: /0\.001/ },
  { args: ["/skip:5,2", "http://127.0.0.1/x.isml", SAMPLE], says: /5,2/ },
  { args: ["--id=a/b", "http://127.0.0.1/x.isml", SAMPLE], says: /a\/b/ },
  { args: ["http://[::1/x.isml", SAMPLE], says: /URL/ },
  { args: ["--output=x", "--to=http://127.0.0.1/x.isml", SAMPLE], says: /--to/ },
];

/** Otherwise a lost connection is replaced for ever. */
const FEW_RETRIES = ["--rate=max", "--retries=1", "--retry-delay=0.05"];

/** Makes a copy of the sample whose largest file is cut in the middle of a fragment. */
async function makeCutSample(): Promise<string> {
  const folder = makeTempFolder();
  const names = ["sample_560.ismv", "sample_250.ismv", "sample_110.ismv", "sample_text.ismt"];
  for (const name of ["sample.ism", "sample.ismc", ...names]) {
    await copyFile(join(dirname(SAMPLE), name), join(folder, name));
  }
  await truncate(join(folder, names[0]!), 700_000);
  return join(folder, "sample.ism");
}

for (const runtime of runtimes) {
  for (const { what, behaviour, code, says = /./ } of points) {
    test(`${runtime.name}: ${code} for ${what}`, async () => {
      const recorder = await startRecorder(behaviour);
      try {
        const exit = await runCli(runtime, [...FEW_RETRIES, `${recorder.url}/x.isml`, SAMPLE]);
        assert.is(exit.code, code, exit.stderr);
        assert.match(exit.stderr, says);
        assert.is(exit.stdout, "");
      } finally {
        await recorder.close();
      }
    });
  }

  test(`${runtime.name}: 5 where nobody listens`, async () => {
    const url = `http://127.0.0.1:${await freePort()}/x.isml`;
    const { code, stderr } = await runCli(runtime, [...FEW_RETRIES, url, SAMPLE]);
    assert.is(code, 5, stderr);
  });

  for (const { args, says } of mistakes) {
    test(`${runtime.name}: 2 for: ${args.join(" ")}`, async () => {
      const { code, stdout, stderr } = await runCli(runtime, args);
      assert.is(code, 2, stderr);
      assert.match(stderr, says);
      assert.is(stderr.trimEnd().split("\n").length, 1, stderr);
      assert.is(stdout, "");
    });
  }

  test(`${runtime.name}: 3 for input that is not there or not what it says`, async () => {
    const recorder = await startRecorder();
    const folder = makeTempFolder();
    await mkdir(join(folder, "folder.ism"));
    await writeFile(join(folder, "empty.ism"), "");
    await writeFile(join(folder, "text.ism"), "no XML");
    try {
      for (const name of ["missing.ism", "folder.ism", "empty.ism", "text.ism"]) {
        const input = join(folder, name);
        const exit = await runCli(runtime, ["--rate=max", `${recorder.url}/x.isml`, input]);
        assert.is(exit.code, 3, `${name}: ${exit.stderr}`);
        assert.ok(exit.stderr.includes(name), exit.stderr);
        assert.is(exit.stderr.trimEnd().split("\n").length, 1, exit.stderr);
      }
      assert.is(recorder.requests.length, 0);
    } finally {
      await recorder.close();
    }
  });

  test(`${runtime.name}: 3 for a file that is cut: what was whole is sent and ended`, async () => {
    const recorder = await startRecorder();
    try {
      const args = ["--rate=max", "--id=9", `${recorder.url}/x.isml`, await makeCutSample()];
      const { code, stderr } = await runCli(runtime, args);
      assert.is(code, 3, stderr);
      const whole = recorder.requests.filter(({ headers }) => !isProbe(headers));
      const [cut, other] = [0, 1].map((n) =>
        readBody(whole.find(({ url }) => url.endsWith(`(9-stream${n})`))!.body())
      );
      assert.is(cut!.types.at(-1), "mfra");
      assert.ok(cut!.fragments.length > 0 && cut!.fragments.length < 10);
      assert.is(other!.fragments.length, 10);
      assert.is(other!.types.at(-1), "mfra");
    } finally {
      await recorder.close();
    }
  });
}

test.run();
