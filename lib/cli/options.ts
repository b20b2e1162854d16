import { editDistance } from "./edit_distance.ts";

/** What the program can be asked to do; `push` is what it does without a word for it. */
export type Command = "push" | "demo" | "serve" | "inspect" | "verify" | "bench";

/** All commands, in the order in which help names them. */
export const COMMANDS: readonly Command[] = ["push", "demo", "serve", "inspect", "verify", "bench"];

/** Title under which help lists an option. */
export type OptionGroup =
  | "Load"
  | "Measurement"
  | "Times"
  | "Streams"
  | "Publishing point"
  | "Credentials"
  | "Connections"
  | "Limits"
  | "Output"
  | "Other";

/** All groups, in the order in which help lists them. */
export const OPTION_GROUPS: readonly OptionGroup[] = [
  "Load",
  "Measurement",
  "Times",
  "Streams",
  "Publishing point",
  "Credentials",
  "Connections",
  "Limits",
  "Output",
  "Other",
];

/** One option of the command line. */
export interface Option {
  /** The POSIX name, without dashes. */
  readonly name: string;
  /** The original name, without the slash; it is known in any letter case. */
  readonly original?: string;
  /** One letter that stands for the POSIX name. */
  readonly short?: string;
  /** Whether a value follows. */
  readonly value: "none" | "required" | "optional";
  /** What the value is, for help and messages. */
  readonly valueName?: string;
  /** The only values there are. */
  readonly choices?: readonly string[];
  /** Whether each one given counts, not the last one alone. */
  readonly repeat?: boolean;
  /** Whether its value is never shown. */
  readonly secret?: boolean;
  /**
   * The commands that take it.
   *
   * @default {["push"]}
   */
  readonly commands?: readonly Command[];
  readonly group: OptionGroup;
  /** What it does, in one line. */
  readonly help: string;
  /** The same where a command does something else with it. */
  readonly helpOf?: { readonly [command in Command]?: string };
}

