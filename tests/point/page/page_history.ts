import { suite } from "uvu";
import * as assert from "uvu/assert";
import type { PointEvent, PointEventOf } from "../../../lib/point/point_event.ts";
import type { PageIncrement } from "../../../lib/point/page/page_history.ts";
import type { StreamReport } from "../../../lib/point/report.ts";
import { liveTrack } from "../../../lib/manifest/live_track.ts";
import { DEFAULT_HISTORY_LIMITS, PageHistory } from "../../../lib/point/page/page_history.ts";
import { RULES } from "../../../lib/point/rules.ts";

const POINT = "/live.isml";

/** An event, of stream `s` unless it is said otherwise. */
const event = (
  details: PointEventOf<PointEvent["event"]>,
  stream = "s",
): PointEvent => ({ ...details, point: POINT, stream });

const track = (trackId = 1, fields: { parentTrackName?: string; trackName?: string } = {}) =>
  liveTrack({
    server: {
      ...{ trackId, kind: "video", systemBitrate: 500_000, manifestOutput: false, params: [] },
      trackName: "video",
      ...fields,
    },
  });

const fragment = (n: number, trackId = 1): PointEvent =>
  event({
    event: "fragment",
    ...{ trackId, timescale: 10_000_000, bytes: 1000 + n, outcome: "new" },
    time: BigInt(n) * 20_000_000n,
    duration: 20_000_000n,
  });

const state = (name: "Starting" | "Started" | "Stopped", broadcast: number, eventId?: string) =>
  event({ event: "state", state: name, broadcast, eventId }, "");

/** What of a snapshot the tests look at. */
interface Snapshot {
  readonly streams: readonly {
    readonly id: string;
    readonly activity: string;
    readonly tracks: readonly {
      readonly recent: readonly unknown[];
      readonly gaps: readonly unknown[];
      readonly counts: unknown;
    }[];
  }[];
  readonly log: readonly { readonly text: string; readonly level: string }[];
  readonly rules: readonly unknown[];
  readonly verdicts: readonly unknown[];
}

const snapshotOf = (history: PageHistory, report?: Parameters<PageHistory["snapshot"]>[0]) =>
  history.snapshot(report, 9000) as Snapshot;
const streamOf = (history: PageHistory, n = 0) => snapshotOf(history).streams[n]!;
const textsOf = (increments: readonly PageIncrement[]) =>
  increments.flatMap((it) => it.kind === "log" ? [it.entry.text] : []);

/** A history with one stream whose header has come. */
function open(limits = {}) {
  const history = new PageHistory(POINT, 1000, { ...DEFAULT_HISTORY_LIMITS, ...limits });
  history.take(state("Starting", 1), 1000);
  history.take(event({ event: "began" } as never), 1000);
  history.declare("s", [track()]);
  return history;
}

const report = (fields: Partial<StreamReport> = {}) => ({
  ...{ point: POINT, state: "Started" as const, probes: 0 },
  streams: [{
    ...{ id: "s", eventId: undefined, tracks: [], probes: 1, bodies: 1, openBodies: 1 },
    ...{ redundantBodies: 0, fragments: 3, bytes: 10, hasEnded: false, breaches: [] },
    ...fields,
  }],
});

const test = suite("PageHistory");

test("shows fragments with when they came, in seconds and bytes", () => {
  const history = open();
  assert.equal(history.take(fragment(3), 7000), [{
    kind: "fragment",
    stream: "s",
    track: 1,
    fragment: [7000, 6, 2, 1003, "new"],
  }]);
  assert.equal(streamOf(history).tracks[0]?.recent, [[7000, 6, 2, 1003, "new"]]);
});

test("keeps the last fragments of a track, and fewer of each where there are many", () => {
  const history = open({ fragments: 10, fragmentsInAll: 18 });
  for (let n = 0; n < 30; n++) history.take(fragment(n), n);
  assert.is(streamOf(history).tracks[0]?.recent.length, 10);
  history.declare("s", [track(1), track(2)]);
  history.take(fragment(30), 30);
  assert.is(streamOf(history).tracks[0]?.recent.length, 9);
});

test("is bounded whatever happens", () => {
  const history = open({ streams: 2, tracksOfStream: 2, logEntries: 5 });
  history.declare("s", [track(1), track(2), track(3)]);
  for (let n = 0; n < 100; n++) {
    history.take(event({ event: "probed" } as never, `other ${n}`), n);
    history.take(
      event({
        event: "gap",
        ...{ trackId: 1, timescale: 1, time: BigInt(n), size: 1n, missing: 1 },
      }),
      n,
    );
    history.take(event({ event: "refused", status: 400, message: "x".repeat(5000) }), n);
  }
  const { streams, log } = snapshotOf(history);
  assert.equal(streams.map(({ tracks }) => tracks.length), [2, 0]);
  assert.is(streams[0]?.tracks[0]?.gaps.length, 20);
  assert.is(log.length, 5);
  assert.ok(log.every(({ text }) => text.length < 400));
});

test("does not take a fragment of a track that nobody told of", () => {
  assert.equal(open().take(fragment(0, 9), 1), []);
});

test("tells of a gap, and logs it", () => {
  const history = open();
  const told = history.take(
    event({
      event: "gap",
      ...{ trackId: 1, timescale: 10_000_000, time: 20_000_000n, size: 5_000_000n, missing: 2 },
    }),
    5,
  );
  assert.equal(told[0], { kind: "gap", stream: "s", track: 1, gap: [2, 0.5, 2] });
  assert.equal(textsOf(told), ["Gap of 0.500 s at 2.000 s in track 1, 2 missing by number"]);
});

