import { suite } from "uvu";
import * as assert from "uvu/assert";
import type { PageOptions } from "../../../lib/point/page/page.ts";
import { join } from "../../../lib/mp4/box.ts";
import { createPage } from "../../../lib/point/page/page.ts";
import { createPointServer, type PointServer } from "../../../lib/point/point_server.ts";
import {
  END_OF_STREAM,
  fragmentOf,
  fragmentsOf,
  get,
  headerOf,
  send,
  sendSlowly,
} from "../../helpers/broadcast.ts";
import { FakeClock } from "../../helpers/fake_clock.ts";
import { settle } from "../../helpers/settle.ts";

const STREAM = "/live/a.isml/Streams(s)";
const EVENTS = "/live/a.isml/events";
const header = headerOf([{ trackName: "video", systemBitrate: 500_000 }]);

/** A server with the page alone, at a clock of its own. */
function open(options: PageOptions = {}) {
  const clock = new FakeClock(1000);
  const errors: unknown[] = [];
  const page = createPage({ clock, wallClock: () => clock.now(), ...options });
  const server = createPointServer({
    ...{ autoCreate: true, clock, extensions: [page] },
    onError: (error) => errors.push(error),
  });
  return { server, clock, errors };
}

/** A message of server-sent events. */
interface Message {
  readonly event: string;
  // deno-lint-ignore no-explicit-any -- whatever the page is told
  readonly data: any;
}

/** Reads server-sent events. */
async function listen(server: PointServer, path: string) {
  await settle(); // what was sent before is to be taken in before
  const response = await get(server, path);
  const reader = response.body!.getReader();
  let text = "";
  let isOver = false;
  const messages: Message[] = [];
  const run = async () => {
    for (let read = await reader.read(); !read.done; read = await reader.read()) {
      text += new TextDecoder().decode(read.value);
      const parts = text.split("\n\n");
      text = parts.pop()!;
      for (const part of parts) {
        const [, event, data] = /^event: (.*)\ndata: (.*)$/.exec(part) ?? [];
        messages.push({ event: event!, data: JSON.parse(data!) });
      }
    }
    isOver = true;
  };
  const done = run();
  await settle();
  return {
    response,
    done,
    /** What came since the last call. */
    take: () => messages.splice(0),
    isOver: () => isOver,
    leave: () => reader.cancel(),
  };
}

const test = suite("createPage");

test("serves the list and a point, and says that there is none with 404", async () => {
  const { server } = open();
  await send(server, STREAM, header);
  for (const [path, status] of [["/", 200], ["/live/a.isml/", 200], ["/b.isml/", 404]] as const) {
    const response = await get(server, path);
    assert.is(response.status, status, path);
    assert.is(response.headers.get("content-type"), "text/html; charset=utf-8");
    assert.match(await response.text(), /^<!DOCTYPE html>/);
  }
});

test("serves its files below every page, under a policy that lets nothing else in", async () => {
  const { server } = open();
  for (const path of ["/page/style.css", "/live/a.isml/page/style.css", "/x.isml/page/points.js"]) {
    const response = await get(server, path);
    assert.is(response.status, 200, path);
    const policy = response.headers.get("content-security-policy")!;
    assert.match(policy, /^default-src 'none'; script-src 'self'; style-src 'self';/);
    assert.not.match(policy, /unsafe|\*|http/);
    assert.is(response.headers.get("x-content-type-options"), "nosniff");
    await response.body?.cancel();
  }
});

test("serves no other file", async () => {
  const { server } = open();
  const paths = [
    "/page/",
    "/page/page.ts",
    "/page/..%2fpage.ts",
    "/page/%2e%2e/page.ts",
    "/page/x/y",
  ];
  for (const path of paths) assert.is((await get(server, path)).status, 404, path);
});

test("saves what a browser has", async () => {
  const { server } = open();
  const first = await get(server, "/page/style.css");
  const again = await get(server, "/page/style.css", {
    headers: { "if-none-match": first.headers.get("etag")! },
  });
  assert.equal([again.status, await again.text()], [304, ""]);
});

