import type { Test } from "uvu";
import process from "node:process";

/** Makes tests of a suite, or leaves them out with a notice where what they need is missing. */
export function testIf<T>(isPossible: boolean, suite: Test<T>, notice: string): Test<T>["skip"] {
  if (isPossible) return suite;
  process.stderr.write(`Left out: ${notice}\n`);
  return suite.skip;
}
