import type { GivenOption, GivenOptions } from "./given_arguments.ts";
import { readSize } from "./option_values.ts";
import type { OptionName } from "./options.ts";
import { UsageError } from "./usage_error.ts";

/** Largest fragment that is read unless an option says otherwise, in bytes. */
export const DEFAULT_MAX_FRAGMENT_BYTES: number = 256 * 2 ** 20;

/** How much to show. */
export interface OutputArguments {
  readonly json: boolean;
  readonly quiet: boolean;
  readonly verbose: boolean;
}

/** What `read` makes of an option as it was given last, or nothing if it was not. */
export function readLast<T>(
  options: GivenOptions,
  name: OptionName,
  read: (given: GivenOption) => T,
): T | undefined {
  const given = options.last(name);
  return given && read(given);
}

/** Reads how much to show. @throws {UsageError} If it is little and much. */
export function readOutputArguments(options: GivenOptions): OutputArguments {
  if (options.has("quiet") && options.has("verbose")) {
    throw new UsageError("Cannot use --quiet as --verbose is given too: leave out one of the two");
  }
  return {
    json: options.has("json"),
    quiet: options.has("quiet"),
    verbose: options.has("verbose"),
  };
}

/** Reads the largest fragment to accept, in bytes. @throws {UsageError} If it is not a size. */
export function readMaxFragmentBytes(options: GivenOptions): number {
  return readLast(options, "max-fragment-size", readSize) ?? DEFAULT_MAX_FRAGMENT_BYTES;
}
