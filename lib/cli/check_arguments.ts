import type { ArgumentContext, GivenArgument, GivenOption } from "./given_arguments.ts";
import { invalidValue, listWords } from "./option_values.ts";
import {
  type Command,
  COMMANDS,
  findOption,
  formatOption,
  isOptionOf,
  nearestOption,
  OPTIONS,
} from "./options.ts";
import { showPositional } from "./positionals.ts";
import { quote } from "./quote.ts";
import { parseStartTime } from "./start_time.ts";
import { UsageError } from "./usage_error.ts";

// So many wrong characters still make a slip of the pen, not another word.
const MAX_SLIPS = 2;

/**
 * An unknown option in a message. Where it seems that a value is stuck to the name it is cut off, as in `-psecret` and
 * `--password:secret`.
 */
function showUnknownOption(spelling: string, distance: number): string {
  const [word] = /^[^=:\s]*/.exec(spelling)!;
  const isName = word.startsWith("--") || word.length === 2 || distance <= MAX_SLIPS;
  const secret = OPTIONS.find((option) => option.secret && word.startsWith(`--${option.name}`));
  const shown = secret ? `--${secret.name}` : isName ? word : word.slice(0, 2);
  return quote(shown === spelling ? shown : `${shown}…`);
}

function unknownOption({ spelling }: GivenOption, command: Command): UsageError {
  const { option, distance } = nearestOption(spelling.replace(/^-+/, ""), command);
  return new UsageError(
    `Cannot use ${showUnknownOption(spelling, distance)} as there is no such option: ` +
      `the nearest is --${option.name}, --help lists all`,
  );
}

function foreignOption({ option, spelling }: GivenOption, command: Command): UsageError {
  const owners = listWords(COMMANDS.filter((owner) => isOptionOf(option!, owner)), "and");
  const { option: nearest, distance } = nearestOption(option!.name, command);
  const hint = distance <= MAX_SLIPS ? `the nearest is --${nearest.name}, ` : "";
  return new UsageError(
    `Cannot use ${spelling} with ${command} as it belongs to ${owners}: ` +
      `${hint}"pushencoder help ${command}" lists all`,
  );
}

/** @throws {UsageError} If there is no such option for `command`, or its value is missing or too much. */
function checkOption(given: GivenOption, command: Command): void {
  const { option, spelling, value } = given;
  if (!option) throw unknownOption(given, command);
  if (!isOptionOf(option, command)) throw foreignOption(given, command);
  if (option.value === "none" && value !== undefined) {
    throw invalidValue(given, "it takes no value");
  }
  const isMissing = option.value === "required" ? !value : value === "";
  if (isMissing) {
    const style = spelling.startsWith("/") ? "original" : "posix";
    throw new UsageError(
      `Cannot use ${spelling} as its value is missing: write ${formatOption(option, style)}`,
    );
  }
}

/** `--loop 3`: optional values follow after `=` alone, so that the 3 would be taken for a file. */
function checkDetachedValue(
  given: GivenOption,
  next: GivenArgument,
  context: ArgumentContext,
): void {
  if (given.option?.value !== "optional" || given.value !== undefined) return;
  if (next.type !== "positional" || context.exists(next.value)) return;
  if (parseStartTime(next.value, "unix") === undefined) return;
  const separator = given.spelling.startsWith("/") ? ":" : "=";
  throw new UsageError(
    `Cannot use ${given.spelling} as its value must not be an argument of its own: ` +
      `write ${given.spelling}${separator}${next.value}`,
  );
}

/** `/password:x` and `/password x` are not there; the path they would be must not end up in a message. */
function checkSecretPath(path: string, context: ArgumentContext): void {
  const [, name = ""] = /^\/([a-z]+)(?::|$)/i.exec(path) ?? [];
  const option = findOption(name.toLowerCase());
  if (!option?.secret || context.exists(path)) return;
  throw new UsageError(
    `Cannot use ${showPositional(path)} as there is no such spelling: write ${
      formatOption(option, "posix")
    }`,
  );
}

/**
 * Checks the shape of the arguments in their order: every option is there for `command`, with a value if it takes one.
 *
 * @throws {UsageError} If one is wrong.
 */
export function checkArguments(
  given: readonly GivenArgument[],
  command: Command,
  context: ArgumentContext,
): void {
  for (const [i, argument] of given.entries()) {
    if (argument.type === "positional") {
      checkSecretPath(argument.value, context);
      continue;
    }
    checkOption(argument, command);
    const next = given[i + 1];
    if (next) checkDetachedValue(argument, next, context);
  }
}
