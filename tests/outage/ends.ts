import { copyFile, truncate } from "node:fs/promises";
import { join } from "node:path";
import { suite } from "uvu";
import * as assert from "uvu/assert";
import type { PushOptions } from "../../lib/push_options.ts";
import { answer, BadServer, type Script } from "../helpers/bad_server.ts";
import {
  checking,
  checkWhole,
  DENSE,
  OutageRun,
  STOPPED,
  streamNumber,
} from "../helpers/outage_run.ts";
import { readSample, SAMPLE_FILES, samplePath } from "../helpers/sample.ts";
import { settle } from "../helpers/settle.ts";
import { withFolder } from "../helpers/temp_folder.ts";
import { SampleUnion } from "../helpers/union.ts";
import { watchUnhandled } from "../helpers/unhandled.ts";
import { until } from "../helpers/until.ts";

const test = suite("ends of a push");
const endWatch = watchUnhandled(test);

// ---- stops

test("ends in order when it is stopped while it streams", async () => {
  const union = await SampleUnion.open();
  const server = await BadServer.start(checking(union));
  const run = new OutageRun(server, { loop: Infinity });
  try {
    await run.start();
    for (let n = 0; n < 3; n++) await run.step(union);
    run.stop.abort();
    assert.is(await run.states(), STOPPED);
    checkWhole(union);
    assert.is(run.clock.now(), 6100);
    for (const n of DENSE) assert.is((await run.outcome(n)).status, 200);
  } finally {
    await server.close();
  }
});

test("ends at once when it is stopped in an outage, and the other streams in order", async () => {
  const union = await SampleUnion.open();
  let isDown = false;
  const server = await BadServer.start(checking(union, async (request) => {
    if (!isDown || streamNumber(request.url) !== 2) return false;
    await request.toEnd();
    request.say(answer(503));
    return true;
  }));
  const run = new OutageRun(server, { loop: Infinity });
  try {
    await run.start();
    for (let n = 0; n < 3; n++) await run.step(union);
    isDown = true;
    server.posts.find(({ url }) => streamNumber(url) === 2)!.reset();
    await until(() => run.told("retrying", 2).length === 1);
    await run.step(union, [0, 1, 3]);
    run.stop.abort();
    assert.is(await run.states(), "stopped stopped lost stopped stopped");
    assert.is(run.clock.now(), 8100);
    for (const n of [0, 1, 3, 4]) assert.is(union.streams[n]!.ends, 1, `end of stream ${n}`);
    assert.is(union.streams[2]!.ends, 0);
  } finally {
    await server.close();
  }
});

test("ends within a fragment and the time of an answer when it is stopped in a stall", async () => {
  const union = await SampleUnion.open();
  const server = await BadServer.start(checking(union, async (request) => {
    if (request.isProbe || streamNumber(request.url) !== 0) return false;
    await request.take(100_000);
    return true;
  }));
  const run = new OutageRun(server, { loop: Infinity });
  try {
    await run.start();
    for (let n = 0; n < 3; n++) await run.step(union, [1, 2, 3]);
    run.stop.abort();
    await until(() => run.told("ended").length === 4, "the others to end");
    assert.is(run.clock.now(), 6100);
    await run.clock.advance(32_000);
    assert.is(await run.states(), "lost stopped stopped stopped stopped");
    for (const n of [1, 2, 3, 4]) assert.is(union.streams[n]!.ends, 1);
    assert.is(run.clock.pending, 0);
  } finally {
    await server.close();
  }
});

test("ends at once when it is told to stop a second time, wherever each stream is", async () => {
  const union = await SampleUnion.open();
  const server = await BadServer.start(checking(union, async (request) => {
    const stream = streamNumber(request.url);
    if (request.isProbe || stream > 1) return false;
    if (stream === 0) await request.take(100_000);
    else if (await request.take(30_000)) request.reset();
    return true;
  }));
  const run = new OutageRun(server, { loop: Infinity });
  try {
    await run.start();
    for (let n = 0; n < 3; n++) await run.step(union, [2, 3]);
    await until(() =>
      run.events.findLast(({ stream }) => stream === "9-stream1")?.event === "retrying"
    );
    run.stop.abort();
    await until(() => run.told("ended").length === 4);
    run.abort.abort(new Error("enough"));
    // The one without a connection had ended with the first stop.
    assert.is(await run.states(), "stopped lost stopped stopped stopped");
    assert.is(run.clock.now(), 6100);
    await settle();
    assert.is(run.clock.pending, 0);
  } finally {
    await server.close();
  }
});

// ---- inputs that break

