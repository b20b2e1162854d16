import { createHash } from "node:crypto";
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { parseChallenges } from "../../lib/ingest/challenge.ts";
import { Digest } from "../../lib/ingest/digest.ts";
import { curl, curlVersion } from "../helpers/curl.ts";
import { startRecorder } from "../helpers/recorder.ts";
import { testIf } from "../helpers/test_if.ts";

const URL_OF_RFC = "http://www.example.org/dir/index.html";

/** Answers a challenge, and takes the answer apart. */
function answer(
  { challenge, user = "u", password = "p", cnonce = "c", method = "POST", url = "http://h/x" }: {
    challenge: string;
    user?: string;
    password?: string;
    cnonce?: string;
    method?: string;
    url?: string;
  },
): Record<string, string> {
  const digest = new Digest({ user, password }, () => cnonce);
  assert.ok(digest.meet(parseChallenges(challenge)));
  return partsOf(digest.header(method, url)!);
}

function partsOf(header: string): Record<string, string> {
  assert.match(header, /^Digest /);
  const pattern = /([\w*]+)=(?:"((?:[^"\\]|\\.)*)"|([^",\s]+))(?:, ?|$)/g;
  return Object.fromEntries(
    [...header.slice(7).matchAll(pattern)].map(([, name, quoted, plain]) => [
      name,
      quoted?.replace(/\\(.)/g, "$1") ?? plain,
    ]),
  );
}

const test = suite("Digest");

const rfc7616 = (algorithm: string) =>
  `Digest realm="http-auth@example.org", qop="auth, auth-int", algorithm=${algorithm}, ` +
  'nonce="7ypf/xlj9XXwfDPEoM4URrv/xwf94BcCAzFZH4GiTo0v", opaque="FQhe/qaU925kfnzjCev0ciny7QMkPqMAFRtzCUYo5tdS"';
const examples = [
  {
    name: "RFC 7616 3.9.1, MD5",
    given: {
      challenge: rfc7616("MD5"),
      password: "Circle of Life",
      cnonce: "f2/wE4q74E6zIJEtWaHKaf5wv/H5QzzpXusqGemxURZJ",
    },
    response: "8ca523f5e9506fed4657c9700eebdbec",
  },
  {
    name: "RFC 7616 3.9.1, SHA-256",
    given: {
      challenge: rfc7616("SHA-256"),
      password: "Circle of Life",
      cnonce: "f2/wE4q74E6zIJEtWaHKaf5wv/H5QzzpXusqGemxURZJ",
    },
    response: "753927fa0e85d155564e2e272a28d1802ca10daf4496794697cf8db5856cb6c1",
  },
  {
    name: "RFC 2617 3.5",
    given: {
      challenge:
        'Digest realm="testrealm@host.com", qop="auth,auth-int", nonce="dcd98b7102dd2f0e8b11d0f600bfb0c093", ' +
        'opaque="5ccc069c403ebaf9f0171e9517f40e41"',
      password: "Circle Of Life",
      cnonce: "0a4f113b",
    },
    response: "6629fae49393a05397450978507c4ef1",
  },
  {
    name: "RFC 2069 2.4, as corrected",
    given: {
      challenge: 'Digest realm="testrealm@host.com", nonce="dcd98b7102dd2f0e8b11d0f600bfb0c093", ' +
        'opaque="5ccc069c403ebaf9f0171e9517f40e41"',
      password: "CircleOfLife",
    },
    response: "1949323746fe6a43ef61f9606e7febea",
  },
];
for (const { name, given, response } of examples) {
  test(`answers as in ${name}`, () => {
    const parts = answer({ user: "Mufasa", method: "GET", url: URL_OF_RFC, ...given });
    assert.is(parts.response, response);
    assert.is(parts.username, "Mufasa");
    assert.is(parts.uri, "/dir/index.html");
    assert.match(given.challenge, `opaque="${parts.opaque}"`);
    assert.match(given.challenge, `nonce="${parts.nonce}"`);
  });
}

test("sends each parameter as the RFC has it, quoted or not", () => {
  const digest = new Digest({ user: "Mufasa", password: "Circle of Life" }, () => "0a4f113b");
  digest.meet(parseChallenges(rfc7616("SHA-256")));
  assert.is(
    digest.header("GET", URL_OF_RFC)!.replace(/response="[0-9a-f]{64}"/, "response"),
    'Digest username="Mufasa", realm="http-auth@example.org", nonce="7ypf/xlj9XXwfDPEoM4URrv/xwf94BcCAzFZH4GiTo0v", ' +
      'uri="/dir/index.html", algorithm=SHA-256, qop=auth, nc=00000001, cnonce="0a4f113b", response, ' +
      'opaque="FQhe/qaU925kfnzjCev0ciny7QMkPqMAFRtzCUYo5tdS"',
  );
});

