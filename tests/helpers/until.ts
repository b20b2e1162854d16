import { setImmediate } from "node:timers/promises";

/** Lets things run until something is so: what comes over a socket gives no other sign. */
export async function until(
  condition: () => boolean,
  what = "it",
  limitMs = 30_000,
): Promise<void> {
  const endMs = performance.now() + limitMs;
  while (!condition()) {
    if (performance.now() > endMs) throw new Error(`Nothing came of ${what} in ${limitMs} ms`);
    await setImmediate();
  }
}
