import { suite } from "uvu";
import * as assert from "uvu/assert";
import type { StreamPart } from "../lib/part.ts";
import type { PushOptions } from "../lib/push_options.ts";
import type { StreamPlan } from "../lib/source/stream_plan.ts";
import { PacedParts } from "../lib/paced_parts.ts";
import { MediaFile } from "../lib/source/media_file.ts";
import { ZERO } from "../lib/time.ts";
import { makeFile } from "./helpers/boxes.ts";
import { FakeClock } from "./helpers/fake_clock.ts";
import { MemoryAccess } from "./helpers/memory_access.ts";

const test = suite("PacedParts");

const START_MS = 1000;

/** The parts of three fragments of 2 s, whoever takes them takes them at once. */
async function run(options: Omit<PushOptions, "presentation">, passes = 1) {
  const access = new MemoryAccess(makeFile());
  const file = await MediaFile.open(access);
  await file.complete();
  const clock = new FakeClock(START_MS);
  const { signal } = new AbortController();
  const parts = new PacedParts({
    options: { presentation: "", ...options },
    plan: { file, tracks: [{ trackId: 1 }], isSparse: false } as unknown as StreamPlan,
    ...{ clock, passes, signal, gate: {}, isPrompt: true, lastStep: undefined, stop: undefined },
    timeline: { origin: ZERO, base: ZERO, period: { numerator: 6n, denominator: 1n } },
    startMs: () => START_MS,
    toHeader: (part) => part,
    onSkip: () => {},
    failed: signal,
  });
  const left: (readonly [string, number])[] = [];
  const readsMs: number[] = [];
  let reads = access.reads.length;
  const done = (async () => {
    for (let isGoing = true; isGoing;) {
      const ready = parts.ready();
      if (ready) await ready;
      const { done, value } = await parts.next();
      isGoing = !done;
      if (done) continue;
      left.push([nameOf(value), clock.now() - START_MS]);
    }
  })();
  for (let ms = 0; ms < 20_000; ms += 50) {
    await clock.advance(50);
    if (access.reads.length > reads) readsMs.push(clock.now() - START_MS);
    reads = access.reads.length;
  }
  await done;
  assert.is(clock.pending, 0);
  return { left, readsMs };
}

function nameOf(part: StreamPart): string {
  return part.type === "fragment" ? `${part.pass}:${part.index}` : part.type;
}

test("reads each moof shortly before its fragment is due, and not before", async () => {
  const { left, readsMs } = await run({});
  assert.equal(left, [["header", 0], ["0:0", 2000], ["0:1", 4000], ["0:2", 6000], ["end", 6000]]);
  assert.equal(readsMs, [1800, 3800, 5800]);
});

test("goes on over all passes", async () => {
  const { left } = await run({ rate: 2 }, 2);
  const times = left.filter(([name]) => name.includes(":")).map(([, ms]) => ms);
  assert.equal(times, [1000, 2000, 3000, 4000, 5000, 6000]);
});

test("ends with the last fragment of a duration, without a wait for the one behind it", async () => {
  const { left } = await run({ duration: 3 });
  assert.equal(left, [["header", 0], ["0:0", 2000], ["0:1", 4000], ["end", 4000]]);
});

test("does not wait for what is skipped", async () => {
  const { left } = await run({ skip: { first: 0, last: 1 } });
  assert.equal(left, [["header", 0], ["0:2", 6000], ["end", 6000]]);
  const all = await run({ skip: { first: 0, last: 5 } });
  assert.equal(all.left, [["header", 0], ["end", 0]]);
});

test("does not wait at all at the rate max", async () => {
  const { left } = await run({ rate: "max" });
  assert.equal(left.map(([, ms]) => ms), [0, 0, 0, 0, 0]);
});

test.run();
