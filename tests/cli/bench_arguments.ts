import { suite } from "uvu";
import * as assert from "uvu/assert";
import { parseArguments } from "../../lib/cli/args.ts";
import type { BenchArguments, BenchMergeArguments } from "../../lib/cli/args.ts";
import { UsageError } from "../../lib/cli/usage_error.ts";

const test = suite("bench arguments");

const URL_TEXT = "http://host/live.isml";

function parse(...args: readonly string[]) {
  return parseArguments(["bench", ...args], { exists: () => false, env: {} });
}

const bench = (...args: readonly string[]) => parse(...args, URL_TEXT, "m.ism") as BenchArguments;

function errorOf(...args: readonly string[]): string {
  try {
    parse(...args);
  } catch (error) {
    assert.instance(error, UsageError);
    const { message } = error as Error;
    assert.not.match(message, "\n");
    return message;
  }
  throw new Error("it is accepted");
}

test("needs a point and a presentation, and has defaults for the rest", () => {
  const args = bench();
  assert.equal(args.point, { url: URL_TEXT });
  assert.is(args.presentation, "m.ism");
  assert.equal(
    [args.channels, args.rate, args.phase, args.watch, args.findMax, args.slo, args.conditions],
    [1, 1, "spread", 0, false, undefined, {}],
  );
});

test("reads times, parts and goals", () => {
  const args = bench(
    "--channels=200",
    "--ramp=12.5",
    "--for=2m",
    "--calibrate=500ms",
    "--shard=3/10",
    "--watch",
    "--phase=aligned",
    "--slo=p99<50ms,errors=0",
    "--cache=1GiB",
    "--workers=3",
  );
  assert.equal([args.channels, args.ramp, args.seconds, args.calibrateSeconds], [
    200,
    12.5,
    120,
    0.5,
  ]);
  assert.equal(args.shard, { index: 3, count: 10 });
  assert.equal([args.watch, args.phase, args.cacheBytes, args.workers], [4, "aligned", 2 ** 30, 3]);
  assert.equal(args.slo!.map(({ text }) => text), ["p99<50ms", "errors=0"]);
  assert.is(bench("--watch=9").watch, 9);
  assert.equal(bench("--find-max", "--slo=max<1s", "--step=5", "--max-channels=40").stepSeconds, 5);
});

test("takes a pattern, and keeps it through the reading of the URL", () => {
  const args = parse("http://u:p@host/{channel}.isml", "m.ism") as BenchArguments;
  assert.equal(args.point, { url: "http://host/{channel}.isml", user: "u", password: "p" });
});

test("tells the report what was asked for, and nothing secret", () => {
  const args = bench(
    "--channels=2",
    "--user=me",
    "--password=secret",
    "-H",
    "X: y",
    "--json",
    "--watch",
  );
  assert.equal(args.conditions, { channels: "2", watch: "yes" });
});

test("reads a merge", () => {
  const args = parse("merge", "a.json", "b.json", "--report=x.html") as BenchMergeArguments;
  assert.equal([args.command, args.inputs, args.report], [
    "bench merge",
    ["a.json", "b.json"],
    "x.html",
  ]);
});

const cases: readonly (readonly [args: readonly string[], message: string])[] = [
  [[], "bench takes <publishing-point-url> <presentation.ism>"],
  [[URL_TEXT], "bench takes <publishing-point-url> <presentation.ism>"],
  [["live.isml", "m.ism"], "must be an http or https URL"],
  [["http://host/{chanel}.isml", "m.ism"], "a pattern must have {channel} in it"],
  [["--channels=0", URL_TEXT, "m.ism"], "it must be a whole number from 1 to 1000000"],
  [["--channels=1e9", URL_TEXT, "m.ism"], "it must be a whole number from 1 to 1000000"],
  [["--channels=1000001", URL_TEXT, "m.ism"], "it must be a whole number from 1 to 1000000"],
  [["--rate=1001", URL_TEXT, "m.ism"], "it must be a number from 0.001 to 1000: current"],
  [["--ramp=0", URL_TEXT, "m.ism"], "it must be a number above 0"],
  [["--for=0", URL_TEXT, "m.ism"], "it must be a time above 0"],
  [
    ["--for=5d", URL_TEXT, "m.ism"],
    "it must be a time such as 90, 1.5s",
  ],
  [["--rate=max", URL_TEXT, "m.ism"], "latency counts from when fragments are due"],
  [["--shard=10/10", URL_TEXT, "m.ism"], "it must be two whole numbers i/n with 0 <= i < n"],
  [["--shard=1", URL_TEXT, "m.ism"], "it must be two whole numbers i/n"],
  [["--slo=p99", URL_TEXT, "m.ism"], "it must be goals such as p99<50ms"],
  [["--phase=round", URL_TEXT, "m.ism"], `it must be "spread" or "aligned"`],
  [["--find-max", URL_TEXT, "m.ism"], "write --slo='p99<50ms,errors=0'"],
  [["--find-max", "--slo=max<1s", "--for=9", URL_TEXT, "m.ism"], "--step says how long"],
  [["--find-max", "--slo=max<1s", "--shard=0/2", URL_TEXT, "m.ism"], "run it on one machine"],
  [["--step=5", URL_TEXT, "m.ism"], "add --find-max"],
  [["--max-channels=5", URL_TEXT, "m.ism"], "add --find-max"],
  [["--loop", URL_TEXT, "m.ism"], "belongs to push"],
  [["--chanels=5", URL_TEXT, "m.ism"], "the nearest is --channels"],
  [["merge"], "bench merge takes <a.json> <b.json>"],
  [["merge", "--channels=2", "a.json"], "Cannot use --channels with bench merge"],
];
for (const [args, message] of cases) {
  test(`says no to ${args.join(" ") || "nothing"}`, () => assert.match(errorOf(...args), message));
}

test.run();
