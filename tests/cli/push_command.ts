import { mkdtempSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { parseArguments, type PushArguments } from "../../lib/cli/args.ts";
import { pushOptions, runPush } from "../../lib/cli/push_command.ts";
import { InputError } from "../../lib/errors.ts";
import { startRecorder } from "../helpers/recorder.ts";
import { keptTerminal } from "../helpers/terminal.ts";

const SAMPLE = fileURLToPath(new URL("../../testdata/sample.ism", import.meta.url));

function parse(...argv: string[]): PushArguments {
  const args = parseArguments(argv, { exists: () => true, env: {} });
  assert.is(args.command, "push");
  return args as PushArguments;
}

async function inFolder<T>(use: (folder: string) => Promise<T>): Promise<T> {
  const folder = mkdtempSync(join(tmpdir(), "pushencoder-"));
  try {
    return await use(folder);
  } finally {
    rmSync(folder, { recursive: true });
  }
}

const test = suite("runPush");

test("pushes and gives 0", async () => {
  const recorder = await startRecorder();
  const terminal = keptTerminal();
  try {
    const args = parse(`${recorder.url}/x.isml`, SAMPLE, "--rate=max");
    assert.is(await runPush(args, terminal, 4711), 0);
    assert.ok(recorder.requests.some(({ url }) => url === "/x.isml/Streams(4711-stream0)"));
    assert.is(terminal.stdout.text, "");
    assert.match(terminal.stderr.text, "4711-stream3: complete: 10 fragments");
  } finally {
    await recorder.close();
  }
});

test("gives 4 when it is refused, and says so even when it is to be quiet", async () => {
  const recorder = await startRecorder((_, answer) => {
    answer.writeHead(403).end();
    return "handled";
  });
  const terminal = keptTerminal();
  try {
    const args = parse(`${recorder.url}/x.isml`, SAMPLE, "--quiet");
    assert.is(await runPush(args, terminal, 1), 4);
    assert.match(terminal.stderr.text, "403");
  } finally {
    await recorder.close();
  }
});

test("writes the bodies into a folder", () =>
  inFolder(async (folder) => {
    const args = parse(`--output=${join(folder, "new", "one")}`, SAMPLE, "--id=3");
    assert.is(await runPush(args, keptTerminal(), 1), 0);
    assert.equal(
      readdirSync(join(folder, "new", "one")).sort(),
      [0, 1, 2, 3, 4].map((n) => `3-stream${n}.ismv`),
    );
  }));

test("shows the plan of a dry run, as text and as JSON, and sends nothing", async () => {
  const url = "http://127.0.0.1:9/x.isml";
  const text = keptTerminal();
  assert.is(await runPush(parse(url, SAMPLE, "--dry-run", "--loop"), text, 5), 0);
  assert.match(text.stdout.text, "POST http://127.0.0.1:9/x.isml/Streams(5-stream4)");
  assert.match(text.stdout.text, "for ever");
  const json = keptTerminal();
  assert.is(await runPush(parse(url, SAMPLE, "--dry-run", "--json"), json, 5), 0);
  const plan = JSON.parse(json.stdout.text);
  assert.is(plan.periodSeconds, 20);
  assert.equal(plan.streams.map((it: { fragments: number }) => it.fragments), [10, 10, 10, 10, 3]);
});

test.run();

const optionsTest = suite("pushOptions");

const starts = [
  { option: "--realtime=170000000000000001", seconds: [170000000000000001n, 10_000_000n] },
  { option: "--realtime=1970-01-01T00:00:01.5Z", seconds: [3n, 2n] },
] as const;
for (const { option, seconds: [numerator, denominator] } of starts) {
  optionsTest(`starts at what ${option} says`, async () => {
    const { base } = await pushOptions(parse("http://h/x.isml", SAMPLE, option), keptTerminal(), 1);
    assert.equal(base, { numerator, denominator });
  });
}

optionsTest("reads the files that options name", () =>
  inFolder(async (folder) => {
    const file = (name: string, text: string) => {
      writeFileSync(join(folder, name), text);
      return join(folder, name);
    };
    const args = parse(
      "https://h/x.isml",
      SAMPLE,
      `--stream-manifest=${file("s.xml", "<smil/>")}`,
      "--create",
      `--isml=${file("x.isml", "<smil>x</smil>")}`,
      `--bearer=${file("token", "abc\n")}`,
    );
    const options = await pushOptions(args, keptTerminal(), 1);
    const text = (bytes: unknown) => new TextDecoder().decode(bytes as Uint8Array);
    assert.is(text(options.streamManifest), "<smil/>");
    assert.is(text(options.isml), "<smil>x</smil>");
    assert.is(options.bearer, "abc");
    assert.is(options.tls, undefined);
  }));

optionsTest(
  "says which file is no token, no certificate or no key",
  () =>
    inFolder(async (folder) => {
      const file = join(folder, "spoilt");
      writeFileSync(file, "s3cr t\n");
      const cases = [
        [[`--bearer=${file}`], "the bearer token"],
        [[`--cacert=${file}`], "the certificates to trust"],
        [[`--cert=${file}`, `--key=${file}`], "the certificate"],
      ] as const;
      for (const [argv, what] of cases) {
        const args = parse("https://h/x.isml", SAMPLE, ...argv);
        const error = await pushOptions(args, keptTerminal(), 1).catch((reason: Error) => reason);
        assert.instance(error, InputError);
        assert.match((error as Error).message, `${file}: Cannot use ${what} as `);
        assert.not.match((error as Error).message, "s3cr");
      }
    }),
);

optionsTest.run();
