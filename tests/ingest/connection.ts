import { suite } from "uvu";
import * as assert from "uvu/assert";
import type { BodyFeed } from "../../lib/ingest/body_feed.ts";
import type { TransportAnswer } from "../../lib/ingest/transport.ts";
import { Connection, type ConnectionOptions } from "../../lib/ingest/connection.ts";
import { FakeClock } from "../helpers/fake_clock.ts";
import { failure } from "../helpers/parts.ts";
import { settle } from "../helpers/settle.ts";

const bytes = (...values: number[]) => Uint8Array.from(values);
const OK: TransportAnswer = { status: 200, statusText: "OK", header: () => undefined };

/** A client that takes bytes when the test says so. */
class Client {
  readonly clock = new FakeClock();
  readonly taken: number[] = [];
  readonly causes: (TransportAnswer | Error)[] = [];
  readonly connection: Connection;
  body!: BodyFeed;
  signal!: AbortSignal;
  answer!: (answer: TransportAnswer) => void;
  break!: (error: Error) => void;

  constructor(options: Partial<ConnectionOptions> = {}) {
    this.connection = new Connection({
      clock: this.clock,
      connectTimeoutMs: 10_000,
      sendTimeoutMs: () => 4000,
      answerTimeoutMs: 30_000,
      request: (body, signal) => {
        this.body = body;
        this.signal = signal;
        return new Promise((resolve, reject) => {
          this.answer = resolve;
          this.break = reject;
          signal.addEventListener("abort", () => reject(signal.reason));
        });
      },
      errorOf: (cause) => {
        this.causes.push(cause);
        return cause instanceof Error ? cause : new Error(`answered with ${cause.status}`);
      },
      ...options,
    });
  }

  /** Takes one piece. */
  async take(): Promise<void> {
    const { done, value } = await this.body.next();
    if (!done) this.taken.push(...value);
  }

  /** Takes everything there will be. */
  async takeAll(): Promise<void> {
    for await (const piece of this.body) this.taken.push(...piece);
  }
}

const test = suite("Connection");

test("sends bytes in order and returns the answer to them", async () => {
  const client = new Client();
  const taking = client.takeAll();
  await client.connection.send([bytes(1, 2), bytes(3)]);
  await client.connection.send([bytes(4)]);
  const answered = client.connection.end();
  await taking;
  client.answer(OK);
  assert.is(await answered, OK);
  assert.equal(client.taken, [1, 2, 3, 4]);
  assert.is(client.connection.bytes, 4);
});

test("leaves no wait behind", async () => {
  const client = new Client();
  client.takeAll();
  await client.connection.send([bytes(1)]);
  const answered = client.connection.end();
  client.answer(OK);
  await answered;
  await settle();
  assert.is(client.clock.pending, 0);
});

const earlyAnswers = [200, 202, 403, 500];
for (const status of earlyAnswers) {
  test(`takes ${status} in the middle of a body as a failure`, async () => {
    const client = new Client();
    const sending = failure(client.connection.send([bytes(1), bytes(2)]));
    await client.take();
    client.answer({ ...OK, status });
    assert.is((await sending).message, `answered with ${status}`);
    assert.ok(client.signal.aborted);
    assert.is((await failure(client.body.next())).message, `answered with ${status}`);
  });

  test(`takes ${status} while nothing is sent as a failure`, async () => {
    const client = new Client();
    client.takeAll().catch(() => {});
    await client.connection.send([bytes(1)]);
    client.answer({ ...OK, status });
    assert.is((await failure(client.connection.failed)).message, `answered with ${status}`);
    assert.is(
      (await failure(client.connection.send([bytes(2)]))).message,
      `answered with ${status}`,
    );
    assert.is(client.clock.pending, 0);
  });
}

test("returns any answer that comes after the end", async () => {
  const client = new Client();
  client.takeAll();
  const answered = client.connection.end();
  client.answer({ ...OK, status: 500 });
  assert.is((await answered).status, 500);
});

