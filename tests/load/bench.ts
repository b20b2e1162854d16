import { setTimeout as sleep } from "node:timers/promises";
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { benchExitCode, benchSummary } from "../../lib/cli/bench_summary.ts";
import { bench } from "../../lib/load/bench.ts";
import type { BenchOptions, BenchProgress } from "../../lib/load/bench_options.ts";
import type { BenchReport } from "../../lib/load/bench_report.ts";
import { mergeReports } from "../../lib/load/merge_reports.ts";
import { parseSlo } from "../../lib/load/slo.ts";
import type { TransportRequest } from "../../lib/ingest/transport.ts";
import { failure } from "../helpers/parts.ts";
import { startRecorder } from "../helpers/recorder.ts";
import { FakeClock } from "../helpers/fake_clock.ts";
import { FakeSink, type FakeSinkOptions } from "../helpers/fake_sink.ts";
import { SAMPLE_ISM } from "../helpers/sample.ts";
import { settle } from "../helpers/settle.ts";

const test = suite("bench");

/** The sample at this rate: all of it in two seconds, a video fragment every 100 ms, one of sound as well. */
const RATE = 20;

/** The time to read all of it once, so that no file is waited for later. */
const CALIBRATE_SECONDS = 3;
const START_MS = CALIBRATE_SECONDS * 1000;

interface Run {
  readonly report: BenchReport;
  readonly sink: FakeSink;
  readonly progress: readonly BenchProgress["state"][];
}

/** Runs a load test in no time against a sink in memory. */
async function run(
  options: Partial<BenchOptions>,
  sinkOptions: Omit<FakeSinkOptions, "clock"> = {},
  atMs: (nowMs: number) => void = () => {},
): Promise<Run> {
  const clock = new FakeClock();
  const sink = new FakeSink({ clock, ...sinkOptions });
  const progress: BenchProgress["state"][] = [];
  let isOver = false;
  const done = bench({
    url: "http://point/live.isml",
    presentation: SAMPLE_ISM,
    rate: RATE,
    ramp: 1000,
    calibrateSeconds: CALIBRATE_SECONDS,
    clock,
    transport: sink,
    onProgress: ({ state }) => progress.push(state),
    ...options,
  }).finally(() => isOver = true);
  done.catch(() => {}); // it is waited for below
  while (!isOver) {
    atMs(clock.now());
    // Where nobody waits for the clock, something is read or loaded.
    if (clock.pending > 0) await clock.advance(10);
    else await settle();
    // All files are read while it calibrates, and nothing but the machine tells how long that takes.
    if (progress.at(-1) === "calibrating") await sleep(1);
  }
  return { report: await done, sink, progress };
}

test("counts what a channel sends, from when it was due", async () => {
  const { report, sink, progress } = await run({ channels: 3, seconds: 2 });
  assert.is(report.errors["HTTP 503"], undefined);
  assert.is(sink.channels.size, 3);
  assert.ok(sink.channels.has("http://point/live-2.isml"));
  const { counts, metrics, conditions: [conditions] } = report;
  // Three videos and one sound, 20 fragments each in a pass of two seconds; the first is due after its own length.
  assert.is(conditions!.channel.streams, 5);
  assert.ok(Math.abs(conditions!.channel.fragmentsPerSecond - 40) < 1);
  assert.ok(counts.fragments >= 3 * 4 * 18 && counts.fragments <= 3 * 4 * 22 + 9);
  assert.ok(metrics.last!.max < 1, `${metrics.last!.max}`);
  assert.is(metrics.last!.count + metrics.sparse!.count, counts.fragments);
  assert.is(metrics.probe!.count, 15);
  assert.is(counts.unsent, 0);
  assert.equal(report.isVoid, false);
  assert.equal([...new Set(progress)], ["calibrating", "measuring", "ending"]);
  assert.is(
    report.series.reduce((sum, point) => sum + point.counts.fragments, 0),
    counts.fragments,
  );
  assert.is(Math.max(...report.series.map(({ channels }) => channels)), 3);
});

