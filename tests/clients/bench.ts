import { readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { suite } from "uvu";
import * as assert from "uvu/assert";
import type { BenchReport } from "../../lib/load/bench_report.ts";
import { createPointServer } from "../../lib/point/point_server.ts";
import { servePoint } from "../../lib/point/serve_point.ts";
import { testIf } from "../helpers/test_if.ts";
import { openPage, startBrowser } from "./helpers/browser.ts";
import { ROOT, runCli, type Runtime, runtimes, SAMPLE, startCli } from "./helpers/command_line.ts";
import { programPath } from "./helpers/program_path.ts";
import { makeTempFolder } from "./helpers/temp_folder.ts";
import { openTerminal } from "./helpers/tmux.ts";
import { until } from "./helpers/until.ts";

const test = suite("bench against a publishing point");

const CHROMIUM = programPath("chromium");
const TMUX = programPath("tmux");
/** Measured, and void where the machine was busy with something else. */
const MEASURED = [0, 1];

/** A load test takes what time it takes; this one is as short as it can be. */
const SHORT = ["--channels=4", "--ramp=100", "--rate=10", "--for=2", "--calibrate=0"];

async function withPoint<T>(work: (url: string) => Promise<T>): Promise<T> {
  const point = createPointServer({ autoCreate: true });
  const served = await servePoint(point.fetch, { port: 0 });
  try {
    return await work(`${new URL(served.url).origin}/live.isml`);
  } finally {
    await point.close();
    await served.close();
  }
}

async function benchWith(runtime: Runtime, args: readonly string[], url: string) {
  const { code, stdout, stderr } = await runCli(runtime, ["bench", ...SHORT, ...args, url, SAMPLE]);
  assert.ok(MEASURED.includes(code!), `${code}: ${stderr}`);
  return stdout;
}

for (const runtime of runtimes) {
  test(`measures on ${runtime.name}, in threads where it has them`, async () => {
    const stdout = await withPoint((url) =>
      benchWith(runtime, ["--workers=2", "--watch=2", "--json"], url)
    );
    const report = JSON.parse(stdout) as BenchReport;
    assert.equal(report.errors, {});
    assert.is(report.counts.failedStreams, 0);
    const [{ workers }] = report.conditions as [BenchReport["conditions"][0]];
    if (runtime.name === "Deno") assert.is(workers, 2);
    // Four streams with fragments of 200 ms, on four channels: what was due counts, taken or not.
    assert.ok(report.metrics.last!.count > 4 * 4 * 5, `${report.metrics.last!.count}`);
    assert.ok(report.counts.fragments > 0);
    assert.is(report.metrics.probe!.count, 4 * 5);
    assert.ok(report.metrics.watch!.count > 0, "some were fetched");
    assert.is(report.health.length, 1);
  });
}

const testPage = testIf(CHROMIUM !== undefined, test, "the page of bench, as there is no chromium");
testPage("writes a page that a browser shows as it is", async () => {
  const folder = makeTempFolder();
  const path = join(folder, "report.html");
  await withPoint((url) => benchWith(runtimes[0], [`--report=${path}`], url));
  const browser = await startBrowser();
  try {
    const { page, complaints, strangers } = await openPage(browser, pathToFileURL(path).href);
    assert.equal([complaints, strangers], [[], []]);
    assert.is(await page.locator("svg.plot").count(), 4);
    assert.match(await page.locator("h1").innerText(), "/live.isml");
    assert.match(await page.locator("body").innerText(), /last byte taken\s+\d+/);
    await page.setViewportSize({ width: 400, height: 800 });
    const width = await page.evaluate("document.documentElement.scrollWidth");
    assert.is(width, 400, "nothing sticks out of a narrow window");
  } finally {
    await browser.close();
  }
});

test("adds up two runs from files", async () => {
  const folder = makeTempFolder();
  const [a, b] = ["a.json", "b.json"].map((name) => join(folder, name)) as [string, string];
  await withPoint(async (url) => {
    for (const [n, path] of [a, b].entries()) {
      await writeFile(path, await benchWith(runtimes[0], ["--json", `--shard=${n}/2`], url));
    }
  });
  const log = join(folder, "log.hlog");
  const { code, stdout, stderr } = await runCli(runtimes[0], [
    "bench",
    "merge",
    "--json",
    `--hdr=${log}`,
    a,
    b,
  ]);
  assert.ok(MEASURED.includes(code!), stderr);
  const [one, two, both] = [await readFile(a, "utf8"), await readFile(b, "utf8"), stdout]
    .map((text) => JSON.parse(text) as BenchReport) as [BenchReport, BenchReport, BenchReport];
  assert.is(both.channels, 4);
  assert.is(both.counts.bytes, one.counts.bytes + two.counts.bytes);
  assert.is(both.metrics.last!.count, one.metrics.last!.count + two.metrics.last!.count);
  assert.is(both.metrics.last!.max, Math.max(one.metrics.last!.max, two.metrics.last!.max));
  assert.match(await readFile(log, "utf8"), /^#\[Histogram log format version 1\.3\]\n/);
  const bad = await runCli(runtimes[0], ["bench", "merge", SAMPLE]);
  assert.is(bad.code, 3);
  assert.match(
    bad.stderr,
    /^pushencoder: .*sample\.ism: Cannot read it as the report .* must be JSON/,
  );
});

test("ends in order on Ctrl-C, and still says what it measured", async () => {
  await withPoint(async (url) => {
    const args = ["bench", ...SHORT, "--for=1h", url, SAMPLE];
    const running = startCli(runtimes[0], args);
    await until("measurement", () => /measuring .* 4 of 4 channels/.test(running.stderr()));
    running.kill("SIGINT");
    const { code, stdout, stderr } = await running.exited;
    assert.is(code, 130, stderr);
    assert.match(stdout, /4 channels for \d+\.\d s: \d+ fragments/);
    assert.match(stdout, "stopped before its time");
    assert.match(stdout, /final answer +\d+/);
  });
});

const testTerminal = testIf(TMUX !== undefined, test, "the view of bench, as there is no tmux");
testTerminal("shows how it goes on a terminal of 80 columns", async () => {
  await withPoint(async (url) => {
    const args = ["bench", ...SHORT, "--for=1h", url, SAMPLE];
    const [{ command }] = runtimes;
    const size = { columns: 80, rows: 30, cwd: ROOT };
    const terminal = await openTerminal([...command, ...args], size);
    try {
      let screen: string[] = [];
      await until("table", async () => {
        screen = await terminal.screen();
        return screen.some((line) => line.startsWith("last byte taken"));
      });
      assert.match(screen[1]!, /^bench http:/);
      assert.match(screen[2]!, /^measuring 0:00:\d\d\.\d of 1:00:00\.\d +4 of 4 channels$/);
      assert.ok(screen.every((line) => line.length <= 80));
      await terminal.press("C-c");
      await until("end", async () => (await terminal.screen()).includes("exit 130"));
      screen = await terminal.screen();
      assert.is(screen.filter((line) => line.startsWith("last byte taken")).length, 1);
      assert.is(await terminal.scrolledLines(), 0);
    } finally {
      await terminal.close();
    }
  });
});

test("says in one line what is wrong", async () => {
  const cases = [
    [["--slo=p99", "http://h/l.isml", SAMPLE], 2, "Cannot use --slo as it must be goals"],
    [["http://127.0.0.1:9/l.isml", "missing.ism"], 3, "missing.ism: Cannot find it"],
    [["--report=/nowhere/x.html", "http://h/l.isml", SAMPLE], 2, "Cannot use --report"],
    [
      [
        "--channels=1",
        "--for=0.5",
        "--rate=10",
        "--calibrate=0",
        "--quiet",
        "http://127.0.0.1:9/l.isml",
        SAMPLE,
      ],
      5,
      "",
    ],
  ] as const;
  for (const [args, code, message] of cases) {
    const exit = await runCli(runtimes[0], ["bench", ...args]);
    assert.is(exit.code, code, exit.stderr);
    assert.match(exit.stderr, message);
    assert.ok(exit.stderr.split("\n").length <= 3 || message === "", exit.stderr);
  }
});

test.run();
