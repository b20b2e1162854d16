import { suite } from "uvu";
import * as assert from "uvu/assert";
import { ClientPool } from "../../lib/ingest/client_pool.ts";

const test = suite("ClientPool");

/** A client that does nothing, but says how much it has to do. */
class FakeClient {
  stats = { size: 0 };
  isDestroyed = false;

  destroy(): Promise<void> {
    this.isDestroyed = true;
    return Promise.resolve();
  }
}

const make = () => new FakeClient();

test("gives each request a client of its own", () => {
  const pool = new ClientPool(make);
  assert.is.not(pool.take(), pool.take());
});

test("gives the one that came back last out again", () => {
  const pool = new ClientPool(make);
  const [first, second] = [pool.take(), pool.take()];
  pool.give(second);
  pool.give(first);
  assert.is(pool.take(), first);
  assert.is(pool.take(), second);
  assert.not([first, second].includes(pool.take()));
});

test("passes over one that still has something to do", () => {
  const pool = new ClientPool(make);
  const [first, second] = [pool.take(), pool.take()];
  pool.give(first);
  pool.give(second);
  second.stats.size = 1;
  assert.is(pool.take(), first);
  assert.not([first, second].includes(pool.take()));
  second.stats.size = 0;
  assert.is(pool.take(), second);
});

test("has one client where it is to be a single one", () => {
  const pool = new ClientPool(make, true);
  const first = pool.take();
  assert.is(pool.take(), first);
  pool.give(first);
  assert.is(pool.take(), first);
});

test("closes those that are idle and those that are not", async () => {
  const pool = new ClientPool(make);
  const [first, second] = [pool.take(), pool.take()];
  pool.give(first);
  await pool.destroy();
  assert.ok(first.isDestroyed && second.isDestroyed);
});

test.run();
