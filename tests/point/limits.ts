import { suite } from "uvu";
import * as assert from "uvu/assert";
import { parseClientManifest } from "../../lib/manifest/client_manifest.ts";
import { formatPublishingPointFile } from "../../lib/manifest/publishing_point_file.ts";
import { join, uint32, writeBox } from "../../lib/mp4/box.ts";
import { writeLiveServerManifestBox } from "../../lib/mp4/manifest_box.ts";
import { writeEndOfStream } from "../../lib/mp4/mfra.ts";
import { createConformance } from "../../lib/point/conformance/conformance_extension.ts";
import { completeLimits } from "../../lib/point/limits.ts";
import type { PointEvent } from "../../lib/point/point_event.ts";
import { createPointServer, type PointServerOptions } from "../../lib/point/point_server.ts";
import { ascii, makeMoof, pattern } from "../helpers/boxes.ts";
import {
  END_OF_STREAM,
  fragmentOf,
  fragmentsOf,
  get,
  headerOf,
  send,
  sendSlowly,
} from "../helpers/broadcast.ts";
import { FakeClock } from "../helpers/fake_clock.ts";

const STREAM = "/live.isml/Streams(s)";
const header = headerOf();
const COLLECTION = "/services/smoothstreaming/publishingpoints.isml/settings";

function open(options: PointServerOptions = {}) {
  const events: PointEvent[] = [];
  const onEvent = (event: PointEvent) => events.push(event);
  const server = createPointServer({ autoCreate: true, onEvent, ...options });
  const refusals = () =>
    events.flatMap((event) =>
      event.event === "refused" ? [[event.point, event.stream, event.status]] : []
    );
  return { server, events, refusals };
}

const test = suite("limits of a point server");

test("takes so many points", async () => {
  const { server, refusals } = open({ limits: { points: 2 } });
  const statuses: number[] = [];
  for (const name of ["a", "b", "c", "a"]) {
    statuses.push((await send(server, `/${name}.isml/Streams(s)`)).status);
  }
  assert.equal(statuses, [200, 200, 403, 200]);
  const body = formatPublishingPointFile({ title: "d" });
  assert.is((await get(server, "/d.isml", { method: "PUT", body })).status, 403);
  const init = {
    method: "POST",
    headers: { "slug": "/e.isml", "content-type": "application/json" },
  };
  assert.is((await get(server, COLLECTION, { ...init, body: "{}" })).status, 403);
  assert.equal(refusals(), [["/c.isml", "", 403], ["/d.isml", "", 403], ["", "", 403]]);
});

test("takes so many streams of each point", async () => {
  const { server, refusals } = open({ limits: { streams: 2 } });
  const statuses: number[] = [];
  for (const id of ["a", "b", "c", "a"]) {
    statuses.push((await send(server, `/live.isml/Streams(${id})`, header)).status);
  }
  assert.equal(statuses, [200, 200, 403, 200]);
  assert.equal(refusals(), [["/live.isml", "c", 403]]);
});

test("takes so many tracks of each stream, and of each broadcast", async () => {
  const { server } = open({ limits: { tracks: 3 } });
  const tracks = (from: number, count: number) =>
    Array.from({ length: count }, (_, n) => ({ trackId: from + n, trackName: `t${from + n}` }));
  const statusOf = async (id: string, from: number, count: number) =>
    (await send(server, `/live.isml/Streams(${id})`, headerOf(tracks(from, count)))).status;
  assert.equal([await statusOf("a", 1, 4), await statusOf("a", 1, 2)], [413, 200]);
  // Other header boxes for the same stream, again and again, and other streams.
  assert.equal([await statusOf("a", 3, 1), await statusOf("a", 4, 1)], [200, 413]);
  assert.equal([await statusOf("b", 1, 3), await statusOf("c", 4, 1)], [200, 413]);
});

test("counts header boxes as what is held, until their streams are gone", async () => {
  const { server, refusals } = open({ limits: { memoryBytes: 16_000 } });
  const padded = headerOf([{ params: [{ name: "x", value: "y".repeat(2000) }] }]);
  const statuses: number[] = [];
  for (const id of ["a", "b"]) {
    statuses.push((await send(server, `/live.isml/Streams(${id})`, padded, fragmentOf(0))).status);
  }
  assert.equal([statuses, refusals()], [[200, 503], [["/live.isml", "b", 503]]]);
  await get(server, "/live.isml", { method: "DELETE" });
  assert.is((await send(server, STREAM, padded, fragmentOf(0))).status, 200);
});

