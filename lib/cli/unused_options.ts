import type { GivenOptions } from "./given_arguments.ts";
import type { OptionName } from "./options.ts";
import { UsageError } from "./usage_error.ts";

/** Options of a push that say something about another one. */
const BELONGS_TO: readonly {
  readonly name: OptionName;
  readonly to: string;
  readonly isThere: (options: GivenOptions) => boolean;
}[] = [
  { name: "isml", to: "--create", isThere: (options) => options.has("create") },
  { name: "epoch", to: "--realtime", isThere: (options) => options.has("realtime") },
  {
    name: "late-limit",
    to: "--late=skip",
    isThere: (options) => options.last("late")?.value === "skip",
  },
];

/** Options that are about requests. */
const OF_REQUESTS: readonly OptionName[] = [
  ...["to", "create", "event-id", "headers", "header", "probe"] as const,
  ...["user", "password", "auth", "bearer", "cert", "key", "cacert", "insecure"] as const,
  ...["retries", "give-up-after", "retry-delay", "resend", "resend-window"] as const,
  ...["send-timeout", "after-outage"] as const,
];

/**
 * Looks for options that would do nothing, as whoever gave them expects something.
 *
 * @throws {UsageError} If there is one.
 */
export function refuseUnused(options: GivenOptions): void {
  for (const { name, to, isThere } of BELONGS_TO) {
    const given = options.last(name);
    if (given && !isThere(options)) {
      throw new UsageError(`Cannot use ${given.spelling} as it belongs to ${to}: add ${to}`);
    }
  }
  if (!options.has("output")) return;
  for (const name of OF_REQUESTS) {
    const given = options.last(name);
    if (given) {
      throw new UsageError(
        `Cannot use ${given.spelling} as nothing is sent with --output: leave out one of the two`,
      );
    }
  }
}
