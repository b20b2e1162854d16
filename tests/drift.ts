import { suite } from "uvu";
import * as assert from "uvu/assert";
import type { Fragment, StreamPart } from "../lib/part.ts";
import type { Timeline } from "../lib/time.ts";
import { readMoof } from "../lib/mp4/moof.ts";
import { Pacer } from "../lib/stages/pace_stream.ts";
import { rebaseStep } from "../lib/stages/rebase_stream.ts";
import { fromTicks, timelineOffset, ZERO } from "../lib/time.ts";
import { FakeClock } from "./helpers/fake_clock.ts";
import { fragment } from "./helpers/parts.ts";

const LOOPS = 100_000;

/** Of a track whose length is no whole number of ticks of the others: 44.1 kHz frames, 29.97 pictures a second. */
const timelines: readonly { readonly name: string; readonly timeline: Timeline }[] = [
  {
    name: "whole seconds from 0",
    timeline: { origin: ZERO, base: ZERO, period: fromTicks(10n, 1) },
  },
  {
    name: "audio frames from Unix time",
    timeline: {
      origin: fromTicks(-1024n, 44_100),
      base: fromTicks(17_300_000_001_234_567n, 10_000_000),
      period: fromTicks(1024n * 2821n, 44_100),
    },
  },
  {
    name: "pictures of NTSC",
    timeline: { origin: fromTicks(1n, 3), base: ZERO, period: fromTicks(1001n * 1799n, 30_000) },
  },
];

const test = suite("drift");

for (const { name, timeline } of timelines) {
  for (const timescale of [10_000_000, 90_000, 44_100, 30_000, 1]) {
    test(`is 0 ticks of ${timescale} over ${LOOPS} loops: ${name}`, () => {
      const { origin, base, period } = timeline;
      const scale = BigInt(timescale);
      const floor = (a: bigint, b: bigint) =>
        a / b - (a % b !== 0n && (a < 0n) !== (b < 0n) ? 1n : 0n);
      for (let pass = 0; pass <= LOOPS; pass += pass < 100 ? 1 : 997) {
        // The exact time, over one denominator, rounded down once.
        const numerator = base.numerator * period.denominator +
          BigInt(pass) * period.numerator * base.denominator;
        const start = floor(numerator * scale, base.denominator * period.denominator);
        const expected = start - floor(origin.numerator * scale, origin.denominator);
        assert.is(timelineOffset(timeline, pass, timescale), expected, `pass ${pass}`);
      }
    });
  }
}

/** The fragments of one pass of 10 s, as a loop brings them up. */
function* loop(passes: Iterable<number>): Generator<Fragment> {
  for (const pass of passes) {
    for (let index = 0; index < 5; index++) yield fragment({ index, pass });
  }
}

const isFragment = (part: StreamPart | undefined): part is Fragment => part?.type === "fragment";

test("is 0 ticks in what is sent, in the first and the last of so many loops", () => {
  const timeline = { origin: ZERO, base: ZERO, period: fromTicks(10n, 1) };
  const step = rebaseStep({ timeline });
  for (const part of loop([0, 1, LOOPS - 1, LOOPS])) {
    const { moof, decodeTime } = step(part) as Fragment;
    const expected = BigInt(part.pass) * 100_000_000n + BigInt(part.index) * 20_000_000n;
    assert.is(decodeTime, expected);
    assert.is(readMoof(moof, 0).tfxd?.value.time, expected);
  }
});

test("is 0 ms in when it leaves, over an hour", async () => {
  const clock = new FakeClock(777);
  const timeline = { origin: ZERO, base: ZERO, period: fromTicks(10n, 1) };
  const step = rebaseStep({ timeline });
  const pacer = new Pacer({ clock, startMs: 777 }, new AbortController().signal);
  let sent = 0;
  const run = (async () => {
    for (const part of loop(Array.from({ length: 360 }, (_, pass) => pass))) {
      const paced = await pacer.pass(step(part)!);
      assert.ok(isFragment(paced));
      sent++;
      assert.is(paced.dueMs, 777 + sent * 2000);
      assert.is(clock.now(), 777 + sent * 2000);
    }
  })();
  await clock.advance(3_600_000);
  await run;
  assert.is(sent, 1800);
});

test.run();
