import { suite } from "uvu";
import * as assert from "uvu/assert";
import type { StreamPart } from "../../lib/part.ts";
import { Pacer } from "../../lib/stages/pace_stream.ts";
import { SendTurns, sendTurnsOf, type Turn } from "../../lib/stages/send_turns.ts";
import { FakeClock } from "../helpers/fake_clock.ts";
import { failure, fragment } from "../helpers/parts.ts";
import { settle } from "../helpers/settle.ts";

const never = () => new AbortController().signal;

/** As many as may send at a time, or fewer. */
function fill(turns: SendTurns, count = 16): Turn[] {
  const begun: Turn[] = [];
  for (let n = 0; n < count; n++) {
    const turn = turns.enter(never());
    assert.not.instance(turn, Promise, `${n} need not wait`);
    begun.push(turn as Turn);
  }
  return begun;
}

/** Notes who has a turn, in order. */
function queue(turns: SendTurns, count: number, signal?: AbortSignal): number[] {
  const order: number[] = [];
  for (let n = 0; n < count; n++) {
    const turn = turns.enter(signal ?? never());
    assert.instance(turn, Promise);
    Promise.resolve(turn).then(() => order.push(n), () => {});
  }
  return order;
}

const test = suite("SendTurns");

test("lets those who wait in as others leave, in the order in which they came", async () => {
  const turns = new SendTurns(new FakeClock());
  const begun = fill(turns);
  const order = queue(turns, 3);
  await settle();
  assert.equal(order, []);
  begun[7]!.leave();
  await settle();
  assert.equal(order, [0]);
  begun[7]!.leave();
  await settle();
  assert.equal(order, [0], "one leaves once");
  begun[2]!.leave();
  begun[3]!.leave();
  await settle();
  assert.equal(order, [0, 1, 2]);
});

test("does not count those who ask for nothing for a few milliseconds", async () => {
  const clock = new FakeClock();
  const turns = new SendTurns(clock);
  fill(turns);
  await clock.advance(2);
  const order = queue(turns, 20);
  await clock.advance(5);
  assert.equal(order, []);
  await clock.advance(1);
  assert.is(order.length, 16);
  await clock.advance(5);
  assert.is(order.length, 16);
  await clock.advance(1);
  assert.is(order.length, 20);
  assert.is(clock.pending, 0, "nobody is watched where nobody waits");
});

test("counts those who go on, however long it takes", async () => {
  const clock = new FakeClock();
  const turns = new SendTurns(clock);
  const begun = fill(turns);
  const order = queue(turns, 20);
  for (let n = 0; n < 100; n++) {
    for (const turn of begun) turn.proceed();
    await clock.advance(3);
  }
  assert.equal(order, []);
  begun[5]!.leave();
  await settle();
  assert.equal(order, [0]);
});

test("forgets who does not want to wait any more", async () => {
  const turns = new SendTurns(new FakeClock());
  const [first] = fill(turns);
  const abort = new AbortController();
  const given = failure(Promise.resolve(turns.enter(abort.signal)));
  const order = queue(turns, 1);
  const reason = new Error("enough");
  abort.abort(reason);
  assert.is(await given, reason);
  first!.leave();
  await settle();
  assert.equal(order, [0]);
  assert.throws(() => turns.enter(abort.signal), /enough/);
});

test("are the same for all who keep time by one clock", () => {
  const clock = new FakeClock();
  assert.is(sendTurnsOf(clock), sendTurnsOf(clock));
  assert.is.not(sendTurnsOf(clock), sendTurnsOf(new FakeClock()));
});

test("are waited for by what is late, which is not read before; asking for more ends one", async () => {
  const clock = new FakeClock(10_000);
  const [first] = fill(sendTurnsOf(clock));
  const part = fragment();
  let reads = 0;
  const payload = {
    size: part.payload.size,
    read: (signal?: AbortSignal) => {
      reads++;
      return part.payload.read(signal);
    },
  };
  const pacer = new Pacer({ clock, startMs: 0 }, never());
  let left: StreamPart | undefined;
  pacer.pass({ ...part, payload }).then((it) => left = it);
  await settle();
  assert.is(reads, 0);
  assert.is(left, undefined);
  first!.leave();
  await settle();
  assert.is(reads, 1);
  assert.is(left?.type, "fragment");
  const order = queue(sendTurnsOf(clock), 1);
  await settle();
  assert.equal(order, []);
  await pacer.pass({ type: "end" } as StreamPart);
  await settle();
  assert.equal(order, [0]);
});

test("leave what is due later unread while others wait", async () => {
  const clock = new FakeClock(10_000);
  const turns = sendTurnsOf(clock);
  const [first] = fill(turns);
  const part = fragment();
  let reads = 0;
  const payload = { size: 10, read: () => (reads++, part.payload.read()) };
  const dueMs = Number(part.decodeTime + part.duration) * 1000 / part.timescale;
  const pass = () =>
    new Pacer({ clock, startMs: 10_100 - dueMs }, never()).pass({ ...part, payload });
  pass();
  await settle();
  assert.is(reads, 1, "before it is due");
  queue(turns, 1);
  pass();
  await settle();
  assert.is(reads, 1);
  first!.leave();
  pass();
  await settle();
  assert.is(reads, 2, "nobody waits any more");
});

test("go on with each piece that is asked for", async () => {
  const clock = new FakeClock(10_000);
  const others = fill(sendTurnsOf(clock), 15);
  const part = fragment();
  async function* pieces() {
    for (let n = 0; n < 20; n++) yield await Promise.resolve(new Uint8Array(100_000));
  }
  const payload = { size: 2_000_000, read: () => pieces() };
  const paced = await new Pacer({ clock, startMs: 0 }, never()).pass({ ...part, payload });
  if (paced?.type !== "fragment") return assert.unreachable();
  const reading = paced.payload.read()[Symbol.asyncIterator]();
  const order = queue(sendTurnsOf(clock), 1);
  for (let n = 0; n < 10; n++) {
    await clock.advance(3);
    for (const turn of others) turn.proceed();
    assert.is((await reading.next()).value.length, 100_000);
  }
  assert.equal(order, []);
  for (let n = 0; n < 2; n++) {
    await clock.advance(3);
    for (const turn of others) turn.proceed();
  }
  assert.equal(order, [0], "it asks no more");
});

test.run();
