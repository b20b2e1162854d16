import { suite } from "uvu";
import * as assert from "uvu/assert";
import type { StreamActivity } from "../../../../lib/point/page/page_history.ts";
import type { PointStateName } from "../../../../lib/point/point_settings.ts";

const words = await import(
  new URL("../../../../lib/point/page/site/words.js", import.meta.url).href
);

// That all are here is seen by the types.
const STATES: Readonly<Record<PointStateName, true>> = {
  ...{ Idle: true, Starting: true, Started: true, Stopping: true, Stopped: true },
  ShuttingDown: true,
};
const ACTIVITIES: Readonly<Record<StreamActivity, true>> = {
  ...{ waiting: true, receiving: true, pausing: true, ended: true, lost: true },
};

const test = suite("words of the page");

const cases: readonly (readonly [name: string, value: number, text: string])[] = [
  ["showBytes", 0, "0 B"],
  ["showBytes", 999, "999 B"],
  ["showBytes", 1234, "1.2 kB"],
  ["showBytes", 12_345_678, "12 MB"],
  ["showBytes", 5e15, "5,000 TB"],
  ["showBitrate", 560_000, "560 kbit/s"],
  ["showBitrate", 1_930_000, "1.9 Mbit/s"],
  ["showSeconds", 0.0123, "12 ms"],
  ["showSeconds", 2.44, "2.4 s"],
  ["showSeconds", -0.5, "-500 ms"],
  ["showMediaTime", 0, "0:00.0"],
  ["showMediaTime", 59.97, "1:00.0"],
  ["showMediaTime", 3723.44, "1:02:03.4"],
  ["showMediaTime", -1.5, "−0:01.5"],
  ["showMediaTime", 1_700_000_000.5, "2023-11-14 22:13:20.5"],
  ["showAge", -3, "0 s"],
  ["showAge", 59.9, "59 s"],
  ["showAge", 187, "3:07"],
  ["showAge", 200_000, "2 days"],
  ["showCount", 1_234_567, "1,234,567"],
];
for (const [name, value, text] of cases) {
  test(`${name}(${value}) is "${text}"`, () => {
    assert.is(words[name](value), text);
  });
}

test("has a word for every state and activity", () => {
  assert.equal(Object.keys(words.STATES).sort(), [...Object.keys(STATES), "gone"].sort());
  assert.equal(Object.keys(words.ACTIVITIES).sort(), Object.keys(ACTIVITIES).sort());
});

test("does not stumble over a state that is not known yet", () => {
  assert.is(words.stateOf("Unheard").text, "Unheard");
  assert.is(words.stateOf(null).text, "Not there");
});

test("describes a track by what is known of it", () => {
  const track = { fourCC: "H264", width: 640, height: 360, bitrate: 560_000, isSparse: false };
  assert.is(words.describeTrack(track), "H264 · 640×360 · 560 kbit/s");
  assert.is(words.describeTrack({ fourCC: "", bitrate: 0, isSparse: true }), "sparse");
});

test("names a point without its folder", () => {
  assert.is(words.nameOf("/live/News.ISML"), "News");
});

test.run();
