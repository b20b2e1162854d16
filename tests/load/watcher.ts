import { suite } from "uvu";
import * as assert from "uvu/assert";
import { Authorization } from "../../lib/ingest/authorization.ts";
import { Meter } from "../../lib/load/meter.ts";
import { Watcher } from "../../lib/load/watcher.ts";
import type { LiveTrack } from "../../lib/manifest/live_track.ts";
import { FakeClock } from "../helpers/fake_clock.ts";
import { type FakeDelivery, FakeSink } from "../helpers/fake_sink.ts";
import { fragment } from "../helpers/parts.ts";
import { readSample } from "../helpers/sample.ts";

const SECOND = 10_000_000;
const TRACK = {
  kind: "video",
  trackName: "video",
  systemBitrate: 560_000,
  trackId: 1,
} as LiveTrack;

/** A watcher of a point that gives each fragment so long after it was due: two seconds each, from 0 on. */
async function setUp(delayMs: (index: number) => number, refusal?: FakeDelivery) {
  const manifest = new TextDecoder().decode(await readSample("sample.ismc"));
  const clock = new FakeClock(0);
  const get = ({ url }: { url: string }): FakeDelivery => {
    if (refusal) return refusal;
    if (url.endsWith("/Manifest")) return { status: 200, text: manifest };
    const index = Number(/video=(\d+)/.exec(url)![1]) / (2 * SECOND);
    return { status: clock.now() >= 2000 * (index + 1) + delayMs(index) ? 200 : 412 };
  };
  const meter = new Meter();
  const watcher = new Watcher({
    url: "http://point/live.isml",
    track: TRACK,
    rate: 1,
    transport: new FakeSink({ clock, get }),
    authorization: Authorization.none(),
    headers: [],
    meter,
    clock,
  });
  const runUntil = async (untilMs: number) => {
    for (let index = Math.floor(clock.now() / 2000); clock.now() < untilMs;) {
      await clock.advance(20);
      if (clock.now() < 2000 * (index + 1)) continue;
      const dueMs = 2000 * (index + 1);
      const decodeTime = BigInt(2 * SECOND * index++);
      watcher.expect(fragment({ decodeTime, timescale: SECOND, dueMs }));
    }
  };
  return { watcher, meter, clock, runUntil };
}

const test = suite("Watcher");

test("measures from when a fragment was due, and takes no wait that was cut short for a time", async () => {
  const { watcher, meter, runUntil } = await setUp(() => 4000);
  await runUntil(11_000);
  watcher.stop();
  const histogram = meter.histogram("watch");
  // Those due at 2, 4 and 6 s were there at 6, 8 and 10 s; those due at 8 and 10 s would have been there later.
  assert.is(histogram.count, 3);
  assert.ok(histogram.percentile(1) >= 4000, `${histogram.percentile(1)}`);
  const { counts, errors } = meter.take();
  assert.is(counts.unfetched, 2);
  assert.equal(errors, {});
});

test("counts a wait that is longer than any before, though it was cut short", async () => {
  const { watcher, meter, runUntil } = await setUp((index) => index < 2 ? 100 : Infinity);
  await runUntil(11_000);
  watcher.stop();
  const histogram = meter.histogram("watch");
  assert.is(histogram.count, 5);
  assert.ok(histogram.max >= 4900, `${histogram.max}`);
  assert.is(meter.take().counts.unfetched, 3);
});

test("has more patience where fragments are long", async () => {
  const { watcher, meter, clock } = await setUp(() => 25_000);
  await clock.advance(10_000);
  const long = { decodeTime: 0n, duration: BigInt(10 * SECOND), timescale: SECOND, dueMs: 10_000 };
  watcher.expect(fragment(long));
  for (let n = 0; n < 400; n++) await clock.advance(50);
  watcher.stop();
  assert.is(meter.histogram("watch").count, 1);
  assert.equal(meter.take().errors, {});
});

test("counts the wait for a fragment that never comes", async () => {
  const { watcher, meter, clock, runUntil } = await setUp((index) => index === 0 ? 0 : Infinity);
  await runUntil(4100);
  for (let n = 0; n < 250; n++) await clock.advance(50);
  watcher.stop();
  const histogram = meter.histogram("watch");
  assert.is(histogram.count, 2);
  assert.ok(histogram.max >= 10_000, `${histogram.max}`);
  assert.equal(meter.take().errors, { "watch: HTTP 412": 1 });
});

test("does not call it an error that it is too early", async () => {
  for (const [status, errors] of [[412, {}], [404, { "watch: HTTP 404": 1 }]] as const) {
    const { watcher, meter, runUntil } = await setUp(() => 0, { status });
    await runUntil(5000);
    watcher.stop();
    assert.equal(meter.take().errors, errors);
  }
});

test.run();