test("shows a stall of 1.5 s that a view from the requests alone would call 0 for most", async () => {
  const stall = [500, 2000] as const;
  const { report, sink } = await run({ channels: 4, seconds: 2.4 }, { stall });
  const waits = sink.waits.toSorted((a, b) => a - b);
  assert.is(waits[waits.length >> 1], 0, "the median of what each request saw");
  const { last } = report.metrics;
  assert.ok(last!.p50 > 200, `p50 ${last!.p50}`);
  assert.ok(last!.p90 > 1000, `p90 ${last!.p90}`);
  assert.ok(last!.max > 1350 && last!.max < 1501, `max ${last!.max}`);
  // Every fragment that was due meanwhile counts: 15 in 1.5 s, of 4 streams of 4 channels.
  assert.ok(report.metrics.first!.max > 1250, "the first byte of what was due next is late too");
  const overdue = report.series.map(({ overdueMs }) => overdueMs);
  assert.ok(Math.max(...overdue) > 300, `${overdue}`);
  assert.ok(report.worst[0]!.worstMs > 1350);
});

test("counts what was due and never taken", async () => {
  let isDead = false;
  const { report } = await run(
    { channels: 2, seconds: 3 },
    { isDead: () => isDead },
    (nowMs) => isDead = nowMs >= START_MS + 1000,
  );
  const { counts, metrics: { last } } = report;
  assert.ok(counts.unsent >= 2 * 4 * 18, `${counts.unsent}`);
  assert.ok(last!.count >= counts.unsent);
  assert.ok(last!.p50 > 500 && last!.max > 1800, `${last!.p50} ${last!.max}`);
});

test("says when it is stopped, and what was measured until then", async () => {
  const stop = new AbortController();
  const { report } = await run({ channels: 2, seconds: 1000, stop: stop.signal }, {}, (nowMs) => {
    if (nowMs >= START_MS + 1500) stop.abort();
  });
  assert.is(report.isStopped, true);
  assert.ok(report.seconds >= 1.5 && report.seconds < 1.6);
  assert.ok(report.counts.fragments > 2 * 4 * 12);
  // The short requests of sparse streams are measured from when their fragments are let go.
  assert.is(report.metrics.answer!.count, 2 * 4);
});

test("counts what goes wrong by its kind, and goes on", async () => {
  const refuse = ({ url, body }: { url: string; body?: unknown }) =>
    url.includes("live-1.") && body instanceof Uint8Array ? 403 : undefined;
  const { report } = await run({ channels: 2, seconds: 1 }, { refuse });
  assert.equal(report.errors, { "HTTP 403": 5 });
  assert.is(report.counts.failedStreams, 5);
  assert.is(report.worst[0]!.channel, "1");
  assert.match(report.worst[0]!.error!, "403");
});

test("judges an objective", async () => {
  const slo = parseSlo("p99<50ms,errors=0");
  const stall = [500, 800] as const;
  const kept = await run({ channels: 1, seconds: 1, slo });
  assert.equal(kept.report.misses, []);
  const missed = await run({ channels: 1, seconds: 1, slo }, { stall });
  assert.match(missed.report.misses!.join(), /^p99<50ms was asked for: (?:2\d\d|300)\.\d ms$/);
});

for (const maxChannels of [1, 5]) {
  test(`finds the most channels of a point that takes ${maxChannels}`, async () => {
    const { report: { search, isVoid }, sink } = await run(
      { findMax: true, stepSeconds: 1, rate: 10, slo: parseSlo("p99<50ms,errors=0") },
      { maxChannels },
    );
    assert.is(search!.best, maxChannels);
    assert.is(search!.failed, maxChannels + 1);
    const misses = search!.steps.flatMap((step) => step.misses).join();
    assert.match(misses, /errors=0 was asked for: \d+ errors \(HTTP 503: \d+\)/);
    assert.is(
      search!.steps.at(-1)!.channels,
      search!.steps.at(-1)!.isKept ? maxChannels : maxChannels + 1,
    );
    assert.is(isVoid, false);
    // After an overload all begin anew, as streams that are behind would keep the point where it is.
    const isNew = sink.channels.has("http://point/live-0-2.isml");
    assert.is(isNew, search!.steps.findIndex((step) => !step.isKept) < search!.steps.length - 1);
  });
}

test("finds the limit of a point that refuses for good", async () => {
  const known = new Set<string>();
  const refuse = ({ url, body }: { url: string; body?: unknown }) => {
    if (!(body instanceof Uint8Array)) return undefined;
    const channel = /live-\d+/.exec(url)![0];
    if (known.size < 3) known.add(channel);
    return known.has(channel) ? undefined : 403;
  };
  const { report: { search } } = await run(
    { findMax: true, stepSeconds: 1, rate: 10, slo: parseSlo("p99<50ms") },
    { refuse },
  );
  assert.equal([search!.best, search!.failed], [3, 4]);
  assert.is(search!.reason, "3 of 4 channels were left");
});