test("leaves out what an old server does not know", () => {
  const parts = answer({ challenge: 'Digest realm="r", nonce="n"' });
  assert.equal(Object.keys(parts), ["username", "realm", "nonce", "uri", "response"]);
});

const uris: [url: string, uri: string][] = [
  ["http://h", "/"],
  ["http://h/live.isml/Streams(1-stream0)", "/live.isml/Streams(1-stream0)"],
  ["http://h/a%20b.isml/Streams(x)?token=a%2Fb&c", "/a%20b.isml/Streams(x)?token=a%2Fb&c"],
  [`http://h/x?a=b\\c"#part`, "/x?a=b\\c%22"],
];
for (const [url, uri] of uris) {
  test(`answers for ${url} as for ${uri}`, () => {
    assert.is(answer({ challenge: 'Digest realm="r", nonce="n"', url }).uri, uri);
  });
}

test("counts the answers to one challenge, each for its own method and URL", () => {
  const digest = new Digest({ user: "u", password: "p" });
  digest.meet(parseChallenges('Digest realm="r", nonce="n", qop="auth"'));
  const parts = [["POST", "http://h/x"], ["PUT", "http://h/x"], ["PUT", "http://h/y"]]
    .map(([method, url]) => partsOf(digest.header(method!, url!)!));
  assert.equal(parts.map(({ nc }) => nc), ["00000001", "00000002", "00000003"]);
  assert.is(new Set(parts.map(({ response }) => response)).size, 3);
  digest.meet(parseChallenges('Digest realm="r", nonce="other", qop="auth", stale=true'));
  assert.is(partsOf(digest.header("POST", "http://h/x")!).nc, "00000001");
});

test("makes a random nonce of its own for each challenge", () => {
  const cnonces = Array.from({ length: 3 }, () => {
    const digest = new Digest({ user: "u", password: "p" });
    digest.meet(parseChallenges('Digest realm="r", nonce="n", qop="auth"'));
    return partsOf(digest.header("POST", "http://h/x")!).cnonce!;
  });
  assert.is(new Set(cnonces).size, 3);
  for (const cnonce of cnonces) assert.match(cnonce, /^[0-9a-f]{32}$/);
});

const hash = (name: string, text: string) => createHash(name).update(text).digest("hex");

test("hashes the name of the user where the server can take that", () => {
  const challenge = 'Digest realm="r", nonce="n", userhash=true, algorithm=SHA-256, charset=UTF-8';
  const parts = answer({ challenge, user: "Jäsøn Doe" });
  assert.is(parts.username, hash("sha256", "Jäsøn Doe:r"));
  assert.is(parts.userhash, "true");
});

const names: [user: string, charset: string, parameter: string][] = [
  ["plain", ", charset=UTF-8", 'username="plain"'],
  ["DOMAIN\\user", "", 'username="DOMAIN\\\\user"'],
  ['a"b', ", charset=UTF-8", 'username="a\\"b"'],
  ["Jä's ø", ', charset="utf-8"', "username*=UTF-8''J%C3%A4%27s%20%C3%B8"],
  ["Jä", "", 'username="J\xc3\xa4"'],
  ["a\r\nb: c", "", "username*=UTF-8''a%0D%0Ab%3A%20c"],
];
for (const [user, charset, parameter] of names) {
  test(`names the user by ${parameter}`, () => {
    const digest = new Digest({ user, password: "p" });
    digest.meet(parseChallenges(`Digest realm="r", nonce="n"${charset}`));
    assert.ok(digest.header("POST", "http://h/x")!.includes(` ${parameter}, `));
  });
}

test("gives back what the server said, escaped again", () => {
  const digest = new Digest({ user: "u", password: "p" });
  digest.meet(parseChallenges(String.raw`Digest realm="a \"b\" J\xc3", nonce="n\\m", opaque=""`));
  const header = digest.header("POST", "http://h/x")!;
  assert.ok(header.includes(String.raw`nonce="n\\m"`));
  assert.ok(header.includes(String.raw`realm="a \"b\" Jxc3"`));
  assert.ok(header.includes('opaque=""'));
});

