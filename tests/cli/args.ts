import { suite } from "uvu";
import * as assert from "uvu/assert";
import {
  type ArgumentContext,
  type Arguments,
  type DemoArguments,
  parseArguments,
  type PushArguments,
} from "../../lib/cli/args.ts";
import { formatOption, isOptionOf, OPTIONS } from "../../lib/cli/options.ts";
import { UsageError } from "../../lib/cli/usage_error.ts";

const URL_TEXT = "http://host/live.isml";
const SECRET = "s3cr:t@/x";

interface Machine {
  files?: readonly string[];
  env?: ArgumentContext["env"];
}

function context({ files = [], env = {} }: Machine = {}): ArgumentContext {
  return { exists: (path) => files.includes(path), env };
}

function parse(argv: readonly string[], machine?: Machine): Arguments {
  return parseArguments(argv, context(machine));
}

function parsePush(argv: readonly string[], machine?: Machine): PushArguments {
  const result = parse(argv, machine);
  if (result.command !== "push") throw new TypeError(`Expected a push: got ${result.command}`);
  return result;
}

/** A push with the positionals it needs and `options`. */
function push(...options: string[]): PushArguments {
  return parsePush([...options, URL_TEXT, "movie.ism"]);
}

function errorOf(argv: readonly string[], machine?: Machine): string {
  try {
    parse(argv, machine);
  } catch (error) {
    assert.instance(error, UsageError);
    return (error as UsageError).message;
  }
  throw new TypeError(`Expected a UsageError: ${JSON.stringify(argv)}`);
}

function pushError(...options: string[]): string {
  return errorOf([...options, URL_TEXT, "movie.ism"]);
}

const test = suite("parseArguments");

test("has a default for everything", () => {
  assert.equal(push(), {
    command: "push",
    points: [{ url: URL_TEXT }],
    presentation: "movie.ism",
    mediaFile: undefined,
    create: false,
    loop: 1,
    duration: undefined,
    rate: 1,
    skip: undefined,
    realtime: undefined,
    epoch: "unix",
    liveArchive: false,
    sendAt: "end",
    late: "keep",
    lateLimitMs: undefined,
    precise: false,
    id: undefined,
    eventId: undefined,
    group: "track",
    noEos: false,
    noSparseEos: false,
    noHeader: false,
    noManifest: false,
    streamManifest: undefined,
    headers: [],
    auth: "auto",
    probe: "ingest",
    isml: undefined,
    bearerFile: undefined,
    bearer: undefined,
    tls: { cacert: undefined, insecure: false },
    recovery: {
      retries: undefined,
      giveUpAfterMs: undefined,
      retryDelayMs: undefined,
      resend: undefined,
      resendWindowBytes: undefined,
      sendTimeoutMs: undefined,
      afterOutage: "catch-up",
    },
    output: undefined,
    dryRun: false,
    json: false,
    quiet: false,
    verbose: false,
    maxFragmentBytes: 268_435_456,
  });
});

const spellings: readonly {
  original: string;
  posix: string;
  key: keyof PushArguments;
  value: unknown;
}[] = [
  { original: "/create", posix: "--create", key: "create", value: true },
  { original: "/loop", posix: "--loop", key: "loop", value: Infinity },
  { original: "/loop:3", posix: "--loop=3", key: "loop", value: 3 },
  { original: "/liveArchive", posix: "--live-archive", key: "liveArchive", value: true },
  { original: "/realtime", posix: "--realtime", key: "realtime", value: {} },
  { original: "/realtime:5", posix: "--realtime=5", key: "realtime", value: { start: 5n } },
  {
    original: "/realtime:1970-01-01T00:00:01Z",
    posix: "--realtime=1970-01-01T00:00:01Z",
    key: "realtime",
    value: { start: 10_000_000n },
  },
  { original: "/id:cam.1%20", posix: "--id=cam.1%20", key: "id", value: "cam.1%20" },
  { original: "/noEOS", posix: "--no-eos", key: "noEos", value: true },
  { original: "/noSparseEOS", posix: "--no-sparse-eos", key: "noSparseEos", value: true },
  { original: "/noHeader", posix: "--no-header", key: "noHeader", value: true },
  {
    original: "/streammanifest:my streams.xml",
    posix: "--stream-manifest=my streams.xml",
    key: "streamManifest",
    value: "my streams.xml",
  },
  {
    original: "/headers:A: 1, 2,B: http://x",
    posix: "--headers=A: 1, 2,B: http://x",
    key: "headers",
    value: [["A", "1, 2"], ["B", "http://x"]],
  },
  { original: "/rate:0.999", posix: "--rate=0.999", key: "rate", value: 0.999 },
  { original: "/rate:max", posix: "--rate=max", key: "rate", value: "max" },
  { original: "/skip:2,5", posix: "--skip=2,5", key: "skip", value: { first: 2, last: 5 } },
];
for (const { original, posix, key, value } of spellings) {
  test(`reads ${original} and ${posix} alike, anywhere on the line`, () => {
    const [name, ...rest] = original.split(":");
    const tail = rest.length === 0 ? "" : `:${rest.join(":")}`;
    const forms = [original, name!.toLowerCase() + tail, name!.toUpperCase() + tail, posix];
    for (const form of forms) {
      assert.equal(parsePush([form, URL_TEXT, "movie.ism"])[key], value, form);
      assert.equal(parsePush([URL_TEXT, form, "movie.ism"])[key], value, form);
      assert.equal(parsePush([URL_TEXT, "movie.ism", form])[key], value, form);
    }
  });
}

