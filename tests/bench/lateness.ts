import type { ChannelsResult } from "../../bench/programs/channels.ts";
import type { SeenFragment } from "../../bench/fragment_log.ts";
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { latenessOf } from "../../bench/lateness.ts";

const test = suite("latenessOf");

/** Two channels whose time 0 is due at 1000 and 2000 ms; what counts is due from 4000 to 8000 ms. */
const result: ChannelsResult = {
  startsMs: [1000, 2000],
  fromMs: 4000,
  toMs: 8000,
  clockErrorMs: 2,
  timescale: 1000,
};

const PERIOD_SECONDS = 2;

/** The n-th fragment of a channel, so many milliseconds after it is due. */
function fragment(channel: number, n: number, firstMs: number, lastMs: number): SeenFragment {
  const dueMs = result.startsMs[channel]! + (n + 1) * 2000;
  return {
    path: `/watch/live-${channel}.isml/Streams(1-stream0)`,
    time: BigInt(n * 2000),
    duration: 2000n,
    firstMs: dueMs + firstMs,
    lastMs: dueMs + lastMs,
  };
}

/** Channel 0 is due at 5000 and 7000 ms, channel 1 at 4000 and 6000 ms; 3000 and 8000 ms do not count. */
const counted = [
  fragment(0, 1, 1, 2),
  fragment(0, 2, 1, 3),
  fragment(1, 0, 0.5, 5),
  fragment(1, 1, 1, 4),
];

test("counts what is due while it counts, from its due time to its last byte", () => {
  const outside = [fragment(0, 0, 90, 100), fragment(1, 2, 90, 100)];
  assert.equal(latenessOf(result, [...counted, ...outside], PERIOD_SECONDS), {
    fragments: 4,
    lost: 0,
    earliestMs: 0.5,
    earlyMs: 0,
    p50Ms: 3,
    p99Ms: 5,
    maxMs: 5,
  });
});

test("takes what did not come as infinitely late", () => {
  const { lost, p50Ms, maxMs } = latenessOf(result, counted.slice(1), PERIOD_SECONDS);
  assert.equal({ lost, p50Ms, maxMs }, { lost: 1, p50Ms: 4, maxMs: Infinity });
});

test("says that a first byte was early, whenever it was due", () => {
  const seen = [...counted, fragment(1, 2, -7, 1)];
  const { earliestMs, earlyMs } = latenessOf(result, seen, PERIOD_SECONDS);
  assert.equal({ earliestMs, earlyMs }, { earliestMs: -7, earlyMs: 5 });
});

test.run();