const table = [
  {
    name: "channels",
    value: "required",
    valueName: "N",
    commands: ["bench"],
    group: "Load",
    help: "Channels, or how many a search begins with (1)",
  },
  {
    name: "ramp",
    value: "required",
    valueName: "r",
    commands: ["bench"],
    group: "Load",
    help: "New channels per second (50)",
  },
  {
    name: "for",
    value: "required",
    valueName: "time",
    commands: ["bench"],
    group: "Load",
    help: "How long all of them run: 90, 90s, 5m, 1h (30s)",
  },
  {
    name: "phase",
    value: "required",
    choices: ["spread", "aligned"],
    commands: ["bench"],
    group: "Load",
    help: "When fragments are due: one after the other or at once (spread)",
  },
  {
    name: "workers",
    value: "required",
    valueName: "N",
    commands: ["bench"],
    group: "Load",
    help: "Threads (as many as there are cores)",
  },
  {
    name: "shard",
    value: "required",
    valueName: "i/n",
    commands: ["bench"],
    group: "Load",
    help: "The part i of n of the channels, i from 0",
  },
  {
    name: "cache",
    value: "required",
    valueName: "size",
    commands: ["bench"],
    group: "Load",
    help: "Fragments kept for all channels of a thread (256MiB)",
  },
  {
    name: "watch",
    value: "optional",
    valueName: "N",
    commands: ["bench"],
    group: "Measurement",
    help: "Fetch from the point what N channels sent (4)",
  },
  {
    name: "slo",
    value: "required",
    valueName: "goals",
    commands: ["bench"],
    group: "Measurement",
    help: "Objective to meet: p99<50ms,errors=0",
  },
  {
    name: "find-max",
    value: "none",
    commands: ["bench"],
    group: "Measurement",
    help: "Find the most channels that meet --slo",
  },
  {
    name: "step",
    value: "required",
    valueName: "time",
    commands: ["bench"],
    group: "Measurement",
    help: "How long each number is held in a search (10s)",
  },
  {
    name: "max-channels",
    value: "required",
    valueName: "N",
    commands: ["bench"],
    group: "Measurement",
    help: "Most channels that a search tries (100000)",
  },
  {
    name: "calibrate",
    value: "required",
    valueName: "time",
    commands: ["bench"],
    group: "Measurement",
    help: "How long to measure the generator itself, 0 for not (3s)",
  },
  {
    name: "report",
    value: "required",
    valueName: "file.html",
    commands: ["bench"],
    group: "Output",
    help: "Write a page with plots",
  },
  {
    name: "hdr",
    value: "required",
    valueName: "file",
    commands: ["bench"],
    group: "Output",
    help: "Write a log for the tools of HdrHistogram",
  },
  {
    name: "loop",
    original: "loop",
    value: "optional",
    valueName: "N",
    group: "Times",
    help: "Start again at the end, for ever or N passes",
  },
  {
    name: "rate",
    original: "rate",
    value: "required",
    valueName: "r",
    commands: ["push", "demo", "bench"],
    group: "Times",
    help: `Pace: 0.001 to 1000, or "max" for unpaced`,
    helpOf: { bench: "Pace: 0.001 to 1000 (1)" },
  },
  {
    name: "skip",
    original: "skip",
    value: "required",
    valueName: "a,b",
    group: "Times",
    help: "Leave out fragments a to b, from 0, per track",
  },
  {
    name: "realtime",
    original: "realtime",
    value: "optional",
    valueName: "start",
    group: "Times",
    help: "Start now instead of at 0, or at ticks or date",
  },
  {
    name: "epoch",
    value: "required",
    choices: ["unix", "filetime", "dotnet"],
    group: "Times",
    help: "From when the ticks count (unix)",
  },
  {
    name: "live-archive",
    original: "liveArchive",
    value: "none",
    group: "Times",
    help: "The source is an archived live stream",
  },
  {
    name: "duration",
    value: "required",
    valueName: "seconds",
    commands: ["push", "demo"],
    group: "Times",
    help: "End after so many seconds of media",
  },
  {
    name: "send-at",
    value: "required",
    choices: ["end", "start"],
    group: "Times",
    help: "When a fragment leaves: its end or start (end)",
  },
  {
    name: "late",
    value: "required",
    choices: ["keep", "skip"],
    group: "Times",
    help: "Send or leave out what is too late (keep)",
  },
  {
    name: "late-limit",
    value: "required",
    valueName: "seconds",
    group: "Times",
    help: "How late a fragment may be for --late=skip (5)",
  },
  {
    name: "precise",
    value: "none",
    group: "Times",
    help: "Keep time by a thread of its own",
  },
  {
    name: "id",
    original: "id",
    value: "required",
    valueName: "id",
    commands: ["push", "bench"],
    group: "Streams",
    help: "Stream id prefix instead of the process id",
    helpOf: { bench: "Prefix of stream ids, <id>-<channel>-stream<N> (bench)" },
  },
  {
    name: "event-id",
    value: "required",
    valueName: "id",
    group: "Streams",
    help: "Id of the event, the same for all encoders",
  },
  {
    name: "group",
    value: "required",
    choices: ["track", "file"],
    commands: ["push", "bench"],
    group: "Streams",
    help: "One stream for each track or each file (track)",
  },
  {
    name: "no-eos",
    original: "noEOS",
    value: "none",
    group: "Streams",
    help: "Send no end-of-stream box",
  },
  {
    name: "no-sparse-eos",
    original: "noSparseEOS",
    value: "none",
    group: "Streams",
    help: "Send no end-of-stream box for sparse streams",
  },
  {
    name: "no-header",
    original: "noHeader",
    value: "none",
    group: "Streams",
    help: "Send no ftyp box and no moov box",
  },
  {
    name: "no-manifest",
    value: "none",
    group: "Streams",
    help: "Send no Live Server Manifest box",
  },
  {
    name: "stream-manifest",
    original: "streammanifest",
    value: "required",
    valueName: "file",
    group: "Streams",
    help: "Send this XML as the Stream Manifest box",
  },
  {
    name: "create",
    original: "create",
    value: "none",
    commands: ["push", "bench"],
    group: "Publishing point",
    help: "Create the publishing point first (WebDAV)",
  },
  {
    name: "headers",
    original: "headers",
    value: "required",
    valueName: "h1,h2",
    commands: ["push", "bench"],
    group: "Publishing point",
    help: "More request headers",
  },
  {
    name: "header",
    short: "H",
    value: "required",
    valueName: "name: value",
    repeat: true,
    commands: ["push", "bench"],
    group: "Publishing point",
    help: "Add a request header; may be repeated",
  },
  {
    name: "to",
    value: "required",
    valueName: "url",
    repeat: true,
    group: "Publishing point",
    help: "Push to this point too; may be repeated",
  },
  {
    name: "isml",
    value: "required",
    valueName: "file",
    commands: ["push", "bench"],
    group: "Publishing point",
    help: "Publishing point file for --create",
  },
  {
    name: "probe",
    value: "required",
    choices: ["ingest", "point", "none"],
    commands: ["push", "bench"],
    group: "Publishing point",
    help: "Where the empty POST goes first (ingest)",
  },
  {
    name: "host",
    value: "required",
    valueName: "address",
    commands: ["serve"],
    group: "Publishing point",
    help: "Address to listen on (127.0.0.1)",
  },
  {
    name: "auto-create",
    value: "none",
    commands: ["serve"],
    group: "Publishing point",
    help: "Make a publishing point of every URL that is pushed to",
  },
  {
    name: "dvr",
    value: "required",
    valueName: "seconds",
    commands: ["serve"],
    group: "Publishing point",
    help: "How much of the past players can go back, 0 for all (120)",
  },
  {
    name: "archive",
    value: "required",
    valueName: "folder",
    commands: ["serve"],
    group: "Output",
    help: "Keep what comes in as presentations that can be pushed again",
  },
  {
    name: "record",
    value: "required",
    valueName: "folder",
    commands: ["serve"],
    group: "Output",
    help: "Keep request bodies exactly as they come",
  },
  {
    name: "max-points",
    value: "required",
    valueName: "N",
    commands: ["serve"],
    group: "Limits",
    help: "Most publishing points (100)",
  },
  {
    name: "max-streams",
    value: "required",
    valueName: "N",
    commands: ["serve"],
    group: "Limits",
    help: "Most streams of each publishing point (64)",
  },
  {
    name: "max-tracks",
    value: "required",
    valueName: "N",
    commands: ["serve"],
    group: "Limits",
    help: "Most different tracks of a broadcast (256)",
  },
  {
    name: "max-connections",
    value: "required",
    valueName: "N",
    commands: ["serve"],
    group: "Limits",
    help: "Most connections at a time (10000)",
  },
  {
    name: "max-header-size",
    value: "required",
    valueName: "size",
    commands: ["serve"],
    group: "Limits",
    help: "Largest header boxes of a stream (4MiB)",
  },
  {
    name: "max-manifest-size",
    value: "required",
    valueName: "size",
    commands: ["serve"],
    group: "Limits",
    help: "Largest manifest in a stream or publishing point file (1MiB)",
  },
  {
    name: "max-memory",
    value: "required",
    valueName: "size",
    commands: ["serve"],
    group: "Limits",
    help: "Most memory for fragments, the oldest go first (512MiB)",
  },
  {
    name: "idle-timeout",
    value: "required",
    valueName: "seconds",
    commands: ["serve"],
    group: "Limits",
    help: "Cut off a sender that makes no progress for so long (60)",
  },
  {
    name: "user",
    value: "required",
    valueName: "name",
    secret: true, // some write "name:password" here
    commands: ["push", "serve", "bench"],
    group: "Credentials",
    help: "User name, or PUSHENCODER_USER",
  },
  {
    name: "password",
    value: "required",
    valueName: "password",
    secret: true,
    commands: ["push", "serve", "bench"],
    group: "Credentials",
    help: "Better: PUSHENCODER_PASSWORD",
  },
  {
    name: "auth",
    value: "required",
    choices: ["auto", "basic", "digest", "ntlm"],
    commands: ["push", "bench"],
    group: "Credentials",
    help: "Log in as asked, Basic at once, or one scheme only (auto)",
  },
  {
    name: "bearer",
    value: "required",
    valueName: "file",
    commands: ["push", "bench"],
    group: "Credentials",
    help: "File with a bearer token, or PUSHENCODER_BEARER",
  },
  {
    name: "cert",
    value: "required",
    valueName: "file",
    commands: ["push", "serve", "bench"],
    group: "Credentials",
    help: "Certificate of the client, or of serve, PEM",
  },
  {
    name: "key",
    value: "required",
    valueName: "file",
    commands: ["push", "serve", "bench"],
    group: "Credentials",
    help: "Its private key, PEM",
  },
  {
    name: "cacert",
    value: "required",
    valueName: "file",
    commands: ["push", "bench"],
    group: "Credentials",
    help: "Certificates to trust, PEM",
  },
  {
    name: "insecure",
    value: "none",
    commands: ["push", "bench"],
    group: "Credentials",
    help: "Trust any certificate of the server",
  },
  {
    name: "retries",
    value: "required",
    valueName: "N",
    commands: ["push", "bench"],
    group: "Connections",
    help: "Give up after N new tries in a row without progress (never)",
  },
  {
    name: "give-up-after",
    value: "required",
    valueName: "seconds",
    commands: ["push", "bench"],
    group: "Connections",
    help: "Give up after so long without progress (never)",
  },
  {
    name: "retry-delay",
    value: "required",
    valueName: "seconds",
    commands: ["push", "bench"],
    group: "Connections",
    help: "Wait before a new try, doubling up to ten times it (0.5)",
  },
  {
    name: "resend",
    value: "required",
    valueName: "N",
    commands: ["push", "bench"],
    group: "Connections",
    help: "Fragments of each track sent again on a new connection (2)",
  },
  {
    name: "resend-window",
    value: "required",
    valueName: "size",
    commands: ["push", "bench"],
    group: "Connections",
    help: "Also send again what was sent last, up to this size (16MiB)",
  },
  {
    name: "send-timeout",
    value: "required",
    valueName: "seconds",
    commands: ["push", "bench"],
    group: "Connections",
    help: "Replace a connection stuck for so long (two fragments, >= 2)",
  },
  {
    name: "after-outage",
    value: "required",
    choices: ["catch-up", "live-edge"],
    commands: ["push", "bench"],
    group: "Connections",
    help: "Send what was held up, or leave a hole (catch-up)",
  },
  {
    name: "output",
    value: "required",
    valueName: "folder",
    group: "Output",
    help: "Write what would be sent, a file for each stream, instead of pushing",
  },
  {
    name: "dry-run",
    value: "none",
    group: "Output",
    help: "Show the plan, send nothing",
  },
  {
    name: "json",
    value: "none",
    commands: ["push", "demo", "serve", "inspect", "verify", "bench"],
    group: "Output",
    help: "Write one JSON object a line to standard output",
    helpOf: { bench: "Write the results as JSON to standard output, for bench merge too" },
  },
  {
    name: "quiet",
    value: "none",
    commands: ["push", "demo", "serve", "bench"],
    group: "Output",
    help: "Show nothing but errors",
    helpOf: { bench: "Show nothing but the results", demo: "Show nothing but what arrived" },
  },
  {
    name: "verbose",
    value: "none",
    commands: ["push", "demo", "serve"],
    group: "Output",
    help: "Show each fragment",
  },
  {
    name: "port",
    value: "required",
    valueName: "n",
    commands: ["demo", "serve"],
    group: "Other",
    help: "Port to listen on, 0 for any free one (demo: 0, serve: 8080)",
  },
  {
    name: "open",
    value: "none",
    commands: ["demo"],
    group: "Other",
    help: "Open the page in a browser",
  },
  {
    name: "max-fragment-size",
    value: "required",
    valueName: "size",
    commands: ["push", "serve", "inspect", "verify", "bench"],
    group: "Other",
    help: "Refuse larger fragments; bytes, KiB, MiB or GiB (256MiB)",
  },
  {
    name: "help",
    short: "h",
    value: "none",
    commands: ["push", "demo", "serve", "inspect", "verify", "bench"],
    group: "Other",
    help: "Show this help",
  },
  {
    name: "version",
    value: "none",
    commands: ["push", "demo", "serve", "inspect", "verify", "bench"],
    group: "Other",
    help: "Show the version",
  },
] as const satisfies readonly Option[];