const posixOnly: readonly { argv: string[]; key: keyof PushArguments; value: unknown }[] = [
  { argv: ["--event-id=e1"], key: "eventId", value: "e1" },
  { argv: ["--group=file"], key: "group", value: "file" },
  { argv: ["--group=track"], key: "group", value: "track" },
  { argv: ["--auth=auto"], key: "auth", value: "auto" },
  { argv: ["--auth=basic"], key: "auth", value: "basic" },
  { argv: ["--probe=ingest"], key: "probe", value: "ingest" },
  { argv: ["--probe=point"], key: "probe", value: "point" },
  { argv: ["--probe=none"], key: "probe", value: "none" },
  { argv: ["--duration=2.5"], key: "duration", value: 2.5 },
  { argv: ["--send-at=start"], key: "sendAt", value: "start" },
  { argv: ["--send-at=end"], key: "sendAt", value: "end" },
  { argv: ["--late=skip"], key: "late", value: "skip" },
  { argv: ["--late=keep"], key: "late", value: "keep" },
  { argv: ["--late=skip", "--late-limit=1.5"], key: "lateLimitMs", value: 1500 },
  { argv: ["--precise"], key: "precise", value: true },
  { argv: ["--realtime", "--epoch=filetime"], key: "epoch", value: "filetime" },
  { argv: ["--realtime", "--epoch=dotnet"], key: "epoch", value: "dotnet" },
  { argv: ["--realtime", "--epoch=unix"], key: "epoch", value: "unix" },
  { argv: ["--no-manifest"], key: "noManifest", value: true },
  { argv: ["--dry-run"], key: "dryRun", value: true },
  { argv: ["--json"], key: "json", value: true },
  { argv: ["--quiet"], key: "quiet", value: true },
  { argv: ["--verbose"], key: "verbose", value: true },
  { argv: ["-H", "A: 1"], key: "headers", value: [["A", "1"]] },
  { argv: ["-HA: 1"], key: "headers", value: [["A", "1"]] },
  { argv: ["--header", "A: 1"], key: "headers", value: [["A", "1"]] },
  { argv: ["--header=A: 1"], key: "headers", value: [["A", "1"]] },
  {
    argv: ["-H", "A: 1", "--headers=B: 2,C: 3", "-H", "A: 4"],
    key: "headers",
    value: [["B", "2"], ["C", "3"], ["A", "1"], ["A", "4"]],
  },
  { argv: ["--create", "--isml=my.isml"], key: "isml", value: "my.isml" },
  { argv: ["--bearer=token.txt"], key: "bearerFile", value: "token.txt" },
  { argv: ["--auth=digest"], key: "auth", value: "digest" },
  { argv: ["--max-fragment-size=1000"], key: "maxFragmentBytes", value: 1000 },
  { argv: ["--max-fragment-size=2KiB"], key: "maxFragmentBytes", value: 2048 },
  { argv: ["--max-fragment-size=3mib"], key: "maxFragmentBytes", value: 3 * 2 ** 20 },
  { argv: ["--max-fragment-size=1 GiB"], key: "maxFragmentBytes", value: 2 ** 30 },
  { argv: ["--rate=0.001"], key: "rate", value: 0.001 },
  { argv: ["--rate=1000"], key: "rate", value: 1000 },
  { argv: ["--rate=.5"], key: "rate", value: 0.5 },
  { argv: ["--loop=1"], key: "loop", value: 1 },
  { argv: ["--skip=0,0"], key: "skip", value: { first: 0, last: 0 } },
];
for (const { argv, key, value } of posixOnly) {
  test(`reads ${argv.join(" ")}`, () => {
    assert.equal(push(...argv)[key], value);
  });
}

const detached: readonly { argv: string[]; key: keyof PushArguments; value: unknown }[] = [
  { argv: ["--id", "cam"], key: "id", value: "cam" },
  { argv: ["--id", "-5"], key: "id", value: "-5" },
  { argv: ["--rate", "2"], key: "rate", value: 2 },
  { argv: ["--skip", "2,5"], key: "skip", value: { first: 2, last: 5 } },
  { argv: ["--headers", "A: 1,B: 2"], key: "headers", value: [["A", "1"], ["B", "2"]] },
  { argv: ["--stream-manifest", "/tmp/a b.xml"], key: "streamManifest", value: "/tmp/a b.xml" },
  { argv: ["--event-id", "e"], key: "eventId", value: "e" },
  { argv: ["--group", "file"], key: "group", value: "file" },
  { argv: ["--duration", "4"], key: "duration", value: 4 },
  { argv: ["--send-at", "start"], key: "sendAt", value: "start" },
  { argv: ["--max-fragment-size", "5"], key: "maxFragmentBytes", value: 5 },
  {
    argv: ["--to", "http://b/x"],
    key: "points",
    value: [{ url: URL_TEXT }, { url: "http://b/x" }],
  },
];
for (const { argv, key, value } of detached) {
  test(`takes the next argument for a value: ${argv.join(" ")}`, () => {
    assert.equal(push(...argv)[key], value);
  });
}

