import type { Figure } from "../../bench/figure.ts";
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { formatMeasured, formatTarget, verdictOf } from "../../bench/figure.ts";

const figure = (part: Partial<Figure>): Figure => ({
  name: "a figure",
  unit: "ms",
  measured: 5,
  detail: "",
  ...part,
});

const verdictTest = suite("verdictOf");

const verdicts = [
  { target: { atMost: 5 }, measured: 5, verdict: "reached" },
  { target: { atMost: 5 }, measured: 5.001, verdict: "missed" },
  { target: { atLeast: 0.9 }, measured: 0.9, verdict: "reached" },
  { target: { atLeast: 0.9 }, measured: 0.899, verdict: "missed" },
  { target: { atMost: 5 }, measured: Infinity, verdict: "missed" },
  { target: { atMost: 5 }, measured: NaN, verdict: "missed" },
  { target: { atMost: 5 }, measured: undefined, verdict: "not measured" },
  { target: undefined, measured: 5, verdict: "no target" },
] as const;
for (const { target, measured, verdict } of verdicts) {
  verdictTest(`is "${verdict}" for ${measured} where it is to be ${JSON.stringify(target)}`, () => {
    assert.is(verdictOf(figure({ target, measured })), verdict);
  });
}

verdictTest.run();

const formatTest = suite("formatMeasured, formatTarget");

formatTest("round what was measured, by default to three digits", () => {
  assert.is(formatMeasured(figure({ measured: 0.123456 })), "0.123 ms");
  assert.is(formatMeasured(figure({ measured: 0.899, digits: 2, unit: "×" })), "0.90 ×");
  assert.is(formatMeasured(figure({ measured: 10_423.4, digits: 0 })), "10,423 ms");
  assert.is(formatMeasured(figure({ measured: 0, unit: "" })), "0");
});

formatTest("write a dash for what there is not", () => {
  assert.is(formatMeasured(figure({ measured: undefined })), "–");
  assert.is(formatTarget(figure({})), "–");
});

formatTest("say which way the target goes", () => {
  assert.is(formatTarget(figure({ target: { atLeast: 10_000 } })), "at least 10,000 ms");
  assert.is(formatTarget(figure({ target: { atMost: 0.3 } })), "at most 0.3 ms");
});

formatTest.run();
