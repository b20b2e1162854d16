import { suite } from "uvu";
import * as assert from "uvu/assert";
import { showBitrate, showBytes, showLag, showTime } from "../../lib/cli/units.ts";

const test = suite("units");

const cases: [string, string][] = [
  [showBytes(0), "0 B"],
  [showBytes(999), "999 B"],
  [showBytes(1000), "1.00 KB"],
  [showBytes(12_345), "12.3 KB"],
  [showBytes(999_499), "999 KB"],
  [showBytes(999_600), "1.00 MB"],
  [showBytes(5e14), "500 TB"],
  [showBitrate(64_000), "64 kbit/s"],
  [showBitrate(2_962_000), "2.96 Mbit/s"],
  [showTime(0), "0:00:00.0"],
  [showTime(59.96), "0:01:00.0"],
  [showTime(3723.44), "1:02:03.4"],
  [showTime(-1.5), "-0:00:01.5"],
  [showTime(1_700_000_000), "19675d 22:13:20.0"],
  [showLag(3.4), "3 ms"],
  [showLag(1260), "1.3 s"],
];
for (const [shown, expected] of cases) {
  test(`shows ${expected}`, () => {
    assert.is(shown, expected);
  });
}

test.run();