test("takes the last of a repeated option, in any spelling", () => {
  assert.is(push("/rate:2", "--rate=3", "--rate", "4").rate, 4);
  assert.is(push("--rate=4", "/RATE:2").rate, 2);
  assert.is(push("--loop=2", "/loop").loop, Infinity);
  assert.equal(push("--headers=A: 1", "/headers:B: 2").headers, [["B", "2"]]);
});

test("gives a single media file before the presentation", () => {
  const { points, mediaFile, presentation } = parsePush([URL_TEXT, "a.ismv", "movie.ism"]);
  assert.equal([points, mediaFile, presentation], [[{ url: URL_TEXT }], "a.ismv", "movie.ism"]);
});

test("takes an argument with a slash for a path unless its name is known", () => {
  assert.is(parsePush([URL_TEXT, "/movies"]).presentation, "/movies");
  assert.is(parsePush([URL_TEXT, "/loop/movie.ism"]).presentation, "/loop/movie.ism");
  assert.is(parsePush([URL_TEXT, "/looping"]).presentation, "/looping");
  assert.is(parsePush([URL_TEXT, "/id=5"]).presentation, "/id=5");
  assert.is(parsePush([URL_TEXT, "/live-archive"]).presentation, "/live-archive");
});

test("ends the options at two dashes", () => {
  const { presentation, mediaFile } = parsePush(["--create", "--", URL_TEXT, "--loop", "/loop"]);
  assert.equal([mediaFile, presentation], ["--loop", "/loop"]);
});

test("separates folders at a backslash where no such file exists", () => {
  const machine = { files: ["a\\b.ism"] };
  assert.is(parsePush([URL_TEXT, "a\\b.ism"]).presentation, "a/b.ism");
  assert.is(parsePush([URL_TEXT, "a\\b.ism"], machine).presentation, "a\\b.ism");
  const all = parsePush([URL_TEXT, ".\\v.ismv", "a\\b.ism", "/streammanifest:x\\s.xml"]);
  assert.equal([all.mediaFile, all.streamManifest], ["./v.ismv", "x/s.xml"]);
  assert.is(parsePush(["--output=out\\dir", "a.ism"]).output, "out/dir");
  assert.equal(parse(["inspect", "a\\b.ism"]), {
    command: "inspect",
    input: "a/b.ism",
    json: false,
    maxFragmentBytes: 268_435_456,
  });
});

test("takes a presentation from a URL as it is", () => {
  const url = "https://host/a\\b.ism?x=1";
  assert.is(parsePush([URL_TEXT, url]).presentation, url);
});

test("converts a date to ticks of the epoch, wherever that is given", () => {
  const date = "--realtime=1970-01-01";
  assert.equal(push(date).realtime, { start: 0n });
  assert.equal(push(date, "--epoch=filetime").realtime, { start: 116_444_736_000_000_000n });
  assert.equal(push("--epoch=dotnet", date).realtime, { start: 621_355_968_000_000_000n });
  assert.equal(push("--epoch=dotnet", "--realtime=7").realtime, { start: 7n });
});

test("writes unpaced with --output, unless a rate is given", () => {
  const { points, output, rate } = parsePush(["--output=dir", "movie.ism"]);
  assert.equal([points, output, rate], [[], "dir", "max"]);
  assert.is(parsePush(["--output=dir", "movie.ism", "--rate=2"]).rate, 2);
  const { mediaFile, presentation } = parsePush(["--output", "dir", "a.ismv", "movie.ism"]);
  assert.equal([mediaFile, presentation], ["a.ismv", "movie.ism"]);
});

test("loops into a folder where there is an end to it", () => {
  assert.is(parsePush(["--output=dir", "--loop=2", "movie.ism"]).loop, 2);
  assert.is(parsePush(["--output=dir", "--loop", "--duration=9", "movie.ism"]).loop, Infinity);
});

test("reads demo", () => {
  const byDefault: DemoArguments = {
    command: "demo",
    duration: undefined,
    rate: 1,
    port: 0,
    open: false,
    json: false,
    quiet: false,
    verbose: false,
  };
  assert.equal(parse(["demo"]), byDefault);
  assert.equal(parse(["demo", "--open"]), { ...byDefault, open: true });
  assert.equal(parse(["--duration=10", "demo", "/rate:4", "--port", "8080", "--json", "--quiet"]), {
    ...byDefault,
    duration: 10,
    rate: 4,
    port: 8080,
    json: true,
    quiet: true,
  });
  assert.equal(parse(["demo", "--verbose"]), { ...byDefault, verbose: true });
});

test("reads inspect", () => {
  assert.equal(parse(["inspect", "--json", "http://host/a.ism", "--max-fragment-size=1KiB"]), {
    command: "inspect",
    input: "http://host/a.ism",
    json: true,
    maxFragmentBytes: 1024,
  });
});