/** Pushes a copy of the sample, one file of which is not what it was. */
async function pushDamaged(
  damage: (folder: string) => Promise<void>,
  meanwhile?: (run: OutageRun, union: SampleUnion, folder: string) => Promise<void>,
): Promise<{ run: OutageRun; union: SampleUnion }> {
  const union = await SampleUnion.open();
  const server = await BadServer.start(checking(union));
  return await withFolder({}, async (folder) => {
    for (const name of ["sample.ism", "sample.ismc", ...SAMPLE_FILES]) {
      await copyFile(samplePath(name), join(folder, name));
    }
    await damage(folder);
    const presentation = join(folder, "sample.ism");
    const run = new OutageRun(server, { presentation, ...(!meanwhile && { rate: "max" }) });
    try {
      await meanwhile?.(run, union, folder);
      await run.report;
      return { run, union };
    } finally {
      await server.close();
    }
  });
}

test("sends what is whole of a file that was cut off, and ends it in order", async () => {
  const { length } = await readSample("sample_560.ismv");
  const { run, union } = await pushDamaged((folder) =>
    truncate(join(folder, "sample_560.ismv"), Math.floor(length * 0.55))
  );
  assert.is(await run.states(), "broken complete complete broken complete");
  const counts = union.streams.map(({ last }) => last);
  assert.ok(counts[0]! >= 4 && counts[0]! <= 6, counts.join());
  assert.equal(counts.slice(1, 3), [10, 10]);
  for (const n of [0, 1, 2, 3, 4]) {
    assert.is(union.streams[n]!.ends, 1);
    assert.is((await run.outcome(n)).status, 200);
    assert.is((await run.outcome(n)).reconnects, 0);
  }
  assert.match((await run.outcome(0)).error!.message, "sample_560.ismv");
});

test("sends what is whole of a file that becomes shorter while it is pushed", async () => {
  const { length } = await readSample("sample_560.ismv");
  const { run, union } = await pushDamaged(async () => {}, async (run, union, folder) => {
    await run.start();
    for (let n = 0; n < 3; n++) await run.step(union);
    await truncate(join(folder, "sample_560.ismv"), Math.floor(length * 0.55));
    await run.stepTo(20_000, union, [1, 2]);
    await until(() => run.isOver);
  });
  assert.is(await run.states(), "broken complete complete broken complete");
  for (const n of [0, 3]) {
    const { last, holes, ends } = union.streams[n]!;
    assert.ok(last >= 4 && last <= 6, `${last} fragments`);
    assert.equal(holes, []);
    assert.is(ends, 1);
    assert.is((await run.outcome(n)).status, 200);
  }
  for (const n of [1, 2, 4]) assert.is(union.streams[n]!.ends, 1);
});

// ---- streams that end alone

const deaths: { name: string; options: PushOptions["recovery"]; state: string; kill: Script }[] = [
  { name: "refused", options: {}, state: "refused", kill: (it) => it.say(answer(403)) },
  { name: "lost", options: { retries: 0 }, state: "lost", kill: (it) => it.reset() },
];
for (const { name, options, state, kill } of deaths) {
  test(`goes on with the others when one stream is ${name} in the middle`, async () => {
    const union = await SampleUnion.open();
    const server = await BadServer.start(checking(union));
    const run = new OutageRun(server, { ...(options && { recovery: options }) });
    try {
      await run.start();
      for (let n = 0; n < 3; n++) await run.step(union);
      await kill(server.posts.find(({ url }) => streamNumber(url) === 1)!);
      await until(() => run.told("ended", 1).length === 1);
      await run.stepTo(20_000, union, [0, 2, 3]);
      await until(() => run.isOver);
      assert.is(await run.states(), `complete ${state} complete complete complete`);
      for (const n of [0, 2, 3, 4]) {
        assert.equal([union.streams[n]!.holes, union.streams[n]!.ends], [[], 1]);
        assert.is(union.streams[n]!.last, n === 4 ? 3 : 10);
      }
      assert.is(union.streams[1]!.ends, 0);
      const [ended] = run.told("ended", 1);
      assert.is(ended!.fragments, 3);
      assert.match(ended!.message!, "/live.isml/Streams(9-stream1)");
    } finally {
      await server.close();
    }
  });
}

test("lets no stream of a point wait for a probe once another one is refused", async () => {
  const server = await BadServer.start(async (request) => {
    await request.toEnd();
    request.say(answer(streamNumber(request.url) === 3 ? 403 : 503));
  });
  const run = new OutageRun(server);
  try {
    assert.is(await run.states(), Array(5).fill("refused").join(" "));
  } finally {
    await server.close();
  }
});

endWatch();
test.run();
