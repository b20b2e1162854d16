import { suite } from "uvu";
import * as assert from "uvu/assert";
import { answer, type BadRequest, BadServer } from "../helpers/bad_server.ts";
import { FileServer } from "../helpers/file_server.ts";
import {
  checking,
  checkWhole,
  COMPLETE,
  DENSE,
  OutageRun,
  streamNumber,
} from "../helpers/outage_run.ts";
import { settle } from "../helpers/settle.ts";
import { SampleUnion } from "../helpers/union.ts";
import { watchUnhandled } from "../helpers/unhandled.ts";
import { until } from "../helpers/until.ts";

const test = suite("push to a point that is down");
const endWatch = watchUnhandled(test);

test("catches up with a stream that was cut off for a minute, while the others go on", async () => {
  const union = await SampleUnion.open();
  let isDown = false;
  const open = new Map<number, BadRequest>();
  const server = await BadServer.start(checking(union, async (request) => {
    const stream = streamNumber(request.url);
    if (!request.isProbe) open.set(stream, request);
    if (!isDown || stream !== 1) return false;
    await request.toEnd();
    request.say(answer(503));
    return true;
  }));
  const run = new OutageRun(server, { loop: 10 });
  try {
    await run.start();
    for (let n = 0; n < 5; n++) await run.step(union);
    isDown = true;
    open.get(1)!.reset();
    await until(() => run.told("retrying", 1).length === 1);
    await run.stepTo(70_100, union, [0, 2, 3]);
    assert.is(union.streams[1]!.last, 5);
    isDown = false;
    // The clock waits for the others, as nothing else would tell that they were late by themselves.
    while (run.told("recovered", 1).length === 0) await run.step(union, [0, 2, 3]);
    await run.stepTo(200_000, union);
    await until(() => run.isOver);
    assert.is(await run.states(), COMPLETE);
    checkWhole(union, 10);
    // The others never noticed.
    for (const n of [0, 2, 3, 4]) {
      assert.is(run.told("retrying", n).length, 0);
      const lateMs = Math.max(...run.told("fragment", n).map((it) => it.lateMs));
      assert.ok(lateMs < 2000, `stream ${n} is ${lateMs} ms late`);
      assert.is((await run.outcome(n)).reconnects, 0);
    }
    const waits = run.told("retrying", 1).map(({ delayMs }) => delayMs);
    assert.equal(waits, [500, 1000, 2000, 4000, ...Array(waits.length - 4).fill(5000)]);
    const tried = waits.reduce((sum, ms) => sum + ms, 0);
    assert.is(run.told("recovered", 1)[0]!.outageSeconds, tried / 1000);
    assert.ok(tried >= 60_000);
    assert.is(run.told("late", 1).length, 1);
    assert.ok(run.told("late", 1)[0]!.lateMs > 50_000);
    const { resent, reconnects, fragments, bytes } = await run.outcome(1);
    assert.equal([resent, reconnects, fragments], [5, 1, 100]);
    assert.ok(bytes > 10 * 600_000);
    const names = run.events.filter(({ stream }) => stream === "9-stream1").map((it) => it.event);
    const story = names.filter((name, n) => name !== names[n - 1]).join(" ");
    assert.is(
      story,
      "probing connected fragment retrying resending recovered fragment late fragment ended",
    );
  } finally {
    await server.close();
  }
});

for (const afterOutage of ["catch-up", "live-edge"] as const) {
  test(`comes back to a point that was not there for a minute: ${afterOutage}`, async () => {
    const union = await SampleUnion.open();
    const script = checking(union);
    let server = await BadServer.start(script);
    const run = new OutageRun(server, { loop: 10, recovery: { afterOutage } });
    try {
      await run.start();
      for (let n = 0; n < 8; n++) await run.step(union);
      await server.close();
      await until(() => run.told("retrying").length === 4, "all to notice");
      await run.passTo(run.clock.now() + 60_000);
      server = await BadServer.start(script, server.port);
      const isBack = () => DENSE.every((n) => run.told("recovered", n).length === 1);
      await run.passUntil(isBack, "the recovery");
      await run.stepTo(200_000, union);
      assert.is(await run.states(), COMPLETE);
      const dropped = DENSE.map((n) => run.told("dropped", n).map(({ index }) => index));
      if (afterOutage === "catch-up") {
        checkWhole(union, 10);
        assert.equal(dropped, [[], [], [], []]);
      } else {
        for (const n of DENSE) {
          const { holes, last, ends } = union.streams[n]!;
          assert.is(last, 100);
          assert.ok(ends >= 1);
          assert.ok(holes.length >= 28 && holes.length <= 33, `${holes.length} holes`);
          // One hole, and all that is in it was told.
          assert.equal(holes, holes.map((_, k) => holes[0]! + k));
          assert.equal(dropped[n], holes.map((number) => (number - 1) % 10));
        }
      }
      for (const n of DENSE) assert.is((await run.outcome(n)).reconnects, 1);
    } finally {
      await server.close();
    }
  });
}

test("does not read ahead of a server that has stopped reading, and replaces it", async () => {
  const union = await SampleUnion.open();
  const files = await FileServer.start(new URL("../../testdata/", import.meta.url));
  let isStalled = true;
  const server = await BadServer.start(checking(union, async (request) => {
    if (request.isProbe || streamNumber(request.url) !== 0 || !isStalled) return false;
    await request.take(100_000);
    return true;
  }));
  const presentation = `${files.url}sample.ism`;
  const run = new OutageRun(server, { presentation, rate: "max", loop: 20 });
  /** Fragments of the stalled stream whose payloads were read; those of the sound in the same file are small. */
  const read = () =>
    files.requests.filter(({ path, range }) => path.includes("_560") && rangeSize(range) > 100_000)
      .length;
  const handed = () => run.told("fragment", 0);
  try {
    await until(() => run.told("ended").length === 4, "the others to end");
    // The systems at both ends hold some megabytes; there are 28 MB of it.
    while (run.told("retrying").length === 0) {
      await run.clock.advance(500);
      await settle();
      assert.ok(read() <= handed().length + 3, `${read()} read, ${handed().length} handed over`);
    }
    assert.match(run.told("retrying", 0)[0]!.message, "no byte taken within 4 s");
    const mediaMb = handed().reduce((sum, { bytes }) => sum + bytes, 0) / 1e6;
    assert.ok(mediaMb < 15, `${mediaMb} MB were handed over`);
    isStalled = false;
    await run.passUntil(() => run.told("recovered", 0).length === 1, "the recovery");
    assert.is(await run.states(), COMPLETE);
    checkWhole(union, 20);
  } finally {
    await server.close();
    await files.close();
  }
});

/** How many bytes a request asked for. */
function rangeSize(range: string | undefined): number {
  const [, first, last] = /^bytes=(\d+)-(\d+)$/.exec(range ?? "") ?? [];
  return Number(last) - Number(first) + 1;
}

endWatch();
test.run();
