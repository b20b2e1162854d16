import { inspect } from "node:util";
import { suite } from "uvu";
import * as assert from "uvu/assert";
import {
  Authorization,
  type AuthorizationOptions,
  type AuthScheme,
} from "../../lib/ingest/authorization.ts";
import type { TransportAnswer } from "../../lib/ingest/transport.ts";

const URL_TEXT = "http://h/live.isml/Streams(1-stream0)";
const SECURE = "https://h/live.isml/Streams(1-stream0)";
const PASSWORD = "s3cr:ét";
const CREDENTIALS = { user: "joe", password: PASSWORD };

const BASIC = 'Basic realm="r"';
const DIGEST = 'Digest realm="r", nonce="md5", qop="auth"';
const SHA = 'Digest realm="r", nonce="sha", qop="auth", algorithm=SHA-256';
const AUTH_INT = 'Digest realm="r", nonce="n", qop="auth-int"';

function answer(status: number, ...challenges: string[]): TransportAnswer {
  const header = (name: string) =>
    name === "www-authenticate" && challenges.length > 0 ? challenges.join(", ") : undefined;
  return { status, statusText: "", header };
}

interface Opened {
  authorization: Authorization;
  warnings: string[];
  /** What the next request carries, in short. */
  next(url?: string): string;
  meet(...challenges: string[]): boolean;
}

async function open(options: AuthorizationOptions = {}): Promise<Opened> {
  const warnings: string[] = [];
  const onWarning = (message: string) => warnings.push(message);
  const authorization = new Authorization({ credentials: CREDENTIALS, onWarning, ...options });
  await authorization.prepare();
  return {
    authorization,
    warnings,
    next: (url = URL_TEXT) => inShort(authorization.header("POST", url)),
    meet: (...challenges) => authorization.meet(answer(401, ...challenges), URL_TEXT),
  };
}

function inShort(header: string | undefined): string {
  const scheme = header?.split(" ")[0] ?? "-";
  const nonce = /nonce="(\w*)"/.exec(header ?? "")?.[1];
  return nonce ? `${scheme} ${nonce}` : scheme;
}

const test = suite("Authorization");

const choices: [scheme: AuthScheme, challenges: string[], plain: string, secure?: string][] = [
  ["auto", [BASIC], "Basic"],
  ["auto", [DIGEST], "Digest md5"],
  ["auto", ["NTLM"], "NTLM"],
  ["auto", ["Negotiate"], "Negotiate"],
  ["auto", ["Negotiate", "NTLM"], "NTLM"],
  ["auto", [BASIC, DIGEST], "Digest md5"],
  ["auto", [DIGEST, SHA, BASIC], "Digest sha"],
  ["auto", ["NTLM", BASIC], "NTLM"],
  ["auto", ["Negotiate", "NTLM", DIGEST, BASIC], "Digest md5"],
  ["auto", ["NTLM", AUTH_INT], "NTLM"],
  ["auto", [AUTH_INT], "-"],
  ["auto", [AUTH_INT, BASIC], "-", "Basic"],
  ["auto", ["Bearer"], "-"],
  ["auto", ['Bearer realm="Basic"', "x-unknown abc=", BASIC], "Basic"],
  ["auto", [], "-"],
  ["digest", [BASIC, DIGEST, "NTLM"], "Digest md5"],
  ["digest", [BASIC, "NTLM"], "-"],
  ["digest", [BASIC, AUTH_INT], "-"],
  ["ntlm", [BASIC, SHA, "NTLM"], "NTLM"],
  ["ntlm", ["negotiate"], "Negotiate"],
  ["ntlm", [BASIC, SHA], "-"],
];
for (const [scheme, challenges, plain, secure = plain] of choices) {
  for (const [url, expected] of [[URL_TEXT, plain], [SECURE, secure]] as const) {
    const where = url.split(":")[0];
    test(`meets ${challenges.join(", ") || "nothing"} over ${where} with ${expected} when ${scheme}`, async () => {
      const { authorization, next } = await open({ scheme });
      assert.is(next(url), "-");
      assert.is(authorization.meet(answer(401, ...challenges), url), expected !== "-");
      assert.is(next(url), expected);
    });
  }
}

