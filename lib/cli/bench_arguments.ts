import type { Header } from "../ingest/default_headers.ts";
import type { Shard } from "../load/bench_options.ts";
import type { RecoveryOptions } from "../push_options.ts";
import type { CommandLine, GivenOption, GivenOptions } from "./given_arguments.ts";
import type { Choice, OptionName } from "./options.ts";
import { isPattern, showPattern } from "../load/channel_url.ts";
import { type Goal, parseSlo, SLO_SYNTAX } from "../load/slo.ts";
import { toInput, toPath } from "./inputs.ts";
import { readLogin } from "./login_arguments.ts";
import {
  invalidValue,
  readChoice,
  readFiniteRate,
  readIdentifier,
  readNumber,
  readPositive,
  readPositiveTime,
  readSize,
  readTime,
} from "./option_values.ts";
import { OPTIONS } from "./options.ts";
import {
  type Credentials,
  isHttpUrl,
  parsePointUrl,
  type PushPoint,
  withCredentials,
} from "./point_url.ts";
import { showPositional, wrongPositionals } from "./positionals.ts";
import { readHeaders, readIsml, readRecovery } from "./push_arguments.ts";
import { hideCredentials } from "./quote.ts";
import { readLast, readMaxFragmentBytes } from "./shared_arguments.ts";
import { readTlsArguments, type TlsArguments } from "./tls_arguments.ts";
import { refuseUnused } from "./unused_options.ts";
import { UsageError } from "./usage_error.ts";

/** Where the results of a load test go. */
export interface BenchOutputArguments {
  readonly json: boolean;
  readonly quiet: boolean;
  /** Path of the page to write. */
  readonly report?: string;
  /** Path of the log to write. */
  readonly hdr?: string;
  readonly slo?: readonly Goal[];
}

/** Load a publishing point and measure it. */
export interface BenchArguments extends BenchOutputArguments {
  readonly command: "bench";
  readonly point: PushPoint;
  /** Path or URL of the `.ism`. */
  readonly presentation: string;
  readonly channels: number;
  readonly ramp?: number;
  readonly seconds?: number;
  readonly rate: number;
  readonly phase: Choice<"phase">;
  readonly workers?: number;
  readonly shard?: Shard;
  readonly cacheBytes?: number;
  readonly watch: number;
  readonly findMax: boolean;
  readonly stepSeconds?: number;
  readonly maxChannels?: number;
  readonly calibrateSeconds?: number;
  readonly id?: string;
  readonly group: Choice<"group">;
  readonly create: boolean;
  /** Path of the publishing point file for `create`. */
  readonly isml?: string;
  readonly headers: readonly Header[];
  readonly auth: Choice<"auth">;
  readonly probe: Choice<"probe">;
  /** Path of the file with a bearer token. */
  readonly bearerFile?: string;
  /** A bearer token. */
  readonly bearer?: string;
  readonly tls: TlsArguments;
  readonly recovery: RecoveryOptions;
  readonly maxFragmentBytes: number;
  /** What was given, for the report, by the names of the options; nothing secret. */
  readonly conditions: Readonly<Record<string, string>>;
}

/** Add up the results of several load tests. */
export interface BenchMergeArguments extends BenchOutputArguments {
  readonly command: "bench merge";
  /** Paths of the results, as `--json` writes them. */
  readonly inputs: readonly string[];
}

const POSITIONALS = "bench takes <publishing-point-url> <presentation.ism>";
const DEFAULT_WATCHED = 4;

/** More would only wait to be started. */
const MAX_CHANNELS = 1_000_000;

/** Reads the arguments of `bench`. @throws {UsageError} If one is wrong. */
export function readBench(given: CommandLine): BenchArguments | BenchMergeArguments {
  const { options, positionals, context } = given;
  if (positionals[0] === "merge") return readMerge(given);
  const [url, presentation] = positionals;
  if (url === undefined || presentation === undefined || positionals.length > 2) {
    throw wrongPositionals(given, POSITIONALS);
  }
  const { common, ...bearer } = readLogin(given);
  const channels = readLast(options, "channels", readChannels) ?? 1;
  const findMax = options.has("find-max");
  const watch = readLast(options, "watch", readWatch) ?? 0;
  checkSearch(options, findMax);
  refuseUnused(options);
  return {
    command: "bench",
    point: readPoint(url, common),
    presentation: toInput(presentation, context),
    channels,
    ramp: readLast(options, "ramp", readPositive),
    seconds: readLast(options, "for", readPositiveTime),
    rate: readLast(options, "rate", readPacedRate) ?? 1,
    phase: readChoice(options, "phase", "spread"),
    workers: readLast(options, "workers", readNumber),
    shard: readLast(options, "shard", readShard),
    cacheBytes: readLast(options, "cache", readSize),
    watch,
    findMax,
    stepSeconds: readLast(options, "step", readPositiveTime),
    maxChannels: readLast(options, "max-channels", readChannels),
    calibrateSeconds: readLast(options, "calibrate", readTime),
    id: readLast(options, "id", readIdentifier),
    group: readChoice(options, "group", "track"),
    create: options.has("create"),
    isml: readIsml(given),
    headers: readHeaders(options),
    auth: readChoice(options, "auth", "auto"),
    probe: readChoice(options, "probe", "ingest"),
    ...bearer,
    tls: readTlsArguments(given),
    recovery: readRecovery(options),
    maxFragmentBytes: readMaxFragmentBytes(options),
    conditions: readConditions(options),
    ...readOutput(given),
  };
}