test("lets go of the streams of earlier broadcasts, as senders take another ID each time", async () => {
  const conformance = createConformance();
  const { server } = open({ limits: { streams: 2 }, extensions: [conformance] });
  for (let n = 0; n < 5; n++) {
    const paths = ["a", "b"].map((name) => `/live.isml/Streams(${n}-${name})`);
    for (const path of paths) assert.is((await send(server, path)).status, 200, path);
    const answers = paths.map((path, kind) =>
      send(
        server,
        path,
        headerOf([{ kind: kind === 0 ? "video" : "audio" }]),
        ...fragmentsOf(0, 3),
        END_OF_STREAM,
      )
    );
    assert.equal((await Promise.all(answers)).map(({ status }) => status), [200, 200]);
  }
  assert.equal(server.report()[0]?.streams.map(({ id }) => id), ["4-a", "4-b"]);
  assert.equal(
    conformance.judge("/live.isml")?.streams.map((
      { stream, isConforming },
    ) => [stream, isConforming]),
    [["4-a", true], ["4-b", true]],
  );
});

test("takes header boxes of so many bytes, and does not wait for more", async () => {
  const { server } = open({ limits: { headerBytes: 10_000 } });
  assert.is((await send(server, STREAM, header)).status, 200);
  const large = writeBox("free", pattern(20_000));
  assert.is((await send(server, STREAM, large, header)).status, 413);
  const sending = sendSlowly(server, STREAM);
  await sending.send(join([uint32(50_000_000), ascii("moov"), pattern(10_001)]));
  assert.is((await sending.answer).status, 413);
});

test("takes manifests of so many bytes", async () => {
  const { server } = open({ limits: { manifestBytes: 5000 } });
  const box = writeLiveServerManifestBox(`<smil>${" ".repeat(6000)}</smil>`);
  assert.is((await send(server, STREAM, headerOf([{}], [box]))).status, 413);
  const body = `<smil>${" ".repeat(6000)}</smil>`;
  assert.is((await get(server, "/live.isml", { method: "PUT", body })).status, 413);
});

test("takes fragments of so many bytes", async () => {
  const { server } = open({ limits: { fragmentBytes: 1000 } });
  const start = join([uint32(5000), ascii("mdat")]);
  assert.is((await send(server, STREAM, header, makeMoof(), start)).status, 400);
});

test("cuts a body that does not get on", async () => {
  const clock = new FakeClock(1000);
  const { server, refusals, events } = open({ clock, limits: { idleMs: 5000 } });
  const sending = sendSlowly(server, STREAM);
  await sending.send(header, fragmentOf(0));
  await clock.advance(4999);
  await sending.send(fragmentOf(1));
  await clock.advance(4999);
  assert.equal(refusals(), []);
  await clock.advance(1);
  const response = await sending.answer;
  assert.equal([response.status, await response.text()], [
    408,
    "the body did not get on for 5 s\n",
  ]);
  assert.equal(refusals(), [["/live.isml", "s", 408]]);
  assert.ok(events.some((event) => event.event === "broken" && event.rule === "body-ends"));
  assert.is(clock.pending, 0);
});

test("cuts a body of single bytes, and one that never begins", async () => {
  const clock = new FakeClock(1000);
  const { server, refusals } = open({ clock, limits: { idleMs: 5000 } });
  const [slow, silent] = [sendSlowly(server, STREAM), sendSlowly(server, STREAM)];
  for (let n = 0; n < 5; n++) {
    await slow.send(Uint8Array.of(0));
    await clock.advance(1000);
  }
  assert.equal([(await slow.answer).status, (await silent.answer).status], [408, 408]);
  assert.equal(refusals().map(([, , status]) => status), [408, 408]);
});

test("does not cut a body as long as it is the server that is slow", async () => {
  const clock = new FakeClock(1000);
  let release = () => {};
  const held = new Promise<void>((resolve) => release = resolve);
  const { server } = open({ clock, limits: { idleMs: 5000 }, onPart: () => held });
  const answer = send(server, STREAM, header, fragmentOf(0));
  await clock.advance(60_000);
  release();
  assert.is((await answer).status, 200);
});

