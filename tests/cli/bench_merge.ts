import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { runBenchMerge } from "../../lib/cli/bench_merge.ts";
import { InputError } from "../../lib/errors.ts";
import { LEAST_REPORT } from "../helpers/least_report.ts";
import { failure } from "../helpers/parts.ts";
import { withFolder } from "../helpers/temp_folder.ts";
import { keptTerminal } from "../helpers/terminal.ts";

const test = suite("bench merge");

const cases = [
  ["no report", "hello", "must be JSON"],
  ["a search", JSON.stringify({ ...LEAST_REPORT, search: {} }), "none of them may be a search"],
] as const;
for (const [what, text, message] of cases) {
  test(`says that an input is ${what}`, () =>
    withFolder({}, async (folder) => {
      const path = join(folder, "a.json");
      await writeFile(path, text);
      const args = { command: "bench merge", inputs: [path], json: true, quiet: false } as const;
      const error = await failure(runBenchMerge(args, keptTerminal()));
      assert.instance(error, InputError);
      assert.match(error.message, `${path}: Cannot `);
      assert.match(error.message, message);
    }));
}

test.run();
