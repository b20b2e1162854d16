import { suite } from "uvu";
import * as assert from "uvu/assert";
import { RetryPolicy } from "../../lib/ingest/retry_policy.ts";
import { Random } from "../helpers/random.ts";

const test = suite("RetryPolicy");

const longest = () => 1;
const shortest = () => 0;
const fail = (policy: RetryPolicy, times: number) =>
  Array.from({ length: times }, () => policy.fail(0));

test("doubles the wait from half a second up to five seconds", () => {
  const policy = new RetryPolicy({ random: longest });
  assert.equal(fail(policy, 7), [500, 1000, 2000, 4000, 5000, 5000, 5000]);
});

test("leaves half of each wait to chance", () => {
  assert.equal(fail(new RetryPolicy({ random: shortest }), 5), [250, 500, 1000, 2000, 2500]);
  const random = new Random(1);
  const delays = Array.from(
    { length: 100 },
    () => new RetryPolicy({ random: () => random.fraction() }).fail(0)!,
  );
  assert.ok(delays.every((delay) => delay >= 250 && delay <= 500));
  assert.ok(new Set(delays).size > 90);
});

test("grows from another first wait", () => {
  const policy = new RetryPolicy({ retryDelayMs: 20, random: longest });
  assert.equal(fail(policy, 6), [20, 40, 80, 160, 200, 200]);
  assert.equal(fail(new RetryPolicy({ retryDelayMs: 0 }), 3), [0, 0, 0]);
});

test("goes on for ever by default", () => {
  const policy = new RetryPolicy({ random: longest });
  for (let n = 0; n < 5000; n++) assert.is.not(policy.fail(n * 5000), undefined);
  assert.is(policy.attempts, 5000);
});

for (const retries of [0, 1, 3]) {
  test(`allows ${retries} new tries in a row`, () => {
    const policy = new RetryPolicy({ retries });
    for (let n = 0; n < retries; n++) assert.is.not(policy.fail(0), undefined);
    assert.is(policy.fail(0), undefined);
    assert.is(policy.attempts, retries);
  });
}

test("begins anew after progress", () => {
  const policy = new RetryPolicy({ retries: 2, giveUpAfterMs: 2000, random: longest });
  assert.equal([policy.fail(0), policy.fail(500)], [500, 1000]);
  policy.progress();
  assert.is(policy.attempts, 0);
  assert.equal([policy.fail(60_000), policy.fail(60_500)], [500, 1000]);
  assert.is(policy.fail(61_500), undefined);
});

test("gives up when the next try would come too long after the first failure", () => {
  const policy = new RetryPolicy({ giveUpAfterMs: 4000, random: longest });
  assert.is(policy.fail(100), 500);
  assert.is(policy.fail(600), 1000);
  assert.is(policy.fail(1600), 2000);
  assert.is(policy.fail(3600), undefined);
});

test("tries once more right at the limit", () => {
  const policy = new RetryPolicy({ giveUpAfterMs: 1500, random: longest });
  assert.equal([policy.fail(0), policy.fail(500), policy.fail(1500)], [500, 1000, undefined]);
});

const wishes = [
  { name: "longer than its own wait", retryAfterMs: 7000, delay: 7000 },
  { name: "longer than any wait of its own", retryAfterMs: 120_000, delay: 120_000 },
  { name: "shorter than its own wait", retryAfterMs: 100, delay: 500 },
];
for (const { name, retryAfterMs, delay } of wishes) {
  test(`waits as long as the server asks for: ${name}`, () => {
    assert.is(new RetryPolicy({ random: longest }).fail(0, retryAfterMs), delay);
  });
}

test("gives up at once when the server asks for more time than there is", () => {
  assert.is(new RetryPolicy({ giveUpAfterMs: 10_000 }).fail(0, 11_000), undefined);
});

test.run();
