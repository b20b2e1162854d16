import type { CommandLine } from "./given_arguments.ts";
import { countWords } from "../count_words.ts";
import { formatOption, nearestOption } from "./options.ts";
import { hideCredentials, quote } from "./quote.ts";
import { UsageError } from "./usage_error.ts";

/** A positional in a message; after the colon of `/word:value` there may be anything, a password too. */
export function showPositional(text: string): string {
  return quote(hideCredentials(text.replace(/^(\/[a-z-]+:).+/is, "$1…")));
}

/** The positionals in a message. */
export function showPositionals(positionals: readonly string[]): string {
  return positionals.length === 0
    ? "none, --help shows more"
    : positionals.map(showPositional).join(" ");
}

/** What a lone `/word` among the positionals may have been meant to be. */
export function originalHint({ positionals, context }: CommandLine): string {
  const path = positionals.find((text) => /^\/[a-z]+(?::|$)/i.test(text) && !context.exists(text));
  if (path === undefined) return "";
  const word = path.slice(1).split(":", 1)[0]!;
  const nearest = nearestOption(word, "push").option;
  const style = nearest.original === undefined ? "posix" : "original";
  return `; ${quote(`/${word}`)} is taken for a path, the nearest option is ${
    formatOption(nearest, style)
  }`;
}

/** What to throw if there are too few or too many positionals, or of the wrong kind. */
export function wrongPositionals(given: CommandLine, accepted: string): UsageError {
  const values = showPositionals(given.positionals);
  const count = given.positionals.length;
  return new UsageError(
    `Cannot take ${countWords(count, "argument")} as ${accepted}: ` +
      `current value is ${values}${originalHint(given)}`,
  );
}
