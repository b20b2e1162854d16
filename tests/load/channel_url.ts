import { suite } from "uvu";
import * as assert from "uvu/assert";
import { channelUrl, isPattern, showPattern } from "../../lib/load/channel_url.ts";

const test = suite("channelUrl");

for (
  const [url, expected] of [
    ["http://host/live.isml", "http://host/live-7.isml"],
    ["http://host/a/live.ISML?x=1", "http://host/a/live-7.ISML?x=1"],
    ["http://host/live.isml/", "http://host/live-7.isml"],
    ["http://host/live", "http://host/live-7"],
    ["http://host/a/{channel}.isml", "http://host/a/7.isml"],
    ["http://host/a/%7Bchannel%7D/x{channel}.isml", "http://host/a/7/x7.isml"],
    ["http://host/live.isml?c=%7bchannel%7d", "http://host/live.isml?c=7"],
  ] as const
) {
  test(`makes ${expected} of ${url}`, () => assert.is(channelUrl(url, "7"), expected));
}

test("shows a pattern as it was written", () => {
  assert.is(showPattern("http://h/%7Bchannel%7D/a%20b.isml"), "http://h/{channel}/a%20b.isml");
});

test("knows a pattern", () => {
  assert.equal(
    ["http://h/{channel}.isml", "http://h/%7Bchannel%7D", "http://h/l.isml"].map(isPattern),
    [
      true,
      true,
      false,
    ],
  );
});

test.run();
