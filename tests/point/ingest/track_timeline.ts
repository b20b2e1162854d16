import { suite } from "uvu";
import * as assert from "uvu/assert";
import { type TimedFragment, TrackTimeline } from "../../../lib/point/ingest/track_timeline.ts";

const test = suite("TrackTimeline");

const SECOND = 1000n;

/** A fragment of two seconds whose place in its stream is its sequence number. */
function timed(seconds: number, sequenceNumber: number, fields: Partial<TimedFragment> = {}) {
  const time = BigInt(Math.round(seconds * Number(SECOND)));
  const fingerprint = `payload ${sequenceNumber}`;
  return {
    time,
    duration: 2n * SECOND,
    sequenceNumber,
    place: sequenceNumber,
    fingerprint,
    ...fields,
  };
}

/** Takes in fragments, and gives what was found. */
function take(fragments: readonly TimedFragment[], { isSparse = false, timescale = 1000 } = {}) {
  const timeline = new TrackTimeline(timescale, isSparse);
  const found = fragments.flatMap((fragment) => [...timeline.take(fragment)]);
  return { found, counts: timeline.counts };
}

test("finds nothing in a track without a hole", () => {
  const { found, counts } = take([timed(0, 1), timed(2, 2), timed(4, 3)]);
  assert.equal(found, []);
  assert.equal([counts.start, counts.end], [0n, 6n * SECOND]);
});

test("takes up to a millisecond for rounding", () => {
  const { found, counts } = take([timed(0, 1), timed(2.001, 2), timed(4, 3)]);
  assert.equal(found, []);
  assert.is(counts.smallHoles, 0);
});

const holes = [
  {
    name: "a lost fragment",
    second: timed(4, 3, { place: 2 }),
    gap: { time: 2000n, size: 2000n, missing: 1 },
  },
  {
    name: "a lost fragment that was short",
    second: timed(2.1, 3, { place: 2 }),
    gap: { time: 2000n, size: 100n, missing: 1 },
  },
  {
    name: "a lost fragment of a sender that counts what it sends",
    second: timed(4, 2),
    gap: { time: 2000n, size: 2000n, missing: 0 },
  },
  {
    name: "a lost fragment in front of the first one of the next pass",
    second: timed(4, 3, { place: 2, fingerprint: "payload 1" }),
    gap: { time: 2000n, size: 2000n, missing: 1 },
  },
  {
    name: "a lost fragment among those of another track in the same stream",
    second: timed(4, 5, { place: 4 }),
    gap: { time: 2000n, size: 2000n, missing: 1 },
  },
];
for (const { name, second, gap } of holes) {
  test(`sees ${name}`, () => {
    const { found, counts } = take([timed(0, 1), second]);
    assert.equal(found, [gap]);
    assert.equal([counts.gaps, counts.firstGaps, counts.seams], [1, [gap], 0]);
  });
}

test("does not take the seam of a loop for a gap, however long it is", () => {
  for (const start of [2.02, 7]) {
    const { found, counts } = take([timed(0, 1), timed(start, 2, { fingerprint: "payload 1" })]);
    assert.equal(found, []);
    assert.equal([counts.seams, counts.gaps], [1, 0]);
    assert.is(counts.longestHole, BigInt(Math.round((start - 2) * 1000)));
  }
});

test("tells small holes where nothing was lost", () => {
  const { found, counts } = take([timed(0, 1), timed(2.5, 2)]);
  assert.equal(found, []);
  assert.equal([counts.smallHoles, counts.gaps, counts.longestHole], [1, 0, 500n]);
});

test("takes the numbers of each track for themselves where a sender counts so", () => {
  const seam = timed(2.02, 2, { place: 4, fingerprint: "payload 1" });
  assert.equal(take([timed(0, 1), seam]).counts.seams, 1);
});

test("sees no gaps in a sparse track", () => {
  const { found, counts } = take([timed(0, 1), timed(50, 9)], { isSparse: true });
  assert.equal(found, []);
  assert.is(counts.gaps, 0);
});

test("sees a fragment that starts before the end of the one in front of it", () => {
  const { found } = take([timed(0, 1), timed(1.5, 2)]);
  assert.equal(found.map((it) => "rule" in it && it.rule), ["no-overlap"]);
});

test("counts what came before as duplicate, and what comes too late", () => {
  const { found, counts } = take([timed(0, 1), timed(4, 3), timed(0, 1), timed(4, 3), timed(2, 2)]);
  assert.equal([counts.duplicates, counts.late, counts.end], [2, 1, 6000n]);
  assert.equal(found.length, 1); // the gap
});

test("goes on without a gap after duplicates", () => {
  const all = [timed(0, 1), timed(2, 2), timed(0, 1), timed(2, 2), timed(4, 3)];
  assert.equal(take(all).found, []);
});

const sequences = [
  { name: "a number that stays", second: 1, rules: ["sequence"] },
  { name: "a number that goes back", second: 0, rules: ["sequence"] },
  { name: "numbers with a gap", second: 5, rules: [] },
];
for (const { name, second, rules } of sequences) {
  test(`judges ${name}`, () => {
    const { found } = take([timed(0, 1), timed(2, second, { place: 2 })]);
    assert.equal(found.map((it) => "rule" in it && it.rule), rules);
  });
}

test("knows that the number starts again behind 2^32 - 1", () => {
  const first = timed(0, 0xffffffff, { place: 1 });
  const gap = timed(6, 1, { place: 3 });
  const { found } = take([first, timed(2, 0, { place: 2 }), gap]);
  assert.equal(found, [{ time: 4000n, size: 2000n, missing: 0 }]);
});

test("begins anew after a restart, and keeps its counts", () => {
  const timeline = new TrackTimeline(1000, false);
  const all = [timed(10, 7), timed(12, 8)].flatMap((it) => [...timeline.take(it)]);
  timeline.restart();
  const again = [timed(0, 1), timed(2, 2), timed(2, 2)].flatMap((it) => [...timeline.take(it)]);
  assert.equal([...all, ...again], []);
  assert.equal([timeline.counts.end, timeline.counts.duplicates], [4000n, 1]);
});

test("does not grow with the length of the track", () => {
  const timeline = new TrackTimeline(1000, false);
  for (let n = 1; n <= 1000; n++) [...timeline.take(timed(n * 10, n * 2, { place: n }))];
  assert.is(timeline.counts.gaps, 999);
  assert.is(timeline.counts.firstGaps.length, 20);
  assert.is(timeline.outcomeOf(9990n * SECOND), "duplicate");
  assert.is(timeline.outcomeOf(10n * SECOND), "late");
});

test.run();