function readMerge(given: CommandLine): BenchMergeArguments {
  const [, ...inputs] = given.positionals;
  if (inputs.length < 1) throw wrongPositionals(given, "bench merge takes <a.json> <b.json> ...");
  const other = OPTIONS.find(({ name }) =>
    !MERGE_OPTIONS.includes(name) && given.options.has(name as OptionName)
  );
  if (other) {
    throw new UsageError(
      `Cannot use --${other.name} with bench merge as it takes --${MERGE_OPTIONS.join(", --")}`,
    );
  }
  return {
    command: "bench merge",
    inputs: inputs.map((text) => toPath(text, given.context)),
    ...readOutput(given),
  };
}

const MERGE_OPTIONS = ["report", "hdr", "slo", "json"];

function readOutput({ options, context }: CommandLine): BenchOutputArguments {
  return {
    json: options.has("json"),
    quiet: options.has("quiet"),
    report: readLast(options, "report", ({ value }) => toPath(value!, context)),
    hdr: readLast(options, "hdr", ({ value }) => toPath(value!, context)),
    slo: readLast(options, "slo", readSlo),
  };
}

function readPoint(url: string, common: Credentials): PushPoint {
  if (!isHttpUrl(url)) {
    throw new UsageError(
      "Cannot use the publishing point as the first argument must be an http or https URL: " +
        `current value is ${showPositional(url)}`,
    );
  }
  if (/[{}]/.test(url) && !isPattern(url)) {
    throw new UsageError(
      "Cannot use the publishing point as a pattern must have {channel} in it: " +
        `current value is ${showPositional(url)}`,
    );
  }
  const point = parsePointUrl(url, "the publishing point");
  return withCredentials({ ...point, url: showPattern(point.url) }, common);
}

function checkSearch(options: GivenOptions, findMax: boolean): void {
  const refuse = (name: OptionName, why: string) => {
    const option = options.last(name);
    if (option) throw new UsageError(`Cannot use ${option.spelling} as ${why}`);
  };
  if (!findMax) {
    for (const name of ["step", "max-channels"] as const) {
      refuse(name, "it belongs to a search: add --find-max");
    }
    return;
  }
  refuse("for", "a search takes as long as it takes: --step says how long each number is held");
  refuse("shard", "a search must see all channels: run it on one machine");
  if (!options.has("slo")) {
    throw new UsageError(
      "Cannot use --find-max as what is to be kept is missing: write --slo='p99<50ms,errors=0'",
    );
  }
}

function readChannels(given: GivenOption): number {
  return readNumber(given, MAX_CHANNELS);
}

function readPacedRate(given: GivenOption): number {
  if (given.value !== "max") return readFiniteRate(given);
  throw invalidValue(
    given,
    "latency counts from when fragments are due, which unpaced ones never are",
  );
}

function readWatch(given: GivenOption): number {
  return given.value === undefined ? DEFAULT_WATCHED : readNumber(given);
}

function readShard(given: GivenOption): Shard {
  const [, a, b] = /^(\d+)\/(\d+)$/.exec(given.value ?? "") ?? [];
  const [index, count] = [Number(a), Number(b)];
  if (index < count && Number.isSafeInteger(count)) return { index, count };
  throw invalidValue(given, "it must be two whole numbers i/n with 0 <= i < n");
}

function readSlo(given: GivenOption): readonly Goal[] {
  try {
    return parseSlo(given.value ?? "");
  } catch {
    throw invalidValue(given, SLO_SYNTAX);
  }
}

/** What a report does not tell: secrets, and where it went itself. */
const LEFT_OUT = ["header", "headers", "user", "report", "hdr", "json", "quiet"];

function readConditions(options: GivenOptions): Record<string, string> {
  const conditions: Record<string, string> = {};
  for (const { name, secret } of OPTIONS) {
    const given = options.last(name as OptionName);
    if (!given || secret || LEFT_OUT.includes(name)) continue;
    conditions[name] = hideCredentials(given.value ?? "yes");
  }
  return conditions;
}