const helps: readonly { argv: string[]; result: Arguments }[] = [
  { argv: ["--help"], result: { command: "help" } },
  { argv: ["-h"], result: { command: "help" } },
  { argv: ["help"], result: { command: "help" } },
  { argv: ["help", "help"], result: { command: "help" } },
  { argv: ["help", "push"], result: { command: "help", topic: "push" } },
  { argv: ["help", "demo"], result: { command: "help", topic: "demo" } },
  { argv: ["help", "inspect"], result: { command: "help", topic: "inspect" } },
  { argv: ["demo", "-h"], result: { command: "help", topic: "demo" } },
  { argv: ["--help", "inspect"], result: { command: "help", topic: "inspect" } },
  { argv: [URL_TEXT, "--rate=0", "--lopp", "--id", "--help"], result: { command: "help" } },
  { argv: ["--version"], result: { command: "version" } },
  { argv: ["--version", "--lopp"], result: { command: "version" } },
  { argv: ["--version", "--help"], result: { command: "help" } },
];
for (const { argv, result } of helps) {
  test(`reads ${argv.join(" ")}`, () => {
    assert.equal(parse(argv), result);
  });
}

test("knows a command by its exact word alone", () => {
  assert.is(parsePush([URL_TEXT, "demo"]).presentation, "demo");
  assert.match(errorOf(["Demo"]), "<publishing-point-url>");
  assert.match(errorOf(["./demo", "movie.ism"]), "http or https URL");
});

test("takes credentials out of the URL and decodes them", () => {
  const url = `http://me:${encodeURIComponent(SECRET)}@host:8080/live.isml?a=b`;
  assert.equal(parsePush([url, "movie.ism"]).points, [
    { url: "http://host:8080/live.isml?a=b", user: "me", password: SECRET },
  ]);
});

const credentialCases: readonly {
  name: string;
  argv: string[];
  env?: ArgumentContext["env"];
  points: PushArguments["points"];
}[] = [
  {
    name: "options",
    argv: [URL_TEXT, "m.ism", "--user=me", "--password=pw"],
    points: [{ url: URL_TEXT, user: "me", password: "pw" }],
  },
  {
    name: "options with the values detached, also with a dash",
    argv: [URL_TEXT, "m.ism", "--user", "me", "--password", "-pw"],
    points: [{ url: URL_TEXT, user: "me", password: "-pw" }],
  },
  {
    name: "the environment",
    argv: [URL_TEXT, "m.ism"],
    env: { PUSHENCODER_USER: "me", PUSHENCODER_PASSWORD: "pw" },
    points: [{ url: URL_TEXT, user: "me", password: "pw" }],
  },
  {
    name: "options before the environment",
    argv: [URL_TEXT, "m.ism", "--user=you"],
    env: { PUSHENCODER_USER: "me", PUSHENCODER_PASSWORD: "pw" },
    points: [{ url: URL_TEXT, user: "you", password: "pw" }],
  },
  {
    name: "nothing where the environment is empty",
    argv: [URL_TEXT, "m.ism"],
    env: { PUSHENCODER_USER: "", PUSHENCODER_PASSWORD: "" },
    points: [{ url: URL_TEXT }],
  },
  {
    name: "URLs before options, for each point",
    argv: [
      "http://a:1@h/x.isml",
      "m.ism",
      "--to=http://h2/x.isml",
      "--to=http://b:2@h3/x.isml",
      "--user=me",
      "--password=pw",
    ],
    points: [
      { url: "http://h/x.isml", user: "a", password: "1" },
      { url: "http://h2/x.isml", user: "me", password: "pw" },
      { url: "http://h3/x.isml", user: "b", password: "2" },
    ],
  },
  {
    name: "the user from the URL and the password from an option",
    argv: ["http://a@h/x.isml", "m.ism", "--password=pw"],
    points: [{ url: "http://h/x.isml", user: "a", password: "pw" }],
  },
  {
    name: "not the password of another user",
    argv: ["http://a@h/x.isml", "m.ism", "--user=b", "--password=pw"],
    points: [{ url: "http://h/x.isml", user: "a" }],
  },
];
for (const { name, argv, env, points } of credentialCases) {
  test(`takes from credentials: ${name}`, () => {
    assert.equal(parsePush(argv, { env }).points, points);
  });
}

