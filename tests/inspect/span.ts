import { suite } from "uvu";
import * as assert from "uvu/assert";
import { isApart, showTime, Span } from "../../lib/inspect/span.ts";

const spanTest = suite("Span");

spanTest("adds up fragments", () => {
  const span = new Span();
  span.add(10n, 20n);
  span.add(30n, 10n);
  span.add(45n, 31n);
  assert.equal(span.facts, {
    count: 3,
    start: 10n,
    end: 76n,
    duration: 61n,
    minDuration: 10n,
    averageDuration: 20n,
    maxDuration: 31n,
  });
});

spanTest("has no facts of nothing", () => {
  assert.is(new Span().facts, undefined);
});

spanTest.run();

const apartTest = suite("isApart");

const pairs: [a: bigint, b: bigint, timescale: number, apart: boolean][] = [
  [0n, 0n, 10_000_000, false],
  [0n, 10_000n, 10_000_000, false],
  [0n, 10_001n, 10_000_000, true],
  [10_001n, 0n, 10_000_000, true],
  [0n, 1n, 25, false],
  [0n, 2n, 25, true],
];
for (const [a, b, timescale, apart] of pairs) {
  apartTest(`says ${apart} of ${a} and ${b} at ${timescale} ticks per second`, () => {
    assert.is(isApart(a, b, timescale), apart);
  });
}

apartTest.run();

const showTest = suite("showTime");

showTest("shows seconds, or ticks where nothing tells how long they are", () => {
  assert.is(showTime(-213_333n, 10_000_000), "-0.021 s");
  assert.is(showTime(5n, undefined), "5 ticks");
});

showTest.run();
