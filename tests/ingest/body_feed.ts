import { suite } from "uvu";
import * as assert from "uvu/assert";
import { BodyFeed } from "../../lib/ingest/body_feed.ts";

const piece = (...bytes: number[]) => Uint8Array.from(bytes);

const test = suite("BodyFeed");

test("tells that bytes were taken when more is asked for", async () => {
  const feed = new BodyFeed();
  let isTaken = false;
  const sent = feed.send([piece(1), piece(2)]).then(() => isTaken = true);
  assert.equal(await feed.next(), { done: false, value: piece(1) });
  assert.equal(await feed.next(), { done: false, value: piece(2) });
  assert.not.ok(isTaken);
  const third = feed.next();
  await sent;
  feed.end();
  assert.equal(await third, { done: true, value: undefined });
  assert.is(feed.bytes, 2);
});

test("waits for what is put in later", async () => {
  const feed = new BodyFeed();
  const first = feed.next();
  feed.send([piece(7)]);
  assert.equal(await first, { done: false, value: piece(7) });
});

test("takes pieces that come one by one, and nothing before it is asked for", async () => {
  const feed = new BodyFeed();
  const asked: number[] = [];
  feed.send((async function* () {
    for (const n of [1, 2]) {
      asked.push(n);
      yield piece(n);
    }
  })());
  assert.equal(asked, []);
  await feed.next();
  assert.equal(asked, [1]);
});

test("fails both sides with the reason", async () => {
  const feed = new BodyFeed();
  const reason = new Error("gone");
  let isReleased = false;
  const sent = feed.send((async function* () {
    try {
      yield piece(1);
      yield piece(2);
    } finally {
      isReleased = true;
    }
  })());
  await feed.next();
  feed.fail(reason);
  for (const promise of [sent, feed.next(), feed.send([piece(1)])]) {
    assert.is(await promise.then(() => "passed", (error: unknown) => error), reason);
  }
  assert.ok(isReleased);
});

test("fails by pieces that cannot be read", async () => {
  const feed = new BodyFeed();
  const reason = new Error("unreadable");
  // deno-lint-ignore require-yield -- it fails before the first piece
  const sent = feed.send((async function* () {
    throw reason;
  })());
  assert.is(await feed.next().then(() => "passed", (error: unknown) => error), reason);
  assert.is(await sent.then(() => "passed", (error: unknown) => error), reason);
});

test.run();
