import { suite } from "uvu";
import * as assert from "uvu/assert";
import { formatPublishingPointFile } from "../../lib/manifest/publishing_point_file.ts";
import { formatStreamManifest } from "../../lib/manifest/stream_manifest.ts";
import { writeStreamManifestBox } from "../../lib/mp4/manifest_box.ts";
import { createPointServer, type PointServer } from "../../lib/point/point_server.ts";
import type { PointEvent } from "../../lib/point/point_event.ts";
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
import { settle } from "../helpers/settle.ts";

const STREAM = "/live.isml/Streams(s)";
const OTHER = "/live.isml/Streams(other)";
const header = headerOf();

/** A server with one point, and the states that it went through. */
async function open(file: Partial<Parameters<typeof formatPublishingPointFile>[0]> = {}) {
  const states: string[] = [];
  const clock = new FakeClock(1000);
  const onEvent = (event: PointEvent) => {
    if (event.event === "state") states.push(event.state);
  };
  const server = createPointServer({ onEvent, clock });
  const body = formatPublishingPointFile({ title: "Live", ...file });
  await get(server, "/live.isml", { method: "PUT", body });
  return { server, states, clock };
}

const json = { accept: "application/json" };
const stateOf = async (server: PointServer) =>
  (await (await get(server, "/live.isml/state", { headers: json })).json()).state;
const setState = async (server: PointServer, state: string) => {
  const headers = { ...json, "content-type": "application/json" };
  const body = JSON.stringify({ state });
  return (await get(server, "/live.isml/state", { method: "PUT", headers, body })).status;
};
const statusOf = async (server: PointServer, path: string) => (await get(server, path)).status;

const test = suite("states of a publishing point");

test("starts with the first header, and stops with the last end of stream", async () => {
  const { server, states } = await open();
  assert.is(await stateOf(server), "Idle");
  const sending = sendSlowly(server, STREAM);
  await sending.send(header.subarray(0, 100));
  assert.is(await stateOf(server), "Starting");
  await sending.send(header.subarray(100), fragmentOf(0));
  assert.is(await stateOf(server), "Started");
  await send(server, OTHER, headerOf([{ trackName: "b" }]), fragmentOf(0), END_OF_STREAM);
  assert.is(await stateOf(server), "Started");
  await sending.send(END_OF_STREAM);
  await sending.end();
  assert.is((await sending.answer).status, 200);
  assert.is(await stateOf(server), "Stopped");
  assert.equal(states, ["Starting", "Started", "Stopping", "Stopped"]);
});

test("is not started by a probe", async () => {
  const { server } = await open();
  assert.is((await send(server, STREAM)).status, 200);
  assert.is(await stateOf(server), "Idle");
});

test("must be started by hand where its file says so", async () => {
  const { server } = await open({ startOnFirstRequest: false });
  for (const body of [[], [header]]) {
    const response = await send(server, STREAM, ...body);
    assert.is(response.status, 403);
    assert.match(await response.text(), "must be started by hand");
  }
  assert.is(await setState(server, "Started"), 200);
  assert.is(await stateOf(server), "Starting");
  assert.is((await send(server, STREAM, header, fragmentOf(0))).status, 200);
  assert.is(await stateOf(server), "Started");
});

test("takes nothing once it is stopped, unless its file says so", async () => {
  const { server } = await open({ restartOnEncoderReconnect: false });
  await send(server, STREAM, header, fragmentOf(0), END_OF_STREAM);
  for (const body of [[], [header, fragmentOf(1)]]) {
    const response = await send(server, STREAM, ...body);
    assert.is(response.status, 403);
    assert.match(await response.text(), "must be shut down first");
  }
  assert.is(await statusOf(server, "/live.isml/Manifest"), 200);
  assert.is(await setState(server, "Idle"), 200);
  assert.is(await statusOf(server, "/live.isml/Manifest"), 404);
  assert.is((await send(server, STREAM, header, fragmentOf(0))).status, 200);
});