test("gives Basic in UTF-8", async () => {
  const header = (await open({ scheme: "basic" })).authorization.header("POST", URL_TEXT)!;
  const bytes = Uint8Array.from(atob(header.slice(6)), (char) => char.charCodeAt(0));
  assert.is(new TextDecoder().decode(bytes), "joe:s3cr:ét");
  const example = new Authorization({
    credentials: { user: "test", password: "123£" },
    scheme: "basic",
  });
  assert.is(example.header("POST", URL_TEXT), "Basic dGVzdDoxMjPCow=="); // RFC 7617 2.1
});

test("gives Basic from the first request on when told so, and nothing else", async () => {
  const { next, meet } = await open({ scheme: "basic" });
  assert.is(next(), "Basic");
  assert.not.ok(meet(BASIC, DIGEST, "NTLM"));
  assert.is(next(), "Basic");
});

const offers: [AuthScheme, string][] = [
  ["auto", "Basic"],
  ["basic", "Basic"],
  ["digest", "-"],
  ["ntlm", "-"],
];
for (const [scheme, expected] of offers) {
  test(`offers ${expected} when nobody asks and the scheme is ${scheme}`, async () => {
    const { authorization, next } = await open({ scheme });
    authorization.offer();
    assert.is(next(), expected);
  });
}

test("still meets Digest or NTLM when it offered Basic, but no Basic", async () => {
  for (const challenge of [DIGEST, "NTLM", BASIC]) {
    const { authorization, next, meet } = await open();
    authorization.offer();
    assert.is(next(), "Basic");
    assert.is(meet(challenge), challenge !== BASIC);
  }
});

test("never gives Basic to a point that took Digest or NTLM", async () => {
  for (const challenge of [DIGEST, "NTLM"]) {
    const { authorization, next, meet } = await open();
    next();
    assert.ok(meet(challenge));
    next();
    authorization.offer();
    assert.is.not(next(), "Basic");
    next();
    assert.not.ok(meet(BASIC));
    assert.is.not(next(), "Basic");
  }
});

const loops: [name: string, challenges: (round: number) => string[], requests: number][] = [
  ["Basic", () => [BASIC], 2],
  ["Digest", (round) => [`Digest realm="r", nonce="n${round}"`], 2],
  ["Digest, always stale", (round) => [`Digest realm="r", nonce="n${round}", stale=true`], 3],
  ["NTLM without a message", () => ["NTLM"], 2],
  ["NTLM with a broken message", () => ["NTLM TlRMTVNTUAAC", "NTLM"], 2],
  ["one after the other", (round) => [[BASIC], [DIGEST], ["NTLM"]][round % 3]!, 3],
];
for (const [name, challenges, requests] of loops) {
  test(`ends with a point that refuses for ever: ${name}`, async () => {
    const { authorization, next, meet } = await open();
    let count = 0;
    do next(); while (meet(...challenges(count++)) && count < 20);
    assert.is(count, requests);
    for (let round = 20; round < 40; round++) {
      if (round % 2) authorization.reset();
      next();
      assert.not.ok(meet(...challenges(round)));
    }
  });
}

test("meets nothing but a 401", async () => {
  const { authorization } = await open();
  for (const status of [200, 400, 403, 407, 500]) {
    assert.not.ok(authorization.meet(answer(status, BASIC), URL_TEXT));
  }
});

test("gives nothing when it has nothing", () => {
  for (const authorization of [Authorization.none(), new Authorization({ scheme: "basic" })]) {
    authorization.offer();
    assert.not.ok(authorization.meet(answer(401, BASIC, DIGEST, "NTLM"), URL_TEXT));
    authorization.reset();
    assert.is(authorization.header("POST", URL_TEXT), undefined);
    assert.not.ok(authorization.needsOneConnection);
  }
});

test("meets nothing before it is prepared, and needs that only with credentials of a user", async () => {
  const authorization = new Authorization({ credentials: CREDENTIALS });
  assert.throws(() => authorization.meet(answer(401, DIGEST), URL_TEXT), /prepare/);
  await authorization.prepare();
  assert.is(authorization.prepare(), undefined);
  assert.ok(authorization.meet(answer(401, DIGEST), URL_TEXT));
  assert.is(Authorization.none().prepare(), undefined);
  assert.is(new Authorization({ bearer: "t" }).prepare(), undefined);
});

test("keeps nonces and counts to itself", async () => {
  const [first, second] = [await open(), await open()];
  for (const { next, meet } of [first, second]) {
    next();
    meet(DIGEST);
  }
  first.next();
  const header = second.authorization.header("POST", URL_TEXT)!;
  assert.match(header, "nc=00000001");
});

