import { suite } from "uvu";
import * as assert from "uvu/assert";
import { faultsOf, type StreamReport, type TrackReport } from "../../lib/point/report.ts";

const test = suite("faultsOf");

const TRACK: TrackReport = {
  trackId: 1,
  name: "video",
  bitrate: 1000,
  timescale: 1000,
  isSparse: false,
  fragments: 3,
  bytes: 300,
  start: 0n,
  end: 6000n,
  duplicates: 0,
  late: 0,
  gaps: 0,
  firstGaps: [],
  seams: 0,
  smallHoles: 0,
  longestHole: 0n,
};

const STREAM: StreamReport = {
  id: "s",
  eventId: undefined,
  tracks: [TRACK],
  probes: 1,
  bodies: 1,
  openBodies: 0,
  redundantBodies: 0,
  fragments: 3,
  bytes: 400,
  hasEnded: true,
  breaches: [],
};

const harmless = [
  { name: "a stream as it must be", stream: STREAM },
  { name: "a stream that only asked", stream: { ...STREAM, fragments: 0, hasEnded: false } },
  {
    name: "duplicates and late ones",
    stream: { ...STREAM, tracks: [{ ...TRACK, duplicates: 2, late: 1 }] },
  },
  {
    name: "holes that lost nothing",
    stream: { ...STREAM, tracks: [{ ...TRACK, seams: 2, smallHoles: 1, longestHole: 100n }] },
  },
];
for (const { name, stream } of harmless) {
  test(`finds nothing in ${name}`, () => assert.equal(faultsOf(stream), []));
}

test("finds that a stream has not ended", () => {
  assert.equal(faultsOf({ ...STREAM, hasEnded: false }), [{
    message: "A stream that is over has ended with an empty mfra: current value is none",
    clause: "1.7 (MS-SSTR 3.3.4.2)",
  }]);
});

test("says how often a rule was broken, and how the first time", () => {
  const faults = faultsOf({
    ...STREAM,
    breaches: [
      { rule: "tfxd-once", count: 3, detail: "track 1 at 0: 0" },
      { rule: "end-last", count: 1, detail: "more bytes" },
    ],
  });
  assert.equal(faults.map(({ message }) => message), [
    "Every fragment has one TfxdBox: current value is 3 times, first: track 1 at 0: 0",
    "Nothing follows the end of stream: current value is more bytes",
  ]);
});

const gaps = [
  {
    gaps: 1,
    missing: 1,
    message: "Track 1 has 1 gap, the first at 2 s of 4 s, 1 missing by number",
  },
  { gaps: 9, missing: 0, message: "Track 1 has 9 gaps, the first at 2 s of 4 s" },
];
for (const { gaps: count, missing, message } of gaps) {
  test(`finds gaps: ${message}`, () => {
    const firstGaps = [{ time: 2000n, size: 4000n, missing }];
    const tracks = [{ ...TRACK, gaps: count, firstGaps }];
    assert.equal(faultsOf({ ...STREAM, tracks }).map((fault) => fault.message), [message]);
  });
}

test.run();