test("counts a refusal for want of credentials, which a question for them is not", async () => {
  const { report } = await run({ channels: 2, seconds: 1 }, { refuse: () => 401 });
  assert.equal(report.errors, { "HTTP 401": 2 * 5 });
  assert.is(report.counts.failedStreams, 2 * 5);
  assert.is(benchExitCode(report), 4);
  assert.match(benchSummary(report, 100).join(" "), /worst channel: 0: Cannot push to/);
});

test("follows a point that has moved without an error, and counts one that moves in circles", async () => {
  const moved = await run({ channels: 2, seconds: 1 }, {
    redirect: (url) => url.startsWith("http://point/") ? url.replace("point", "there") : undefined,
  });
  assert.equal(moved.report.errors, {});
  assert.ok(moved.sink.channels.has("http://there/live-1.isml"));
  const lost = await run({ channels: 2, seconds: 1 }, { redirect: (url) => url });
  assert.equal(lost.report.errors, { "HTTP 307": 2 * 5 });
  assert.is(benchExitCode(lost.report), 4);
});

const deliveries = [
  { what: "nothing", get: { status: 404 }, kind: "HTTP 404" },
  { what: "nothing without other credentials", get: { status: 401 }, kind: "HTTP 401" },
  {
    what: "nothing but a way round in circles",
    get: { status: 302, location: "http://point/" },
    kind: "too many redirects",
  },
  { what: "other things", get: { status: 200, text: "<html/>" }, kind: "no manifest" },
];
for (const { what, get, kind } of deliveries) {
  test(`says that nothing can be fetched from a point that gives ${what}`, async () => {
    const { report } = await run({ channels: 2, seconds: 2, watch: 2 }, { get: () => get });
    assert.equal(report.errors, { [`watch: ${kind}`]: 2 });
    assert.ok(report.counts.unfetched >= 2 * 18, `${report.counts.unfetched}`);
    assert.is(report.metrics.watch, undefined, "there is no time in which it was there");
  });
}

test("is void where nothing was due, and adds nothing to what another part measured", async () => {
  const shard = { index: 1, count: 2 };
  const { report } = await run({ channels: 1, seconds: 1, shard, calibrateSeconds: 0 });
  assert.is(report.counts.fragments, 0);
  assert.ok(report.isVoid);
  assert.is(benchExitCode(report), 1);
  assert.match(benchSummary(report, 100).at(-1)!, "VOID: no fragment was due");
  const other = await run({ channels: 1, seconds: 1, shard: { index: 0, count: 2 } });
  assert.is(mergeReports([report, other.report]).isVoid, false);
});

test("runs for so long that each channel has something to send, however late its phase is", async () => {
  const { report } = await run({ channels: 8, seconds: 0.2 });
  assert.is(report.worst.length, 8);
  assert.ok(report.worst.every(({ fragments }) => fragments > 0));
});

test("ends when no channel is left, and not before", async () => {
  const all = await run({ channels: 2, seconds: 1000 }, { refuse: () => 404 });
  assert.ok(all.report.seconds < 5, `${all.report.seconds}`);
  assert.is(benchExitCode(all.report), 4);
  const refuse = ({ url, body }: { url: string; body?: unknown }) =>
    url.includes("live-1.") && body instanceof Uint8Array ? 404 : undefined;
  const one = await run({ channels: 2, seconds: 10 }, { refuse });
  assert.ok(one.report.seconds > 10, `${one.report.seconds}`);
});

test("counts what streams were to send that were refused half-way", async () => {
  let nowMs = 0;
  const { report } = await run(
    { channels: 1, seconds: 4, slo: parseSlo("p99<50ms") },
    {
      breakOff: ({ url }) => url.includes("stream0)") && nowMs > START_MS + 2000 ? 404 : undefined,
    },
    (ms) => nowMs = ms,
  );
  assert.is(report.counts.failedStreams, 1);
  assert.ok(report.counts.unsent >= 18, `${report.counts.unsent}`);
  assert.ok(report.metrics.last!.max > 1500, `${report.metrics.last!.max}`);
  assert.match(report.misses!.join(), "p99<50ms was asked for");
});

test("counts how late what is left out after an outage was", async () => {
  const stall = [500, 5000] as const;
  // Whatever chance adds to the waits between the tries, the last one comes before the end.
  const recovery = { afterOutage: "live-edge", sendTimeoutMs: 500, retryDelayMs: 100 } as const;
  const { report } = await run({ channels: 1, seconds: 7, recovery }, { stall });
  const { counts, metrics: { last, sparse } } = report;
  assert.ok(counts.dropped > 20, `${counts.dropped}`);
  assert.is(last!.count + sparse!.count, counts.fragments + counts.dropped + counts.unsent);
  assert.ok(last!.p50 > 200, `${last!.p50}`);
});