const turns: readonly (readonly [name: string, events: PointEvent[], activity: string])[] = [
  ["a probe", [event({ event: "probed" } as never, "t")], "waiting"],
  ["a body", [event({ event: "began" } as never, "t")], "receiving"],
  [
    "a body that is over",
    [event({ event: "began" } as never, "t"), event({ event: "answered", status: 200 }, "t")],
    "pausing",
  ],
  [
    "a body that broke off",
    [event({ event: "began" } as never, "t"), event({ event: "lost", message: "cut" }, "t")],
    "lost",
  ],
];
for (const [name, events, activity] of turns) {
  test(`a stream is ${activity} after ${name}`, () => {
    const history = open();
    events.forEach((it) => history.take(it, 1));
    assert.is(streamOf(history, 1).activity, activity);
  });
}

test("a sparse stream is receiving between its requests", () => {
  const history = open();
  history.take(event({ event: "began" } as never, "t"), 1);
  history.declare("t", [track(1, { parentTrackName: "video", trackName: "text" })]);
  history.take(event({ event: "answered", status: 200 }, "t"), 1);
  assert.is(streamOf(history, 1).activity, "receiving");
});

test("a stream that has ended is at its end until it is sent again", () => {
  const history = open();
  assert.equal(textsOf(history.end("s", 1)), ["End of stream"]);
  assert.equal(history.end("s", 2), []);
  history.take(event({ event: "answered", status: 200 }), 3);
  assert.is(streamOf(history).activity, "ended");
  const told = history.take(event({ event: "began" } as never), 4);
  assert.equal(textsOf(told), ["Sending anew"]);
  assert.is(streamOf(history).activity, "receiving");
});

test("a stream that comes back after a loss sends again", () => {
  const history = open();
  history.take(event({ event: "lost", message: "cut" }), 1);
  assert.equal(textsOf(history.take(event({ event: "began" } as never), 2)), ["Sending again"]);
});

test("a new broadcast empties the timelines and forgets who is done", () => {
  const history = open();
  history.take(fragment(0), 1);
  history.end("s", 1);
  history.take(event({ event: "answered", status: 200 }), 1);
  history.take(event({ event: "probed" } as never, "next"), 2);
  const [told, log] = history.take(state("Starting", 2, "7"), 3);
  assert.equal(told, {
    ...{ kind: "state", state: "Starting", sinceMs: 3, isNew: true },
    streams: ["next"],
  });
  assert.equal(textsOf([log!]), ["Starting, event 7"]);
  assert.equal(snapshotOf(history).streams.map(({ id }) => id), ["next"]);
});

test("a stream that goes on over a new broadcast stays, its timeline empty", () => {
  const history = open();
  history.take(fragment(0), 1);
  history.take(state("Starting", 2), 2);
  assert.equal(streamOf(history).tracks[0]?.recent, []);
});

test("the same broadcast in another state keeps them", () => {
  const history = open();
  history.take(fragment(0), 1);
  const [told] = history.take(state("Started", 1), 2);
  assert.is(told?.kind === "state" && told.isNew, false);
  assert.is(streamOf(history).tracks[0]?.recent.length, 1);
});

test("logs a rule that is broken once for each stream", () => {
  const history = open();
  const broken = event({ event: "broken", rule: "probe", detail: "none" });
  assert.equal(textsOf(history.take(broken, 1)), [
    `${RULES.probe.sentence}: current value is none`,
  ]);
  assert.equal(history.take(broken, 2), []);
});

test("judges what is shown, a gap too, but no end that may still come", () => {
  const history = open();
  const breaches = [{ rule: "probe" as const, count: 2, detail: "none" }];
  const gap = { time: 0n, size: 5n, missing: 0 };
  const tracks = [{
    ...{ trackId: 1, name: "video", bitrate: 1, timescale: 10, isSparse: false, fragments: 3 },
    ...{ bytes: 10, start: 0n, end: 9n, duplicates: 1, late: 2, gaps: 1, firstGaps: [gap] },
    ...{ seams: 0, smallHoles: 0, longestHole: 0n },
  }];
  const given = report({ breaches, tracks });
  const other = { ...given, streams: [...given.streams, { ...given.streams[0]!, id: "gone" }] };
  const { verdicts, rules, streams } = snapshotOf(history, other);
  assert.equal(verdicts, [{
    stream: "s",
    fragments: 3,
    breaches,
    faults: [{
      message: "Track 1 has 1 gap, the first at 0 s of 0.5 s",
      clause: "1.6 (Azure 4.7, 7.3)",
    }],
  }]);
  assert.is(rules.length, Object.keys(RULES).length);
  assert.equal(streams[0]?.tracks[0]?.counts, {
    ...{ fragments: 3, bytes: 10, duplicates: 1, late: 2, gaps: 1 },
  });
});

test("counts its streams", () => {
  const history = open();
  history.take(event({ event: "probed" } as never, "t"), 1);
  assert.equal(history.counts, { streams: 2, receiving: 1 });
});

test("says when all that a stream sends is late, and what can be done", () => {
  const history = new PageHistory(POINT, 0);
  const times = { timescale: 10_000_000, time: 40_000_000n, reached: 955_000_000n };
  const [text] = textsOf(history.take(event({ event: "behind", trackId: 1, ...times }), 1));
  assert.match(text!, "it is at 4.0 s, players have 95.5 s already");
  assert.match(text!, "Set the point to Idle");
});

test.run();