test("lets the oldest fragments of the largest point go when memory is short", async () => {
  const { server, events } = open({ dvrSeconds: 0, limits: { memoryBytes: 100_000 } });
  await send(server, "/b.isml/Streams(s)", header, ...fragmentsOf(0, 4, { size: 1000 }));
  for (let n = 0; n < 50; n++) {
    const { status } = await send(server, STREAM, header, fragmentOf(n, { size: 5000 }));
    assert.is(status, 200);
  }
  const timesOf = async (point: string) => {
    const text = await (await get(server, `/${point}.isml/Manifest`)).text();
    return parseClientManifest(text).streams[0]!.fragments.map(({ start }) =>
      Number(start / 20_000_000n)
    );
  };
  const times = await timesOf("live");
  assert.ok(times[0]! > 25 && times.at(-1) === 47, times.join());
  assert.equal(await timesOf("b"), [0, 1]);
  const shed = events.reduce((sum, it) => it.event === "shed" ? sum + it.fragments : sum, 0);
  assert.is(shed, times[0]);
});

test("lets broadcasts that are over go as a whole before it refuses a new one", async () => {
  const { server, refusals } = open({ limits: { memoryBytes: 150_000 } });
  for (let n = 0; n < 10; n++) {
    const fragments = fragmentsOf(0, 5, { size: 9000 });
    const body = [header, ...fragments, writeEndOfStream()];
    const { status } = await send(server, `/live-${n}.isml/Streams(s)`, ...body);
    assert.is(status, 200, `${n}`);
  }
  assert.equal(refusals(), []);
  const statuses: number[] = [];
  for (let n = 0; n < 10; n++) {
    statuses.push((await get(server, `/live-${n}.isml/Manifest`)).status);
  }
  assert.is(statuses[0], 404);
  assert.is(statuses.at(-1), 200);
  const first = statuses.indexOf(200);
  assert.ok(statuses.every((status, n) => status === (n < first ? 404 : 200)), statuses.join());
});

test("refuses more when there is nothing left to let go of", async () => {
  const { server, refusals } = open({ limits: { memoryBytes: 20_000 } });
  const response = await send(server, STREAM, header, ...fragmentsOf(0, 5, { size: 9000 }));
  assert.is(response.status, 503);
  assert.equal(refusals(), [["/live.isml", "s", 503]]);
});

test("counts what has come of a fragment that is not whole", async () => {
  // Each takes 8000 bytes, and some thousands for its header boxes.
  const { server } = open({ limits: { memoryBytes: 36_000 } });
  const bodies = ["a", "b", "c"].map((id) => sendSlowly(server, `/live.isml/Streams(${id})`));
  const start = join([makeMoof({ sizes: [50_000] }), uint32(50_008), ascii("mdat"), pattern(8000)]);
  const statuses: number[] = [];
  for (const [n, body] of bodies.entries()) {
    await body.send(headerOf([{ trackName: `v${n}` }]), start);
    const status = await Promise.race([
      body.answer.then((response) => response.status),
      new Promise<number>((resolve) => setTimeout(() => resolve(0), 20)),
    ]);
    statuses.push(status);
  }
  assert.equal(statuses, [0, 0, 503]);
  await server.close();
});

test("completes limits, and takes whole numbers above 0 alone", () => {
  assert.is(completeLimits({}).streams, 64);
  assert.is(completeLimits({ streams: undefined }).streams, 64);
  assert.is(completeLimits({ streams: 3 }).streams, 3);
  for (const points of [0, -1, 1.5, Number.NaN, Infinity]) {
    assert.throws(() => completeLimits({ points }), /Cannot limit "points"/);
  }
});

const paths = [
  "/..%2f..%2fetc%2fa.isml",
  "/a/..%5C..%5Cb.isml",
  "/%2e%2e%2fa.isml",
  "/a%00.isml",
  "/a%0Ab.isml",
  "/c:%5Ca.isml",
  "/a./b.isml",
  "/a%20/b.isml",
  `/${"a".repeat(300)}.isml`,
  "/a.isml/Streams(..)",
  "/a.isml/Streams(a%5Cb)",
  "/a.isml/Streams(a%00)",
  "/a.isml/Events(..)/Streams(a)",
];
for (const path of paths) {
  test(`knows no point at ${path.slice(0, 40)}`, async () => {
    const { server } = open();
    assert.is((await send(server, path, header)).status, 404);
    assert.equal(server.report(), []);
  });
}

test.run();
