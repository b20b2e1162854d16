import { suite } from "uvu";
import * as assert from "uvu/assert";
import type { TransportRequest } from "../../lib/ingest/transport.ts";
import { Authorization } from "../../lib/ingest/authorization.ts";
import { PointReader, PointReadError } from "../../lib/load/point_reader.ts";
import { FakeClock } from "../helpers/fake_clock.ts";
import { type FakeDelivery, FakeSink } from "../helpers/fake_sink.ts";

const test = suite("PointReader");

const BASIC = "Basic bWU6c2VjcmV0"; // me:secret

function open(get: (request: TransportRequest) => FakeDelivery) {
  const asked: TransportRequest[] = [];
  const sink = new FakeSink({
    clock: new FakeClock(),
    get: (request) => {
      asked.push(request);
      return get(request);
    },
  });
  const reader = new PointReader({
    transport: sink,
    authorization: new Authorization({ credentials: { user: "me", password: "secret" } }),
    headers: [["X-Key", "7"]],
    signal: new AbortController().signal,
  });
  const read = async (url: string) => new TextDecoder().decode(await reader.get(url));
  return { read, asked };
}

const valueOf = (name: string) => ({ headers }: TransportRequest) =>
  headers.find(([it]) => it === name)?.[1];

test("logs in when it is asked to, once for all requests", async () => {
  const { read, asked } = open((request) =>
    valueOf("Authorization")(request) === BASIC
      ? { status: 200, text: request.url }
      : { status: 401, challenge: 'Basic realm="x"' }
  );
  assert.is(await read("https://h/a"), "https://h/a");
  assert.is(await read("https://h/b"), "https://h/b");
  assert.equal(asked.map(valueOf("Authorization")), [undefined, BASIC, BASIC]);
  assert.equal(asked.map(valueOf("X-Key")), ["7", "7", "7"]);
});

test("gives nothing to another origin that it is sent to", async () => {
  const { read, asked } = open(({ url }) =>
    url.startsWith("https://h/")
      ? { status: 302, location: "https://other/b" }
      : { status: 200, text: "there" }
  );
  assert.is(await read("https://h/a"), "there");
  assert.equal(asked.map(({ url, headers }) => [url, headers.length]), [
    ["https://h/a", 1],
    ["https://other/b", 0],
  ]);
});

test("says with which status it failed, and goes on with the next request", async () => {
  const { read } = open(({ url }) => url.endsWith("a") ? { status: 404 } : { status: 200 });
  const [a, b] = await Promise.allSettled([read("https://h/a"), read("https://h/b")]);
  const { reason } = a as PromiseRejectedResult;
  assert.instance(reason, PointReadError);
  assert.is(reason.kind, "HTTP 404");
  assert.is(b.status, "fulfilled");
});

test("stops where it is sent round in circles", async () => {
  const { read } = open(() => ({ status: 302, location: "https://h/a" }));
  try {
    await read("https://h/a");
    assert.unreachable();
  } catch (error) {
    assert.is((error as PointReadError).kind, "too many redirects");
  }
});

test.run();
