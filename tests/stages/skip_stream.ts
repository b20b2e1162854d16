import { suite } from "uvu";
import * as assert from "uvu/assert";
import { readableFrom } from "../../lib/readable.ts";
import { SkipStream } from "../../lib/stages/skip_stream.ts";
import {
  collect,
  end,
  fragment,
  fragments,
  fragmentsOf,
  header,
  TestPayload,
  through,
} from "../helpers/parts.ts";
import { settle } from "../helpers/settle.ts";

const test = suite("SkipStream");

const cases = [
  { range: { first: 0, last: 0 }, kept: [1, 2, 3] },
  { range: { first: 1, last: 2 }, kept: [0, 3] },
  { range: { first: 3, last: 3 }, kept: [0, 1, 2] },
  { range: { first: 2, last: 99 }, kept: [0, 1] },
  { range: { first: 0, last: Number.MAX_SAFE_INTEGER }, kept: [] },
  { range: { first: 4, last: 9 }, kept: [0, 1, 2, 3] },
];
for (const { range, kept } of cases) {
  test(`leaves out fragments ${range.first} to ${range.last} of four`, async () => {
    const out = await through(fragments(4), new SkipStream(range));
    assert.equal(fragmentsOf(out).map(({ index }) => index), kept);
  });
}

test("counts each track for itself, and does the same in every pass", async () => {
  const parts = [0, 1].flatMap((pass) =>
    [0, 1].flatMap((index) => [1, 2].map((trackId) => fragment({ trackId, index, pass })))
  );
  const out = fragmentsOf(await through(parts, new SkipStream({ first: 0, last: 0 })));
  assert.equal(out.map(({ trackId, index, pass }) => [pass, trackId, index]), [
    [0, 1, 1],
    [0, 2, 1],
    [1, 1, 1],
    [1, 2, 1],
  ]);
});

test("lets headers, ends and the times of the others pass as they are", async () => {
  const parts = [header(), ...fragments(3), end(new Error("cut"))];
  const out = await through(parts, new SkipStream({ first: 1, last: 1 }));
  assert.is(out.length, 4);
  [0, 1, 3, 4].forEach((n, place) => assert.is(out[place], parts[n]));
});

test("reads no payload", async () => {
  const payload = new TestPayload(new Uint8Array(5));
  await through(fragments(3, { payload }), new SkipStream({ first: 1, last: 1 }));
  assert.is(payload.begun, 0);
});

const refused = [
  { first: 5, last: 2 },
  { first: -1, last: 2 },
  { first: 0, last: 1.5 },
  { first: NaN, last: 1 },
  { first: 0, last: Infinity },
];
for (const range of refused) {
  test(`does not take ${range.first} to ${range.last} for a range`, () => {
    assert.throws(
      () => new SkipStream(range),
      (error: unknown) =>
        error instanceof RangeError &&
        error.message ===
          `Cannot skip fragments as the range must be 0 <= first <= last: current value is ${range.first},${range.last}`,
    );
  });
}

test("fails with the stream in front of it", async () => {
  const reason = new Error("broken");
  const source = readableFrom((function* () {
    yield fragment();
    throw reason;
  })());
  try {
    await collect(source.pipeThrough(new SkipStream({ first: 5, last: 5 })));
  } catch (error) {
    assert.is(error, reason);
    return;
  }
  assert.unreachable();
});

test("stops the stream in front of it when it is cancelled", async () => {
  let isStopped = false;
  const source = readableFrom((function* () {
    try {
      while (true) yield fragment();
    } finally {
      isStopped = true;
    }
  })());
  const out = source.pipeThrough(new SkipStream({ first: 5, last: 5 })).getReader();
  await out.read();
  await out.cancel();
  await settle();
  assert.ok(isStopped);
});

test.run();
