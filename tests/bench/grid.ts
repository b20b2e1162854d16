import { suite } from "uvu";
import * as assert from "uvu/assert";
import { gridDeviation } from "../../bench/grid.ts";

const test = suite("gridDeviation");

const stream = (path: string, lateMs: readonly number[]) =>
  lateMs.map((ms, n) => ({
    path,
    time: BigInt(n * 2000),
    duration: 2000n,
    firstMs: 0,
    lastMs: 50_000 + n * 2000 + ms,
  }));

test("takes what is always as late as on the grid, and leaves the first fragments out", () => {
  const seen = stream("/a", [900, 400, 30, 30, 30, 30]);
  assert.equal(gridDeviation(seen, 1000), { fragments: 4, p50Ms: 0, maxMs: 0 });
});

test("lays the grid of each stream by the median of its own fragments", () => {
  const seen = [...stream("/a", [0, 0, 10, 11, 18]), ...stream("/b", [0, 0, 500, 502, 503])];
  // 1, 0, 7 and 2, 0, 1
  assert.equal(gridDeviation(seen, 1000), { fragments: 6, p50Ms: 1, maxMs: 7 });
});

test.run();
