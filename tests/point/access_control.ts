import { suite } from "uvu";
import * as assert from "uvu/assert";
import { parseChallenges } from "../../lib/ingest/challenge.ts";
import { Digest } from "../../lib/ingest/digest.ts";
import { hexHash } from "../../lib/ingest/hash.ts";
import { type AccessControl, createAccessControl } from "../../lib/point/access_control.ts";
import { createPointServer, type PointServerOptions } from "../../lib/point/point_server.ts";
import { formatPublishingPointFile } from "../../lib/manifest/publishing_point_file.ts";
import { fragmentsOf, get, headerOf, send } from "../helpers/broadcast.ts";
import { FakeClock } from "../helpers/fake_clock.ts";

const URL_TEXT = "http://server/live.isml/Streams(s)";
const user = "Jäsøn Doe";
const password = "S\u00fcß:42";
const right = { user, password };

const open = (options: Partial<Parameters<typeof createAccessControl>[0]> = {}) =>
  createAccessControl({ ...right, ...options });

async function check(access: AccessControl, authorization?: string, method = "POST") {
  const init = { method, ...(authorization !== undefined && { headers: { authorization } }) };
  return await access.check(new Request(URL_TEXT, init));
}

async function challengesOf(access: AccessControl) {
  const response = await check(access);
  return parseChallenges(response!.headers.get("www-authenticate")!);
}

const basic = (text: string) =>
  `Basic ${btoa(String.fromCharCode(...new TextEncoder().encode(text)))}`;

const test = suite("createAccessControl");

test("demands Digest with both algorithms, or Basic", async () => {
  const response = await check(open());
  assert.is(response!.status, 401);
  const found = (await challengesOf(open())).map(({ scheme, params }) => [
    scheme,
    params.get("algorithm"),
    params.get("qop"),
    params.get("charset"),
  ]);
  assert.equal(found, [
    ["digest", "SHA-256", "auth", "UTF-8"],
    ["digest", "MD5", "auth", "UTF-8"],
    ["basic", undefined, undefined, "UTF-8"],
  ]);
});

test("takes Basic credentials, in UTF-8", async () => {
  const access = open();
  assert.is(await check(access, basic(`${user}:${password}`)), undefined);
  const wrong = ["", "x", "x:y", `${user}:`, `${user}:${password} `, `${user}:${password}:`];
  for (const text of wrong) assert.is((await check(access, basic(text)))?.status, 401, text);
  for (const text of ["Basic", "Basic ***", "basic x", "Bearer x", "Digest", "\t", "=", ",,,"]) {
    assert.is((await check(access, text))?.status, 401, text);
  }
});

for (const algorithm of ["SHA-256", "MD5"]) {
  test(`takes Digest credentials with ${algorithm}, once for each count`, async () => {
    const access = open();
    const digest = new Digest(right);
    const challenges = (await challengesOf(access)).filter(({ params }) =>
      params.get("algorithm") === algorithm
    );
    assert.ok(digest.meet(challenges));
    const headers = [1, 2, 3].map(() => digest.header("POST", URL_TEXT)!);
    // Requests on several connections may overtake one another.
    for (const n of [0, 2, 1]) assert.is(await check(access, headers[n]), undefined);
    const again = await check(access, headers[1]);
    assert.is(again?.status, 401);
    assert.match(again!.headers.get("www-authenticate")!, "stale=true");
  });
}

