import { suite } from "uvu";
import * as assert from "uvu/assert";
import type { Clock } from "../../lib/clock.ts";
import { SparseGate } from "../../lib/ingest/sparse_gate.ts";
import type { Fragment } from "../../lib/part.ts";
import { toSeconds } from "../../lib/time.ts";

const SIGNAL = new AbortController().signal;

function fragment(start: number, duration = 2): Fragment {
  return {
    type: "fragment",
    trackId: 1,
    timescale: 1,
    decodeTime: BigInt(start),
    duration: BigInt(duration),
    index: 0,
    pass: 0,
    sequence: 1,
    moof: new Uint8Array(0),
    payload: { size: 0, async *read() {} },
  };
}

/** A clock whose waits end when they are told to. */
function manualClock(): Clock & { waits: { timeMs: number; end: () => void }[] } {
  const waits: { timeMs: number; end: () => void }[] = [];
  return {
    waits,
    now: () => 0,
    waitUntil: (timeMs, signal) =>
      new Promise((resolve, reject) => {
        waits.push({ timeMs, end: resolve });
        signal?.addEventListener("abort", () => reject(signal.reason));
      }),
  };
}

function order(...steps: [string, Promise<unknown>][]): string[] {
  const done: string[] = [];
  for (const [name, promise] of steps) promise.then(() => done.push(name), () => {});
  return done;
}

const settle = () => new Promise((resolve) => setTimeout(resolve));

const test = suite("SparseGate");

test("holds a sparse fragment until the parent's fragment of its time is due", async () => {
  const gate = new SparseGate(manualClock(), () => 0);
  const parent = gate.addParent();
  const sparse = gate.addSparse();
  const done = order(["sparse", sparse.gate(fragment(3), SIGNAL)]);
  await parent.gate(fragment(0), SIGNAL);
  await settle();
  assert.equal(done, []);
  parent.gate(fragment(2), SIGNAL);
  await settle();
  assert.equal(done, ["sparse"]);
});

test("holds the parent's fragment until the sparse one of its time was answered", async () => {
  const gate = new SparseGate(manualClock(), () => 0);
  const parent = gate.addParent();
  const sparse = gate.addSparse();
  sparse.gate(fragment(3), SIGNAL);
  const done = order(["parent", parent.gate(fragment(2), SIGNAL)]);
  await settle();
  assert.equal(done, []);
  sparse.gate(fragment(9), SIGNAL); // it comes to the gate again, so the one before was answered
  await settle();
  assert.equal(done, ["parent"]);
});

test("holds the parent for a second at most", async () => {
  const clock = manualClock();
  const gate = new SparseGate(clock, () => 0);
  const parent = gate.addParent();
  const sparse = gate.addSparse();
  sparse.gate(fragment(3), SIGNAL);
  const done = order(["parent", parent.gate(fragment(2), SIGNAL)]);
  await settle();
  assert.equal(clock.waits.map(({ timeMs }) => timeMs), [1000]);
  clock.waits[0]!.end();
  await settle();
  assert.equal(done, ["parent"]);
});

test("does not hold the parent again for an answer that has not come within that second", async () => {
  const clock = manualClock();
  const gate = new SparseGate(clock, () => 0);
  const parent = gate.addParent();
  const sparse = gate.addSparse();
  sparse.gate(fragment(1), SIGNAL);
  const first = parent.gate(fragment(0), SIGNAL);
  await settle();
  clock.waits[0]!.end();
  await first;
  await parent.gate(fragment(2), SIGNAL);
  assert.is(clock.waits.length, 1);
  sparse.gate(fragment(5), SIGNAL); // it was answered after all, and counts again
  const done = order(["parent", parent.gate(fragment(4), SIGNAL)]);
  await settle();
  assert.equal(done, []);
});

test("does not hold the parent for a sparse stream that has ended", async () => {
  const gate = new SparseGate(manualClock(), () => 0);
  const parent = gate.addParent();
  gate.addSparse().leave();
  await parent.gate(fragment(2), SIGNAL);
});

test("goes by the clock when there is no parent any more", async () => {
  const clock = manualClock();
  const gate = new SparseGate(clock, (time) => 500 + toSeconds(time) * 1000);
  const parent = gate.addParent();
  const sparse = gate.addSparse();
  const done = order(["sparse", sparse.gate(fragment(3), SIGNAL)]);
  await settle();
  parent.leave();
  await settle();
  assert.equal(clock.waits.map(({ timeMs }) => timeMs), [3500]);
  clock.waits[0]!.end();
  await settle();
  assert.equal(done, ["sparse"]);
});

test("lets go of whoever is stopped", async () => {
  const gate = new SparseGate(manualClock(), () => 0);
  const stop = new AbortController();
  gate.addParent();
  const waiting = gate.addSparse().gate(fragment(3), stop.signal);
  const reason = new Error("stop");
  stop.abort(reason);
  assert.is(await waiting.catch((error: unknown) => error), reason);
});

test.run();
