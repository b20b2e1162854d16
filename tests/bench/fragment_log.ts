import { suite } from "uvu";
import * as assert from "uvu/assert";
import { parseFragmentLog } from "../../bench/fragment_log.ts";

const test = suite("parseFragmentLog");

test("names the request of each fragment", () => {
  const lines = [
    "=3 /watch/live-0.isml/Streams(1-stream0)",
    "3 17040672001234567 20000000 5000000 7500000",
    "=4 /watch/live-1.isml/Streams(1-stream0)",
    "4 0 20000000 6000000 6000000",
    "3 17040672021234567 20000000 9000000 9000001",
  ];
  const fragments = parseFragmentLog(lines);
  assert.equal(fragments.map(({ path }) => path), [
    "/watch/live-0.isml/Streams(1-stream0)",
    "/watch/live-1.isml/Streams(1-stream0)",
    "/watch/live-0.isml/Streams(1-stream0)",
  ]);
  const { time, duration, firstMs, lastMs } = fragments[0]!;
  assert.equal({ time, duration, firstMs, lastMs }, {
    time: 17_040_672_001_234_567n,
    duration: 20_000_000n,
    firstMs: 5,
    lastMs: 7.5,
  });
});

test.run();
