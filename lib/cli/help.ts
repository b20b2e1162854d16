import {
  type Command,
  formatOption,
  isOptionOf,
  type Option,
  OPTION_GROUPS,
  OPTIONS,
} from "./options.ts";

const USAGE: Readonly<Record<Command, readonly string[]>> = {
  push: [
    "pushencoder [options] <publishing-point-url> <presentation.ism>",
    "pushencoder [options] <publishing-point-url> <file.ismv> <presentation.ism>",
    "pushencoder [options] --output=<folder> [<file.ismv>] <presentation.ism>",
  ],
  demo: ["pushencoder demo [options]"],
  serve: ["pushencoder serve [options]"],
  inspect: ["pushencoder inspect [options] <file|url>"],
  verify: ["pushencoder verify [options] <recorded body|folder>"],
  bench: [
    "pushencoder bench [options] <publishing-point-url> <presentation.ism>",
    "pushencoder bench merge [--report=<file>] [--hdr=<file>] [--slo=<goals>] [--json] <json>...",
  ],
};

const PURPOSE: Readonly<Record<Command, string>> = {
  push: "Turns an on-demand Smooth Streaming presentation into a live stream and pushes it.",
  demo: "Pushes a sample to a publishing point in this process, with a page to watch it.",
  serve: "Takes what encoders push, and gives it to players.",
  inspect: "Shows what is in a presentation, a media file or a captured body.",
  verify: "Judges recorded request bodies against the rules of the protocol.",
  bench:
    "Loads a publishing point with many channels and measures latency from when fragments are due.",
};

const EXAMPLES: Readonly<Record<Command, string>> = {
  push: "npx pushencoder http://host/live.isml movie.ism",
  demo: "npx pushencoder demo --duration=10",
  serve: "npx pushencoder serve --auto-create",
  inspect: "npx pushencoder inspect movie.ism",
  verify: "npx pushencoder verify recording",
  bench: "npx pushencoder bench --channels=100 http://host/live.isml movie.ism",
};

const INPUT_WRONG = "the input is wrong: missing, unreadable or not what it claims to be";

/** What the exit codes of each command mean, where it is not the same for all. */
const OWN_EXIT_CODES: Readonly<Record<Command, readonly ExitCode[]>> = {
  push: [
    ["0", "every stream ended and the publishing point accepted each"],
    ["3", INPUT_WRONG],
    ["4", "the publishing point refused: credentials, unknown point, any 4xx"],
    ["5", "the connection was lost and not recovered, or 5xx to the end"],
  ],
  demo: [
    ["0", "all that was sent arrived and was right"],
    ["1", "something that arrived was wrong; or a defect of ours"],
  ],
  serve: [["3", "a certificate or its key cannot be read"]],
  inspect: [["0", "all of it could be read"], ["3", INPUT_WRONG]],
  verify: [
    ["0", "no rule was broken"],
    ["3", "a rule was broken; or the input is wrong: missing or unreadable"],
  ],
  bench: [
    ["0", "measured, and what --slo asks for was kept"],
    ["1", "void: the load generator was the bottleneck, or nothing was due; or a defect of ours"],
    ["3", INPUT_WRONG],
    ["4", "nothing could be measured, as the publishing point refused"],
    ["5", "nothing could be measured, as it was lost; or what --slo asks for was not kept"],
  ],
};

const COMMON_EXIT_CODES: readonly ExitCode[] = [
  ["1", "a defect of ours"],
  ["2", "the command line is wrong"],
  ["130", "stopped by Ctrl-C"],
  ["143", "stopped by SIGTERM"],
];

type ExitCode = readonly [code: string, meaning: string];

/** What the exit codes of a command mean, in order. */
function exitCodesOf(command: Command): readonly ExitCode[] {
  const codes = new Map([...COMMON_EXIT_CODES, ...OWN_EXIT_CODES[command]]);
  return [...codes].sort(([a], [b]) => Number(a) - Number(b));
}

/** Lines of columns, each as wide as its longest cell; empty columns go. */
function formatColumns(rows: readonly (readonly string[])[]): string[] {
  const widths = rows[0]!.map((_, column) => Math.max(...rows.map((row) => row[column]!.length)));
  return rows.map((row) => {
    const cells = row.map((cell, column) => cell.padEnd(widths[column]!));
    return `  ${cells.filter((_, column) => widths[column]! > 0).join("  ")}`.trimEnd();
  });
}

function formatRow(option: Option, command: Command): readonly string[] {
  const posix = formatOption(option, "posix");
  return [
    option.short === undefined ? posix : `-${option.short}, ${posix}`,
    option.original === undefined ? "" : formatOption(option, "original"),
    option.helpOf?.[command] ?? option.help,
  ];
}

function formatOptions(command: Command): string[] {
  const options = OPTIONS.filter((option) => isOptionOf(option, command));
  return OPTION_GROUPS
    .map((group) => ({ group, members: options.filter((option) => option.group === group) }))
    .filter(({ members }) => members.length > 0)
    .map(({ group, members }) =>
      [`${group}:`, ...formatColumns(members.map((it) => formatRow(it, command)))].join("\n")
    );
}

function formatUsage(lines: readonly string[]): string {
  return lines.map((line, i) => `${i === 0 ? "Usage: " : "       "}${line}`).join("\n");
}

function formatSection(title: string, lines: readonly string[]): string {
  return [`${title}:`, ...lines].join("\n");
}

/**
 * The help of one command, or that of all with the options of a push.
 * No line is longer than 100 characters, and the last one ends without a line break.
 */
export function helpText(topic?: Command): string {
  const usage = topic
    ? USAGE[topic]
    : [...Object.values(USAGE).flat(), `pushencoder help [${Object.keys(USAGE).join("|")}]`];
  const examples = topic ? [EXAMPLES[topic]] : Object.values(EXAMPLES);
  return [
    formatUsage(usage),
    PURPOSE[topic ?? "push"],
    ...formatOptions(topic ?? "push"),
    formatSection("Exit codes", formatColumns(exitCodesOf(topic ?? "push"))),
    formatSection("Examples", examples.map((line) => `  ${line}`)),
  ].join("\n\n");
}

/** What `--version` shows. */
export function versionText(version: string): string {
  return `pushencoder ${version}`;
}