const badValues: readonly { option: string; accepted: string }[] = [
  ...["0", "0.0009", "1000.1", "-1", "fast", "1e2", "NaN", "Infinity", "1,5", "0x10"].map((
    rate,
  ) => ({
    option: `--rate=${rate}`,
    accepted: `0.001 to 1000, or "max"`,
  })),
  ...["5,2", "5", "-1,2", "1,2,3", "a,b", "1.5,2", "1, 2", "1,99999999999999999"].map((skip) => ({
    option: `--skip=${skip}`,
    accepted: "0 <= a <= b",
  })),
  ...["a/b", "a b", "a(b", "a)b", "%", "%2", "%zz", "ä", "a\\b"].flatMap((id) => [
    { option: `--id=${id}`, accepted: "%HH" },
    { option: `--event-id=${id}`, accepted: "%HH" },
  ]),
  ...["0", "-1", "1.5", "for ever", "99999999999999999999"].map((loop) => ({
    option: `--loop=${loop}`,
    accepted: "from 1 on",
  })),
  ...["0", "-1", "ten", "9".repeat(400)].map((seconds) => ({
    option: `--duration=${seconds}`,
    accepted: "above 0",
  })),
  ...["now", "-5", "1969-12-31", "2024-02-30", "2024-01-01T25:00", "9223372036854775808"].map(
    (start) => ({ option: `--realtime=${start}`, accepted: "ISO 8601" }),
  ),
  ...["0", "-1", "1.5MiB", "1TB", "9007199254740992", "MiB"].map((size) => ({
    option: `--max-fragment-size=${size}`,
    accepted: "KiB, MiB or GiB",
  })),
  { option: "--group=File", accepted: `"track" or "file"` },
  { option: "--auth=none", accepted: `"auto", "basic", "digest" or "ntlm"` },
  { option: "--retries=-1", accepted: "a whole number from 0 on" },
  { option: "--resend=x", accepted: "a whole number from 0 on" },
  { option: "--give-up-after=soon", accepted: "a number of seconds from 0 on" },
  { option: "--retry-delay=-0.5", accepted: "a number of seconds from 0 on" },
  { option: "--send-timeout=1s", accepted: "a number of seconds from 0.001 on" },
  { option: "--send-timeout=0", accepted: "a number of seconds from 0.001 on" },
  { option: "--resend-window=-1", accepted: "MiB or GiB, from 0 on" },
  { option: "--after-outage=wait", accepted: `"catch-up" or "live-edge"` },
  { option: "--probe=no", accepted: `"ingest", "point" or "none"` },
  { option: "--send-at=middle", accepted: `"end" or "start"` },
  { option: "--create=yes", accepted: "takes no value" },
];
for (const { option, accepted } of badValues) {
  test(`refuses ${option.slice(0, 40)} and says what is accepted`, () => {
    const message = pushError(option);
    const [name, value] = option.split("=", 2);
    assert.match(message, `Cannot use ${name} as `);
    assert.match(message, accepted);
    assert.match(message, JSON.stringify(value).slice(0, 50));
  });
}

test("reads what serve is to do", () => {
  const byDefault = {
    command: "serve",
    port: 8080,
    host: "127.0.0.1",
    autoCreate: false,
    limits: {},
    json: false,
    quiet: false,
    verbose: false,
  };
  assert.equal(plain(parse(["serve"])), byDefault);
  const options = ["--port=0", "--host", "::", "--dvr=60.5", "--auto-create", "--max-points=3"];
  const files = ["--cert=c.pem", "--key=k.pem", "--idle-timeout=1.5", "--max-memory=1GiB"];
  const more = ["--max-connections=9", "--max-tracks=8"];
  const env = { PUSHENCODER_USER: "u", PUSHENCODER_PASSWORD: "p" };
  const folders = ["--archive=a\\b", "--record", "r"];
  assert.equal(plain(parse(["serve", ...options, ...files, ...folders, ...more], { env })), {
    ...byDefault,
    archive: "a/b",
    record: "r",
    port: 0,
    host: "::",
    dvr: 60.5,
    autoCreate: true,
    credentials: { user: "u", password: "p" },
    tls: { cert: "c.pem", key: "k.pem" },
    limits: { points: 3, tracks: 8, idleMs: 1500, memoryBytes: 2 ** 30 },
    maxConnections: 9,
  });
  assert.match(errorOf(["serve", "x"]), "serve takes none");
  assert.match(errorOf(["serve", "--user=x"]), "PUSHENCODER_PASSWORD");
  assert.match(errorOf(["serve", "--password=x"]), "PUSHENCODER_USER");
  assert.match(errorOf(["serve", "--cert=x"]), "--key is missing");
  assert.match(errorOf(["serve", "--key=x"]), "--cert is missing");
  assert.match(errorOf(["serve", "--max-streams=0"]), "from 1 on");
  assert.match(errorOf(["serve", "--idle-timeout=0"]), "from 0.001 on");
  assert.match(errorOf(["serve", "--dvr=-1"]), "from 0 on");
});

test("reads what verify is to judge", () => {
  const byDefault = { command: "verify", input: "rec", json: false, maxFragmentBytes: 2 ** 28 };
  assert.equal(parse(["verify", "rec"]), byDefault);
  const options = ["--json", "--max-fragment-size=1MiB"];
  assert.equal(parse(["verify", ...options, "a\\b.bin"]), {
    ...byDefault,
    input: "a/b.bin",
    json: true,
    maxFragmentBytes: 2 ** 20,
  });
  assert.match(errorOf(["verify"]), "verify takes <recorded body|folder>");
  assert.match(errorOf(["verify", "a", "b"]), "verify takes <recorded body|folder>");
  assert.match(errorOf(["verify", "--loop", "a"]), "Cannot use --loop with verify");
});

/** Without what is undefined. */
const plain = (value: unknown) => JSON.parse(JSON.stringify(value));

test("refuses a port that there is not", () => {
  for (const port of ["65536", "-1", "http"]) {
    assert.match(errorOf(["demo", `--port=${port}`]), "0 to 65535");
  }
});

