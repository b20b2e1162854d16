import { suite } from "uvu";
import * as assert from "uvu/assert";
import type { Fragment, StreamPart } from "../../lib/part.ts";
import { readableFrom } from "../../lib/readable.ts";
import { Pacer, PaceStream, type PaceStreamOptions } from "../../lib/stages/pace_stream.ts";
import { fromSeconds, fromTicks } from "../../lib/time.ts";
import { pattern } from "../helpers/boxes.ts";
import { FakeClock } from "../helpers/fake_clock.ts";
import {
  bytesOf,
  end,
  failure,
  fragment,
  fragments,
  header,
  TestPayload,
} from "../helpers/parts.ts";
import { sameBytes } from "../helpers/same_bytes.ts";
import { settle } from "../helpers/settle.ts";

const START_MS = 5000;

/** A pacer at work on a fake clock: what has left, and when after the start. */
class Run {
  readonly clock = new FakeClock(START_MS);
  readonly left: { readonly part: StreamPart; readonly afterMs: number }[] = [];
  /** Settles when the stream has ended. */
  readonly done: Promise<void>;
  /** How the stream ended, once it has. */
  outcome: "ended" | Error | undefined;

  constructor(
    parts: (clock: FakeClock) => Iterable<StreamPart> | AsyncIterable<StreamPart>,
    options: PaceStreamOptions = {},
    write: (part: StreamPart, clock: FakeClock) => Promise<void> | void = () => {},
    pipe: StreamPipeOptions = {},
  ) {
    const sink = new WritableStream<StreamPart>({
      write: (part) => {
        this.left.push({ part, afterMs: this.clock.now() - START_MS });
        return write(part, this.clock);
      },
    });
    const paced = readableFrom(parts(this.clock)).pipeThrough(
      new PaceStream({ clock: this.clock, ...options }),
    );
    this.done = paced.pipeTo(sink, pipe).then(
      () => void (this.outcome = "ended"),
      (error) => void (this.outcome = error),
    );
  }

  /** When each fragment left, in milliseconds after the start, by its index. */
  get times(): number[] {
    return this.left.filter(({ part }) => part.type === "fragment").map(({ afterMs }) => afterMs);
  }

  get types(): string[] {
    return this.left.map(({ part }) => part.type);
  }
}

const test = suite("PaceStream");

const paces: readonly {
  readonly name: string;
  readonly options: PaceStreamOptions;
  readonly times: readonly number[];
}[] = [
  { name: "when its last sample is due", options: {}, times: [2000, 4000, 6000] },
  { name: "when its first sample is due", options: { sendAt: "start" }, times: [0, 2000, 4000] },
  { name: "at twice the speed", options: { rate: 2 }, times: [1000, 2000, 3000] },
  { name: "at half the speed", options: { rate: 0.5 }, times: [4000, 8000, 12_000] },
  { name: "at the highest rate", options: { rate: 1000 }, times: [2, 4, 6] },
  {
    name: "at the lowest rate",
    options: { rate: 0.001 },
    times: [2_000_000, 4_000_000, 6_000_000],
  },
  {
    name: "from an instant that is given",
    options: { startMs: START_MS + 700 },
    times: [2700, 4700, 6700],
  },
  {
    name: "from an instant that is asked for when the first fragment comes",
    options: { startMs: () => START_MS + 700 },
    times: [2700, 4700, 6700],
  },
  {
    name: "from a start long ago: all are late",
    options: { startMs: START_MS - 60_000 },
    times: [0, 0, 0],
  },
  {
    name: "from a base",
    options: { base: fromSeconds(1) },
    times: [1000, 3000, 5000],
  },
  {
    name: "from a base further on: the first ones are late",
    options: { base: fromSeconds(3.5) },
    times: [0, 500, 2500],
  },
];
for (const { name, options, times } of paces) {
  test(`lets a fragment leave ${name}`, async () => {
    const run = new Run(() => [header(), ...fragments(3), end()], options);
    await run.clock.advance(7_000_000);
    assert.equal(run.times, times);
    assert.equal(run.types, ["header", "fragment", "fragment", "fragment", "end"]);
    assert.is(run.outcome, "ended");
    assert.is(run.clock.pending, 0);
  });
}