test("begins anew when an encoder comes back", async () => {
  const { server, states } = await open();
  await send(server, STREAM, header, ...fragmentsOf(5, 3), END_OF_STREAM);
  await send(server, STREAM, header, ...fragmentsOf(0, 3));
  assert.is(await stateOf(server), "Started");
  assert.is(await statusOf(server, "/live.isml/QualityLevels(64000)/Fragments(video=0)"), 200);
  assert.equal(states.slice(2), ["Stopping", "Stopped", "Starting", "Started"]);
});

test("goes on after a stream broke off", async () => {
  const { server } = await open();
  await send(server, STREAM, header, ...fragmentsOf(0, 3));
  assert.is(await stateOf(server), "Started");
  await send(server, STREAM, header, ...fragmentsOf(2, 3), END_OF_STREAM);
  assert.is(await stateOf(server), "Stopped");
  assert.equal(server.report()[0]?.streams[0]?.tracks[0]?.fragments, 5);
});

/** Sends to a point, breaks off, begins again at 0 with another ID, and says what is told of that. */
async function beginAgain(dvrSeconds: number, systemBitrate: number) {
  const told: PointEvent[] = [];
  const onEvent = (event: PointEvent) => {
    if (event.event === "behind") told.push(event);
  };
  const server = createPointServer({ autoCreate: true, dvrSeconds, onEvent });
  await send(server, STREAM, header, ...fragmentsOf(0, 30));
  // What is sent again after a lost connection, and a second sender of the same, are no reason to tell.
  await send(server, STREAM, header, ...fragmentsOf(28, 2));
  await send(server, "/live.isml/Streams(pair)", header, ...fragmentsOf(27, 4));
  assert.equal(told, []);
  await send(server, OTHER, headerOf([{ systemBitrate }]), ...fragmentsOf(0, 6));
  return { server, told };
}

for (const [dvrSeconds, systemBitrate] of [[120, 64_000], [6, 64_000], [6, 1000]] as const) {
  test(`tells of a stream that is late: ${systemBitrate} bit/s, a window of ${dvrSeconds} s`, async () => {
    const { server, told } = await beginAgain(dvrSeconds, systemBitrate);
    const where = { point: "/live.isml", stream: "other" };
    // Another encoding is beside what is listed: the last two fragments are not.
    const reached = systemBitrate === 1000 ? 560_000_000n : 600_000_000n;
    const times = { timescale: 10_000_000, time: 40_000_000n, reached };
    assert.equal(told, [{ ...where, event: "behind", trackId: 1, ...times }]);
    assert.is(await setState(server, "Idle"), 200);
    await send(server, OTHER, header, ...fragmentsOf(0, 6));
    assert.is(told.length, 1);
  });
}

test("waits for all streams of a Stream Manifest box", async () => {
  const { server } = await open();
  const xml = formatStreamManifest([{ id: "s" }, { id: "other" }]);
  const box = writeStreamManifestBox(xml);
  await send(server, STREAM, headerOf([{}], [box]), ...fragmentsOf(0, 4));
  assert.is(await stateOf(server), "Starting");
  assert.is(await statusOf(server, "/live.isml/Manifest"), 412);
  await send(server, OTHER, headerOf([{ trackName: "b" }], [box]), ...fragmentsOf(0, 4));
  assert.is(await stateOf(server), "Started");
  assert.is(await statusOf(server, "/live.isml/Manifest"), 200);
});

test("waits a while for a stream that was probed", async () => {
  const { server, clock } = await open();
  for (const path of [STREAM, OTHER]) await send(server, path);
  await send(server, STREAM, header, fragmentOf(0), END_OF_STREAM);
  assert.is(await stateOf(server), "Started");
  await send(server, OTHER, headerOf([{ trackName: "b" }]), fragmentOf(0), END_OF_STREAM);
  assert.is(await stateOf(server), "Stopped");
  for (const path of [STREAM, OTHER]) await send(server, path);
  await send(server, STREAM, header, fragmentOf(0), END_OF_STREAM);
  await clock.advance(9_999);
  assert.is(await stateOf(server), "Started");
  await clock.advance(1);
  assert.is(await stateOf(server), "Stopped");
});

