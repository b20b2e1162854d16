import { suite } from "uvu";
import * as assert from "uvu/assert";
import { movedWith, redirectTarget } from "../../lib/ingest/redirect.ts";

const answer = (status: number, location?: string) => ({
  status,
  statusText: "",
  header: (name: string) => name === "location" ? location : undefined,
});

const test = suite("redirectTarget");

const URL_ASKED = "http://a.example/live.isml/Streams(1-stream0)";
const cases = [
  { location: "http://b.example/x.isml/Streams(s)", target: "http://b.example/x.isml/Streams(s)" },
  { location: "/other.isml/Streams(s)", target: "http://a.example/other.isml/Streams(s)" },
  { location: "//c.example/x", target: "http://c.example/x" },
  { location: "https://a.example/x?node=2", target: "https://a.example/x?node=2" },
  { location: "http://joe:secret@b.example/x", target: "http://b.example/x" },
  { location: "ftp://b.example/x", target: undefined },
  { location: "javascript:alert(1)", target: undefined },
  { location: "http://[", target: undefined },
  { location: undefined, target: undefined },
];
for (const { location, target } of cases) {
  test(`leads from ${JSON.stringify(location)} to ${target}`, () => {
    assert.is(redirectTarget(URL_ASKED, answer(307, location)), target);
  });
}

const statuses = [
  { status: 200, isOne: false },
  { status: 300, isOne: false },
  { status: 301, isOne: true },
  { status: 302, isOne: true },
  { status: 303, isOne: true },
  { status: 304, isOne: false },
  { status: 307, isOne: true },
  { status: 308, isOne: true },
  { status: 401, isOne: false },
];
for (const { status, isOne } of statuses) {
  test(`${isOne ? "follows" : "does not follow"} ${status}`, () => {
    assert.is(redirectTarget(URL_ASKED, answer(status, "/x")) !== undefined, isOne);
  });
}

test.run();

const movedTest = suite("movedWith");

const moves = [
  {
    url: "http://a/live.isml/Streams(1)",
    from: "http://a/live.isml",
    to: "http://b/other/one.isml",
    moved: "http://b/other/one.isml/Streams(1)",
  },
  {
    url: "http://a/live.isml/Events(e)/Streams(1)",
    from: "http://a/live.isml",
    to: "http://b/one.isml/",
    moved: "http://b/one.isml/Events(e)/Streams(1)",
  },
  {
    url: "http://a/live.isml/Streams(1)",
    from: "http://a/live.isml/",
    to: "https://b/one.isml?node=7",
    moved: "https://b/one.isml/Streams(1)?node=7",
  },
];
for (const { url, from, to, moved } of moves) {
  movedTest(`takes ${url} along from ${from} to ${to}`, () => {
    assert.is(movedWith(url, from, to), moved);
  });
}

movedTest.run();
