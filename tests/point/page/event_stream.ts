import { suite } from "uvu";
import * as assert from "uvu/assert";
import { EventStream, formatServerEvent } from "../../../lib/point/page/event_stream.ts";
import { settle } from "../../helpers/settle.ts";

const decoder = new TextDecoder();
const bytes = (text: string) => new TextEncoder().encode(text);

/** An event stream that keeps count of who left. */
function open(maxQueuedBytes = 100) {
  let left = 0;
  const stream = new EventStream({ maxQueuedBytes, onLeave: () => left++ });
  return { stream, left: () => left };
}

const format = suite("formatServerEvent");

format("puts a value on one line, whatever is in it", () => {
  const text = decoder.decode(formatServerEvent("log", { text: "a\nb\r\n\u2028ö" }));
  assert.is(text, 'event: log\ndata: {"text":"a\\nb\\r\\n\u2028ö"}\n\n');
});

format.run();

const test = suite("EventStream");

test("gives each reader what it starts with, then what is sent to all", async () => {
  const { stream } = open();
  const one = stream.open(bytes("1")).getReader();
  const other = stream.open(bytes("2")).getReader();
  assert.is(stream.size, 2);
  const first = [await one.read(), await other.read()];
  assert.equal(first.map(({ value }) => decoder.decode(value)), ["1", "2"]);
  stream.send(bytes("both"));
  const second = [await one.read(), await other.read()];
  assert.equal(second.map(({ value }) => decoder.decode(value)), ["both", "both"]);
});

test("joins what waits for a reader", async () => {
  const { stream } = open();
  const reader = stream.open(bytes("a")).getReader();
  stream.send(bytes("b"));
  stream.send(bytes("c"));
  assert.is(decoder.decode((await reader.read()).value), "abc");
});

test("drops who is too far behind, and keeps who is not", async () => {
  const { stream, left } = open(10);
  const slow = stream.open(bytes("a start that may be as long as it likes")).getReader();
  const fast = stream.open(bytes("a")).getReader();
  for (let n = 0; n < 10; n++) {
    stream.send(bytes("two"));
    await fast.read();
  }
  assert.equal([stream.size, left()], [1, 1]);
  assert.ok((await slow.read()).done);
  stream.send(bytes("!"));
  await settle();
  assert.is(stream.size, 1);
});

test("forgets who goes, once", async () => {
  const { stream, left } = open();
  const reader = stream.open(bytes("a")).getReader();
  await reader.cancel();
  stream.send(bytes("b"));
  stream.close();
  assert.equal([stream.size, left()], [0, 1]);
});

test("ends behind what waits", async () => {
  const { stream, left } = open();
  const reader = stream.open(bytes("a")).getReader();
  stream.send(bytes("b"));
  stream.close();
  assert.is(decoder.decode((await reader.read()).value), "ab");
  assert.ok((await reader.read()).done);
  assert.equal([stream.size, left()], [0, 1]);
});

test("sends a sign of life that browsers see", async () => {
  const { stream } = open();
  const reader = stream.open(bytes("")).getReader();
  await reader.read();
  stream.keepAlive();
  assert.is(decoder.decode((await reader.read()).value), "event: alive\ndata: null\n\n");
});

test.run();
