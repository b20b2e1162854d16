import { suite } from "uvu";
import * as assert from "uvu/assert";
import { push } from "../lib/push.ts";
import type { PushOptions } from "../lib/push_options.ts";

const points = [{ url: "http://h/x.isml" }];

const cases: readonly { options: Omit<PushOptions, "presentation">; message: RegExp }[] = [
  { options: {}, message: /there must be a point in points, or an output/ },
  { options: { points: [] }, message: /there must be a point in points, or an output/ },
  { options: { points: [{ url: "x.isml" }] }, message: /http or https URL.*not readable as one/ },
  { options: { points: [{ url: "ftp://h/x" }] }, message: /http or https URL.*ftp:\/\/h/ },
  { options: { points: [{ url: "http://joe:s3cret@h/x" }] }, message: /without credentials/ },
  { options: { points, rate: 0 }, message: /rate must be between 0.001 and 1000.* is 0$/ },
  { options: { points, rate: NaN }, message: /rate must be/ },
  { options: { points, loop: 0 }, message: /loop.*whole number above 0.* is 0$/ },
  { options: { points, loop: 1.5 }, message: /loop.* is 1.5$/ },
  { options: { points, duration: -1 }, message: /duration.*above 0.* is -1$/ },
  { options: { points, lateLimitMs: -1 }, message: /0 or more/ },
  { options: { points, skip: { first: 3, last: 2 } }, message: /0 <= first <= last.* 3,2$/ },
  { options: { points, bearer: "s3cret token" }, message: /visible ASCII/ },
  { options: { points: [{ ...points[0]!, bearer: "" }] }, message: /visible ASCII/ },
  { options: { points, recovery: { sendTimeoutMs: 0 } }, message: /sendTimeoutMs.*above 0/ },
  { options: { points, recovery: { connectTimeoutMs: NaN } }, message: /connectTimeoutMs.*NaN$/ },
  { options: { points, recovery: { retries: 0.5 } }, message: /retries.*whole number, 0 or more/ },
  { options: { points, recovery: { resendWindowBytes: -1 } }, message: /resendWindowBytes/ },
];

const test = suite("push, before it begins");

for (const { options, message } of cases) {
  test(`refuses ${JSON.stringify(options)}`, async () => {
    // There is no such file: what is wrong with the options comes first.
    const error = await push({ presentation: "none.ism", ...options }).then(
      () => undefined,
      (reason: unknown) => reason,
    );
    assert.instance(error, RangeError);
    assert.match((error as Error).message, message);
    assert.not.match((error as Error).message, "s3cret");
  });
}

test("takes what is without end", async () => {
  const recovery = { retries: Infinity, giveUpAfterMs: Infinity, sendTimeoutMs: Infinity };
  const error = await push({ points, presentation: "none.ism", loop: Infinity, recovery }).then(
    () => undefined,
    (reason: unknown) => reason,
  );
  assert.is((error as Error).name, "InputError");
});

test.run();
