import type { PushOptions } from "./push_options.ts";
import { checkBearer } from "./ingest/bearer.ts";
import { checkRecovery } from "./ingest/recovery_checks.ts";
import { checkNumber } from "./number_rule.ts";
import { checkPace } from "./stages/pace_stream.ts";
import { checkSkip } from "./stages/skip_stream.ts";

/**
 * Looks at the options of a push before anything is opened, so that what is wrong is told once, and not by each stream.
 *
 * @throws {RangeError} If one is out of range, or there is nowhere to push to.
 */
export function checkPushOptions(options: PushOptions): void {
  const { points = [], output, loop, duration, skip, bearer, recovery } = options;
  if (output === undefined) {
    if (points.length === 0) {
      throw new RangeError("Cannot push as there must be a point in points, or an output");
    }
    for (const point of points) checkUrl(point.url);
  }
  checkNumber("loop", loop, "a whole number above 0");
  checkNumber("duration", duration, "above 0");
  checkPace(options);
  if (skip) checkSkip(skip);
  for (const token of [bearer, ...points.map((point) => point.bearer)]) {
    if (token !== undefined) checkBearer(token);
  }
  if (recovery) checkRecovery(recovery);
}

function checkUrl(text: string): void {
  const url = URL.canParse(text) ? new URL(text) : undefined;
  if (url && /^https?:$/.test(url.protocol) && url.username === "" && url.password === "") return;
  // It may hold a password.
  const shown = url ? `one of ${url.protocol}//${url.host}` : "not readable as one";
  throw new RangeError(
    `Cannot push to a point as it must be an http or https URL without credentials: current value is ${shown}`,
  );
}
