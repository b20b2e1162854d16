import { fileURLToPath } from "node:url";
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { push } from "../lib/push.ts";
import type { PushEvent } from "../lib/push_event.ts";
import type { PushOptions } from "../lib/push_options.ts";
import { startNtlmServer } from "./helpers/ntlm_server.ts";
import { type Behaviour, startRecorder } from "./helpers/recorder.ts";

const SAMPLE = fileURLToPath(new URL("../testdata/sample.ism", import.meta.url));
const COMPLETE = Array(5).fill("complete");

/** Pushes with credentials, which show up in nothing that is told, however it ends. */
async function pushWith(
  url: string,
  options: Partial<PushOptions>,
  login: { readonly user?: string; readonly password?: string } = {},
) {
  const events: PushEvent[] = [];
  const { streams } = await push({
    points: [{ url: `${url}/live.isml`, ...login }],
    presentation: SAMPLE,
    id: "9",
    rate: "max",
    onEvent: (event) => events.push(event),
    ...options,
  });
  const errors = streams.map(({ error }) => `${error?.stack} ${error?.cause}`);
  const told = JSON.stringify([events, errors]);
  const { user = "", password } = login;
  const secrets = password === undefined
    ? []
    : [`"${password}"`, `:${password}@`, btoa(`${user}:${password}`)];
  for (const secret of [...secrets, ...(options.bearer === undefined ? [] : [options.bearer])]) {
    assert.not.ok(told.includes(secret), "a secret was told");
  }
  return { states: streams.map(({ state }) => state), streams, events };
}

const test = suite("push with credentials");

for (const probe of ["ingest", "none"] as const) {
  test(`logs in by NTLM, each stream on a connection of its own, with the probe to: ${probe}`, async () => {
    const account = { domain: "Domain", user: "User", ntHash: "a4f49c406510bdcab6824ee7c30fd852" };
    const server = await startNtlmServer({ accounts: [account] });
    try {
      const auth = probe === "none" ? "ntlm" : "auto";
      const login = { user: "Domain\\User", password: "Password" };
      const { states, streams } = await pushWith(server.url, { probe, auth }, login);
      assert.equal(states, COMPLETE, streams.map(({ error }) => error?.message).join("\n"));
    } finally {
      await server.close();
    }
  });
}

test("is refused by NTLM with a wrong password, which shows up nowhere", async () => {
  const account = { domain: "Domain", user: "User", ntHash: "a4f49c406510bdcab6824ee7c30fd852" };
  const server = await startNtlmServer({ accounts: [account] });
  try {
    const login = { user: "Domain\\User", password: "wrong-secret" };
    const { states, events } = await pushWith(server.url, {}, login);
    assert.equal(states, Array(5).fill("refused"));
    assert.not.match(JSON.stringify(events), "wrong-secret");
  } finally {
    await server.close();
  }
});

/** Runs `use` with a server that lets in who has the right header, and asks others. */
async function withGuard(
  isRight: (value: string | undefined) => boolean,
  challenge: string,
  use: (url: string, seen: (string | undefined)[]) => Promise<void>,
): Promise<void> {
  const seen: (string | undefined)[] = [];
  const guard: Behaviour = (request, answer, incoming) => {
    const value = request.headers["authorization"]?.toString();
    seen.push(value);
    if (isRight(value)) return;
    incoming.resume();
    answer.writeHead(401, { "www-authenticate": challenge }).end();
    return "handled";
  };
  const recorder = await startRecorder(guard);
  try {
    await use(recorder.url, seen);
  } finally {
    await recorder.close();
  }
}

test("sends a bearer token from the first request on", () =>
  withGuard((value) => value === "Bearer abc.def", "Bearer", async (url, seen) => {
    const { states } = await pushWith(url, { bearer: "abc.def" });
    assert.equal(states, COMPLETE);
    assert.ok(seen.every((value) => value === "Bearer abc.def"));
  }));

test("waits for a challenge before it gives a password in clear, and warns once", () =>
  withGuard(
    (value) => value === `Basic ${btoa("joe:pw")}`,
    'Basic realm="x"',
    async (url, seen) => {
      const { states, events } = await pushWith(url, {}, { user: "joe", password: "pw" });
      assert.equal(states, COMPLETE);
      assert.is(seen.filter((value) => value === undefined).length, 5);
      assert.is(events.filter(({ event }) => event === "warning").length, 1);
    },
  ));

test("does not give a password in clear to a point that would take Digest", () =>
  withGuard(
    (value) => value?.startsWith("Digest ") ?? false,
    'Basic realm="x", Digest realm="x", nonce="n1", qop="auth", algorithm=SHA-256',
    async (url, seen) => {
      const { states } = await pushWith(url, {}, { user: "joe", password: "pw" });
      assert.equal(states, COMPLETE);
      assert.not.ok(seen.some((value) => value?.startsWith("Basic")));
      const counts = seen.map((value) => /nc=(\d+)/.exec(value ?? "")?.[1]);
      assert.ok(counts.includes("00000001") && counts.includes("00000002"));
    },
  ));

test("does not take credentials along to another origin", () =>
  withGuard((value) => value !== undefined, 'Basic realm="x"', async (elsewhere, seen) => {
    const first = await startRecorder((request, answer) => {
      answer.writeHead(307, { location: `${elsewhere}${request.url}` }).end();
      return "handled";
    });
    try {
      const login = { user: "joe", password: "pw" };
      const { states } = await pushWith(first.url, { auth: "basic" }, login);
      assert.equal(states, Array(5).fill("refused"));
      assert.ok(first.requests.every(({ headers }) => headers.authorization !== undefined));
      assert.ok(seen.length > 0 && seen.every((value) => value === undefined));
    } finally {
      await first.close();
    }
  }));

test.run();
