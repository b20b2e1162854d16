import { parseArgs } from "node:util";
import {
  findOption,
  findOriginalOption,
  findShortOption,
  type Option,
  type OptionName,
} from "./options.ts";

/** An option as it was given. */
export interface GivenOption {
  readonly type: "option";
  /** Nothing if there is no such option. */
  readonly option?: Option;
  /** How it was written, without the value: `--loop`, `/Loop`. */
  readonly spelling: string;
  /** Nothing if none was given; it may be empty. */
  readonly value?: string;
}

/** An argument that is not an option. */
export interface GivenPositional {
  readonly type: "positional";
  readonly value: string;
}

/** One argument: an option with its value, or a positional. */
export type GivenArgument = GivenOption | GivenPositional;

/** An argument in the one spelling that `parseArgs` needs. */
interface RewrittenArgument {
  readonly text: string;
  readonly spelling: string;
}

function rewriteOption(option: Option, spelling: string, value?: string): RewrittenArgument {
  return { text: value === undefined ? `--${option.name}` : `--${option.name}=${value}`, spelling };
}

function rewriteOriginal(argument: string): RewrittenArgument | undefined {
  const match = /^\/([a-z]+)(?::([^]*))?$/i.exec(argument);
  const option = match && findOriginalOption(match[1]!);
  return option ? rewriteOption(option, `/${match[1]}`, match[2]) : undefined;
}

/** The option that `argument` names in POSIX spelling, without a value in the same argument. */
function namedOption(argument: string): Option | undefined {
  if (argument.startsWith("--")) return findOption(argument.slice(2));
  return /^-[^-]$/.test(argument) ? findShortOption(argument.slice(1)) : undefined;
}

/** An option's value as the next argument may start with one dash, but not look like an option itself. */
function isValue(argument: string | undefined): argument is string {
  return argument !== undefined && !argument.startsWith("--") &&
    namedOption(argument) === undefined && rewriteOriginal(argument) === undefined;
}

/** A letter and its value in one argument: `-HName: value`. */
function rewriteShortWithValue(argument: string): RewrittenArgument | undefined {
  const option = /^-[^-]/.test(argument) ? findShortOption(argument[1]!) : undefined;
  return option?.value === "required"
    ? rewriteOption(option, argument.slice(0, 2), argument.slice(2))
    : undefined;
}

/**
 * Brings all spellings of an option into one, `--name` or `--name=value`, as `parseArgs` knows neither the original ones
 * nor values that may be missing.
 */
function rewrite(argv: readonly string[]): RewrittenArgument[] {
  const rewritten: RewrittenArgument[] = [];
  for (let i = 0; i < argv.length; i++) {
    const argument = argv[i]!;
    if (argument === "--") {
      return [...rewritten, ...argv.slice(i).map((text) => ({ text, spelling: text }))];
    }
    const option = namedOption(argument);
    const next = argv[i + 1];
    if (option?.value === "required" && isValue(next)) {
      rewritten.push(rewriteOption(option, argument, next));
      i++;
    } else if (option) {
      rewritten.push(rewriteOption(option, argument));
    } else {
      const given = rewriteOriginal(argument) ?? rewriteShortWithValue(argument);
      rewritten.push(given ?? { text: argument, spelling: argument.split("=", 1)[0]! });
    }
  }
  return rewritten;
}

/**
 * Tells options, their values and positionals apart.
 *
 * - `/name` or `/name:value` is an original option if the name is known, in any letter case; otherwise it is a path.
 * - A required value follows as `--name=value` or as the next argument, unless that starts with two dashes or is itself
 *   an option (`-H`, `-h`, `/name`): then the value is missing, and `=` is the way to give such a one. An optional value follows
 *   after `=` alone, that of an original option after `:` alone.
 * - `--` ends the options.
 *
 * What is wrong is left as it is, so that `--help` is found first.
 */
export function readGivenArguments(argv: readonly string[]): GivenArgument[] {
  const rewritten = rewrite(argv);
  const { tokens } = parseArgs({
    args: rewritten.map(({ text }) => text),
    strict: false,
    allowPositionals: true,
    tokens: true,
  });
  return tokens.flatMap((token): GivenArgument[] => {
    if (token.kind === "option-terminator") return [];
    if (token.kind === "positional") return [{ type: "positional", value: token.value }];
    const { spelling } = rewritten[token.index]!;
    const option = token.rawName.startsWith("--") ? findOption(token.name) : undefined;
    return [{ type: "option", option, spelling, value: token.value }];
  });
}

/** The options that were given, found by name. */
export class GivenOptions {
  readonly #options: readonly GivenOption[];

  constructor(options: readonly GivenOption[]) {
    this.#options = options;
  }

  /** Whether the option was given. */
  has(name: OptionName): boolean {
    return this.last(name) !== undefined;
  }

  /** The option as it was given last. */
  last(name: OptionName): GivenOption | undefined {
    return this.all(name).at(-1);
  }

  /** The option each time it was given, in order. */
  all(name: OptionName): GivenOption[] {
    return this.#options.filter(({ option }) => option?.name === name);
  }
}

/** What {@linkcode parseArguments} needs to know of the machine. */
export interface ArgumentContext {
  /** Whether there is a file or a folder with this path. */
  exists(path: string): boolean;
  /** The environment: `PUSHENCODER_USER`, `PUSHENCODER_PASSWORD` and `PUSHENCODER_BEARER` are read. */
  readonly env: Readonly<Record<string, string | undefined>>;
}

/** A command line in which options and positionals have been told apart. */
export interface CommandLine {
  readonly options: GivenOptions;
  readonly positionals: readonly string[];
  readonly context: ArgumentContext;
}