test("never lets a fragment leave early", async () => {
  const timescale = 44_100;
  const parts = Array.from(
    { length: 20 },
    (_, index) =>
      fragment({ index, timescale, duration: 1024n, decodeTime: BigInt(1024 * index - 2048) }),
  );
  const run = new Run(() => parts, { rate: 0.7 });
  for (let n = 0; n < 2000; n++) {
    await run.clock.advance(1.3);
    if (run.left.length === parts.length) break;
  }
  assert.is(run.left.length, parts.length);
  run.left.forEach(({ part, afterMs }) => {
    const { decodeTime, duration } = part as Fragment;
    const dueMs = Number(decodeTime + duration) * 1000 / timescale / 0.7;
    assert.ok(afterMs >= dueMs - 1e-6, `${afterMs} is before ${dueMs}`);
    assert.ok(afterMs <= Math.max(dueMs, 0) + 1e-6, `${afterMs} is after ${dueMs}`);
  });
});

test("counts a time of the day from its base to the millisecond", async () => {
  const base = fromTicks(17_040_672_001_234_567n, 10_000_000);
  const parts = fragments(3).map((it) => ({
    ...it,
    decodeTime: it.decodeTime + 17_040_672_001_234_567n,
  }));
  const run = new Run(() => parts, { base });
  await run.clock.advance(6000);
  assert.equal(run.times, [2000, 4000, 6000]);
});

test("does not add up lateness of the stream in front of it", async () => {
  const run = new Run(async function* (clock) {
    for (const part of fragments(5)) {
      if (part.index === 1) await clock.waitUntil(START_MS + 7500);
      yield part;
    }
  });
  await run.clock.advance(20_000);
  assert.equal(run.times, [2000, 7500, 7500, 8000, 10_000]);
});

test("does not add up lateness of the stream behind it", async () => {
  const run = new Run(
    () => fragments(5),
    {},
    (part, clock) =>
      part.type === "fragment" && part.index === 0 ? clock.waitUntil(START_MS + 7500) : undefined,
  );
  await run.clock.advance(20_000);
  assert.equal(run.times, [2000, 7500, 7500, 8000, 10_000]);
});

test("ends the reading of what has no pace with its signal", async () => {
  const abort = new AbortController();
  const run = new Run(() => [fragment()], { rate: "max", signal: abort.signal });
  await run.done;
  const { payload } = run.left[0]!.part as Fragment;
  const reading = payload.read()[Symbol.asyncIterator]();
  const reason = new Error("enough");
  abort.abort(reason);
  assert.is(await failure(reading.next()), reason);
});

test("does not wait at all at the rate max", async () => {
  const run = new Run(() => [header(), ...fragments(100), end()], { rate: "max" });
  await run.done;
  assert.is(run.left.length, 102);
  assert.is(run.clock.now(), START_MS);
});

test("lets headers and ends pass at once, but not past a fragment", async () => {
  const parts = [header(), end(), header(), fragment(), end()];
  const run = new Run(() => parts);
  await settle();
  assert.equal(run.types, ["header", "end", "header"]);
  await run.clock.advance(1999);
  assert.is(run.left.length, 3);
  await run.clock.advance(1);
  assert.equal(run.types, ["header", "end", "header", "fragment", "end"]);
  run.left.slice(0, 3).forEach(({ part }, n) => assert.is(part, parts[n]));
});

test("tells when to read what is due later, by the same clock and the same lead", async () => {
  const clock = new FakeClock(START_MS);
  const { signal } = new AbortController();
  const pacer = new Pacer({ clock, rate: 2, leadMs: 300 }, signal);
  const notes: number[] = [];
  pacer.whenToRead(fragment())!.then(() => notes.push(clock.now() - START_MS));
  await clock.advance(699);
  assert.equal(notes, []);
  await clock.advance(1);
  assert.equal(notes, [700]);
  assert.is(pacer.whenToRead(fragment()), undefined);
  assert.is(new Pacer({ clock, rate: "max" }, signal).whenToRead(fragment()), undefined);
});

