import { suite } from "uvu";
import * as assert from "uvu/assert";
import {
  add,
  compare,
  fromSeconds,
  fromTicks,
  multiply,
  type Rational,
  subtract,
  type Timeline,
  timelineOffset,
  toSeconds,
  toTicks,
  ZERO,
} from "../lib/time.ts";

const rational = (numerator: number | bigint, denominator: number | bigint = 1): Rational => ({
  numerator: BigInt(numerator),
  denominator: BigInt(denominator),
});

const ticksTest = suite("fromTicks, toTicks");

const ticks = [
  { ticks: 0n, timescale: 90_000, time: rational(0) },
  { ticks: 90_000n, timescale: 90_000, time: rational(1) },
  { ticks: 45_000n, timescale: 90_000, time: rational(1, 2) },
  { ticks: -213_333n, timescale: 10_000_000, time: rational(-213_333, 10_000_000) },
  { ticks: -1024n, timescale: 44_100, time: rational(-256, 11_025) },
  {
    ticks: 17_040_672_001_234_567n,
    timescale: 10_000_000,
    time: rational(17_040_672_001_234_567n, 10_000_000),
  },
];
for (const { ticks: count, timescale, time } of ticks) {
  ticksTest(`are exact for ${count} ticks of ${timescale}`, () => {
    assert.equal(fromTicks(count, timescale), time);
    assert.is(toTicks(time, timescale), count);
  });
}

const floors = [
  { time: rational(1, 3), timescale: 10, ticks: 3n },
  { time: rational(-1, 3), timescale: 10, ticks: -4n },
  { time: rational(-1, 2), timescale: 10, ticks: -5n },
  { time: rational(1, 44_100), timescale: 44_099, ticks: 0n },
  { time: rational(-1, 44_100), timescale: 44_099, ticks: -1n },
];
for (const { time, timescale, ticks: expected } of floors) {
  ticksTest(`round ${time.numerator}/${time.denominator} s down to ticks of ${timescale}`, () => {
    assert.is(toTicks(time, timescale), expected);
  });
}

const secondsTest = suite("fromSeconds, toSeconds");

const seconds = [
  { seconds: 0, time: rational(0) },
  { seconds: 10, time: rational(10) },
  { seconds: 0.1, time: rational(1, 10) },
  { seconds: 2.0000001, time: rational(20_000_001, 10_000_000) },
  { seconds: 0.00000004, time: rational(0) },
  { seconds: 1.99999996, time: rational(2) },
  { seconds: -1.5, time: rational(-3, 2) },
  { seconds: 1_704_067_200.5, time: rational(3_408_134_401, 2) },
];
for (const { seconds: value, time } of seconds) {
  secondsTest(`take ${value} s to the nearest 100 ns`, () => {
    assert.equal(fromSeconds(value), time);
    assert.ok(Math.abs(toSeconds(time) - value) < 1e-7);
  });
}

secondsTest("keep fractions of times that are far away", () => {
  assert.is(toSeconds(rational(10n ** 18n + 1n, 2)), 5e17);
  assert.is(toSeconds(rational(-1, 4)), -0.25);
});

const arithmeticTest = suite("add, subtract, multiply, compare");

arithmeticTest("add and subtract without an error", () => {
  const third = rational(1, 3);
  const sixth = rational(1, 6);
  assert.equal(add(third, sixth), rational(1, 2));
  assert.equal(subtract(sixth, third), rational(-1, 6));
  assert.equal(subtract(third, third), ZERO);
  assert.equal(multiply(third, 300_000), rational(100_000));
});

const orders = [
  { a: rational(1, 3), b: rational(1, 2), order: -1 },
  { a: rational(2, 4), b: rational(1, 2), order: 0 },
  { a: rational(-1, 3), b: rational(-1, 2), order: 1 },
  { a: rational(2n ** 60n, 3), b: rational(2n ** 60n + 1n, 3), order: -1 },
];
for (const { a, b, order } of orders) {
  arithmeticTest(
    `compare ${a.numerator}/${a.denominator} with ${b.numerator}/${b.denominator}`,
    () => {
      assert.is(compare(a, b), order);
      assert.is(compare(b, a), -order || 0);
    },
  );
}

const offsetTest = suite("timelineOffset");

const BASES = [
  { name: "0", base: ZERO },
  { name: "the time of the day", base: fromSeconds(1_704_067_200) },
  { name: "a third of a second", base: rational(1, 3) },
];
const PERIODS = [
  { name: "20 s", period: rational(20) },
  { name: "a number of audio frames", period: fromTicks(1024n * 861n, 44_100) },
  { name: "a number of NTSC frames", period: rational(600 * 1001, 30_000) },
];
const ORIGINS = [ZERO, fromTicks(-1024n, 44_100), fromTicks(12_345_678_800_000n, 10_000_000)];
const TIMESCALES = [90_000, 44_100, 10_000_000, 1000, 30_000];

for (const { name: baseName, base } of BASES) {
  for (const { name, period } of PERIODS) {
    offsetTest(`does not drift over 100,000 passes of ${name} from ${baseName}`, () => {
      for (const origin of ORIGINS) {
        const timeline: Timeline = { origin, base, period };
        for (const timescale of TIMESCALES) {
          for (const pass of [0, 1, 2, 999, 65_536, 99_999, 100_000]) {
            const offset = timelineOffset(timeline, pass, timescale);
            // base + pass x period - origin, over one denominator, in ticks
            const denominator = base.denominator * period.denominator * origin.denominator;
            const numerator = base.numerator * period.denominator * origin.denominator +
              BigInt(pass) * period.numerator * base.denominator * origin.denominator -
              origin.numerator * base.denominator * period.denominator;
            const error = offset * denominator - numerator * BigInt(timescale);
            assert.ok(error < denominator && -error < denominator, `${pass}: below one tick`);
            const isExact = [base, period, origin].every((it) =>
              (it.numerator * BigInt(timescale)) % it.denominator === 0n
            );
            if (isExact) assert.is(error, 0n);
          }
        }
      }
    });
  }
}

ticksTest.run();
secondsTest.run();
arithmeticTest.run();
offsetTest.run();