test("stops while it calibrates", async () => {
  const stop = new AbortController();
  let lastMs = 0;
  const { report } = await run(
    { channels: 2, stop: stop.signal, calibrateSeconds: 1000 },
    {},
    (nowMs) => {
      lastMs = nowMs;
      if (nowMs >= 1000) stop.abort();
    },
  );
  assert.ok(lastMs < 2000, `${lastMs}`);
  assert.is(report.isStopped, true);
});

test("stops while it waits for the presentation", async () => {
  let ask = () => {};
  const asked = new Promise<void>((resolve) => ask = resolve);
  const server = await startRecorder(() => {
    ask();
    return "handled";
  });
  try {
    const stop = new AbortController();
    const presentation = `${server.url}/movie.ism`;
    const done = bench({
      url: "http://point/live.isml",
      presentation,
      stop: stop.signal,
      channels: 2,
    });
    await Promise.race([asked, done]);
    stop.abort(new Error("enough"));
    assert.match((await failure(done)).message, "enough");
  } finally {
    await server.close();
  }
});

test("does not take the wait for the answer to a sparse fragment for lateness of its own", async () => {
  const { report } = await run({ channels: 1, seconds: 2 }, { answerMs: 60 });
  assert.ok(report.metrics.sparse!.p50 >= 59, `${report.metrics.sparse!.p50}`);
  assert.ok(report.metrics.last!.max >= 59, "the parent waits, as in a push");
  assert.ok(report.metrics.own!.max < 1, `${report.metrics.own!.max}`);
  assert.is(report.isVoid, false);
});

test("lets fragments of channels that are started apart fall due together where they are aligned", async () => {
  const { sink } = await run({ channels: 4, seconds: 3, ramp: 1.7, phase: "aligned" });
  // A video fragment falls due every 100 ms; the header goes out at once.
  const instants = new Set(
    sink.pieces
      .filter(({ url, bytes }) => url.includes("stream0)") && bytes > 10_000)
      .map(({ ms }) => Math.round(ms * 10) % 1000),
  );
  assert.is(instants.size, 1, [...instants].join());
});

test("tells once what is odd about a channel", async () => {
  const warnings: string[] = [];
  const refuse = ({ headers, body }: Pick<TransportRequest, "headers" | "body">) =>
    body instanceof Uint8Array && !headers.some(([name]) => name === "Authorization")
      ? 401
      : undefined;
  await run({
    channels: 3,
    seconds: 1,
    user: "joe",
    password: "pw",
    auth: "basic",
    onWarning: (message) => warnings.push(message),
  }, { refuse });
  assert.equal(warnings, [
    "The password goes to http://point unencrypted, as its URL is not https",
  ]);
});

test("lays the phases of channels apart, or all at one instant", async () => {
  const due = async (phase: "spread" | "aligned") => {
    const { report } = await run({ channels: 8, seconds: 1, phase });
    return report.counts.fragments;
  };
  // All alike: what is due within a second is the same in both.
  assert.ok(Math.abs(await due("spread") - await due("aligned")) <= 8 * 5);
});

test("adds two halves of a load up to the whole", async () => {
  const whole = await run({ channels: 6, seconds: 2 });
  const halves = await Promise.all(
    [0, 1].map(async (index) =>
      (await run({
        channels: 6,
        seconds: 2,
        shard: { index, count: 2 },
        conditions: { shard: `${index}/2` },
      })).report
    ),
  );
  const merged = mergeReports(halves, parseSlo("p99<50ms"));
  assert.equal(merged.counts, whole.report.counts);
  for (const metric of ["last", "first", "sparse", "probe"] as const) {
    assert.equal(merged.metrics[metric], whole.report.metrics[metric], metric);
  }
  assert.is(merged.channels, 6);
  assert.equal(
    merged.worst.map(({ channel }) => channel).sort(),
    whole.report.worst.map(({ channel }) => channel).sort(),
  );
  assert.is(merged.conditions.length, 2);
  assert.equal(merged.misses, []);
  assert.is(
    merged.series.reduce((sum, { counts }) => sum + counts.fragments, 0),
    whole.report.counts.fragments,
  );
});

test.run();
