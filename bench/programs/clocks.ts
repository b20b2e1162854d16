import type { Clock } from "../../mod.ts";
import * as library from "../../mod.ts";

/** The clock that is asked for; `undefined` where the library has none with a thread of its own. */
export async function clockFor(isPrecise: boolean): Promise<Clock | undefined> {
  if (!isPrecise) return library.systemClock;
  const { openPreciseClock } = library as {
    openPreciseClock?: () => Clock | Promise<Clock>;
  };
  return await openPreciseClock?.();
}
