import { suite } from "uvu";
import * as assert from "uvu/assert";
import type { Fragment, PayloadReading } from "../../lib/part.ts";
import { meterStep } from "../../lib/load/meter_step.ts";
import { Meter } from "../../lib/load/meter.ts";
import { STALL_MS } from "../../lib/load/metric.ts";
import { pattern } from "../helpers/boxes.ts";
import { FakeClock } from "../helpers/fake_clock.ts";
import { fragment } from "../helpers/parts.ts";

const test = suite("meterStep");

const PIECES = [pattern(10), pattern(20), pattern(30)];

/** Three pieces, of which the first is on its way when it is asked for; the others are at hand. */
function reading(): PayloadReading & AsyncIterableIterator<Uint8Array> {
  const left = [...PIECES];
  return {
    nextNow: () => left.length < PIECES.length ? left.shift() : undefined,
    next: () => {
      const value = left.shift();
      return Promise.resolve(value ? { done: false, value } : { done: true, value: undefined });
    },
    [Symbol.asyncIterator]() {
      return this;
    },
  };
}

/** A fragment that was due at 100 ms and was let go at 103 ms, and what is measured of it. */
function setUp(more: Partial<Fragment> = {}) {
  const clock = new FakeClock(103);
  const meter = new Meter();
  const part = fragment({ dueMs: 100, payload: { size: 60, read: reading }, ...more });
  const metered = meterStep({ meter, clock, onLetGo: () => 90 })(part) as Fragment;
  return { clock, meter, pieces: metered.payload.read() as ReturnType<typeof reading> };
}

test("measures a first piece once, and a stall from piece to piece, with a wait or without", async () => {
  const { clock, meter, pieces } = setUp();
  await clock.advance(7);
  assert.is(pieces.nextNow!(), undefined);
  await clock.advance(1);
  assert.is((await pieces.next()).value, PIECES[0]);
  await clock.advance(STALL_MS - 1);
  assert.is(pieces.nextNow!(), PIECES[1]);
  await clock.advance(STALL_MS + 10);
  assert.is(pieces.nextNow!(), PIECES[2]);
  await clock.advance(STALL_MS + 20);
  assert.is(pieces.nextNow!(), undefined);
  assert.is((await pieces.next()).done, true);
  assert.is(meter.histogram("own").max, 3);
  assert.is(meter.histogram("first").count, 1);
  assert.is(meter.histogram("first").max, 10);
  assert.is(meter.histogram("stall").max, STALL_MS + 20);
  assert.is(meter.take().counts.stalls, 2);
});

test("does not call late what was held back for the answer to a sparse fragment", () => {
  const { meter } = setUp({ heldMs: 2.5 });
  assert.ok(Math.abs(meter.histogram("own").max - 0.5) < 0.01);
});

test("measures a first reading alone", async () => {
  const clock = new FakeClock(103);
  const meter = new Meter();
  const part = fragment({ dueMs: 100 });
  const metered = meterStep({ meter, clock, onLetGo: () => undefined })(part) as Fragment;
  for (let n = 0; n < 2; n++) for await (const _ of metered.payload.read()) await clock.advance(5);
  assert.is(meter.histogram("own").count, 0);
  assert.is(meter.histogram("first").count, 1);
});

test.run();