test("fails when the connection breaks, and lets go of what is being read", async () => {
  const client = new Client();
  let isReleased = false;
  const sending = failure(client.connection.send((async function* () {
    try {
      yield bytes(1);
      yield bytes(2);
    } finally {
      isReleased = true;
    }
  })()));
  await client.take();
  client.break(new Error("gone"));
  assert.is((await sending).message, "gone");
  await settle();
  assert.ok(isReleased);
});

test("does not wait for a connection for ever", async () => {
  const client = new Client();
  const sending = failure(client.connection.send([bytes(1)]));
  await client.clock.advance(9999);
  assert.equal(client.causes, []);
  await client.clock.advance(1);
  assert.is((await sending).message, "no connection within 10 s");
});

test("does not wait for a server that stops reading", async () => {
  const client = new Client();
  const sending = failure(client.connection.send([bytes(1), bytes(2)]));
  await client.clock.advance(500);
  await client.take();
  await client.clock.advance(3999);
  assert.equal(client.causes, []);
  await client.clock.advance(1);
  assert.is((await sending).message, "no byte taken within 4 s");
  assert.ok(client.signal.aborted);
});

test("counts from the last byte that was taken", async () => {
  const client = new Client();
  const sending = failure(client.connection.send([1, 2, 3, 4].map((n) => bytes(n))));
  for (let n = 0; n < 3; n++) {
    await client.take();
    await client.clock.advance(3900);
  }
  assert.equal(client.causes, []);
  await client.clock.advance(100);
  assert.is((await sending).message, "no byte taken within 4 s");
});

test("goes by the time-out of the moment", async () => {
  let timeoutMs = 2000;
  const client = new Client({ sendTimeoutMs: () => timeoutMs });
  client.connection.send([bytes(1), bytes(2)]).catch(() => {});
  await client.take();
  timeoutMs = 8000;
  await client.clock.advance(7999);
  assert.equal(client.causes, []);
  await client.clock.advance(1);
  assert.is((client.causes[0] as Error).message, "no byte taken within 8 s");
});

test("has all the time in the world while there is nothing to send", async () => {
  const client = new Client();
  client.takeAll().catch(() => {});
  await client.connection.send([bytes(1)]);
  await client.clock.advance(3_600_000);
  assert.equal(client.causes, []);
});

test("does not blame the server for a source that is slow", async () => {
  const client = new Client();
  client.takeAll().catch(() => {});
  let go!: () => void;
  const slow = new Promise<void>((resolve) => go = resolve);
  const sending = client.connection.send((async function* () {
    yield bytes(1);
    await slow;
    yield bytes(2);
  })());
  await client.clock.advance(60_000);
  assert.equal(client.causes, []);
  go();
  await sending;
  assert.equal(client.taken, [1, 2]);
});

test("does not wait for an answer for ever", async () => {
  const client = new Client();
  client.takeAll().catch(() => {});
  const answered = failure(client.connection.end());
  await client.clock.advance(29_999);
  assert.equal(client.causes, []);
  await client.clock.advance(1);
  assert.is((await answered).message, "no answer within 30 s");
  assert.ok(client.signal.aborted);
});

test("looks after the end of the body too, while the server does not take it", async () => {
  const client = new Client();
  const sending = client.connection.send([bytes(1)]);
  await client.take();
  const second = client.body.next();
  await sending;
  client.connection.send([bytes(2)]).catch(() => {});
  await second;
  const answered = failure(client.connection.end());
  await client.clock.advance(4000);
  assert.is((await answered).message, "no byte taken within 4 s");
});

test("fails with the first reason, and asks for no other", async () => {
  const client = new Client();
  const first = new Error("first");
  client.connection.abort(first);
  client.connection.abort(new Error("second"));
  client.answer(OK);
  await settle();
  assert.is(await failure(client.connection.failed), first);
  assert.is(client.signal.reason, first);
  assert.is(client.causes.filter((cause) => !(cause instanceof Error)).length, 0);
});

test("passes on why the bytes cannot be read", async () => {
  const client = new Client();
  client.takeAll().catch(() => {});
  const reason = new Error("the disk is gone");
  // deno-lint-ignore require-yield -- it fails before the first piece
  const sending = failure(client.connection.send((async function* () {
    throw reason;
  })()));
  assert.is(await sending, reason);
  assert.is(await failure(client.connection.failed), reason);
});

test.run();
