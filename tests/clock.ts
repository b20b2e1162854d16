import { suite } from "uvu";
import * as assert from "uvu/assert";
import { systemClock } from "../lib/clock.ts";
import { Random } from "./helpers/random.ts";
import { failure } from "./helpers/parts.ts";

const test = suite("systemClock");

test("never goes back", () => {
  let last = systemClock.now();
  for (let n = 0; n < 10_000; n++) {
    const now = systemClock.now();
    assert.ok(now >= last);
    last = now;
  }
});

test("does not wait for what is past", async () => {
  const now = systemClock.now();
  await Promise.all([now, now - 1, -Infinity, 0].map((timeMs) => systemClock.waitUntil(timeMs)));
});

test("wakes in the order of the times and never early", async () => {
  const random = new Random(1);
  const start = systemClock.now();
  const times = Array.from({ length: 500 }, () => start + 5 + random.fraction() * 30);
  const woken: number[] = [];
  const waits = times.map(async (timeMs) => {
    await systemClock.waitUntil(timeMs);
    assert.ok(systemClock.now() >= timeMs, "never early");
    woken.push(timeMs);
  });
  // On a slow machine some were past when their wait began.
  const begun = systemClock.now();
  await Promise.all(waits);
  assert.is(woken.length, times.length);
  const late = woken.filter((timeMs) => timeMs > begun);
  assert.equal(late, late.toSorted((a, b) => a - b));
});

test("wakes one that comes later and is due before", async () => {
  const start = systemClock.now();
  const order: string[] = [];
  const late = systemClock.waitUntil(start + 40).then(() => order.push("late"));
  const early = systemClock.waitUntil(start + 2).then(() => order.push("early"));
  await Promise.all([late, early]);
  assert.equal(order, ["early", "late"]);
});

test("ends a wait with the reason of its signal, and no other", async () => {
  const random = new Random(2);
  const start = systemClock.now();
  const first = new AbortController();
  const second = new AbortController();
  const near: Promise<void>[] = [];
  const far: Promise<Error>[] = [];
  for (let n = 0; n < 300; n++) {
    const { signal } = n % 2 === 0 ? first : second;
    const timeMs = start + 60_000 * (1 + random.fraction());
    far.push(failure(systemClock.waitUntil(timeMs, signal)));
    if (n % 3 === 0) near.push(systemClock.waitUntil(start + 10 * random.fraction()));
  }
  const [one, other] = [new Error("one"), new Error("other")];
  first.abort(one);
  assert.ok((await Promise.all(far.filter((_, n) => n % 2 === 0))).every((it) => it === one));
  await Promise.all(near);
  second.abort(other);
  assert.ok((await Promise.all(far.filter((_, n) => n % 2 === 1))).every((it) => it === other));
});

test("does not begin to wait for a signal that is aborted", async () => {
  const reason = new Error("enough");
  const wait = systemClock.waitUntil(systemClock.now() + 1e9, AbortSignal.abort(reason));
  assert.is(await failure(wait), reason);
  assert.is(await failure(systemClock.waitUntil(0, AbortSignal.abort(reason))), reason);
});

test("waits for a time further away than a timer can", async () => {
  const abort = new AbortController();
  const far = failure(systemClock.waitUntil(systemClock.now() + 2 ** 40, abort.signal));
  await systemClock.waitUntil(systemClock.now() + 3);
  const state = await Promise.race([far, Promise.resolve("waiting")]);
  assert.is(state, "waiting");
  abort.abort(new Error("enough"));
  assert.is((await far).message, "enough");
});

test("takes an abort for nothing once the wait is over", async () => {
  const abort = new AbortController();
  await systemClock.waitUntil(systemClock.now() + 2, abort.signal);
  abort.abort();
  await systemClock.waitUntil(systemClock.now() + 2);
});

test.run();
