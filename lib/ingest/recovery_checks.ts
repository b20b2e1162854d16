import type { ResendOptions } from "./resend_window.ts";
import type { RetryOptions } from "./retry_policy.ts";
import type { UploaderOptions } from "./uploader_options.ts";
import { checkNumber } from "../number_rule.ts";

type Timeouts = Pick<
  UploaderOptions,
  "answerTimeoutMs" | "connectTimeoutMs" | "sendTimeoutMs"
>;

/** Looks at the limits of an upload. @throws {RangeError} If one is out of range. */
export function checkRecovery(options: RetryOptions & ResendOptions & Timeouts): void {
  for (const name of ["answerTimeoutMs", "connectTimeoutMs", "sendTimeoutMs"] as const) {
    checkNumber(name, options[name], "above 0");
  }
  for (const name of ["giveUpAfterMs", "retryDelayMs", "resendWindowBytes"] as const) {
    checkNumber(name, options[name], "0 or more");
  }
  for (const name of ["retries", "resend"] as const) {
    checkNumber(name, options[name], "a whole number, 0 or more");
  }
}
