import process from "node:process";
import type { Test } from "uvu";
import * as assert from "uvu/assert";
import { settle } from "./settle.ts";

/**
 * Watches for promises that fail while nobody looks after them, in all tests of a suite.
 *
 * @returns Adds the test that there were none; to be called behind the others.
 */
export function watchUnhandled<Context>(test: Test<Context>): () => void {
  const unhandled: unknown[] = [];
  const onUnhandled = (reason: unknown) => unhandled.push(reason);
  test.before(() => {
    process.on("unhandledRejection", onUnhandled);
  });
  test.after(() => {
    process.off("unhandledRejection", onUnhandled);
  });
  return () =>
    test("leaves no failure that nobody looks after", async () => {
      await settle();
      assert.equal(unhandled, []);
    });
}
