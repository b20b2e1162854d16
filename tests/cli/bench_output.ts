import { readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { openBenchDisplay } from "../../lib/cli/bench_display.ts";
import { openOutputs, writeOutputs } from "../../lib/cli/bench_output.ts";
import { UsageError } from "../../lib/cli/usage_error.ts";
import type { BenchProgress } from "../../lib/load/bench_options.ts";
import type { BenchReport } from "../../lib/load/bench_report.ts";
import { Tally } from "../../lib/load/tally.ts";
import { failure } from "../helpers/parts.ts";
import { withFolder } from "../helpers/temp_folder.ts";
import { keptTerminal } from "../helpers/terminal.ts";

const BY_DEFAULT = { json: true, quiet: false } as const;
const REPORT = { series: [], conditions: [] } as unknown as BenchReport;

const test = suite("bench output");

test("leaves a file as it is until there is something to write", () =>
  withFolder({}, async (folder) => {
    const report = join(folder, "out.html");
    await writeFile(report, "old");
    await openOutputs({ ...BY_DEFAULT, report });
    assert.is(await readFile(report, "utf8"), "old");
    const none = await failure(openOutputs({ ...BY_DEFAULT, hdr: join(folder, "none", "a") }));
    assert.instance(none, UsageError);
    assert.match(none.message, "Cannot use --hdr as ");
  }));

test("writes the results first, as a file may not be to be had any more", () =>
  withFolder({}, async (folder) => {
    const terminal = keptTerminal();
    const args = { ...BY_DEFAULT, hdr: join(folder, "none", "a") };
    const error = await failure(writeOutputs(REPORT, args, terminal));
    assert.instance(error, UsageError);
    assert.is(terminal.stdout.text, `${JSON.stringify(REPORT)}\n`);
  }));

test("draws no more lines than the screen has", () => {
  const tally = new Tally();
  for (const metric of ["last", "first", "watch", "probe", "own"] as const) {
    tally.histogram(metric).record(1);
  }
  const step = {
    channels: 1,
    isKept: true,
    misses: [],
    problems: [],
    last: { count: 1, mean: 1, p50: 1, p90: 1, p99: 1, p999: 1, max: 1 },
    bytesPerSecond: 1,
    errors: {},
  };
  const progress: BenchProgress = {
    state: "measuring",
    elapsedSeconds: 1,
    channels: 1,
    target: 1,
    tally,
    bytesPerSecond: 1,
    fragmentsPerSecond: 1,
    overdueMs: 0,
    cpuCores: 0,
    steps: Array.from({ length: 20 }, () => step),
  };
  for (const [rows, lines] of [[40, 21], [18, 17], [6, 5], [1, 1]] as const) {
    const terminal = keptTerminal({ isTTY: true, rows, columns: 80 });
    openBenchDisplay({ quiet: false, title: "bench" }, terminal).onProgress(progress);
    assert.is(terminal.stderr.text.split("\n").length - 1, lines, `${rows}`);
  }
});

test.run();
