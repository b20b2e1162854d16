import type { Clock } from "../../mod.ts";
import { openPreciseClock, systemClock } from "../../mod.ts";

/** The clock of the process, or one with a thread of its own, which lasts as long as the process. */
export async function clockFor(isPrecise: boolean): Promise<Clock> {
  return isPrecise ? await openPreciseClock() : systemClock;
}
