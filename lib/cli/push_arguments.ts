import type { Header } from "../ingest/default_headers.ts";
import type { RecoveryOptions } from "../push_options.ts";
import type { CommandLine, GivenOption, GivenOptions } from "./given_arguments.ts";
import { toInput, toPath } from "./inputs.ts";
import { type Login, readLogin } from "./login_arguments.ts";
import {
  type FragmentRange,
  invalidValue,
  readChoice,
  readCount,
  readDuration,
  readIdentifier,
  readLoop,
  readPositiveSeconds,
  readRate,
  readSeconds,
  readSize,
  readSkip,
} from "./option_values.ts";
import type { Choice } from "./options.ts";
import {
  type Credentials,
  isHttpUrl,
  parsePointUrl,
  type PushPoint,
  withCredentials,
} from "./point_url.ts";
import { originalHint, showPositional, wrongPositionals } from "./positionals.ts";
import { parseHeader, splitHeaders } from "./request_header.ts";
import {
  type OutputArguments,
  readLast,
  readMaxFragmentBytes,
  readOutputArguments,
} from "./shared_arguments.ts";
import { type Epoch, parseStartTime } from "./start_time.ts";
import { readTlsArguments, type TlsArguments } from "./tls_arguments.ts";
import { refuseUnused } from "./unused_options.ts";
import { UsageError } from "./usage_error.ts";

/** Push a presentation. */
export interface PushArguments extends OutputArguments {
  readonly command: "push";
  /** The publishing points, each with its credentials; none if `output` is given. */
  readonly points: readonly PushPoint[];
  /** Path or URL of the `.ism`. */
  readonly presentation: string;
  /** Path or URL of the only media file to push; all of them if there is none. */
  readonly mediaFile?: string;
  readonly create: boolean;
  /** Number of passes; `Infinity` for a loop without end. */
  readonly loop: number;
  readonly liveArchive: boolean;
  /** Start the live stream at `start`, in ticks of 100 ns since `epoch`, or now if there is none. */
  readonly realtime?: { readonly start?: bigint };
  readonly epoch: Epoch;
  /** Prefix of the stream ids; the process id if there is none. */
  readonly id?: string;
  readonly eventId?: string;
  readonly noEos: boolean;
  readonly noSparseEos: boolean;
  readonly noHeader: boolean;
  readonly noManifest: boolean;
  /** Path of the XML for the Stream Manifest box. */
  readonly streamManifest?: string;
  /** Request headers to add: those of `--headers`, then each `-H`. */
  readonly headers: readonly Header[];
  /** Pace against the clock, or `"max"` for none. */
  readonly rate: number | "max";
  readonly skip?: FragmentRange;
  readonly group: Choice<"group">;
  readonly auth: Choice<"auth">;
  readonly probe: Choice<"probe">;
  /** Seconds of media after which the push ends. */
  readonly duration?: number;
  readonly sendAt: Choice<"send-at">;
  readonly late: Choice<"late">;
  readonly lateLimitMs: number | undefined;
  readonly precise: boolean;
  /** Path of the publishing point file for `create`. */
  readonly isml?: string;
  /** Path of the file with a bearer token. */
  readonly bearerFile?: string;
  /** A bearer token. */
  readonly bearer?: string;
  readonly tls: TlsArguments;
  readonly recovery: RecoveryOptions;
  /** Path of the folder to write to instead of pushing. */
  readonly output?: string;
  readonly dryRun: boolean;
  readonly maxFragmentBytes: number;
}

function readPoints(given: CommandLine, positional: string, common: Credentials): PushPoint[] {
  const points = [
    parsePointUrl(positional, "the publishing point"),
    ...given.options.all("to").map(({ value = "", spelling }) => parsePointUrl(value, spelling)),
  ].map((point) => withCredentials(point, common));
  if (given.options.has("password") && points.every(({ user }) => user === undefined)) {
    throw new UsageError(
      "Cannot use --password as the user name is missing: write --user=<name>, or set PUSHENCODER_USER",
    );
  }
  return points;
}

interface Target extends Pick<Login, "bearerFile" | "bearer"> {
  readonly points: readonly PushPoint[];
  readonly output?: string;
  /** The positionals after the URL. */
  readonly inputs: readonly string[];
}

const PUSH_POSITIONALS = "a push takes <publishing-point-url> [<file.ismv>] <presentation.ism>";
const OUTPUT_POSITIONALS = "--output takes the place of the URL, so that " +
  "[<file.ismv>] <presentation.ism> are all it takes";

