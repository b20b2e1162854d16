import { suite } from "uvu";
import * as assert from "uvu/assert";
import { Client } from "undici";
import { Authorization } from "../../lib/ingest/authorization.ts";
import type { TransportAnswer } from "../../lib/ingest/transport.ts";
import { curl, curlVersion } from "../helpers/curl.ts";
import {
  type NtlmServer,
  type NtlmServerOptions,
  startNtlmServer,
} from "../helpers/ntlm_server.ts";
import { testIf } from "../helpers/test_if.ts";

// MD4 of the passwords in UTF-16, by `openssl dgst -md4 -provider legacy`.
const ACCOUNTS = [
  { domain: "Domain", user: "User", ntHash: "a4f49c406510bdcab6824ee7c30fd852" }, // Password
  { domain: "Wörld", user: "Jürgen", ntHash: "b5a75471510589f07797372cbd3fc06a" }, // Pässwörd€𝄞
];
const PATH = "/live.isml/Streams(1-stream0)";

async function withServer(
  options: Partial<NtlmServerOptions>,
  use: (server: NtlmServer) => Promise<void>,
): Promise<void> {
  const server = await startNtlmServer({ accounts: ACCOUNTS, ...options });
  try {
    await use(server);
  } finally {
    await server.close();
  }
}

/** A login as `user:password`. */
function login(text: string): Authorization {
  const at = text.indexOf(":");
  const credentials = { user: text.slice(0, at), password: text.slice(at + 1) };
  return new Authorization({ credentials });
}

/** Requests over one connection, each made again as long as its challenge can be met. */
async function withConnection(
  { url }: NtlmServer,
  authorization: Authorization,
  use: (post: (pieces?: readonly string[]) => Promise<number>) => Promise<void>,
): Promise<void> {
  const client = new Client(url, { pipelining: 1 });
  const once = async (pieces: readonly string[]): Promise<TransportAnswer> => {
    const value = authorization.header("POST", url + PATH);
    const { statusCode, headers, body } = await client.request({
      method: "POST",
      path: PATH,
      headers: value === undefined ? {} : { authorization: value },
      body: pieces.length === 0 ? "" : chunks(pieces),
    });
    await body.dump();
    const header = (name: string) => {
      const found = headers[name];
      return Array.isArray(found) ? found.join(", ") : found;
    };
    return { status: statusCode, statusText: "", header };
  };
  try {
    await authorization.prepare();
    await use(async (pieces = []) => {
      let answer = await once(pieces);
      while (authorization.meet(answer, url + PATH)) answer = await once(pieces);
      return answer.status;
    });
  } finally {
    await client.destroy();
  }
}

/** A body that goes out chunked. */
// deno-lint-ignore no-explicit-any -- the types of undici know no async iterables
function chunks(pieces: readonly string[]): any {
  return (async function* () {
    for (const piece of pieces) yield new TextEncoder().encode(piece);
  })();
}

const test = suite("NTLM");

for (const scheme of ["NTLM", "Negotiate"]) {
  for (const tellsTime of [true, false]) {
    const time = tellsTime ? "tells" : "does not tell";
    test(`logs a connection in by ${scheme}, which then takes the push, at a server that ${time} the time`, () =>
      withServer({ schemes: [scheme], tellsTime }, async (server) => {
        const authorization = login("Domain\\User:Password");
        await withConnection(server, authorization, async (post) => {
          assert.is(await post(), 200);
          authorization.offer();
          assert.ok(authorization.needsOneConnection);
          assert.is(await post(["HEAD", "MOOV", "fragment"]), 200);
        });
        assert.equal(server.requests, [
          { connection: 0, message: "none", user: undefined, status: 401, bodySize: 0 },
          { connection: 0, message: "negotiate", user: undefined, status: 401, bodySize: 0 },
          {
            connection: 0,
            message: "authenticate",
            user: "Domain\\User",
            status: 200,
            bodySize: 0,
          },
          { connection: 0, message: "none", user: undefined, status: 200, bodySize: 16 },
        ]);
      }));
  }
}

test("logs each new connection in, at once when told of it", () =>
  withServer({}, async (server) => {
    const authorization = login("User:Password");
    const messages = async () => {
      await withConnection(server, authorization, async (post) => {
        assert.is(await post(), 200);
        assert.is(await post(["x"]), 200);
      });
      return server.requests.splice(0).map(({ message }) => message);
    };
    assert.equal(await messages(), ["none", "negotiate", "authenticate", "none"]);
    assert.equal(await messages(), ["none", "negotiate", "authenticate", "none"]);
    authorization.reset();
    assert.equal(await messages(), ["negotiate", "authenticate", "none"]);
  }));

test("starts again when a connection is lost between two messages", () =>
  withServer({}, async (server) => {
    for (const count of [1, 2, 3]) {
      const authorization = login("User:Password");
      const { url } = server;
      await withConnection(server, authorization, async (post) => {
        await post();
      });
      // The answers to these never come.
      for (let n = 0; n < count; n++) authorization.header("POST", url + PATH);
      authorization.reset();
      await withConnection(server, authorization, async (post) => assert.is(await post(), 200));
    }
  }));

const logins: [login: string, status: number][] = [
  ["Domain\\User:Password", 200],
  ["DOMAIN\\uSER:Password", 200],
  ["User:Password", 200],
  ["User@Domain:Password", 200],
  ["Wörld\\jürGEN:Pässwörd€𝄞", 200],
  ["Domain\\User:password", 401],
  ["Domain\\User:", 401],
  ["Other\\User:Password", 401],
  ["Domain\\Nobody:Password", 401],
];
for (const [text, status] of logins) {
  test(`gets ${status} for ${text}`, () =>
    withServer({}, async (server) => {
      await withConnection(server, login(text), async (post) => {
        assert.is(await post(), status);
      });
      assert.is(server.requests.length, 3);
    }));
}

test("takes NTLM where Negotiate is offered too, and leaves Basic", () =>
  withServer({ schemes: ["Negotiate", "NTLM", 'Basic realm="r"'] }, async (server) => {
    await withConnection(server, login("User:Password"), async (post) => {
      assert.is(await post(), 200);
    });
  }));

// The server is right if a client that has nothing to do with it agrees.
const curlTest = testIf(
  /\bNTLM\b/.test(curlVersion),
  test,
  "the NTLM server of the tests is not compared with curl, as there is none with NTLM",
);
// It takes each byte of a name for a character.
const plainLogins = logins.filter(([text]) => /^[ -~]*$/.test(text));
for (const tellsTime of [true, false]) {
  for (const [text, status] of plainLogins) {
    const time = tellsTime ? "tells" : "does not tell";
    curlTest(
      `is tested by a server that gives curl ${status} for ${text}, and ${time} the time`,
      () =>
        withServer({ tellsTime }, async (server) => {
          const format = "%{http_code} %{num_connects}";
          const options = ["--ntlm", "-u", text, "-d", "body", "-o", "-", "-w", format];
          assert.is(await curl(...options, server.url + PATH), `${status} 1`);
          const messages = server.requests.map(({ message }) => message);
          assert.equal(messages, ["negotiate", "authenticate"]);
        }),
    );
  }
}

test.run();