test("does not tell when to read any more once it is stopped or cancelled", async () => {
  const clock = new FakeClock(START_MS);
  const [cancelled, stop, abort] = [1, 2, 3].map(() => new AbortController());
  for (const end of [cancelled!, stop!, abort!]) {
    const options = { clock, stop: stop!.signal, signal: abort!.signal };
    const wait = new Pacer(options, cancelled!.signal).whenToRead(fragment());
    end.abort();
    await wait;
    assert.is(clock.pending, 0);
    assert.is(await new Pacer(options, cancelled!.signal).whenToRead(fragment()), undefined);
  }
});

test("says when a fragment was due", async () => {
  const run = new Run(() => fragments(2));
  await run.clock.advance(5000);
  assert.equal(
    run.left.map(({ part }) => part.type === "fragment" && part.dueMs),
    [START_MS + 2000, START_MS + 4000],
  );
});

test("takes a start before 0 as it is", async () => {
  const parts = [fragment({ decodeTime: -15_000_000n }), fragment({ decodeTime: 5_000_000n })];
  const run = new Run(() => parts);
  await run.clock.advance(5000);
  assert.equal(run.times, [500, 2500]);
});

const leadTest = suite("PaceStream, lead");

const leads = [
  { leadMs: undefined, begins: 1800 },
  { leadMs: 500, begins: 1500 },
  { leadMs: 0, begins: 2000 },
  { leadMs: 5000, begins: 0 },
];
for (const { leadMs, begins } of leads) {
  leadTest(`begins to read ${begins} ms after the start with a lead of ${leadMs} ms`, async () => {
    const payload = new TestPayload(pattern(10));
    const run = new Run(() => [fragment({ payload })], leadMs === undefined ? {} : { leadMs });
    await settle();
    if (begins > 0) {
      await run.clock.advance(begins - 1);
      assert.is(payload.begun, 0);
      await run.clock.advance(1);
    }
    assert.is(payload.begun, 1);
    await run.clock.advance(2000 - begins);
    assert.equal(run.times, [2000]);
    assert.is(payload.begun, 1);
  });
}

leadTest(
  "hands over the reading that has begun, and begins another for the next reader",
  async () => {
    const payload = new TestPayload(pattern(1000));
    const run = new Run(() => [fragment({ payload })]);
    await run.clock.advance(2000);
    const { payload: paced } = run.left[0]!.part as Fragment;
    assert.is(paced.size, 1000);
    sameBytes(await bytesOf(paced), pattern(1000));
    assert.is(payload.begun, 1);
    sameBytes(await bytesOf(paced), pattern(1000));
    assert.equal([payload.begun, payload.ended], [2, 2]);
  },
);

leadTest("reads one payload at a time", async () => {
  const payloads = [0, 1, 2].map((seed) => new TestPayload(pattern(10, seed)));
  const run = new Run(() => payloads.map((payload, index) => fragment({ index, payload })));
  const begun = () => payloads.map((it) => it.begun);
  await run.clock.advance(1800);
  assert.equal(begun(), [1, 0, 0]);
  await run.clock.advance(1999);
  assert.equal(begun(), [1, 0, 0]);
  await run.clock.advance(1);
  assert.equal(begun(), [1, 1, 0]);
});

const gateTest = suite("PaceStream, gate");

gateTest("asks when a fragment is due and waits for the answer", async () => {
  const asked: number[] = [];
  let open = () => {};
  const run = new Run(() => fragments(2), {
    gate: ({ index }) => {
      asked.push(index);
      return index === 0 ? new Promise<void>((resolve) => open = resolve) : Promise.resolve();
    },
  });
  await run.clock.advance(1999);
  assert.equal(asked, []);
  await run.clock.advance(2500);
  assert.equal(asked, [0]);
  assert.equal(run.times, []);
  open();
  await settle();
  assert.equal(asked, [0, 1]);
  assert.equal(run.times, [4499, 4499]);
});

gateTest("makes a stream without a pace due when it opens", async () => {
  const run: Run = new Run(() => fragments(2), {
    rate: "max",
    gate: (_, signal) => run.clock.waitUntil(run.clock.now() + 300, signal),
  });
  await run.clock.advance(1000);
  assert.equal(
    run.left.map(({ part }) => part.type === "fragment" && part.dueMs),
    [START_MS + 300, START_MS + 600],
  );
});

