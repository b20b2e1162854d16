import { suite } from "uvu";
import * as assert from "uvu/assert";
import { readableFrom } from "../../lib/readable.ts";
import { DurationStream } from "../../lib/stages/duration_stream.ts";
import { fromSeconds, fromTicks } from "../../lib/time.ts";
import {
  collect,
  end,
  fragment,
  type FragmentFields,
  fragments,
  fragmentsOf,
  header,
  TestPayload,
  through,
} from "../helpers/parts.ts";
import { settle } from "../helpers/settle.ts";

const test = suite("DurationStream");

const cases = [
  { seconds: 0.0000001, count: 1 },
  { seconds: 2, count: 1 },
  { seconds: 2.0000001, count: 2 },
  { seconds: 5, count: 3 },
  { seconds: 7.9999999, count: 4 },
  { seconds: 100, count: 5 },
];
for (const { seconds, count } of cases) {
  test(`lets ${count} of five fragments of 2 s pass in ${seconds} s`, async () => {
    const stage = new DurationStream({ duration: fromSeconds(seconds) });
    const out = await through([header(), ...fragments(5), end()], stage);
    assert.is(fragmentsOf(out).length, count);
    assert.is(out[0]!.type, "header");
    assert.equal(out.slice(1 + count), [end()]);
  });
}

test("counts from the base", async () => {
  const base = fromSeconds(1_704_067_200);
  const parts = fragments(5).map((it) => ({
    ...it,
    decodeTime: it.decodeTime + 1_704_067_200n * 10_000_000n,
  }));
  const stage = new DurationStream({ duration: fromSeconds(4), base });
  assert.is(fragmentsOf(await through([header(), ...parts], stage)).length, 2);
});

/** A fragment of two seconds at a time in seconds. */
function at(seconds: number, fields: FragmentFields = {}) {
  const { timescale = 10_000_000 } = fields;
  return fragment({ ...fields, decodeTime: BigInt(Math.round(seconds * timescale)) });
}

test("stops each track before its own first fragment that is too late", async () => {
  const tracks = [{ trackId: 1 }, { trackId: 2, timescale: 48_000 }];
  const audio = { trackId: 2, timescale: 48_000 };
  const parts = [
    header({ tracks }),
    at(0),
    at(0, audio),
    at(2),
    at(1.9, audio),
    at(4), // too late
    at(3.8, audio), // just in time
    at(2.5), // a track that has ended stays so
    at(4.1, audio), // too late: the last one
    at(9),
  ];
  const out = await through(parts, new DurationStream({ duration: fromTicks(4n, 1) }));
  assert.equal(
    fragmentsOf(out).map(({ trackId, decodeTime }) => [trackId, decodeTime]),
    [[1, 0n], [2, 0n], [1, 20_000_000n], [2, 91_200n], [2, 182_400n]],
  );
  assert.equal(out.at(-1), end());
});

test("stops the stream in front of it, also one without an end", async () => {
  let isStopped = false;
  const source = readableFrom((function* () {
    try {
      yield header();
      for (let index = 0; true; index++) yield fragment({ index });
    } finally {
      isStopped = true;
    }
  })());
  const stage = new DurationStream({ duration: fromSeconds(10) });
  assert.is(fragmentsOf(await collect(source.pipeThrough(stage))).length, 5);
  await settle();
  assert.ok(isStopped);
});

test("does not wait for a track that has no fragments", async () => {
  const source = readableFrom((function* () {
    yield header({ tracks: [{ trackId: 1 }, { trackId: 2 }] });
    for (let pass = 0; pass < 1000; pass++) {
      for (let index = 0; index < 3; index++) yield at(6 * pass + 2 * index, { index, pass });
    }
    throw new Error("it waited");
  })());
  const stage = new DurationStream({ duration: fromSeconds(10) });
  const out = await collect(source.pipeThrough(stage));
  assert.is(fragmentsOf(out).length, 5);
  assert.equal(out.at(-1), end());
});

test("hands on why a stream ended before", async () => {
  const broken = end(new Error("cut"));
  const stage = new DurationStream({ duration: fromSeconds(10) });
  assert.is((await through([header(), fragment(), broken], stage)).at(-1), broken);
});

test("reads no payload", async () => {
  const payload = new TestPayload(new Uint8Array(5));
  const stage = new DurationStream({ duration: fromSeconds(3) });
  await through([header(), ...fragments(4, { payload })], stage);
  assert.is(payload.begun, 0);
});

for (const seconds of [0, -1]) {
  test(`does not take ${seconds} s for a duration`, () => {
    assert.throws(
      () => new DurationStream({ duration: fromSeconds(seconds) }),
      (error: unknown) =>
        error instanceof RangeError &&
        error.message ===
          `Cannot limit the duration as it must be above 0: current value is ${seconds}/1 s`,
    );
  });
}

test.run();
