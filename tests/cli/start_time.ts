import { suite } from "uvu";
import * as assert from "uvu/assert";
import { type Epoch, parseStartTime, toStartTime } from "../../lib/cli/start_time.ts";

const parseTest = suite("parseStartTime");

const times: readonly { text: string; epoch?: Epoch; ticks: bigint }[] = [
  { text: "0", ticks: 0n },
  { text: "17040672001234567", ticks: 17_040_672_001_234_567n },
  { text: "9223372036854775807", ticks: 2n ** 63n - 1n },
  { text: "5", epoch: "dotnet", ticks: 5n },
  { text: "1970-01-01", ticks: 0n },
  { text: "1970-01-01T00:00:00Z", epoch: "filetime", ticks: 116_444_736_000_000_000n },
  { text: "1970-01-01T00:00:00Z", epoch: "dotnet", ticks: 621_355_968_000_000_000n },
  { text: "1601-01-01", epoch: "filetime", ticks: 0n },
  { text: "0001-01-01", epoch: "dotnet", ticks: 0n },
  { text: "2024-01-01T00:00:00Z", ticks: 17_040_672_000_000_000n },
  { text: "2024-01-01T00:00", ticks: 17_040_672_000_000_000n },
  { text: "2024-01-01 00:00:00", ticks: 17_040_672_000_000_000n },
  { text: "2024-01-01t00:00:00z", ticks: 17_040_672_000_000_000n },
  { text: "2024-01-01T00:00:00.1234567Z", ticks: 17_040_672_001_234_567n },
  { text: "2024-01-01T00:00:00,5Z", ticks: 17_040_672_005_000_000n },
  { text: "2024-01-01T00:00:00.123456799Z", ticks: 17_040_672_001_234_567n },
  { text: "2024-01-01T01:30:00+01:30", ticks: 17_040_672_000_000_000n },
  { text: "2023-12-31T19:00:00-0500", ticks: 17_040_672_000_000_000n },
  { text: "2024-01-01T02:00+02", ticks: 17_040_672_000_000_000n },
  { text: "1969-12-31T23:00:00-01:00", ticks: 0n },
  { text: "2024-02-29", ticks: 17_091_648_000_000_000n },
  { text: "9999-12-31T23:59:59.9999999", epoch: "dotnet", ticks: 3_155_378_975_999_999_999n },
];
for (const { text, epoch = "unix", ticks } of times) {
  parseTest(`reads ${text} in ticks since the epoch ${epoch}`, () => {
    assert.is(parseStartTime(text, epoch), ticks);
  });
}

const refused = [
  "",
  "now",
  "-1",
  "+1",
  "1.5",
  "9223372036854775808",
  "99999999999999999999",
  "1969-12-31",
  "1970-01-01T00:00:00+00:01",
  "2023-02-29",
  "2024-04-31",
  "2024-13-01",
  "2024-00-01",
  "2024-01-01T24:00",
  "2024-01-01T23:60",
  "2024-01-01T23:59:60",
  "2024-01-01T00:00:00+24:00",
  "2024-01-01T00:00:00+01:60",
  "2024-01-01T00",
  "2024-01-01Z",
  "2024-1-1",
  "01/02/2024",
  "2024-01-01.ism",
];
for (const text of refused) {
  parseTest(`does not read ${JSON.stringify(text)}`, () => {
    assert.is(parseStartTime(text, "unix"), undefined);
  });
}

parseTest.run();

const toStartTimeTest = suite("toStartTime");

const clocks: readonly { unixMs: number; epoch: Epoch; ticks: bigint }[] = [
  { unixMs: 0, epoch: "unix", ticks: 0n },
  { unixMs: 0, epoch: "filetime", ticks: 116_444_736_000_000_000n },
  { unixMs: 0, epoch: "dotnet", ticks: 621_355_968_000_000_000n },
  { unixMs: 1_704_067_200_123, epoch: "unix", ticks: 17_040_672_001_230_000n },
  { unixMs: 1_704_067_200_123.5, epoch: "unix", ticks: 17_040_672_001_235_000n },
];
for (const { unixMs, epoch, ticks } of clocks) {
  toStartTimeTest(`gives ${unixMs} ms in ticks since the epoch ${epoch}`, () => {
    assert.is(toStartTime(unixMs, epoch), ticks);
  });
}

toStartTimeTest.run();
