import { suite } from "uvu";
import * as assert from "uvu/assert";
import { metricLines, stepLines } from "../../lib/cli/bench_lines.ts";

const DISTRIBUTION = { count: 123, mean: 1, p50: 1, p90: 2, p99: 3, p999: 4, max: 123_000 };
const headOf = ([first]: readonly string[]) => first!.trim().split(/ +/);

const test = suite("metricLines");

const cases = [
  { width: 80, head: ["count", "p50", "p90", "p99", "p99.9", "max"] },
  { width: 70, head: ["count", "p50", "p99", "p99.9", "max"] },
  { width: 60, head: ["count", "p50", "p99", "max"] },
  { width: 50, head: ["p50", "p99", "max"] },
];
for (const { width, head } of cases) {
  test(`has whole columns at a width of ${width}`, () => {
    const lines = metricLines({ last: DISTRIBUTION }, width);
    assert.equal(headOf(lines), head);
    assert.match(lines[1]!, /^last byte taken .* 123\.0 s$/);
    assert.ok(lines.every(({ length }) => length <= width));
  });
}

test.run();

const stepTest = suite("stepLines");

stepTest("leaves room for why a step was not kept", () => {
  const step = {
    channels: 8,
    isKept: false,
    misses: ["p99<1ms"],
    problems: [],
    last: DISTRIBUTION,
    bytesPerSecond: 1e6,
  };
  assert.equal(headOf(stepLines([step], 80)), ["channels", "p50", "p99", "throughput"]);
  assert.equal(headOf(stepLines([step], 25)), ["channels", "p99"]);
});

stepTest.run();