function isPublishingPoint(text: string): boolean {
  return isHttpUrl(text) && /\.isml(?:[/?#]|$)/i.test(text);
}

function readOutputTarget(given: CommandLine, output: GivenOption): Target {
  const { positionals, context } = given;
  if (positionals.length < 1 || positionals.length > 2 || isPublishingPoint(positionals[0]!)) {
    throw wrongPositionals(given, OUTPUT_POSITIONALS);
  }
  return { points: [], output: toPath(output.value!, context), inputs: positionals };
}

function readTarget(given: CommandLine): Target {
  const output = given.options.last("output");
  if (output) return readOutputTarget(given, output);
  const [first, ...inputs] = given.positionals;
  if (first === undefined || inputs.length < 1 || inputs.length > 2) {
    throw wrongPositionals(given, PUSH_POSITIONALS);
  }
  if (!isHttpUrl(first)) {
    throw new UsageError(
      "Cannot use the publishing point as the first argument must be an http or https URL: " +
        `current value is ${showPositional(first)}${originalHint(given)}`,
    );
  }
  const { common, ...bearer } = readLogin(given);
  return { points: readPoints(given, first, common), inputs, ...bearer };
}

function readRealtime(given: GivenOption, epoch: Epoch): { readonly start?: bigint } {
  if (given.value === undefined) return {};
  const start = parseStartTime(given.value, epoch);
  if (start !== undefined) return { start };
  throw invalidValue(
    given,
    "the start must be ticks of 100 ns or an ISO 8601 date, from the epoch on and below 2^63 ticks",
  );
}

/** Reads the request headers: those of `--headers`, then each `-H`. @throws {UsageError} If one is none. */
export function readHeaders(options: GivenOptions): Header[] {
  const list = options.last("headers");
  const fromList = list
    ? splitHeaders(list.value!).map((text) => parseHeader(text, list.spelling))
    : [];
  const each = options.all("header").map(({ value, spelling }) => parseHeader(value!, spelling));
  return [...fromList, ...each];
}

type TimeArguments = Pick<
  PushArguments,
  | "loop"
  | "duration"
  | "rate"
  | "skip"
  | "realtime"
  | "epoch"
  | "liveArchive"
  | "sendAt"
  | "late"
  | "lateLimitMs"
  | "precise"
>;

function readTimeArguments(options: GivenOptions): TimeArguments {
  const epoch = readChoice(options, "epoch", "unix");
  const loop = readLast(options, "loop", readLoop) ?? 1;
  const duration = readLast(options, "duration", readDuration);
  if (options.has("output") && loop === Infinity && duration === undefined) {
    const { spelling } = options.last("loop")!;
    throw new UsageError(
      `Cannot use ${spelling} as --output would fill the disk: write --loop=<N>, or add --duration=<seconds>`,
    );
  }
  return {
    loop,
    duration,
    // Nothing waits for a file.
    rate: readLast(options, "rate", readRate) ?? (options.has("output") ? "max" : 1),
    skip: readLast(options, "skip", readSkip),
    realtime: readLast(options, "realtime", (given) => readRealtime(given, epoch)),
    epoch,
    liveArchive: options.has("live-archive"),
    sendAt: readChoice(options, "send-at", "end"),
    late: readChoice(options, "late", "keep"),
    lateLimitMs: readLast(options, "late-limit", readSeconds),
    precise: options.has("precise"),
  };
}

type StreamArguments = Pick<
  PushArguments,
  | "id"
  | "eventId"
  | "group"
  | "noEos"
  | "noSparseEos"
  | "noHeader"
  | "noManifest"
  | "streamManifest"
>;

function readStreamArguments({ options, context }: CommandLine): StreamArguments {
  return {
    id: readLast(options, "id", readIdentifier),
    eventId: readLast(options, "event-id", readIdentifier),
    group: readChoice(options, "group", "track"),
    noEos: options.has("no-eos"),
    noSparseEos: options.has("no-sparse-eos"),
    noHeader: options.has("no-header"),
    noManifest: options.has("no-manifest"),
    streamManifest: readLast(options, "stream-manifest", ({ value }) => toPath(value!, context)),
  };
}

/** Reads the path of a publishing point file. */
export function readIsml({ options, context }: CommandLine): string | undefined {
  return readLast(options, "isml", ({ value }) => toPath(value!, context));
}

/** Reads what happens when a connection is lost. @throws {UsageError} If a value is out of range. */
export function readRecovery(options: GivenOptions): RecoveryOptions {
  return {
    retries: readLast(options, "retries", readCount),
    giveUpAfterMs: readLast(options, "give-up-after", readSeconds),
    retryDelayMs: readLast(options, "retry-delay", readSeconds),
    resend: readLast(options, "resend", readCount),
    resendWindowBytes: readLast(options, "resend-window", (given) => readSize(given, 0)),
    sendTimeoutMs: readLast(options, "send-timeout", readPositiveSeconds),
    afterOutage: readChoice(options, "after-outage", "catch-up"),
  };
}

/** Reads the arguments of a push. @throws {UsageError} If one is wrong. */
export function readPush(given: CommandLine): PushArguments {
  const { options, context } = given;
  refuseUnused(options);
  const { points, output, inputs, bearerFile, bearer } = readTarget(given);
  const [presentation, mediaFile] = inputs
    .map((text) => toInput(text, context))
    .reverse();
  return {
    command: "push",
    points,
    presentation: presentation!,
    mediaFile,
    create: options.has("create"),
    ...readTimeArguments(options),
    ...readStreamArguments(given),
    headers: readHeaders(options),
    auth: readChoice(options, "auth", "auto"),
    probe: readChoice(options, "probe", "ingest"),
    isml: readIsml(given),
    bearerFile,
    bearer,
    tls: readTlsArguments(given),
    recovery: readRecovery(options),
    output,
    dryRun: options.has("dry-run"),
    ...readOutputArguments(options),
    maxFragmentBytes: readMaxFragmentBytes(options),
  };
}
