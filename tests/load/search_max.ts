import { suite } from "uvu";
import * as assert from "uvu/assert";
import { searchMax } from "../../lib/load/search_max.ts";

const test = suite("searchMax");

/** A point that keeps up to so many channels. */
async function search(capacity: number, { start = 1, limit = 100_000 } = {}) {
  const tried: number[] = [];
  const result = await searchMax({
    start,
    limit,
    attempt: (channels) => {
      tried.push(channels);
      return Promise.resolve({ isKept: channels <= capacity, reason: `more than ${capacity}` });
    },
  });
  return { ...result, tried };
}

for (const capacity of [1, 2, 5, 7, 16, 31, 49]) {
  test(`finds a limit of ${capacity}`, async () => {
    const { best, failed, reason } = await search(capacity);
    assert.equal([best, failed, reason], [capacity, capacity + 1, `more than ${capacity}`]);
  });
}

test("doubles, then halves", async () => {
  assert.equal((await search(11)).tried, [1, 2, 4, 8, 16, 12, 10, 11]);
});

test("goes down from a number that is too high to begin with", async () => {
  assert.equal(await search(3, { start: 8 }), {
    best: 3,
    failed: 4,
    reason: "more than 3",
    tried: [8, 4, 2, 3],
  });
});

test("is exact to 2 % where the number is large", async () => {
  const { best, failed, tried } = await search(3777);
  assert.ok(best <= 3777 && failed! > 3777 && failed! - best <= best / 50);
  assert.ok(tried.length <= 20, `${tried.length}`);
});

test("finds nothing where one is too many", async () => {
  const { best, failed, tried } = await search(0, { start: 4 });
  assert.equal([best, failed, tried], [0, 1, [4, 2, 1]]);
});

test("tries no more than it may", async () => {
  const { best, failed, reason, tried } = await search(1000, { limit: 6 });
  assert.equal([best, failed, tried], [6, undefined, [1, 2, 4, 6]]);
  assert.match(reason, "no more than 6 channels");
});

test("ends where nothing beyond can be tried, or when it is stopped", async () => {
  const attempt = (isStopped: boolean) => (channels: number) =>
    Promise.resolve(
      channels < 8
        ? { isKept: true }
        : isStopped
        ? undefined
        : { isKept: false, reason: "too slow", isLast: true },
    );
  assert.equal(await searchMax({ start: 1, limit: 100, attempt: attempt(false) }), {
    best: 4,
    failed: 8,
    reason: "too slow",
  });
  assert.equal(await searchMax({ start: 1, limit: 100, attempt: attempt(true) }), {
    best: 4,
    reason: "the search was stopped",
  });
});

test.run();
