import { setTimeout as sleep } from "node:timers/promises";

const POLL_MS = 20;

/**
 * Waits for something that another program does.
 *
 * @param look Returns what is waited for, or `undefined` or `false` as long as it is not there.
 * @throws {Error} If it does not come in time.
 */
export async function until<T>(
  what: string,
  look: () => T | undefined | false | Promise<T | undefined | false>,
  timeoutMs = 20_000,
): Promise<T> {
  const endMs = performance.now() + timeoutMs;
  while (true) {
    const found = await look();
    if (found !== undefined && found !== false) return found;
    if (performance.now() > endMs) throw new Error(`No ${what} within ${timeoutMs / 1000} s`);
    await sleep(POLL_MS);
  }
}