/** The name of an option, as in the table. */
export type OptionName = (typeof table)[number]["name"];

type OptionWithChoices = Extract<(typeof table)[number], { choices: readonly string[] }>;

/** The name of an option that takes one of a few values. */
export type ChoiceName = OptionWithChoices["name"];

/** The values that the option `Name` takes. */
export type Choice<Name extends ChoiceName> = Extract<
  OptionWithChoices,
  { name: Name }
>["choices"][number];

/** All options of all commands: what is not in here does not exist. */
export const OPTIONS: readonly Option[] = table;

/** Whether `command` takes `option`. */
export function isOptionOf(option: Option, command: Command): boolean {
  return (option.commands ?? ["push"]).includes(command);
}

/** The option with this POSIX name, without dashes and in this letter case. */
export function findOption(name: string): Option | undefined {
  return OPTIONS.find((option) => option.name === name);
}

/** The option with this letter. */
export function findShortOption(letter: string): Option | undefined {
  return OPTIONS.find((option) => option.short === letter);
}

/** The option with this original name, without the slash and in any letter case. */
export function findOriginalOption(name: string): Option | undefined {
  const wanted = name.toLowerCase();
  return OPTIONS.find((option) => option.original?.toLowerCase() === wanted);
}

/** How an option is written with its value: `--loop[=N]`, `/loop[:N]`. */
export function formatOption(option: Option, style: "posix" | "original"): string {
  const [start, separator] = style === "posix"
    ? [`--${option.name}`, "="]
    : [`/${option.original}`, ":"];
  if (option.value === "none") return start;
  const value = option.choices ? option.choices.join("|") : `<${option.valueName}>`;
  return option.value === "required"
    ? `${start}${separator}${value}`
    : `${start}[${separator}${value}]`;
}

/** An option of a command whose name is like another text. */
export interface NearestOption {
  readonly option: Option;
  /** How many characters are different. */
  readonly distance: number;
}

// Longer than any name: more of it would only cost time.
const MAX_COMPARED_LENGTH = 64;

/**
 * The option of `command` that is most like `text`, in its POSIX or its original spelling.
 *
 * @param text A name, without dashes, slash and value.
 */
export function nearestOption(text: string, command: Command): NearestOption {
  const wanted = text.slice(0, MAX_COMPARED_LENGTH).toLowerCase();
  return OPTIONS
    .filter((option) => isOptionOf(option, command))
    .map((option) => ({
      option,
      distance: Math.min(
        ...[option.name, option.original ?? option.name].map((name) =>
          editDistance(wanted, name.toLowerCase())
        ),
      ),
    }))
    .reduce((best, candidate) => candidate.distance < best.distance ? candidate : best);
}
