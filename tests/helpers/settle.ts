import { setImmediate } from "node:timers/promises";

/** Lets everything run that is ready to: promises, streams, and what they set off in turn. */
export async function settle(): Promise<void> {
  for (let turn = 0; turn < 5; turn++) await setImmediate();
}
