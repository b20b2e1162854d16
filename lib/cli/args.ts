import { type BenchArguments, type BenchMergeArguments, readBench } from "./bench_arguments.ts";
import { checkArguments } from "./check_arguments.ts";
import {
  type ArgumentContext,
  type CommandLine,
  GivenOptions,
  readGivenArguments,
} from "./given_arguments.ts";
import { toInput } from "./inputs.ts";
import { readDuration, readPort, readRate } from "./option_values.ts";
import { type Command, COMMANDS } from "./options.ts";
import { showPositionals, wrongPositionals } from "./positionals.ts";
import { type PushArguments, readPush } from "./push_arguments.ts";
import { readServe, type ServeArguments } from "./serve_arguments.ts";
import {
  type OutputArguments,
  readLast,
  readMaxFragmentBytes,
  readOutputArguments,
} from "./shared_arguments.ts";
import { UsageError } from "./usage_error.ts";

export type {
  ArgumentContext,
  BenchArguments,
  BenchMergeArguments,
  OutputArguments,
  PushArguments,
  ServeArguments,
};

/** Push the sample to a publishing point in this process. */
export interface DemoArguments extends OutputArguments {
  readonly command: "demo";
  /** Seconds of media after which the demo ends; it goes on for ever if there is none. */
  readonly duration?: number;
  readonly rate: number | "max";
  /** Port of the publishing point, 0 for any free one. */
  readonly port: number;
  /** Open the page in a browser. */
  readonly open: boolean;
}

/** Show what is in a presentation, a media file or a captured body. */
export interface InspectArguments {
  readonly command: "inspect";
  /** Path or URL. */
  readonly input: string;
  readonly json: boolean;
  readonly maxFragmentBytes: number;
}

/** Judge recorded bodies. */
export interface VerifyArguments {
  readonly command: "verify";
  /** Path of a file or a folder, or URL of a file. */
  readonly input: string;
  readonly json: boolean;
  readonly maxFragmentBytes: number;
}

/** Show the help of one command, or all of it. */
export interface HelpArguments {
  readonly command: "help";
  readonly topic?: Command;
}

/** Show the version. */
export interface VersionArguments {
  readonly command: "version";
}

/** What the program is asked to do. */
export type Arguments =
  | PushArguments
  | DemoArguments
  | ServeArguments
  | InspectArguments
  | VerifyArguments
  | BenchArguments
  | BenchMergeArguments
  | HelpArguments
  | VersionArguments;

function readDemo(given: CommandLine): DemoArguments {
  const { options, positionals } = given;
  if (positionals.length > 0) throw wrongPositionals(given, "demo takes none");
  return {
    command: "demo",
    duration: readLast(options, "duration", readDuration),
    rate: readLast(options, "rate", readRate) ?? 1,
    port: readLast(options, "port", readPort) ?? 0,
    open: options.has("open"),
    ...readOutputArguments(options),
  };
}

/** Reads what a command is to read. @throws {UsageError} If it is not one thing. */
function readInput(given: CommandLine, accepted: string) {
  const { options, positionals, context } = given;
  const [input] = positionals;
  if (input === undefined || positionals.length > 1) throw wrongPositionals(given, accepted);
  return {
    input: toInput(input, context),
    json: options.has("json"),
    maxFragmentBytes: readMaxFragmentBytes(options),
  };
}

function findCommand(word: string | undefined): Command | undefined {
  return COMMANDS.find((command) => command === word);
}

/** The command that the first positional is the word for; a push has none. */
function readCommand(word: string | undefined): Command {
  const command = findCommand(word);
  if (command !== undefined && command !== "push") return command;
  return "push";
}

function readHelp(topics: readonly string[]): HelpArguments {
  const [topic] = topics;
  if (topic === undefined) return { command: "help" };
  const command = findCommand(topic);
  if (topics.length === 1 && command) return { command: "help", topic: command };
  if (topics.length === 1 && topic === "help") return { command: "help" };
  throw new UsageError(
    `Cannot show help as it is there for ${COMMANDS.join(", ")}: current value is ${
      showPositionals(topics)
    }`,
  );
}

function readHelpOption(word: string | undefined): HelpArguments {
  const topic = findCommand(word);
  return topic === undefined || topic === "push" ? { command: "help" } : { command: "help", topic };
}

/**
 * Reads the command line: what is asked for, with every value checked and in the unit it is used in.
 * `--help` and `--version` come before all else, also before what is wrong.
 *
 * @param argv The arguments, without the names of the runtime and the program.
 * @throws {UsageError} If the command line is wrong. The message never shows a password.
 */
export function parseArguments(argv: readonly string[], context: ArgumentContext): Arguments {
  const given = readGivenArguments(argv);
  const options = new GivenOptions(given.filter((argument) => argument.type === "option"));
  const positionals = given.flatMap((argument) =>
    argument.type === "positional" ? [argument.value] : []
  );
  const [word, ...rest] = positionals;
  if (options.has("help")) return readHelpOption(word);
  if (options.has("version")) return { command: "version" };
  const command = readCommand(word);
  checkArguments(given, command, context);
  if (word === "help") return readHelp(rest);
  switch (command) {
    case "push":
      return readPush({ options, positionals, context });
    case "demo":
      return readDemo({ options, positionals: rest, context });
    case "serve":
      return readServe({ options, positionals: rest, context });
    case "inspect":
      return {
        command,
        ...readInput({ options, positionals: rest, context }, "inspect takes <file|url>"),
      };
    case "verify":
      return {
        command,
        ...readInput(
          { options, positionals: rest, context },
          "verify takes <recorded body|folder>",
        ),
      };
    case "bench":
      return readBench({ options, positionals: rest, context });
  }
}
