import { suite } from "uvu";
import * as assert from "uvu/assert";
import { makeScale } from "../../lib/report/scale.ts";

const test = suite("makeScale");

const cases = [
  { kind: "linear", values: [0, 97], ticks: [0, 20, 40, 60, 80, 100] },
  { kind: "linear", values: [0, 0.31], ticks: [0, 0.1, 0.2, 0.3, 0.4] },
  { kind: "linear", values: [-3, 4], ticks: [-4, -2, 0, 2, 4] },
  { kind: "linear", values: [7, 7], ticks: [6, 8] },
  { kind: "log", values: [1, 2000], ticks: [1, 10, 100, 1000, 10000] },
  { kind: "log", values: [0.3, 40], ticks: [0.2, 0.5, 1, 2, 5, 10, 20, 50] },
  { kind: "log", values: [10, 10], ticks: [10, 20] },
  { kind: "log", values: [0, -5, NaN, 100, 1000], ticks: [100, 200, 500, 1000] },
] as const;
for (const { kind, values, ticks } of cases) {
  test(`has round ticks around ${values} on a ${kind} axis`, () => {
    const scale = makeScale({ kind, values });
    assert.equal(scale.ticks, ticks);
    assert.is(scale.place(ticks[0]), 0);
    assert.is(scale.place(ticks.at(-1)!), 1);
  });
}

test("places values in proportion, on a log axis by their logarithm", () => {
  assert.is(makeScale({ kind: "linear", values: [0, 100] }).place(25), 0.25);
  assert.is(makeScale({ kind: "log", values: [1, 10_000] }).place(100), 0.5);
});

test("has no place for what is not finite, nor on a log axis for what is not above 0", () => {
  const linear = makeScale({ kind: "linear", values: [0, 1] });
  assert.equal([NaN, Infinity].map(linear.place), [undefined, undefined]);
  const log = makeScale({ kind: "log", values: [1, 10] });
  assert.equal([0, -1].map(log.place), [undefined, undefined]);
});

test("keeps to the ends it is given", () => {
  const { ticks, place } = makeScale({ kind: "linear", values: [3, 70], min: 0, max: 75 });
  assert.equal(ticks, [0, 20, 40, 60]);
  assert.is(place(75), 1);
});

test("is a scale without any value too", () => {
  for (const kind of ["linear", "log"] as const) {
    const { ticks } = makeScale({ kind, values: [] });
    assert.ok(ticks.length >= 2 && ticks.every(Number.isFinite));
  }
});

test.run();
