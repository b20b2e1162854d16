import process from "node:process";
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { answer, BadServer } from "../helpers/bad_server.ts";
import { heapBytes } from "../helpers/heap.ts";
import {
  checking,
  checkWhole,
  COMPLETE,
  OutageRun,
  STOPPED,
  streamNumber,
} from "../helpers/outage_run.ts";
import { Random } from "../helpers/random.ts";
import { SampleUnion } from "../helpers/union.ts";
import { watchUnhandled } from "../helpers/unhandled.ts";

const test = suite("push through cuts");
const endWatch = watchUnhandled(test);

const SEED = Number(process.env["SEED"] ?? 1);
/** Of each stream. */
const LEAST_CUTS = 20;
const CUTS = 1000;
const SPARSE = 4;
const WINDOW_BYTES = 16 * 1024 * 1024;

/** More than a cut throws away: up to 5 MB of what the systems hold were seen, and 3 MB of what the client of Deno does. */
const LOSS_BYTES = 8_000_000;

/**
 * Where the next connection of a stream is cut: anywhere, but not more than three times in a row before so much has come
 * that a cut cannot throw away more than half of what was sent. More is not promised, as nobody tells what arrived.
 */
function cutPositions(random: Random, stream: number): () => number {
  if (stream === SPARSE) return () => random.below(4000);
  let early = 0;
  return () => {
    if (early < 3 && random.below(10) > 0) {
      early++;
      // As often below ten bytes as between ten and a hundred, and so on.
      return Math.floor(LOSS_BYTES ** random.fraction());
    }
    early = 0;
    return random.between(LOSS_BYTES, 1.1 * LOSS_BYTES);
  };
}

test("sends everything through a thousand cuts at random bytes", async () => {
  const random = new Random(SEED);
  const union = await SampleUnion.open();
  const cutAt = union.streams.map((_, stream) => cutPositions(random, stream));
  const cuts = union.streams.map(() => 0);
  const calm = new Set<number>();
  const all = () => cuts.reduce((sum, count) => sum + count, 0);
  // What is under way comes and goes; what is never let go of shows in the least of several looks.
  let earlyHeap = Infinity;
  let lateHeap = Infinity;
  const server = await BadServer.start(checking(union, async (request) => {
    // A thousand requests must not add up.
    server.requests.length = 0;
    run.events.length = 0;
    if (request.isProbe) return false;
    const stream = streamNumber(request.url);
    // How the streams share the cuts is the machine's affair.
    if (all() >= CUTS && cuts.every((count) => count >= LEAST_CUTS)) {
      // The end comes when each stream has a connection that is not cut.
      calm.add(stream);
      if (calm.size === union.streams.length) run.stop.abort();
      return false;
    }
    if (stream === SPARSE && cuts[stream]! >= CUTS / 2) return false; // the others want their share
    if (!await request.take(cutAt[stream]!())) return true; // it has gone by itself
    if (request.isWhole) return false;
    cuts[stream]!++;
    if (all() % 10 === 0) {
      if (all() > 0.2 * CUTS && all() <= 0.3 * CUTS) earlyHeap = Math.min(earlyHeap, heapBytes());
      if (all() > 0.9 * CUTS) lateHeap = Math.min(lateHeap, heapBytes());
    }
    if (random.below(2) === 0) request.reset();
    else request.close();
    return true;
  }));
  const recovery = { retryDelayMs: 0 };
  const run = new OutageRun(server, { rate: "max", loop: Infinity, clock: undefined, recovery });
  try {
    assert.is(await run.states(), STOPPED);
    checkWhole(union);
    for (const [n, { maxAgainBytes, duplicates, last }] of union.streams.entries()) {
      assert.ok(cuts[n]! >= LEAST_CUTS, `${cuts[n]} cuts of stream ${n}`);
      assert.ok(duplicates > 0 && last > 40, `${last} fragments of stream ${n}`);
      assert.ok(maxAgainBytes < WINDOW_BYTES + 300_000, `stream ${n}: ${maxAgainBytes} again`);
    }
    // The window may fill meanwhile, with some kilobytes for each fragment; one that is kept for each cut is more.
    const grownMb = (lateHeap - earlyHeap) / 1e6;
    assert.ok(grownMb < 12, `memory has grown by ${grownMb.toFixed(1)} MB in ${0.7 * CUTS} cuts`);
  } finally {
    await server.close();
  }
});

test("sends everything through cuts at small positions, with the last two fragments alone", async () => {
  // Each fragment has arrived before the next one is due: no more than one is lost in a cut.
  const random = new Random(SEED);
  const union = await SampleUnion.open();
  let cuts = 0;
  const server = await BadServer.start(checking(union, async (request) => {
    const stream = streamNumber(request.url);
    if (request.isProbe || cuts >= 200) return false;
    const bytes = [140_000, 62_000, 27_000, 12_000, 2000][stream]!;
    if (!await request.take(random.below(4 * bytes))) return true;
    if (request.isWhole) return false;
    cuts++;
    if (random.below(2) === 0) request.reset();
    else request.close();
    return true;
  }));
  const recovery = { retryDelayMs: 0, resendWindowBytes: 0 };
  const run = new OutageRun(server, { loop: Infinity, recovery });
  try {
    await run.start();
    while (cuts < 200) await run.step(union);
    await run.step(union);
    run.stop.abort();
    assert.is(await run.states(), STOPPED);
    checkWhole(union);
    const { arrived, duplicates } = union.streams[0]!;
    assert.ok(arrived.size > 10, `${arrived.size} fragments`);
    assert.ok(duplicates > 0);
  } finally {
    await server.close();
  }
});

test("makes the short requests of a sparse stream again that fail", async () => {
  const union = await SampleUnion.open();
  let failures = 0;
  const server = await BadServer.start(checking(union, async (request) => {
    if (request.isProbe || streamNumber(request.url) !== SPARSE) return false;
    await request.toEnd();
    if (failures++ % 3 === 0) return false;
    if (failures % 2 === 0) request.say(answer(503));
    else request.reset();
    return true;
  }));
  const run = new OutageRun(server, { rate: "max", loop: 5, recovery: { retryDelayMs: 0 } });
  try {
    assert.is(await run.states(), COMPLETE);
    checkWhole(union, 5);
    assert.ok(run.told("retrying", SPARSE).length > 10);
    const { reconnects, resent } = await run.outcome(SPARSE);
    assert.ok(reconnects > 10);
    // What was answered has arrived: no more than the last two come again.
    assert.ok(resent <= 2 * run.told("retrying", SPARSE).length);
  } finally {
    await server.close();
  }
});

endWatch();
test.run();
