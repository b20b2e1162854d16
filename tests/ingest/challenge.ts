import { suite } from "uvu";
import * as assert from "uvu/assert";
import { parseChallenges } from "../../lib/ingest/challenge.ts";

type Found = [scheme: string, detail?: string | Record<string, string>];

const found = (header: string): Found[] =>
  parseChallenges(header).map(({ scheme, token, params }) =>
    token !== undefined
      ? [scheme, token]
      : params.size > 0
      ? [scheme, Object.fromEntries(params)]
      : [scheme]
  );

const test = suite("parseChallenges");

const cases: [header: string, ...found: Found[]][] = [
  [""],
  [" ,, "],
  ["NTLM", ["ntlm"]],
  ["Negotiate, NTLM", ["negotiate"], ["ntlm"]],
  ["NTLM TlRMTVNTUAAC==", ["ntlm", "TlRMTVNTUAAC=="]],
  ["Negotiate ab+/c , NTLM de=", ["negotiate", "ab+/c"], ["ntlm", "de="]],
  ['BASIC REALM="a"', ["basic", { realm: "a" }]],
  ["Basic realm=a", ["basic", { realm: "a" }]],
  ['Basic realm = "a"', ["basic", { realm: "a" }]],
  ['Basic realm=""', ["basic", { realm: "" }]],
  ['Basic realm="a, Digest b=c"', ["basic", { realm: "a, Digest b=c" }]],
  [String.raw`Basic realm="a \"b\" \\ \c"`, ["basic", { realm: 'a "b" \\ c' }]],
  ['Basic realm="a",charset="UTF-8"', ["basic", { realm: "a", charset: "UTF-8" }]],
  ['Basic realm="first", realm="second"', ["basic", { realm: "first" }]],
  [
    'Digest realm="a", nonce=b, qop="auth,auth-int", Basic realm="c", NTLM',
    ["digest", { realm: "a", nonce: "b", qop: "auth,auth-int" }],
    ["basic", { realm: "c" }],
    ["ntlm"],
  ],
  ['NTLM,Digest nonce="b=="', ["ntlm"], ["digest", { nonce: "b==" }]],
  ['Digest nonce="a", Digest nonce="b"', ["digest", { nonce: "a" }], ["digest", { nonce: "b" }]],
  ['Digest\tnonce="a"', ["digest", { nonce: "a" }]],
  // What no server should send.
  ['realm="a", Basic', ["basic"]],
  ['=, "x", @, Basic realm="a"', ["basic", { realm: "a" }]],
  ['Basic realm="never ends', ["basic", { realm: "never ends" }]],
  ['Basic realm="ends so\\', ["basic", { realm: "ends so" }]],
  ["Basic realm=My Digest, NTLM", ["basic", { realm: "My" }], ["ntlm"]],
  ['Digest nonce="a" junk "b, c", NTLM', ["digest", { nonce: "a" }], ["ntlm"]],
  ["Basic one two", ["basic"]],
  ['Digest, nonce="a"', ["digest", { nonce: "a" }]],
  // UTF-8, of which a client made a character per byte; and what is none.
  ['Basic realm="J\xc3\xa4"', ["basic", { realm: "Jä" }]],
  ['Basic realm="J\xe4"', ["basic", { realm: "Jä" }]],
  ['Basic realm="J\u20ac"', ["basic", { realm: "J€" }]],
];
for (const [header, ...expected] of cases) {
  test(`finds ${JSON.stringify(expected)} in ${header}`, () => {
    assert.equal(found(header), expected);
  });
}

test("takes no longer for a header that is all quotes and backslashes", () => {
  for (const piece of ['"', "\\", '"\\', "a=", "a ", ", =", '="', "a b=c "]) {
    parseChallenges(`Basic ${piece.repeat(30_000)}`);
  }
});

test.run();