test("does not wait for sparse streams, and takes their last words", async () => {
  const { server } = await open();
  const sparse = headerOf([{ kind: "textstream", trackName: "ads", parentTrackName: "video" }]);
  await send(server, OTHER, sparse);
  await send(server, STREAM, header, ...fragmentsOf(0, 2), END_OF_STREAM);
  assert.is(await stateOf(server), "Stopped");
  await send(server, OTHER, sparse, fragmentOf(1));
  await send(server, OTHER, sparse, END_OF_STREAM);
  assert.is(await stateOf(server), "Stopped");
  const text = await (await get(server, "/live.isml/Manifest")).text();
  assert.match(text, 'Name="ads"');
  assert.match(text, /Chunks="1"/);
});

test("goes on as long as one of two redundant bodies does", async () => {
  const { server } = await open();
  const [first, second] = [sendSlowly(server, STREAM), sendSlowly(server, STREAM)];
  for (const sending of [first, second]) await sending.send(header, fragmentOf(0));
  await first.send(END_OF_STREAM);
  await first.end();
  await first.answer;
  assert.is(await stateOf(server), "Started");
  await second.send(fragmentOf(1), END_OF_STREAM);
  await second.end();
  await second.answer;
  assert.is(await stateOf(server), "Stopped");
});

test("has one event at a time", async () => {
  const { server } = await open();
  const event = (id: string) => `/live.isml/Events(${id})/Streams(s)`;
  const sending = sendSlowly(server, event("a"));
  await sending.send(header, fragmentOf(0));
  const refused = await send(server, event("b"), header, fragmentOf(0));
  assert.is(refused.status, 403);
  assert.match(await refused.text(), 'another event is on, "a"');
  await sending.end();
  await sending.answer;
  assert.is((await send(server, event("b"), header, ...fragmentsOf(0, 3))).status, 200);
  assert.is(await statusOf(server, "/live.isml/Events(a)/Manifest"), 404);
  assert.is(await statusOf(server, "/live.isml/Events(b)/Manifest"), 200);
});

test("cuts what is being sent when it is stopped or shut down by hand", async () => {
  for (const [state, message] of [["Stopped", "was stopped"], ["Idle", "was shut down"]] as const) {
    const { server } = await open();
    const sending = sendSlowly(server, STREAM);
    await sending.send(header, ...fragmentsOf(0, 3));
    assert.is(await setState(server, state), 200);
    const response = await sending.answer;
    assert.is(response.status, 403);
    assert.match(await response.text(), message);
    await settle();
    assert.is(await stateOf(server), state);
    assert.is(server.report()[0]?.streams[0]?.openBodies, 0);
  }
});

test("can be started again by hand, with nothing of before", async () => {
  const { server } = await open();
  await send(server, STREAM, header, ...fragmentsOf(0, 3), END_OF_STREAM);
  await setState(server, "Started");
  assert.is(await stateOf(server), "Starting");
  assert.is(await statusOf(server, "/live.isml/Manifest"), 412);
});

test("is gone once it is deleted", async () => {
  const { server, states } = await open();
  await send(server, STREAM, header, ...fragmentsOf(0, 3));
  assert.is((await get(server, "/live.isml", { method: "DELETE" })).status, 204);
  assert.equal(states.slice(-2), ["ShuttingDown", "Idle"]);
  assert.is((await send(server, STREAM, header)).status, 404);
  assert.is(await statusOf(server, "/live.isml/state"), 404);
});

test("is one point in any letter case", async () => {
  const { server } = await open();
  assert.is((await send(server, "/LIVE.ISML/streams(s)", header)).status, 200);
  assert.is(server.report().length, 1);
});

test("takes nothing once the server is closed, and lets go of what is being sent", async () => {
  const { server } = await open();
  const sending = sendSlowly(server, STREAM);
  await sending.send(header, fragmentOf(0));
  await server.close();
  assert.is((await sending.answer).status, 503);
  assert.is((await send(server, STREAM)).status, 503);
});

test.run();
