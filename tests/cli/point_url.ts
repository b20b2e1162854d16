import { suite } from "uvu";
import * as assert from "uvu/assert";
import {
  isHttpUrl,
  parsePointUrl,
  type PushPoint,
  withCredentials,
} from "../../lib/cli/point_url.ts";
import { UsageError } from "../../lib/cli/usage_error.ts";

const isHttpUrlTest = suite("isHttpUrl");

isHttpUrlTest("goes by the start alone", () => {
  assert.ok(isHttpUrl("http://host/x"));
  assert.ok(isHttpUrl("HTTPS://["));
  for (const text of ["http:/host", "ftp://host", "host/x", "C:\\x", ""]) {
    assert.not(isHttpUrl(text));
  }
});

isHttpUrlTest.run();

const parseTest = suite("parsePointUrl");

const urls: readonly { text: string; point: PushPoint }[] = [
  { text: "http://host/a.isml", point: { url: "http://host/a.isml" } },
  {
    text: "https://host:8443/a/b.isml?x=1&y=2",
    point: { url: "https://host:8443/a/b.isml?x=1&y=2" },
  },
  { text: "HTTP://Host/A.isml", point: { url: "http://host/A.isml" } },
  { text: "http://[::1]/a.isml", point: { url: "http://[::1]/a.isml" } },
  { text: "http://host/a.isml#", point: { url: "http://host/a.isml" } },
  { text: "http://host/a.isml/Events(e)", point: { url: "http://host/a.isml/Events(e)" } },
  { text: "http://me:pw@host/a", point: { url: "http://host/a", user: "me", password: "pw" } },
  { text: "http://me@host/a", point: { url: "http://host/a", user: "me" } },
  { text: "http://:pw@host/a", point: { url: "http://host/a", user: "", password: "pw" } },
  { text: "http://@host/a", point: { url: "http://host/a" } },
  {
    text: "http://DOM%5Cme:%C3%A4%3A%40@host/a",
    point: { url: "http://host/a", user: "DOM\\me", password: "ä:@" },
  },
  {
    text: "http://me@corp.example:a:b@host/a",
    point: { url: "http://host/a", user: "me@corp.example", password: "a:b" },
  },
];
for (const { text, point } of urls) {
  parseTest(`reads ${text}`, () => {
    assert.equal(parsePointUrl(text, "--to"), point);
  });
}

parseTest(
  "throws where there is no URL, no path, a fragment, or credentials that cannot be decoded",
  () => {
    for (
      const text of [
        "",
        "x",
        "http://",
        "http://h",
        "http://h/a#b",
        "http://a:%ff@h/a",
        "http://a%3Ab@h/a",
      ]
    ) {
      assert.throws(
        () => parsePointUrl(text, "--to"),
        (error: unknown) => error instanceof UsageError,
      );
    }
  },
);

parseTest.run();

const withTest = suite("withCredentials");

const url = "http://host/a";
const merges: readonly {
  point: Omit<PushPoint, "url">;
  common: Omit<PushPoint, "url">;
  merged: object;
}[] = [
  { point: {}, common: {}, merged: {} },
  { point: {}, common: { user: "a", password: "1" }, merged: { user: "a", password: "1" } },
  {
    point: { user: "b", password: "2" },
    common: { user: "a", password: "1" },
    merged: { user: "b", password: "2" },
  },
  {
    point: { user: "a" },
    common: { user: "a", password: "1" },
    merged: { user: "a", password: "1" },
  },
  { point: { user: "b" }, common: { password: "1" }, merged: { user: "b", password: "1" } },
  { point: { user: "b" }, common: { user: "a", password: "1" }, merged: { user: "b" } },
];
for (const { point, common, merged } of merges) {
  withTest(
    `makes ${JSON.stringify(merged)} of ${JSON.stringify(point)} and ${JSON.stringify(common)}`,
    () => {
      assert.equal(withCredentials({ url, ...point }, common), { url, ...merged });
    },
  );
}

withTest.run();