test("answers HEAD without a body", async () => {
  const { server } = open();
  for (const path of ["/", EVENTS, "/page/point.js"]) {
    const response = await get(server, path, { method: "HEAD" });
    assert.equal([response.status, await response.text()], [200, ""]);
  }
});

test("leads people to the page, and programs not", async () => {
  const { server } = open();
  const person = await get(server, "/live/a.isml", { headers: { accept: "text/html,*/*" } });
  assert.equal([person.status, person.headers.get("location")], [302, "./a.isml/"]);
  assert.is.not((await get(server, "/live/a.isml")).status, 302);
});

test("starts with a snapshot, and goes on with what happens", async () => {
  const { server, clock } = open({ hasConformance: true });
  const sending = sendSlowly(server, STREAM);
  await sending.send(header, fragmentOf(0));
  const reader = await listen(server, "/Live/A.isml/events");
  assert.is(reader.response.headers.get("content-type"), "text/event-stream; charset=utf-8");
  assert.is(reader.response.headers.get("cache-control"), "no-store");
  const [{ event, data }, ...more] = reader.take() as [Message];
  assert.is(more.length, 0);
  assert.equal([event, data.point, data.state], ["snapshot", "/live/a.isml", "Started"]);
  assert.equal([data.now, data.hasConformance], [1000, true]);
  const [stream] = data.streams;
  assert.equal([stream.id, stream.activity], ["s", "receiving"]);
  assert.equal(stream.tracks[0].recent, [[1000, 0, 2, 100, "new"]]);
  assert.equal([stream.tracks[0].bitrate, stream.tracks[0].counts.fragments], [500_000, 1]);

  await sending.send(fragmentOf(1), fragmentOf(1), fragmentOf(3));
  await clock.advance(199);
  assert.equal(reader.take(), []);
  await clock.advance(1);
  const [told] = reader.take();
  assert.is(told?.event, "increments");
  const kinds = told!.data.increments.map((it: { kind: string }) => it.kind);
  assert.equal(kinds, ["fragment", "log", "fragment", "fragment", "gap", "log"]);
  const outcomes = told!.data.increments.flatMap((it: { fragment?: unknown[] }) =>
    it.fragment ? [it.fragment[4]] : []
  );
  assert.equal(outcomes, ["new", "duplicate", "new"]);

  await clock.advance(800);
  const [judged] = reader.take();
  assert.is(judged?.event, "verdicts");
  assert.is(judged!.data[0].faults.length, 1);
  assert.equal(judged!.data[0].breaches.map((it: { rule: string }) => it.rule), [
    "probe",
    "times-grow",
  ]);

  await sending.send(END_OF_STREAM);
  await sending.end();
  await clock.advance(200);
  const states = reader.take().flatMap(({ data }) => data.increments).flatMap((it) =>
    it.kind === "state" ? [it.state] : []
  );
  assert.equal(states, ["Stopping", "Stopped"]);
});

test("does not tell twice what a late reader has in its snapshot", async () => {
  const { server, clock } = open();
  const sending = sendSlowly(server, STREAM);
  await sending.send(header, fragmentOf(0));
  const early = await listen(server, EVENTS);
  early.take();
  await sending.send(fragmentOf(1));
  const late = await listen(server, EVENTS);
  const [{ data }] = late.take() as [Message];
  assert.is(data.streams[0].tracks[0].recent.length, 2);
  await clock.advance(200);
  assert.equal(late.take(), []);
  assert.equal(early.take().map(({ event }) => event), ["increments"]);
  await sending.end();
});

test("tells of a point that comes and goes", async () => {
  const { server, clock } = open();
  const reader = await listen(server, EVENTS);
  assert.equal(reader.take().map(({ data }) => data.state), [null]);
  await send(server, STREAM, header, fragmentOf(0));
  await clock.advance(200);
  const [there] = reader.take();
  assert.equal([there?.event, there?.data.state], ["snapshot", "Started"]);
  await get(server, "/live/a.isml", { method: "DELETE" });
  await clock.advance(200);
  const gone = reader.take().filter(({ event }) => event === "snapshot");
  assert.equal(gone.map(({ data }) => data.state), [null]);
});

