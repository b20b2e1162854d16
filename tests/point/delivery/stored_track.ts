import { suite } from "uvu";
import * as assert from "uvu/assert";
import type { StoredFragment } from "../../../lib/point/delivery/stored_track.ts";
import { liveTrack } from "../../../lib/manifest/live_track.ts";
import { StoredTrack } from "../../../lib/point/delivery/stored_track.ts";
import { collectGarbage } from "../../helpers/heap.ts";

const facts = liveTrack({
  server: {
    params: [],
    trackId: 1,
    kind: "video",
    systemBitrate: 1,
    manifestOutput: false,
  },
});

const fragmentAt = (time: bigint): StoredFragment => ({
  time,
  duration: 1n,
  moof: new Uint8Array(10),
  payload: new Uint8Array(10),
  dataBytes: 0,
});

const test = suite("StoredTrack");

test("holds nothing of what it let go of", async () => {
  const track = new StoredTrack(facts);
  const payloads: WeakRef<Uint8Array>[] = [];
  for (let n = 0; n < 60; n++) {
    const fragment = fragmentAt(BigInt(n));
    payloads.push(new WeakRef(fragment.payload));
    track.take(fragment);
  }
  while (track.count > 1) track.shift();
  // A reference that was made or followed lasts to the end of the task.
  await new Promise((resolve) => setTimeout(resolve));
  collectGarbage();
  assert.is(payloads.filter((it) => it.deref()).length, 1);
  assert.is(track.at(0)!.payload.length, 10);
});

test("knows what it keeps, and what it kept last", () => {
  const track = new StoredTrack(facts);
  const [first, second] = [fragmentAt(0n), fragmentAt(1n)];
  track.take(first);
  track.take(second);
  assert.is(track.shift(), first);
  assert.equal([track.has(first), track.has(second)], [false, true]);
  assert.is(track.shift(), second);
  assert.equal([track.has(second), track.count, track.at(0)], [false, 0, undefined]);
  assert.equal([track.at(-1)?.time, track.lastTime], [1n, 1n]);
});

test.run();