const connections: [AuthorizationOptions, challenge: string, before: boolean, after: boolean][] = [
  [{}, "NTLM", false, true],
  [{}, "Negotiate", false, true],
  [{}, DIGEST, false, false],
  [{}, BASIC, false, false],
  [{ scheme: "ntlm" }, "NTLM", true, true],
  [{ scheme: "ntlm", credentials: undefined }, "NTLM", false, false],
  [{ scheme: "ntlm", bearer: "t" }, "NTLM", false, false],
];
for (const [options, challenge, before, after] of connections) {
  test(`${after ? "needs" : "does not need"} one connection for ${JSON.stringify(options)} and ${challenge}`, async () => {
    const { authorization, next, meet } = await open(options);
    assert.is(authorization.needsOneConnection, before);
    next();
    meet(challenge);
    assert.is(authorization.needsOneConnection, after);
  });
}

test("gives a bearer token from the first request on, and answers no challenge", async () => {
  const { authorization, meet } = await open({ bearer: "a.b-c_d~e+f/g==" });
  assert.is(authorization.header("POST", SECURE), "Bearer a.b-c_d~e+f/g==");
  assert.not.ok(meet(BASIC, DIGEST, "NTLM"));
  authorization.offer();
  assert.is(authorization.header("POST", SECURE), "Bearer a.b-c_d~e+f/g==");
});

for (const bearer of ["", "a b", "t0ken\n", "tökén"]) {
  test(`does not take ${JSON.stringify(bearer)} for a bearer token, nor show it`, () => {
    try {
      new Authorization({ bearer });
      assert.unreachable();
    } catch (error) {
      assert.instance(error, RangeError);
      const { message } = error as RangeError;
      assert.ok(bearer === "" || !message.includes(bearer.trim()));
    }
  });
}

const warned: [
  name: string,
  AuthorizationOptions,
  challenge: string | undefined,
  url: string,
  number,
][] = [
  ["Basic that was asked for", {}, BASIC, URL_TEXT, 1],
  ["Basic that was asked for, on loopback", {}, BASIC, "http://127.0.0.1/x", 1],
  ["Basic from the first request on", { scheme: "basic" }, undefined, URL_TEXT, 1],
  ["a bearer token", { bearer: "t0ken" }, undefined, URL_TEXT, 1],
  ["Basic over https", {}, BASIC, SECURE, 0],
  ["Digest", {}, DIGEST, URL_TEXT, 0],
  ["NTLM", {}, "NTLM", URL_TEXT, 0],
];
for (const [name, options, challenge, url, count] of warned) {
  test(`warns ${count === 0 ? "not" : "once"} of ${name}`, async () => {
    const { authorization, warnings, next } = await open(options);
    if (challenge) {
      next(url);
      authorization.meet(answer(401, challenge), url);
    }
    for (let n = 0; n < 3; n++) next(url);
    assert.is(warnings.length, count);
    if (count > 0) assert.match(warnings[0]!, new URL(url).origin);
  });
}

test("warns of Basic that nobody asked for when it is given", async () => {
  const { authorization, warnings, next } = await open();
  authorization.offer();
  assert.equal(warnings, []);
  next();
  assert.equal(warnings, ["The password goes to http://h unencrypted, as its URL is not https"]);
});

test("does not give Basic for a user whose name would be cut at its colon", async () => {
  for (const scheme of ["auto", "basic"] as const) {
    const { authorization, warnings, next, meet } = await open({
      scheme,
      credentials: { user: "a:b", password: PASSWORD },
    });
    next();
    assert.not.ok(meet(BASIC));
    authorization.offer();
    assert.is(next(), "-");
    assert.is(warnings.length, 1);
    assert.match(warnings[0]!, '"a:b"');
  }
});

test("shows no secret, whatever shows it", async () => {
  for (const challenge of [BASIC, DIGEST, "NTLM"]) {
    const { authorization, warnings, next, meet } = await open();
    next();
    meet(challenge);
    next();
    const shown = [inspect(authorization, { depth: 9, showHidden: true }), ...warnings];
    shown.push(JSON.stringify(authorization), String(authorization));
    for (const text of shown) assert.not.match(text, PASSWORD);
  }
  const { authorization } = await open({ bearer: "t0ken" });
  assert.not.match(inspect(authorization, { depth: 9, showHidden: true }), "t0ken");
});

test.run();