test("refuses Digest credentials that are wrong, or for something else", async () => {
  const access = open();
  const challenges = await challengesOf(access);
  const headerOf = (credentials: typeof right, method = "POST", url = URL_TEXT) => {
    const digest = new Digest(credentials);
    digest.meet(challenges);
    return digest.header(method, url)!;
  };
  const good = headerOf(right);
  const cases = {
    "another password": headerOf({ user, password: "x" }),
    "another user": headerOf({ user: "x", password }),
    "another method": headerOf(right, "PUT"),
    "another URL": headerOf(right, "POST", "http://server/other.isml/Streams(s)"),
    "a nonce of its own": good.replace(/nonce="[^"]*"/, 'nonce="1-2-3"'),
    "no count": good.replace(/nc=\w*/, "nc=x"),
    "no quality of protection": good.replace("qop=auth, ", ""),
    "another algorithm": good.replace("SHA-256", "SHA-512-256"),
    "a response that is cut": good.replace(/response="\w/, 'response="'),
  };
  for (const [name, header] of Object.entries(cases)) {
    const response = await check(access, header);
    assert.is(response?.status, 401, name);
    assert.not.match(response!.headers.get("www-authenticate")!, "stale", name);
  }
  assert.is(await check(access, good), undefined);
});

test("takes the target however it is escaped", async () => {
  const access = open();
  const digest = new Digest(right);
  digest.meet(await challengesOf(access));
  const header = digest.header("POST", "http://server/live.isml/Streams%28s%29");
  assert.is(await check(access, header), undefined);
});

test("lets nonces expire, and says so", async () => {
  const clock = new FakeClock(5000);
  const access = open({ clock, nonceMs: 1000 });
  const digest = new Digest(right);
  digest.meet(await challengesOf(access));
  await clock.advance(1000);
  assert.is(await check(access, digest.header("POST", URL_TEXT)), undefined);
  await clock.advance(1);
  const late = await check(access, digest.header("POST", URL_TEXT));
  assert.match(late!.headers.get("www-authenticate")!, "stale=true");
  assert.ok(digest.meet(parseChallenges(late!.headers.get("www-authenticate")!)));
  assert.is(await check(access, digest.header("POST", URL_TEXT)), undefined);
});

test("agrees with the example of RFC 7616 3.9.1 on what is hashed", () => {
  const secret = hexHash("sha256", "Mufasa:http-auth@example.org:Circle of Life");
  const nonce = "7ypf/xlj9XXwfDPEoM4URrv/xwf94BcCAzFZH4GiTo0v";
  const cnonce = "f2/wE4q74E6zIJEtWaHKaf5wv/H5QzzpXusqGemxURZJ";
  const target = hexHash("sha256", "GET:/dir/index.html");
  assert.is(
    hexHash("sha256", `${secret}:${nonce}:00000001:${cnonce}:auth:${target}`),
    "753927fa0e85d155564e2e272a28d1802ca10daf4496794697cf8db5856cb6c1",
  );
});

test("takes no user name with a colon", () => {
  assert.throws(() => open({ user: "a:b" }), /must not have a colon/);
});

test.run();

/* The server. */

const serverTest = suite("createPointServer with credentials");

const protect = (options: PointServerOptions = {}) =>
  createPointServer({ autoCreate: true, access: open(), ...options });
const authorized = { authorization: basic(`${user}:${password}`) };

serverTest("wants them from encoders and managers, not from players", async () => {
  const server = protect();
  const cases = [
    ["POST", "/live.isml/Streams(s)"],
    ["POST", "/live.isml"],
    ["PUT", "/live.isml"],
    ["DELETE", "/live.isml"],
    ["GET", "/live.isml/state"],
    ["PUT", "/live.isml/state"],
    ["GET", "/live.isml/settings"],
    ["GET", "/live.isml/statistics"],
    ["GET", "/services/smoothstreaming/publishingpoints.isml/settings"],
  ] as const;
  for (const [method, path] of cases) {
    const response = await get(server, path, { method });
    assert.is(response.status, 401, `${method} ${path}`);
    assert.match(response.headers.get("www-authenticate")!, "Digest realm=");
  }
  assert.equal(server.report(), []);
  const body = formatPublishingPointFile({ title: "Live" });
  const init = { method: "PUT", headers: authorized, body };
  assert.is((await get(server, "/live.isml", init)).status, 201);
  assert.is((await get(server, "/live.isml/state", { headers: authorized })).status, 200);
  assert.is((await send(server, "/live.isml/Streams(s)", headerOf())).status, 401);
  assert.equal(server.report()[0]?.streams, []);
  for (const path of ["/live.isml/Manifest", "/x.isml/Manifest"]) {
    assert.is((await get(server, path)).status, 404, path);
  }
});

serverTest("takes nothing that a page of another site makes a browser send", async () => {
  const server = createPointServer({ autoCreate: true });
  for (const site of ["cross-site", "same-site"]) {
    const headers = { "sec-fetch-site": site };
    for (const method of ["POST", "PUT", "DELETE"]) {
      const path = method === "POST" ? "/live.isml/Streams(s)" : "/live.isml";
      const init = { method, headers, body: method === "DELETE" ? null : "x" };
      assert.is((await get(server, path, init)).status, 403, `${site} ${method}`);
    }
    assert.is((await get(server, "/live.isml/Manifest", { headers })).status, 404);
  }
  assert.equal(server.report(), []);
  const own = { method: "POST", headers: { "sec-fetch-site": "same-origin" } };
  assert.is((await get(server, "/live.isml/Streams(s)", own)).status, 200);
});

serverTest("gives what was sent with them to everyone", async () => {
  const server = protect();
  const parts = [headerOf(), ...fragmentsOf(0, 4)];
  const body = new Blob(parts as Uint8Array<ArrayBuffer>[]);
  const init = { method: "POST", headers: authorized, body };
  assert.is((await get(server, "/live.isml/Streams(s)", init)).status, 200);
  assert.is((await get(server, "/live.isml/Manifest")).status, 200);
  const path = "/live.isml/QualityLevels(64000)/Fragments(video=0)";
  assert.is((await get(server, path)).status, 200);
});

serverTest.run();
