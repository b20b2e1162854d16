import { suite } from "uvu";
import * as assert from "uvu/assert";
import { parseHeader, splitHeaders } from "../../lib/cli/request_header.ts";
import { UsageError } from "../../lib/cli/usage_error.ts";

const splitTest = suite("splitHeaders");

const lists = [
  { text: "A: 1", headers: ["A: 1"] },
  { text: "A: 1,B: 2", headers: ["A: 1", "B: 2"] },
  { text: "A: 1, B:2", headers: ["A: 1", " B:2"] },
  { text: "A: 1, 2, 3,B: 4", headers: ["A: 1, 2, 3", "B: 4"] },
  {
    text: "Date: Mon, 01 Jan 2024 00:00:00 GMT,B: 2",
    headers: ["Date: Mon, 01 Jan 2024 00:00:00 GMT", "B: 2"],
  },
  { text: "A: x y,z", headers: ["A: x y,z"] },
  { text: "A: 1,", headers: ["A: 1,"] },
];
for (const { text, headers } of lists) {
  splitTest(`cuts ${text} into ${headers.length}`, () => {
    assert.equal(splitHeaders(text), headers);
  });
}

splitTest("takes no time for a hostile list", () => {
  assert.is(splitHeaders(",  a".repeat(100_000)).length, 1);
});

splitTest.run();

const parseTest = suite("parseHeader");

const headers = [
  { text: "Name: value", header: ["Name", "value"] },
  { text: "Name:value", header: ["Name", "value"] },
  { text: "  Name: \t a  b \t", header: ["Name", "a  b"] },
  { text: "X-Empty:", header: ["X-Empty", ""] },
  { text: "Via: http://a:80", header: ["Via", "http://a:80"] },
  { text: "!#$%&'*+-.^_`|~9z: é", header: ["!#$%&'*+-.^_`|~9z", "é"] },
];
for (const { text, header } of headers) {
  parseTest(`reads ${JSON.stringify(text)}`, () => {
    assert.equal(parseHeader(text, "-H"), header);
  });
}

const refused = [
  "",
  "Name",
  ":value",
  "Na me: value",
  "Name : value",
  "Näme: value",
  "Name: a\nb",
  "Name: a\0b",
  "Name: \u0100",
  "expect: x",
  "Transfer-Encoding: x",
  "CONTENT-LENGTH: 1",
  "Host: x",
  "Connection: x",
  "Keep-Alive: x",
  "Proxy-Connection: x",
  "TE: x",
  "Trailer: x",
  "Upgrade: x",
];
for (const text of refused) {
  parseTest(`refuses ${JSON.stringify(text)}`, () => {
    assert.throws(() => parseHeader(text, "-H"), (error: unknown) => error instanceof UsageError);
  });
}

parseTest.run();