const choices: [challenge: string, nonce: string | undefined][] = [
  ['Digest realm="r", nonce="1", Digest realm="r", nonce="2", algorithm=SHA-256', "2"],
  ['Digest realm="r", nonce="1", algorithm=sha-256-SESS, Digest realm="r", nonce="2"', "1"],
  ['Digest realm="r", nonce="1", algorithm=MD5, Digest realm="r", nonce="2"', "1"],
  ['Digest realm="r", nonce="1", algorithm=SHA-512-256, Digest realm="r", nonce="2"', "2"],
  ['Digest realm="r", nonce="1", qop="auth-int", Digest realm="r", nonce="2"', "2"],
  ['Digest realm="r", nonce="1", qop="auth-int , AUTH"', "1"],
  ['Digest realm="r", nonce="1", qop="auth-int"', undefined],
  ['Digest realm="r", nonce="1", algorithm=token', undefined],
  ['Digest realm="r", nonce="1", algorithm=constructor', undefined],
  ['Digest realm="r"', undefined],
  ['Digest nonce="1"', undefined],
  ['Basic realm="r", nonce="1"', undefined],
];
for (const [challenge, nonce] of choices) {
  test(`${nonce ? `takes nonce ${nonce}` : "takes nothing"} of ${challenge}`, () => {
    const digest = new Digest({ user: "u", password: "p" });
    assert.is(digest.meet(parseChallenges(challenge)), nonce !== undefined);
    const header = digest.header("POST", "http://h/x");
    assert.is(header && partsOf(header).nonce, nonce);
  });
}

/** What a server does to answers with each nonce: how many it takes, and what it says when it takes no more. */
const conversations: [name: string, steps: string, met: boolean[]][] = [
  ["refuses the first answer", "a - b", [true, false]],
  ["finds the first answer stale", "a - b! -", [true, true]],
  ["finds every answer stale", "a - b! - c! - d!", [true, true, false, false]],
  ["finds a later answer stale", "a - - - b! -", [true, true]],
  ["finds each later answer stale", "a - - b! - - c! - - d! -", [true, true, true, true]],
  ["does not say that the later answer is stale", "a - - b -", [true, true]],
  ["refuses the password from some time on", "a - - b - c", [true, true, false]],
  ["says that its nonce is stale and gives the same", "a - - a!", [true, false]],
];
for (const [name, steps, expected] of conversations) {
  test(`knows when to stop: a server that ${name}`, () => {
    const digest = new Digest({ user: "u", password: "p" });
    const met: boolean[] = [];
    for (const step of steps.split(" ")) {
      if (step === "-") {
        assert.ok(digest.header("POST", "http://h/x"));
        continue;
      }
      const stale = step.endsWith("!") ? ", stale=TRUE" : "";
      const nonce = step[0];
      met.push(
        digest.meet(parseChallenges(`Digest realm="r", nonce="${nonce}", qop=auth${stale}`)),
      );
    }
    assert.equal(met, expected);
  });
}

// The same challenge goes to curl; then its answer must be ours.
const curlTest = testIf(
  curlVersion !== "",
  test,
  "Digest is not compared with curl, as there is none",
);
const told = [
  'realm="r", nonce="n1", qop="auth"',
  'realm="r", nonce="n1", qop="auth", algorithm=MD5, opaque="o==",stale=false',
  'realm="r", nonce="n1", qop="auth", algorithm=MD5-sess',
  'realm="r", nonce="n1", qop="auth,auth-int", algorithm=SHA-256',
  'realm="r", nonce="n1", qop="auth", algorithm=SHA-256-sess, opaque="o"',
  'realm="r", nonce="n1", qop="auth", algorithm=SHA-256, userhash=true',
  'realm="r", nonce="n1"',
  'realm="r", nonce="n1", algorithm=SHA-256',
  String.raw`realm="a \"b\" c", nonce="n", qop="auth"`,
];
for (const params of told) {
  for (const user of ["joe", 'DOM\\J"ä']) {
    curlTest(`answers ${params} for ${user} as curl does`, async () => {
      const recorder = await startRecorder((request, response) => {
        const isKnown = request.headers.authorization !== undefined;
        response.writeHead(isKnown ? 200 : 401, { "www-authenticate": `Digest ${params}` }).end();
        return "handled";
      });
      try {
        const url = `${recorder.url}/live%20a.isml/Streams(1-stream0)?x=a%2Fb`;
        await curl("--digest", "-u", `${user}:päss "w`, "-d", "", url);
        const theirs = partsOf(recorder.requests.at(-1)!.headers.authorization as string);
        const ours = answer({
          challenge: `Digest ${params}`,
          user,
          password: 'päss "w',
          cnonce: theirs.cnonce ?? "",
          url,
        });
        assert.equal(sorted(ours), sorted(theirs));
      } finally {
        await recorder.close();
      }
    });
  }
}

function sorted(parts: Record<string, string>): [string, string][] {
  return Object.entries(parts).sort();
}

test.run();
