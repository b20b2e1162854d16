import type { Behaviour, RecordedRequest } from "../helpers/recorder.ts";
import { existsSync, readFileSync } from "node:fs";
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { startRecorder } from "../helpers/recorder.ts";
import { type Runtime, runtimes, SAMPLE, startCli } from "./helpers/command_line.ts";
import { freePort } from "./helpers/free_port.ts";
import { checkNoSecret, secretsIn } from "./helpers/secrets.ts";
import { until } from "./helpers/until.ts";

const test = suite("a password is not shown");

const USER = "encoder";
const PASSWORD = "Ge%heim@niss/7";
const BASIC = btoa(`${USER}:${PASSWORD}`);
/** The password in each form that it might be seen in. */
const SECRETS = [PASSWORD, encodeURIComponent(PASSWORD), BASIC];

/** A way to give the credentials. */
interface Way {
  readonly name: string;
  readonly args?: readonly string[];
  readonly env?: Readonly<Record<string, string>>;
  /** In front of the host. */
  readonly inUrl?: string;
}

const ways: readonly Way[] = [
  { name: "in the URL", inUrl: `${USER}:${encodeURIComponent(PASSWORD)}@` },
  { name: "by option", args: [`--user=${USER}`, `--password=${PASSWORD}`] },
  {
    name: "by environment",
    env: { PUSHENCODER_USER: USER, PUSHENCODER_PASSWORD: PASSWORD },
  },
];

const isLoggedIn = ({ headers }: RecordedRequest) => headers["authorization"] === `Basic ${BASIC}`;

/** Asks for Basic credentials, and lets in who has them. */
const askForLogin: Behaviour = (request, answer) => {
  if (isLoggedIn(request)) return;
  answer.writeHead(401, { "www-authenticate": 'Basic realm="x"' }).end();
  return "handled";
};
const refuse: Behaviour = (_, answer) => {
  answer.writeHead(401, { "www-authenticate": 'Basic realm="x"', connection: "close" }).end();
  return "handled";
};

function start(runtime: Runtime, way: Way, url: string, ...args: readonly string[]) {
  const target = url.replace("http://", `http://${way.inUrl ?? ""}`);
  const options = [...(way.args ?? []), "--retries=0", "--id=9", ...args];
  return startCli(runtime, [...options, `${target}/x.isml`, SAMPLE], { env: way.env ?? {} });
}

/** Runs a push to its end, and looks at all that it writes. */
async function runHidden(runtime: Runtime, way: Way, url: string, ...args: readonly string[]) {
  const exit = await start(runtime, way, url, ...args).exited;
  const what = `${args.join(" ")} with ${exit.code}`;
  checkNoSecret(exit.stdout, SECRETS, `stdout of ${what}`);
  checkNoSecret(exit.stderr, SECRETS, `stderr of ${what}`);
  return exit;
}

test("the search finds a secret in each of its forms, and does not show it", () => {
  for (const { args = [], env = {}, inUrl = "" } of ways) {
    const secrets = secretsIn([...args, `http://${inUrl}host/x.isml`], env);
    assert.equal([...secrets], SECRETS);
    for (const secret of SECRETS) {
      let message = "";
      try {
        checkNoSecret(`a log with ${secret} in it`, secrets, "a log");
      } catch (error) {
        ({ message } = error as Error);
      }
      assert.is(message, "a log shows a secret, behind a log with ");
    }
  }
  checkNoSecret("nothing", SECRETS, "a log");
});

for (const runtime of runtimes) {
  for (const way of ways) {
    test(`${runtime.name}, given ${way.name}: used, and nowhere in what is written`, async () => {
      const recorder = await startRecorder(askForLogin);
      try {
        for (const mode of ["--verbose", "--json", "--dry-run"]) {
          const before = recorder.requests.length;
          const { code, stderr } = await runHidden(runtime, way, recorder.url, mode, "--rate=max");
          assert.is(code, 0, stderr);
          const bodies = recorder.requests.slice(before).filter(({ isWhole }) => isWhole);
          assert.is(bodies.length > 0, mode !== "--dry-run");
          assert.ok(bodies.every(isLoggedIn));
        }
        assert.not.ok(recorder.requests.some(({ url }) => url.includes("@")));
      } finally {
        await recorder.close();
      }
    });

    test(`${runtime.name}, given ${way.name}: nowhere in errors`, async () => {
      const recorder = await startRecorder(refuse);
      try {
        const refused = await runHidden(runtime, way, recorder.url, "--verbose");
        assert.is(refused.code, 4, refused.stderr);
      } finally {
        await recorder.close();
      }
      const nobody = `http://127.0.0.1:${await freePort()}`;
      const lost = await runHidden(runtime, way, nobody, "--verbose");
      assert.is(lost.code, 5, lost.stderr);
      const wrong = await runHidden(runtime, way, nobody, "--no-such-option");
      assert.is(wrong.code, 2, wrong.stderr);
      const unreadable = await runHidden(runtime, way, "http://127.0.0.1:port");
      assert.is(unreadable.code, 2, unreadable.stderr);
    });

    test(`${runtime.name}, given ${way.name}: nowhere in the list of processes`, async () => {
      if (!existsSync("/proc/self/cmdline")) return;
      const recorder = await startRecorder(askForLogin);
      try {
        const cli = start(runtime, way, recorder.url, "--loop", "--quiet");
        await until(
          "first body",
          () => recorder.requests.find(({ headers }) => headers["transfer-encoding"] === "chunked"),
        );
        const commandLine = readFileSync(`/proc/${cli.pid}/cmdline`, "utf8");
        checkNoSecret(commandLine, SECRETS, "command line");
        assert.match(commandLine, /^pushencoder\b/);
        cli.kill("SIGINT");
        assert.is((await cli.exited).code, 130);
      } finally {
        await recorder.close();
      }
    });
  }
}

test.run();