for (const option of OPTIONS.filter((option) => option.value !== "none")) {
  const command = isOptionOf(option, "push") ? [] : [option.commands![0]!];
  const bare = option.value === "required"
    ? [[`--${option.name}`], [`--${option.name}`, "--json"]]
    : [];
  test(`says that the value of --${option.name} is missing`, () => {
    for (const argv of [[`--${option.name}=`], ...bare]) {
      const message = errorOf([...command, ...argv]);
      assert.match(message, `Cannot use --${option.name} as its value is missing`);
      assert.match(message, `write ${formatOption(option, "posix")}`);
    }
  });
  if (option.original === undefined) continue;
  test(`says that the value of /${option.original} is missing`, () => {
    const bare = option.value === "required" ? [`/${option.original}`] : [];
    for (const argument of [`/${option.original}:`, ...bare]) {
      assert.match(errorOf([argument, "x"]), `write ${formatOption(option, "original")}`);
    }
  });
}

test("does not take an option for the value of the one before", () => {
  for (const next of ["--", "--create", "--what", "-H", "/create", "/id:5"]) {
    assert.match(
      errorOf(["--id", next, "x", "y"]),
      "Cannot use --id as its value is missing",
      next,
    );
  }
  assert.match(pushError("-H", "--create"), "Cannot use -H as its value is missing");
});

const unknown: readonly { given: string; nearest: string }[] = [
  { given: "--lopp", nearest: "--loop" },
  { given: "--Loop", nearest: "--loop" },
  { given: "--live-archiv", nearest: "--live-archive" },
  { given: "--liveArchive", nearest: "--live-archive" },
  { given: "--noEOS", nearest: "--no-eos" },
  { given: "-loop", nearest: "--loop" },
  { given: "-x", nearest: "--" },
  { given: "--__proto__", nearest: "--" },
  { given: "--output-folder", nearest: "--output" },
];
for (const { given, nearest } of unknown) {
  test(`says that ${given} is not known, and what is`, () => {
    const message = pushError(given);
    assert.match(message, `Cannot use "${given}" as there is no such option`);
    assert.match(message, `the nearest is ${nearest}`);
  });
}

test("says that an option belongs to another command", () => {
  assert.match(
    errorOf(["demo", "--create"]),
    "Cannot use --create with demo as it belongs to push",
  );
  assert.match(
    errorOf(["inspect", "/loop", "x"]),
    "Cannot use /loop with inspect as it belongs to push",
  );
  assert.match(pushError("--port=1"), "as it belongs to demo and serve: the nearest is");
  assert.match(
    errorOf(["serve", "--rate=1"]),
    'as it belongs to push, demo and bench: "pushencoder help serve" lists all',
  );
});

test("says how many arguments there must be", () => {
  const accepted = "<publishing-point-url> [<file.ismv>] <presentation.ism>";
  assert.match(errorOf([]), accepted);
  assert.match(errorOf(["movie.ism"]), `${accepted}: current value is "movie.ism"`);
  assert.match(errorOf([URL_TEXT, "a", "b", "c"]), "Cannot take 4 arguments");
  assert.match(errorOf(["demo", "movie.ism"]), "demo takes none");
  assert.match(errorOf(["inspect"]), "<file|url>");
  assert.match(errorOf(["inspect", "a", "b"]), "<file|url>");
  assert.match(errorOf(["help", "demo", "inspect"]), "Cannot show help");
  assert.match(errorOf(["help", "me"]), `current value is "me"`);
});

test("names the nearest original option where one was taken for a path", () => {
  assert.match(errorOf([URL_TEXT, "a.ismv", "m.ism", "/looop"]), `"/looop" is taken for a path`);
  assert.match(errorOf(["/noEOSS", URL_TEXT]), "the nearest option is /noEOS");
  assert.match(errorOf(["/output:dir", "m.ism"]), "the nearest option is --output=<folder>");
});

test("says how an optional value is written", () => {
  assert.match(errorOf([URL_TEXT, "m.ism", "--loop", "3"]), "write --loop=3");
  assert.match(errorOf(["/Realtime", "2024-01-01", URL_TEXT, "m.ism"]), "/Realtime:2024-01-01");
  const { presentation } = parsePush([URL_TEXT, "--loop", "3"], { files: ["3"] });
  assert.is(presentation, "3");
});

test("refuses with --output what belongs to a publishing point", () => {
  const output = ["--output=dir", "m.ism"];
  assert.match(errorOf([...output, `--to=${URL_TEXT}`]), "Cannot use --to as");
  assert.match(errorOf([...output, "/create"]), "Cannot use /create as");
  assert.match(errorOf([URL_TEXT, ...output]), "--output takes the place of the URL");
  assert.match(errorOf(["--output=dir"]), "--output takes the place of the URL");
  assert.match(errorOf([...output, "a", "b"]), "--output takes the place of the URL");
  assert.match(errorOf([...output, "/loop"]), "would fill the disk");
});

test("refuses options that contradict each other", () => {
  assert.match(pushError("--quiet", "--verbose"), "leave out one");
  assert.match(pushError("--password=x"), "--user=<name>");
});