gateTest("fails with it, and lets go of what was read", async () => {
  const payload = new TestPayload(pattern(10));
  const error = new Error("no");
  const run = new Run(() => [fragment({ payload })], { gate: () => Promise.reject(error) });
  await run.clock.advance(2000);
  assert.is(run.outcome, error);
  assert.equal([payload.begun, payload.ended], [1, 1]);
});

/** A gate that stays shut until it is told that nobody waits any more. */
const shut = (_: Fragment, signal: AbortSignal) =>
  new Promise<void>((_, reject) => {
    signal.addEventListener("abort", () => reject(signal.reason), { once: true });
  });

gateTest("is left when the stream is stopped", async () => {
  const stop = new AbortController();
  const run = new Run(() => [fragment(), end()], { gate: shut, stop: stop.signal });
  await run.clock.advance(2000);
  stop.abort();
  await run.done;
  assert.equal(run.types, ["end"]);
});

const stopTest = suite("PaceStream, stop and signal");

const moments = [
  { name: "before the first fragment is due", afterMs: 500, left: [], begun: 0 },
  { name: "within the lead", afterMs: 1900, left: [], begun: 1 },
  { name: "between two fragments", afterMs: 3000, left: [0], begun: 1 },
  { name: "within the lead of the second", afterMs: 3900, left: [0], begun: 2 },
];
for (const { name, afterMs, left, begun } of moments) {
  stopTest(`drops what is not due and lets the end pass when stopped ${name}`, async () => {
    const stop = new AbortController();
    const payload = new TestPayload(pattern(10));
    const parts = [header(), ...fragments(5, { payload }), end()];
    const run = new Run(() => parts, { stop: stop.signal });
    await run.clock.advance(afterMs);
    stop.abort();
    await run.done;
    assert.equal(run.types, ["header", ...left.map(() => "fragment"), "end"]);
    assert.is(run.outcome, "ended");
    assert.is(run.clock.pending, 0);
    assert.is(payload.begun, begun);
    assert.is(payload.ended, begun - left.length, "what is dropped is let go of");
  });

  stopTest(`fails at once with the reason of its signal ${name}`, async () => {
    const abort = new AbortController();
    const reason = new Error("enough");
    const payload = new TestPayload(pattern(10));
    const parts = [header(), ...fragments(5, { payload }), end()];
    const run = new Run(() => parts, { signal: abort.signal });
    await run.clock.advance(afterMs);
    abort.abort(reason);
    await run.done;
    assert.is(run.outcome, reason);
    assert.is(run.clock.pending, 0);
    assert.equal(run.types, ["header", ...left.map(() => "fragment")]);
  });

  stopTest(`stops waiting when the pipe is cut ${name}`, async () => {
    const abort = new AbortController();
    const reason = new Error("cut");
    const payload = new TestPayload(pattern(10));
    const parts = [header(), ...fragments(5, { payload }), end()];
    const run = new Run(() => parts, {}, undefined, { signal: abort.signal });
    await run.clock.advance(afterMs);
    abort.abort(reason);
    await run.done;
    await settle();
    assert.is(run.outcome, reason);
    assert.is(run.clock.pending, 0);
    assert.is(payload.ended, payload.begun, "what was read and not sent is let go of");
  });
}

stopTest("passes an end alone once it is stopped", async () => {
  const run = new Run(() => [header(), fragment(), end(new Error("cut"))], {
    stop: AbortSignal.abort(),
  });
  await run.done;
  assert.equal(run.types, ["header", "end"]);
});

stopTest("fails by its signal also where it is stopped", async () => {
  const reason = new Error("enough");
  const run = new Run(() => [fragment(), end()], {
    stop: AbortSignal.abort(new Error("stop")),
    signal: AbortSignal.abort(reason),
  });
  await run.done;
  assert.instance(run.outcome, Error);
});

stopTest("does not keep a fragment of an unpaced stream that was stopped", async () => {
  const stop = new AbortController();
  const run = new Run(
    () => [...fragments(10), end()],
    { rate: "max", stop: stop.signal },
    (part) => {
      if (part.type === "fragment" && part.index === 2) stop.abort();
    },
  );
  await run.done;
  assert.equal(run.types.slice(0, 3), ["fragment", "fragment", "fragment"]);
  assert.is(run.types.at(-1), "end");
  assert.ok(run.types.length <= 5);
});

