import * as assert from "uvu/assert";

/** Asserts that two arrays hold the same bytes, and says where they begin to differ: a diff of megabytes helps nobody. */
export function sameBytes(actual: Uint8Array, expected: Uint8Array, what = "bytes"): void {
  assert.is(actual.length, expected.length, `${what}: length`);
  for (let n = 0; n < expected.length; n++) {
    if (actual[n] === expected[n]) continue;
    assert.unreachable(`${what}: byte ${n} is ${actual[n]}, not ${expected[n]}`);
  }
}
