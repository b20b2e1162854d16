import type { VerifyArguments } from "../../lib/cli/args.ts";
import { join as joinPath } from "node:path";
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { runVerify } from "../../lib/cli/verify.ts";
import { InputError } from "../../lib/errors.ts";
import { join } from "../../lib/mp4/box.ts";
import { RULES } from "../../lib/point/rules.ts";
import { failure } from "../helpers/parts.ts";
import { end, fragment, fragments, header } from "../helpers/spoilt_streams.ts";
import { withFolder } from "../helpers/temp_folder.ts";
import { keptTerminal } from "../helpers/terminal.ts";

async function run(input: string, fields: Partial<VerifyArguments> = {}) {
  const terminal = keptTerminal();
  const args = { command: "verify", input, json: false, maxFragmentBytes: 2 ** 28 } as const;
  const code = await runVerify({ ...args, ...fields }, terminal);
  return { code, stdout: terminal.stdout.text, stderr: terminal.stderr.text };
}

const RIGHT = join([...header, ...fragments, end]);
const WRONG = join([...header, fragment(0, { tfxd: undefined }), fragment(1), end]);

const test = suite("runVerify");

test("says what was kept, with the clause of each rule", async () => {
  await withFolder({ "s.bin": RIGHT }, async (folder) => {
    const { code, stdout, stderr } = await run(folder);
    assert.equal([code, stderr], [0, ""]);
    assert.match(stdout, `${folder}: 1 stream, no rule is broken\n`);
    assert.match(stdout, /\ns: 1 body, 3 fragments, ended, \d+ rules kept, 0 broken\n/);
    for (const [rule, { clause }] of Object.entries(RULES)) {
      const line = stdout.split("\n").find((it) => it.startsWith(`${rule} `));
      assert.match(line ?? "", new RegExp(`(ok|not seen) +${clause.replace(/[.()]/g, "\\$&")}$`));
    }
  });
});

test("says what was broken, where and how often, and fails", async () => {
  await withFolder({ "s.bin": WRONG, "t.bin": RIGHT }, async (folder) => {
    const { code, stdout } = await run(folder);
    assert.is(code, 3);
    assert.match(stdout, "2 streams, 1 of them against the rules");
    assert.match(
      stdout,
      "  broken once: tfxd-once, clause 2.2 (MS-SSTR 2.2.7.5)\n" +
        "    Every fragment has one TfxdBox\n" +
        "    first: body 1, track 1 at 0: 0\n",
    );
    assert.match(stdout, /\ntfxd-once +broken +2\.2/);
    assert.match(stdout, /\nftyp-first +ok /);
    for (const line of stdout.split("\n").slice(1)) assert.ok(line.length <= 100, line);
  });
});

test("writes one JSON object for each stream", async () => {
  await withFolder({ "s.bin": WRONG, "t.bin": RIGHT }, async (folder) => {
    const { code, stdout } = await run(folder, { json: true });
    assert.is(code, 3);
    const streams = stdout.trimEnd().split("\n").map((line) => JSON.parse(line));
    assert.equal(streams.map((it) => [it.stream, it.isConforming]), [["s", false], ["t", true]]);
    const broken = streams[0].rules.find((it: { rule: string }) => it.rule === "tfxd-once");
    assert.is(broken.verdict, "broken");
    assert.is(broken.clause, RULES["tfxd-once"].clause);
    assert.is(streams[1].report.tracks[0].end, "60000000");
  });
});

test("shows what could be read, names the rest, and fails", async () => {
  await withFolder({ "s.bin": RIGHT, "x.bin": "no box at all" }, async (folder) => {
    const { code, stdout, stderr } = await run(folder);
    assert.is(code, 3);
    assert.match(stdout, "1 stream, no rule is broken");
    assert.match(stderr, /^pushencoder: .*x\.bin: .*\n$/);
  });
});

test("throws what leaves nothing to show", async () => {
  await withFolder({}, async (folder) => {
    assert.instance(await failure(run(joinPath(folder, "missing"))), InputError);
  });
});

test.run();
