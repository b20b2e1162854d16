import { suite } from "uvu";
import * as assert from "uvu/assert";
import { openPreciseClock, type PreciseClock } from "../lib/precise_clock.ts";
import { Random } from "./helpers/random.ts";
import { failure } from "./helpers/parts.ts";

const test = suite("openPreciseClock");

function withClock(work: (clock: PreciseClock) => Promise<void>): () => Promise<void> {
  return async () => {
    const clock = await openPreciseClock();
    try {
      await work(clock);
    } finally {
      await clock.close();
    }
  };
}

test(
  "wakes in the order of the times and never early",
  withClock(async (clock) => {
    const random = new Random(1);
    const start = clock.now();
    const times = Array.from({ length: 500 }, () => start + 5 + random.fraction() * 30);
    const woken: number[] = [];
    const waits = times.map(async (timeMs) => {
      await clock.waitUntil(timeMs);
      assert.ok(clock.now() >= timeMs, "never early");
      woken.push(timeMs);
    });
    const begun = clock.now();
    await Promise.all(waits);
    assert.is(woken.length, times.length);
    const late = woken.filter((timeMs) => timeMs > begun);
    assert.equal(late, late.toSorted((a, b) => a - b));
  }),
);

test(
  "wakes one that comes later and is due before",
  withClock(async (clock) => {
    const start = clock.now();
    const order: string[] = [];
    const late = clock.waitUntil(start + 40).then(() => order.push("late"));
    const early = clock.waitUntil(start + 2).then(() => order.push("early"));
    await Promise.all([late, early]);
    assert.equal(order, ["early", "late"]);
  }),
);

test(
  "wakes again and again, whatever is set and given up meanwhile",
  withClock(async (clock) => {
    const random = new Random(4);
    for (let n = 0; n < 300; n++) {
      const abort = new AbortController();
      const never = failure(clock.waitUntil(clock.now() + 60_000, abort.signal));
      const dueMs = clock.now() + random.fraction();
      await clock.waitUntil(dueMs);
      assert.ok(clock.now() >= dueMs);
      abort.abort(new Error("given up"));
      assert.is((await never as Error).message, "given up");
    }
  }),
);

test(
  "does not wait for what is past",
  withClock(async (clock) => {
    await Promise.all([clock.now(), 0, -Infinity].map((timeMs) => clock.waitUntil(timeMs)));
  }),
);

test(
  "shares its time with the clock of the process",
  withClock((clock) => {
    const before = performance.now();
    const now = clock.now();
    assert.ok(before <= now && now <= performance.now());
    return Promise.resolve();
  }),
);

test("closes at once, also while somebody waits", async () => {
  const clock = await openPreciseClock();
  const abort = new AbortController();
  const wait = failure(clock.waitUntil(clock.now() + 3_600_000, abort.signal));
  await clock.close();
  const reason = new Error("enough");
  abort.abort(reason);
  assert.is(await wait, reason);
});

test.run();
