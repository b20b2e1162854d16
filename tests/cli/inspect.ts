import type { InspectArguments } from "../../lib/cli/args.ts";
import type { Terminal, TextOutput } from "../../lib/cli/terminal.ts";
import { join } from "node:path";
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { InputError } from "../../lib/errors.ts";
import { runInspect } from "../../lib/cli/inspect.ts";
import { startOf } from "../helpers/boxes.ts";
import { indexedFile } from "../helpers/inspect_bytes.ts";
import { SAMPLE_ISM, samplePath } from "../helpers/sample.ts";
import { withFolder } from "../helpers/temp_folder.ts";

/** An output that keeps what is written. */
class Output implements TextOutput {
  readonly columns: number | undefined;
  text = "";

  constructor(columns?: number) {
    this.columns = columns;
  }

  write(text: string): void {
    this.text += text;
  }

  get lines(): string[] {
    return this.text.split("\n");
  }
}

interface Run {
  readonly code: number;
  readonly stdout: Output;
  readonly stderr: Output;
}

async function run(
  input: string,
  fields: Partial<InspectArguments> & { columns?: number; stop?: AbortSignal } = {},
): Promise<Run> {
  const { columns, stop, ...options } = fields;
  const signal = new AbortController().signal;
  const [stdout, stderr] = [new Output(columns), new Output()];
  const terminal: Terminal = { stdout, stderr, stop: stop ?? signal, signal, env: {} };
  const args: InspectArguments = {
    command: "inspect",
    input,
    json: false,
    maxFragmentBytes: 2 ** 28,
    ...options,
  };
  return { code: await runInspect(args, terminal), stdout, stderr };
}

const test = suite("runInspect");

test("shows a presentation in tables", async () => {
  const { code, stdout, stderr } = await run(SAMPLE_ISM);
  assert.is(code, 0);
  assert.is(stderr.text, "");
  assert.ok(
    stdout.lines[0]?.endsWith("sample.ism: an on-demand presentation of 5 tracks in 4 files"),
  );
  for (
    const line of [
      /^Server manifest: UTF-8, /,
      /^ {2}video +video +560000 +sample_560\.ismv +1 +10000000$/,
      /^Client manifest sample\.ismc: UTF-8, .*, lasts 20\.000 s$/,
      /^ {2}audio +48000 +AACL +48000 Hz, 2 ch +119056E500$/,
      /^sample_560\.ismv, 1\.54 MB, brand isml 1 \(piff, iso2\)$/,
      /^ {2}index: 10 entries for track 1, 10 entries for track 2$/,
      /^ {6}1 +10 +0\.000 +20\.000 +2\.000 +128\/140\/150 KB +561$/,
      /^ {6}1 +0 +0\.000 +manifest +2\.000 +50 +1 +1217 +476 +128101$/,
      /^Nothing odd was found\.$/,
    ]
  ) {
    assert.ok(stdout.lines.some((it) => line.test(it)), String(line));
  }
});

test("shows the first fragments of a track and the last one", async () => {
  const { stdout } = await run(samplePath("sample_250.ismv"));
  const rows = stdout.lines.filter((line) => /^ {6}1 +(\d+ +\d+\.\d{3} +tfra|…)/.test(line));
  assert.equal(rows.map((row) => row.split(/ +/)[2]), ["0", "1", "2", "…", "9"]);
});

for (const columns of [undefined, 200, 80, 20]) {
  const most = Math.min(Math.max(columns ?? 100, 60), 100);
  test(`keeps to ${most} columns on a terminal of ${columns}`, async () => {
    const { stdout } = await run(SAMPLE_ISM, { ...(columns && { columns }) });
    for (const line of stdout.lines) {
      assert.ok(line.length <= most, line);
      assert.is(line, line.trimEnd());
    }
  });
}

test("writes one JSON document with every fragment", async () => {
  const { code, stdout } = await run(SAMPLE_ISM, { json: true });
  assert.is(code, 0);
  const { kind, files, oddities } = JSON.parse(stdout.text);
  assert.is(kind, "presentation");
  assert.equal(oddities, []);
  assert.is(files[0].tracks[0].fragments.length, 10);
  assert.is(files[0].tracks[0].fragments[9].start, "180000000");
});

for (const json of [false, true]) {
  test(`shows what is whole of a broken file ${json ? "as JSON" : "in tables"}`, async () => {
    const file = indexedFile();
    const { code, stdout, stderr } = await withFolder(
      { "cut.ismv": file.subarray(0, startOf(file, "mfra") - 5) },
      (folder) => run(join(folder, "cut.ismv"), { json }),
    );
    assert.is(code, 3);
    assert.match(stderr.text, /^pushencoder: .*cut\.ismv: Cannot read box ".* byte \d+\n$/);
    if (json) assert.is(JSON.parse(stdout.text).errors.length, 1);
    else assert.match(stdout.text, /1 track, 2 fragments/);
    assert.not.match(stdout.text, "Nothing odd");
  });
}

test("throws where nothing can be read", async () => {
  try {
    await run(samplePath("gone.ism"));
    assert.unreachable();
  } catch (error) {
    assert.instance(error, InputError);
    assert.match((error as Error).message, /gone\.ism: Cannot find it: there is no such file$/);
  }
});

test("ends at once when the user stops it", async () => {
  const reason = new Error("stopped");
  try {
    await run(SAMPLE_ISM, { stop: AbortSignal.abort(reason) });
    assert.unreachable();
  } catch (error) {
    assert.is(error, reason);
  }
});

test("lets nothing reach the terminal that it would obey", async () => {
  const manifest = '<SmoothStreamingMedia><StreamIndex Type="video" Name="a&#x9b;31m" Chunks="3">' +
    '<c d="1"/></StreamIndex></SmoothStreamingMedia>';
  const { stdout } = await withFolder(
    { "x.ismc": manifest },
    (folder) => run(join(folder, "x.ismc")),
  );
  // deno-lint-ignore no-control-regex -- that is what must not be there
  assert.not.match(stdout.text, /[\x00-\x09\x0b-\x1f\x7f-\x9f]/);
  assert.match(stdout.text, "a\\u{9b}31m");
});

test.run();