const headerCases: readonly { header: string; why: string }[] = [
  { header: "Expect: 100-continue", why: "the empty POST" },
  { header: "transfer-encoding: chunked", why: "always chunked" },
  { header: "Content-Length: 5", why: "always chunked" },
  { header: "HOST: x", why: "follows from the URL" },
  { header: "Connection: close", why: "the HTTP client says this" },
  { header: "no colon", why: `"Name: value"` },
  { header: ": value", why: `"Name: value"` },
  { header: "A : 1", why: `"Name: value"` },
  { header: "Ä: 1", why: `"Name: value"` },
  { header: "A: one\r\nB: two", why: "one line" },
  { header: "A: €", why: "Latin-1" },
];
for (const { header, why } of headerCases) {
  test(`refuses the header ${JSON.stringify(header)} and says why`, () => {
    assert.match(pushError("-H", header), `Cannot use -H as `);
    assert.match(pushError("-H", header), why);
    assert.match(pushError(`/headers:${header}`), why);
  });
}

const urls = [
  "host/live.isml",
  "ftp://host/live.isml",
  "http:/host/live.isml",
  "http://",
  "http://host",
  "http://host/",
  "http://host:port/live.isml",
  "http://[::1/live.isml",
  "http://host/live.isml#now",
];
for (const url of urls) {
  test(`refuses ${url} as a publishing point`, () => {
    assert.match(errorOf([url, "movie.ism"]), "Cannot use the publishing point as");
    assert.match(errorOf([URL_TEXT, "movie.ism", `--to=${url}`]), "Cannot use --to as");
  });
}

const WORD = "hunter2";
const leaks: readonly string[][] = [
  [`ftp://me:${WORD}@host/x.isml`, "m.ism"],
  [`me:${WORD}@host/x.isml`, "m.ism"],
  [`http:/me:${WORD}@host/x.isml`, "m.ism"],
  [`http://me:${WORD}@host`, "m.ism"],
  [`http://me:${WORD}@host:port/x.isml`, "m.ism"],
  [`http://me:a/${WORD}@host/x.isml`, "m.ism"],
  [`http://me:1#${WORD}@host/x.isml`, "m.ism"],
  [`http://me:1?${WORD}@host/x.isml`, "m.ism"],
  [`http://me:a@${WORD}@/x.isml`, "m.ism"],
  [`http://me:${WORD}%40host/x.isml`, "m.ism"],
  [`http://me:${WORD}%zz@host/x.isml`, "m.ism"],
  [`http://m%3Ae:${WORD}@host/x.isml`, "m.ism"],
  [`http://me:${WORD}@host/x.isml`],
  [`http://me:${WORD}@host/x.isml`, "a", "b", "c"],
  [URL_TEXT, `http://me:${WORD}@host/m.ism`],
  [URL_TEXT, `http://me:${WORD}@host:x/a.ismv`, "m.ism"],
  [URL_TEXT, "m.ism", `--to=ftp://me:${WORD}@host/x`],
  [`http://me:${WORD}@host/x.isml`, "--output=dir", "m.ism"],
  ["inspect", `http://me:${WORD}@host/m.ism`],
  ["demo", `http://me:${WORD}@host/m.ism`],
  ["help", `http://me:${WORD}@host/m.ism`],
  [URL_TEXT, "m.ism", `--rate=http://me:${WORD}@host/x`],
  [URL_TEXT, "m.ism", `--password=${WORD}`],
  [URL_TEXT, "m.ism", "--password", `--${WORD}`],
  [URL_TEXT, "m.ism", `--user=me:${WORD}`],
  [URL_TEXT, "m.ism", `--pasword=${WORD}`],
  [URL_TEXT, "m.ism", `--password:${WORD}`],
  [URL_TEXT, "m.ism", `--password ${WORD}`],
  [URL_TEXT, "m.ism", `--password${WORD}`],
  [URL_TEXT, "m.ism", `-p${WORD}`],
  [URL_TEXT, "m.ism", "-p", WORD],
  [URL_TEXT, "m.ism", `-u=me:${WORD}`],
  [URL_TEXT, "m.ism", `/password:${WORD}`],
  [URL_TEXT, "m.ism", "/user", "me", "/password", WORD],
  [URL_TEXT, "a", "m.ism", `/pwd:${WORD}`],
  [URL_TEXT, "m.ism", "-H", `Authorization Bearer ${WORD}`],
  [URL_TEXT, "m.ism", "-H", `Authorization: Bearer ${WORD}\n`, "-H", `A: ${WORD}€`],
  ["demo", "--password", WORD],
];
for (const argv of leaks) {
  test(`never shows the password of ${argv.join(" ")}`, () => {
    const env = { PUSHENCODER_PASSWORD: WORD };
    assert.not.match(errorOf(argv, { env }), WORD);
    assert.not.match(errorOf([...argv, "--quiet", "--verbose"], { env }), WORD);
  });
}

test("never shows what the environment has", () => {
  const env = { PUSHENCODER_USER: `me:${WORD}`, PUSHENCODER_PASSWORD: WORD };
  const message = errorOf([URL_TEXT, "m.ism"], { env });
  assert.match(message, "Cannot use PUSHENCODER_USER as");
  assert.not.match(message, WORD);
});