const optionTest = suite("PaceStream, options");

for (const rate of [0, -1, 0.0009, 1000.1, NaN, Infinity]) {
  optionTest(`does not take ${rate} for a rate`, () => {
    assert.throws(
      () => new PaceStream({ rate }),
      (error: unknown) =>
        error instanceof RangeError &&
        error.message ===
          `Cannot pace as the rate must be between 0.001 and 1000, or "max": current value is ${rate}`,
    );
  });
}

optionTest("fails with the stream in front of it", async () => {
  const reason = new Error("broken");
  const run = new Run(function* () {
    yield header();
    throw reason;
  });
  await run.done;
  assert.is(run.outcome, reason);
});

optionTest("fails with a clock that fails", async () => {
  const reason = new Error("no time");
  const clock = { now: () => 0, waitUntil: () => Promise.reject(reason) };
  const stage = new PaceStream({ clock });
  const reader = readableFrom([fragment()]).pipeThrough(stage).getReader();
  assert.is(await failure(reader.read()), reason);
});

/** A sink that takes 7 s for the second of ten fragments of 2 s, due at 2 s, 4 s, and so on. */
function slowOnce(options: PaceStreamOptions): { run: Run; payloads: TestPayload[] } {
  const payloads = Array.from({ length: 10 }, (_, n) => new TestPayload(pattern(50, n)));
  const parts = payloads.map((payload, index) => fragment({ index, payload }));
  const run = new Run(() => [header(), ...parts, end()], options, async (part, clock) => {
    if (part.type === "fragment" && part.index === 1) await clock.waitUntil(START_MS + 11_000);
  });
  return { run, payloads };
}

const kept = (run: Run) =>
  run.left.flatMap(({ part, afterMs }) =>
    part.type === "fragment" ? [[part.index, afterMs] as const] : []
  );

test("sends what is late at once, and what follows on time", async () => {
  const { run } = slowOnce({});
  await run.clock.advance(30_000);
  const late = [[0, 2000], [1, 4000], [2, 11_000], [3, 11_000], [4, 11_000]];
  assert.equal(kept(run), [...late, [5, 12_000], [6, 14_000], [7, 16_000], [8, 18_000], [
    9,
    20_000,
  ]]);
});

const limits = [
  { lateLimitMs: 2000, left: [2, 3] },
  { lateLimitMs: 2999, left: [2, 3] },
  { lateLimitMs: 3000, left: [2] },
  { lateLimitMs: 500, left: [2, 3, 4] },
  { lateLimitMs: undefined, left: [] },
] as const;
for (const { lateLimitMs, left } of limits) {
  test(`leaves out what is more than ${lateLimitMs} ms late, and reads none of it`, async () => {
    const told: (readonly [number, number])[] = [];
    const { run, payloads } = slowOnce({
      late: "skip",
      lateLimitMs,
      onSkip: ({ index }, lateMs) => told.push([index, lateMs]),
    });
    await run.clock.advance(30_000);
    const expected = [0, 1, 2, 3, 4, 5, 6, 7, 8, 9].filter((it) =>
      !left.some((index) => index === it)
    );
    assert.equal(kept(run).map(([index]) => index), expected);
    assert.equal(told, left.map((index) => [index, 11_000 - 2000 * (index + 1)] as const));
    assert.ok(left.every((index) => payloads[index]!.begun === 0));
    assert.equal(kept(run).at(-1), [9, 20_000], "in time again");
    assert.equal([run.types[0], run.types.at(-1), run.outcome], ["header", "end", "ended"]);
  });
}

test("leaves nothing out without a pace", async () => {
  const { run } = slowOnce({ late: "skip", lateLimitMs: 0, rate: "max" });
  await run.clock.advance(30_000);
  assert.is(kept(run).length, 10);
});

test("does not take a negative limit", () => {
  for (const lateLimitMs of [-1, NaN]) {
    assert.throws(
      () => new PaceStream({ lateLimitMs }),
      `Cannot pace as the limit for late fragments must be 0 or more: current value is ${lateLimitMs} ms`,
    );
  }
});

test.run();