test("sends a new snapshot where there is too much to tell", async () => {
  const { server, clock } = open();
  const sending = sendSlowly(server, STREAM);
  await sending.send(header, fragmentOf(0));
  const reader = await listen(server, EVENTS);
  reader.take();
  await sending.send(join(fragmentsOf(1, 4100, { size: 1 })));
  await clock.advance(200);
  const told = reader.take().filter(({ event }) => event !== "verdicts");
  assert.equal(told.map(({ event }) => event), ["snapshot"]);
  assert.is(told[0]!.data.streams[0].tracks[0].recent.length, 300);
  await sending.end();
});

test("lists the points, and what has changed at most once a second", async () => {
  const { server, clock } = open();
  const reader = await listen(server, "/events");
  assert.equal(reader.take().map(({ data }) => data.points), [[]]);
  await send(server, STREAM, header, fragmentOf(0), END_OF_STREAM);
  await send(server, "/b.isml/Streams(1)", header, fragmentOf(0));
  await clock.advance(999);
  assert.equal(reader.take(), []);
  await clock.advance(1);
  const [told] = reader.take();
  assert.equal(told?.data.points, [
    { point: "/live/a.isml", state: "Stopped", sinceMs: 1000, streams: 1, receiving: 0 },
    { point: "/b.isml", state: "Started", sinceMs: 1000, streams: 1, receiving: 0 },
  ]);
});

test("gives signs of life as long as somebody reads", async () => {
  const { server, clock } = open();
  const reader = await listen(server, EVENTS);
  const other = await listen(server, "/events");
  [reader, other].forEach((it) => it.take());
  await clock.advance(30_000);
  assert.equal(reader.take().map(({ event }) => event), ["alive", "alive"]);
  assert.is(other.take().length, 2);
  await reader.leave();
  await other.leave();
  await clock.advance(15_000);
  assert.is(clock.pending, 0);
});

test("takes no more readers than it can, until one goes", async () => {
  const { server } = open({ maxReaders: 2 });
  const first = await listen(server, EVENTS);
  await listen(server, "/events");
  const refused = await get(server, EVENTS);
  assert.equal([refused.status, refused.headers.get("retry-after")], [503, "5"]);
  await first.leave();
  assert.is((await listen(server, EVENTS)).response.status, 200);
});

test("drops a reader that does not read, and lets others go on", async () => {
  const { server, clock } = open({ maxQueuedBytes: 2000, maxReaders: 2 });
  const sending = sendSlowly(server, STREAM);
  await sending.send(header, fragmentOf(0));
  const slow = (await get(server, EVENTS)).body!.getReader();
  const fast = await listen(server, EVENTS);
  for (let n = 1; n < 60; n++) {
    await sending.send(fragmentOf(n, { size: 1 }));
    await clock.advance(200);
  }
  assert.ok(fast.take().length > 50);
  let last = await slow.read();
  while (!last.done) last = await slow.read();
  // Its place is free again.
  assert.is((await listen(server, EVENTS)).response.status, 200);
  await sending.end();
});

test("keeps nothing of points that are not there, whatever is asked and sent", async () => {
  const page = createPage({ wallClock: () => 0 });
  const server = createPointServer({ extensions: [page] });
  for (let n = 0; n < 20; n++) await send(server, `/made-up-${n}.isml/Streams(1)`, header);
  const reader = await listen(server, "/events");
  assert.equal(reader.take().map(({ data }) => data.points), [[]]);
  await server.close();
});

test("tells of the end before it closes", async () => {
  const { server, errors } = open();
  const sending = sendSlowly(server, STREAM);
  await sending.send(header, fragmentOf(0));
  const reader = await listen(server, EVENTS);
  const list = await listen(server, "/events");
  reader.take();
  await sending.send(fragmentOf(1), END_OF_STREAM);
  await sending.end();
  await settle();
  await server.close();
  await settle();
  const states = reader.take().flatMap(({ data }) => data.increments).flatMap((it) =>
    it.kind === "state" ? [it.state] : []
  );
  assert.equal(states.slice(0, 2), ["Stopping", "Stopped"]);
  assert.ok(reader.isOver() && list.isOver());
  assert.equal(errors, []);
});

test.run();