test("says what is wrong in one line, whatever was given", () => {
  const nasty = "a\nb\r\u001b[2J\u009b\u2028" + "x".repeat(10_000);
  const lines = [
    [nasty],
    [nasty, "m.ism"],
    [URL_TEXT, "m.ism", `--${nasty}`],
    [URL_TEXT, "m.ism", `-${nasty}`],
    [URL_TEXT, "m.ism", `--id=${nasty}`],
    [URL_TEXT, "m.ism", "-H", nasty],
    [URL_TEXT, "m.ism", `--to=http://[${nasty}`],
    ["help", nasty],
    ["inspect", nasty, nasty],
  ];
  for (const argv of lines) {
    const message = errorOf(argv);
    // deno-lint-ignore no-control-regex
    assert.not.match(message, /[\u0000-\u001f\u007f-\u009f\u2028\u2029]/);
    assert.ok(message.length < 1000, message);
  }
});

test("reads how lost connections are recovered", () => {
  const { recovery } = push(
    "--retries=3",
    "--give-up-after=60",
    "--retry-delay=0.25",
    "--resend=4",
    "--resend-window=1MiB",
    "--send-timeout=7.5",
    "--after-outage=live-edge",
  );
  assert.equal(recovery, {
    retries: 3,
    giveUpAfterMs: 60_000,
    retryDelayMs: 250,
    resend: 4,
    resendWindowBytes: 1_048_576,
    sendTimeoutMs: 7500,
    afterOutage: "live-edge",
  });
});

test("refuses an unknown epoch", () => {
  assert.match(pushError("--realtime", "--epoch=posix"), `"unix", "filetime" or "dotnet"`);
});

test("takes a window of nothing", () => {
  assert.is(push("--resend-window=0").recovery.resendWindowBytes, 0);
});

const unused: readonly { argv: string[]; name: string; why: string }[] = [
  { argv: ["--isml=x.isml"], name: "--isml", why: "add --create" },
  { argv: ["--epoch=filetime"], name: "--epoch", why: "add --realtime" },
  { argv: ["--late-limit=2"], name: "--late-limit", why: "add --late=skip" },
  { argv: ["--late=keep", "--late-limit=2"], name: "--late-limit", why: "add --late=skip" },
  ...["--retries=3", "--probe=none", "--user=joe", "/create", "/headers:A: 1", "--insecure"].map(
    (text) => ({
      argv: ["--output=x", text],
      name: text.split(/[=:]/, 1)[0]!,
      why: "nothing is sent with --output",
    }),
  ),
];
for (const { argv, name, why } of unused) {
  test(`refuses ${argv.join(" ")}, as it would do nothing`, () => {
    const positionals = argv[0]!.startsWith("--output") ? ["movie.ism"] : [URL_TEXT, "movie.ism"];
    const message = errorOf([...argv, ...positionals]);
    assert.match(message, `Cannot use ${name} as `);
    assert.match(message, why);
  });
}

const USER = { PUSHENCODER_USER: "env", PUSHENCODER_PASSWORD: "pw" };
const TOKEN = { PUSHENCODER_BEARER: "t0ken" };
const logins: readonly {
  argv: string[];
  env: ArgumentContext["env"];
  user?: string;
  bearer?: string;
  bearerFile?: string;
}[] = [
  { argv: [], env: USER, user: "env" },
  { argv: [], env: TOKEN, bearer: "t0ken" },
  { argv: ["--user=joe"], env: TOKEN, user: "joe" },
  { argv: ["--bearer=f"], env: TOKEN, bearerFile: "f" },
  { argv: ["--bearer=f"], env: USER, bearerFile: "f" },
  { argv: ["--user=joe"], env: USER, user: "joe" },
];
for (const { argv, env, ...expected } of logins) {
  test(`logs in ${JSON.stringify(expected)} with ${argv} and ${JSON.stringify(env)}`, () => {
    const { points, bearer, bearerFile } = parsePush([...argv, URL_TEXT, "movie.ism"], { env });
    assert.equal(plain({ user: points[0]!.user, bearer, bearerFile }), expected);
  });
}

test("takes a user or a token, not both, and a token that can be one", () => {
  assert.match(pushError("--user=joe", "--bearer=f"), "Cannot use --bearer as --user is given too");
  const both = { env: { ...USER, ...TOKEN } };
  assert.match(errorOf([URL_TEXT, "movie.ism"], both), "unset one of the two");
  const odd = { env: { PUSHENCODER_BEARER: "s3cr t" } };
  const message = errorOf([URL_TEXT, "movie.ism"], odd);
  assert.match(message, "in PUSHENCODER_BEARER");
  assert.not.match(message, "s3cr");
});

test("reads the certificates for TLS, and a client certificate only with its key", () => {
  const { tls } = push("--cert=a.pem", "--key=b.pem", "--cacert=c.pem", "--insecure");
  assert.equal(tls, { cert: "a.pem", key: "b.pem", cacert: "c.pem", insecure: true });
  assert.match(pushError("--cert=a.pem"), "--key");
});

test.run();
