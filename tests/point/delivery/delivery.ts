import { suite } from "uvu";
import * as assert from "uvu/assert";
import { parseClientManifest } from "../../../lib/manifest/client_manifest.ts";
import { readTfrf } from "../../../lib/mp4/tfrf.ts";
import { createPointServer, type PointServer } from "../../../lib/point/point_server.ts";
import { boxView } from "../../../lib/mp4/box.ts";
import { readMoof } from "../../../lib/mp4/moof.ts";
import { pattern } from "../../helpers/boxes.ts";
import {
  END_OF_STREAM,
  fragmentOf,
  fragmentsOf,
  get,
  headerOf,
  send,
  sendSlowly,
} from "../../helpers/broadcast.ts";
import { settle } from "../../helpers/settle.ts";
import { sameBytes } from "../../helpers/same_bytes.ts";
import { readBody, splitBoxes } from "../../helpers/wire.ts";

const SECOND = 10_000_000n;
const STREAM = "/live.isml/Streams(s)";
const video = [{ trackName: "video", systemBitrate: 500_000 }];

const open = (options: Parameters<typeof createPointServer>[0] = {}) =>
  createPointServer({ autoCreate: true, ...options });
const manifestOf = async (server: PointServer, path = "/live.isml/Manifest") =>
  parseClientManifest(await (await get(server, path)).text());
const fragmentUrl = (time: bigint | number, bitrate = 500_000, name = "video") =>
  `/live.isml/QualityLevels(${bitrate})/Fragments(${name}=${time})`;
const statusOf = async (server: PointServer, path: string) => (await get(server, path)).status;
const bytesOf = async (response: Response) => new Uint8Array(await response.arrayBuffer());

const test = suite("deliver");

test("tells players of a live broadcast, and lists what is followed by two", async () => {
  const server = open({ dvrSeconds: 60 });
  await send(server, STREAM, headerOf(video), ...fragmentsOf(0, 5));
  const manifest = await manifestOf(server);
  const { streams: [stream], ...root } = manifest;
  assert.equal(root, {
    majorVersion: 2,
    minorVersion: 0,
    timescale: 10_000_000,
    duration: 0n,
    isLive: true,
    lookaheadCount: 2,
    dvrWindowLength: 60n * SECOND,
    protection: undefined,
  });
  assert.is(stream?.url, "QualityLevels({bitrate})/Fragments(video={start time})");
  assert.equal(
    stream?.fragments,
    [0n, 1n, 2n].map((n) => ({
      start: n * 2n * SECOND,
      duration: 2n * SECOND,
    })),
  );
  await send(server, STREAM, headerOf(video), fragmentOf(5));
  assert.is((await manifestOf(server)).streams[0]?.fragments.length, 4);
});

test("calls the look-ahead by both of its names", async () => {
  const server = open();
  await send(server, STREAM, headerOf(video), ...fragmentsOf(0, 5));
  const text = await (await get(server, "/live.isml/Manifest")).text();
  // GStreamer knows the second one alone.
  assert.match(text, ' LookaheadCount="2" LookAheadFragmentCount="2" ');
});

test("writes t on the first of those that follow one another, d on each", async () => {
  const server = open();
  await send(server, STREAM, headerOf(video), fragmentOf(0), ...fragmentsOf(2, 4));
  const text = await (await get(server, "/live.isml/Manifest")).text();
  assert.equal(text.match(/<c [^/]*/g), [
    '<c t="0" d="20000000" ',
    '<c t="40000000" d="20000000" ',
    '<c d="20000000" ',
  ]);
});

test("is on demand after the end, with all there is", async () => {
  const server = open();
  const start = 1_700_000_000n * SECOND;
  const times = [0n, 2n, 4n].map((n) => ({ time: start + n * SECOND }));
  const body = times.map((fields, n) => fragmentOf(n, fields));
  await send(server, STREAM, headerOf(video), ...body, END_OF_STREAM);
  const { isLive, duration, lookaheadCount, dvrWindowLength, streams } = await manifestOf(server);
  assert.equal([isLive, duration, lookaheadCount, dvrWindowLength], [
    false,
    6n * SECOND,
    undefined,
    undefined,
  ]);
  assert.equal(streams[0]?.fragments.map((it) => it.start), times.map(({ time }) => time));
});

test("gives a fragment with those that follow it, its payload unchanged", async () => {
  const server = open();
  await send(server, STREAM, headerOf(video), ...fragmentsOf(0, 4));
  const response = await get(server, fragmentUrl(2n * SECOND));
  assert.is(response.status, 200);
  assert.is(response.headers.get("content-type"), "video/mp4");
  const bytes = await bytesOf(response);
  const { types, fragments: [fragment] } = readBody(bytes);
  assert.equal(types, ["moof", "mdat"]);
  sameBytes(fragment!.payload, pattern(100, 1));
  assert.equal(fragment!.tfxds, [{ version: 1, time: 2n * SECOND, duration: 2n * SECOND }]);
  assert.is(fragment!.dataOffset, fragment!.payloadOffset);
  const moof = readMoof(splitBoxes(bytes)[0]!.bytes, 0);
  assert.equal(moof.tfrfs.map((box) => readTfrf(boxView(bytes, box))), [[
    { time: 4n * SECOND, duration: 2n * SECOND },
    { time: 6n * SECOND, duration: 2n * SECOND },
  ]]);
});

test("says what is not there yet, and what never will be", async () => {
  const server = open();
  await send(server, STREAM, headerOf(video), fragmentOf(0), fragmentOf(1), fragmentOf(3));
  const cases = [
    { path: fragmentUrl(0), status: 200 },
    { path: fragmentUrl(2n * SECOND), status: 412 }, // nothing follows it yet
    { path: fragmentUrl(6n * SECOND), status: 412 },
    { path: fragmentUrl(60n * SECOND), status: 412 },
    { path: fragmentUrl(0, 500_001), status: 404 },
    { path: fragmentUrl(0, 500_000, "audio"), status: 404 },
    { path: "/live.isml/QualityLevels(500000)/KeyFrames(video=0)", status: 404 },
    { path: "/other.isml/Manifest", status: 404 },
    { path: "/live.isml/Events(e)/Manifest", status: 404 },
  ];
  for (const { path, status } of cases) assert.is(await statusOf(server, path), status, path);
  const early = await get(server, fragmentUrl(6n * SECOND));
  assert.equal([(await bytesOf(early)).length, early.headers.get("cache-control")], [
    0,
    "no-store",
  ]);
  await send(server, STREAM, headerOf(video), ...fragmentsOf(4, 2), END_OF_STREAM);
  assert.is(await statusOf(server, fragmentUrl(10n * SECOND)), 200);
  for (const time of [4n, 12n, 60n]) {
    assert.is(await statusOf(server, fragmentUrl(time * SECOND)), 404, String(time));
  }
});

test("matches times within 0.2 ms, as players round them", async () => {
  const server = open();
  const start = 17_000_000_000_000_001n;
  const body = [0, 1, 2, 3].map((n) => fragmentOf(n, { time: start + BigInt(n) * 2n * SECOND }));
  await send(server, STREAM, headerOf(video), ...body);
  for (const offset of [0n, 1n, -1n, 2000n, -2000n]) {
    assert.is(await statusOf(server, fragmentUrl(start + offset)), 200, String(offset));
  }
  assert.is(await statusOf(server, fragmentUrl(Number(start))), 200);
  assert.is(await statusOf(server, fragmentUrl(start - 2001n)), 404);
  assert.is(await statusOf(server, fragmentUrl(start + 2001n)), 404);
});

test("keeps the timescale of each track", async () => {
  const server = open();
  const timescale = 44_100;
  const audio = [{ kind: "audio", trackName: "audio", systemBitrate: 96_000, timescale }] as const;
  await send(server, STREAM, headerOf(video), ...fragmentsOf(0, 4));
  const body = fragmentsOf(0, 4, { timescale, seconds: 2 });
  await send(server, "/live.isml/Streams(a)", headerOf(audio), ...body);
  const { streams } = await manifestOf(server);
  assert.equal(streams.map((it) => [it.name, it.timescale, it.fragments[1]?.start]), [
    ["video", 10_000_000, 2n * SECOND],
    ["audio", timescale, 88_200n],
  ]);
  assert.is(await statusOf(server, fragmentUrl(88_200 + 8, 96_000, "audio")), 200);
  assert.is(await statusOf(server, fragmentUrl(88_200 - 9, 96_000, "audio")), 404);
});

test("puts the encodings of a track side by side, the lowest bitrate first", async () => {
  const server = open();
  for (const systemBitrate of [900_000, 300_000, 600_000]) {
    const header = headerOf([{ trackName: "video", systemBitrate }]);
    await send(server, `/live.isml/Streams(${systemBitrate})`, header, ...fragmentsOf(0, 4));
  }
  const { streams } = await manifestOf(server);
  assert.equal(streams.length, 1);
  assert.equal(streams[0]!.levels.map(({ index, bitrate }) => [index, bitrate]), [
    [0, 300_000],
    [1, 600_000],
    [2, 900_000],
  ]);
});

test("lists a fragment when all encodings have it, but does not wait for one that is lost", async () => {
  const server = open();
  const high = headerOf([{ trackName: "video", systemBitrate: 900_000 }]);
  await send(server, STREAM, headerOf(video), ...fragmentsOf(0, 4));
  await send(server, "/live.isml/Streams(high)", high, ...fragmentsOf(0, 3));
  const count = async () => (await manifestOf(server)).streams[0]?.fragments.length;
  assert.is(await count(), 2, "of the first alone, listed before the second came");
  await send(server, STREAM, headerOf(video), ...fragmentsOf(4, 2));
  assert.is(await count(), 2, "the second is behind");
  await send(server, STREAM, headerOf(video), ...fragmentsOf(6, 4));
  assert.is(await count(), 8, "the second is lost");
});

test("drops what redundant streams send twice or too late, and counts it", async () => {
  const server = open();
  await send(server, STREAM, headerOf(video), ...fragmentsOf(0, 3));
  const other = fragmentsOf(0, 5, { size: 50 });
  await send(server, "/live.isml/Streams(backup)", headerOf(video), ...other);
  await send(server, STREAM, headerOf(video), ...fragmentsOf(3, 3));
  const { streams } = await manifestOf(server);
  assert.equal(streams.map(({ levels, fragments }) => [levels.length, fragments.length]), [[1, 4]]);
  const sizes: number[] = [];
  for (const n of [0n, 2n, 3n]) {
    const bytes = await bytesOf(await get(server, fragmentUrl(n * 2n * SECOND)));
    sizes.push(readBody(bytes).fragments[0]!.payload.length);
  }
  assert.equal(sizes, [100, 100, 50]);
});

test("tells tracks of one stream apart that nothing else does", async () => {
  const server = open();
  const header = headerOf([{ trackId: 1 }, { trackId: 2 }]);
  const body = [0, 1, 2, 3].flatMap((n) => [fragmentOf(n), fragmentOf(n, { trackId: 2 })]);
  await send(server, STREAM, header, ...body);
  const { streams } = await manifestOf(server);
  assert.equal(streams.map(({ name, fragments }) => [name, fragments.length]), [
    ["video", 2],
    ["video_2", 2],
  ]);
});

test("tells encodings of one bitrate apart by their own attributes", async () => {
  const server = open();
  for (const value of ["main", "high"]) {
    const params = [{ name: "hardwareProfile", value }];
    const header = headerOf([{ trackName: "video", systemBitrate: 1000, params }]);
    const size = value === "main" ? 10 : 20;
    await send(server, `/live.isml/Streams(${value})`, header, ...fragmentsOf(0, 4, { size }));
  }
  const [stream] = (await manifestOf(server)).streams;
  assert.match(stream!.url, "QualityLevels({bitrate},{CustomAttributes})");
  const path = "/live.isml/QualityLevels(1000,hardwareProfile=high)/Fragments(video=0)";
  const bytes = await bytesOf(await get(server, path));
  assert.is(readBody(bytes).fragments[0]!.payload.length, 20);
});

test("gives names that can stand in a URL", async () => {
  const server = open();
  const names = ["main video", "main(video)", "2nd"];
  for (const [n, trackName] of names.entries()) {
    const header = headerOf([{ trackName, systemBitrate: 1000, timescale: 1000 + n }]);
    const body = fragmentsOf(0, 4, { timescale: 1000 + n });
    await send(server, `/live.isml/Streams(${n})`, header, ...body);
  }
  const { streams } = await manifestOf(server);
  assert.equal(streams.map(({ name }) => name), ["main_video", "main_video_", "nd"]);
});

test("cuts off what is in front of time 0", async () => {
  const server = open();
  const early = -SECOND / 10n;
  const body = [fragmentOf(0, { time: early }), fragmentOf(1, { time: early + 2n * SECOND })];
  await send(server, STREAM, headerOf(video), ...body, END_OF_STREAM);
  const [first] = (await manifestOf(server)).streams[0]!.fragments;
  assert.equal(first, { start: 0n, duration: 2n * SECOND + early });
  const { fragments } = readBody(await bytesOf(await get(server, fragmentUrl(0))));
  assert.equal(fragments[0]!.tfxds, [{ version: 1, time: 0n, duration: 2n * SECOND + early }]);
});

test("lets players begin when there is something of each track", async () => {
  const server = open();
  assert.is(await statusOf(server, "/live.isml/Manifest"), 404);
  const header = headerOf([...video, { trackId: 2, kind: "audio", trackName: "audio" }]);
  await send(server, STREAM, header, ...fragmentsOf(0, 4));
  assert.is(await statusOf(server, "/live.isml/Manifest"), 412);
  await send(server, STREAM, header, ...fragmentsOf(0, 3, { trackId: 2 }));
  assert.equal((await manifestOf(server)).streams.map(({ name }) => name), ["video", "audio"]);
});

test("does not wait for ever for a track that does not come", async () => {
  const server = open();
  const header = headerOf([...video, { trackId: 2, kind: "audio", trackName: "audio" }]);
  await send(server, STREAM, header, ...fragmentsOf(0, 9));
  assert.equal((await manifestOf(server)).streams.map(({ name }) => name), ["video"]);
});

const sparse = [{
  kind: "textstream",
  trackName: "ads",
  parentTrackName: "video",
  systemBitrate: 0,
}] as const;

test("announces a sparse track with its parent, when that has come so far", async () => {
  const server = open();
  await send(server, STREAM, headerOf(video), ...fragmentsOf(0, 4));
  await send(server, "/live.isml/Streams(ads)", headerOf(sparse));
  for (const seconds of [1n, 7n]) {
    const fragment = fragmentOf(Number(seconds), { time: seconds * SECOND, seconds: 1 });
    await send(server, "/live.isml/Streams(ads)", headerOf(sparse), fragment);
  }
  const listed = async () => {
    const ads = (await manifestOf(server)).streams.find(({ name }) => name === "ads");
    return [ads?.parentStreamIndex, ads?.type, ...ads!.fragments.map(({ start }) => start)];
  };
  assert.equal(await listed(), ["video", "text", SECOND]);
  const header = async (time: bigint) =>
    (await get(server, fragmentUrl(time * SECOND))).headers.get("childtrack");
  assert.equal([await header(0n), await header(2n)], [null, '"ads=10000000"']);
  assert.is(await statusOf(server, fragmentUrl(SECOND, 0, "ads")), 200);
  assert.is(await statusOf(server, fragmentUrl(7n * SECOND, 0, "ads")), 412);
  await send(server, STREAM, headerOf(video), ...fragmentsOf(4, 3));
  assert.equal(await listed(), ["video", "text", SECOND, 7n * SECOND]);
  const bytes = await bytesOf(await get(server, fragmentUrl(SECOND, 0, "ads")));
  assert.is(readBody(bytes).fragments[0]!.tfrfs, 0);
});

test("puts the data of a control track into the manifest", async () => {
  const server = open();
  const control = [{ ...sparse[0], manifestOutput: true }];
  const payload = new TextEncoder().encode("<cue/>");
  await send(server, STREAM, headerOf(video), ...fragmentsOf(0, 4));
  const fragment = fragmentOf(0, { time: SECOND, seconds: 1, payload });
  await send(server, "/live.isml/Streams(ads)", headerOf(control), fragment);
  const ads = (await manifestOf(server)).streams.find(({ name }) => name === "ads")!;
  assert.is(ads.manifestOutput, true);
  assert.equal(ads.fragments, [{ start: SECOND, duration: SECOND, data: btoa("<cue/>") }]);
});

test("keeps the window alone, and bounds its memory", async () => {
  const server = open({ dvrSeconds: 10 });
  const sending = sendSlowly(server, STREAM);
  await sending.send(headerOf(video), ...fragmentsOf(0, 200, { size: 10_000 }));
  await sending.end();
  await sending.answer;
  const [stream] = (await manifestOf(server)).streams;
  assert.equal(stream!.fragments.map(({ start }) => start / SECOND), [
    386n,
    388n,
    390n,
    392n,
    394n,
  ]);
  assert.is(await statusOf(server, fragmentUrl(384n * SECOND)), 404);
  assert.is(await statusOf(server, fragmentUrl(386n * SECOND)), 200);
  const path = "/live.isml/statistics";
  const statistics = await get(server, path, { headers: { accept: "application/json" } });
  const { heldBytes } = await statistics.json();
  assert.ok(heldBytes > 70_000 && heldBytes < 80_000, String(heldBytes));
});

test("lets go of an encoding that has ended before the others", async () => {
  const server = open({ dvrSeconds: 20 });
  const low = { ...video[0], systemBitrate: 1000 };
  await send(server, "/live.isml/Streams(low)", headerOf([low]), ...fragmentsOf(0, 5));
  await send(server, STREAM, headerOf(video), ...fragmentsOf(0, 40));
  const { streams: [stream] } = await manifestOf(server);
  // The last two of 40 are looked ahead to.
  assert.equal(
    stream?.fragments.map(({ start }) => Number(start / SECOND)),
    Array.from({ length: 10 }, (_, n) => 56 + 2 * n),
  );
  assert.is((await get(server, "/live.isml/QualityLevels(1000)/Fragments(video=0)")).status, 404);
});

test("goes on without an encoding that does not come, however short the window is", async () => {
  const server = open({ dvrSeconds: 6 });
  const low = { ...video[0], systemBitrate: 1000 };
  await send(server, "/live.isml/Streams(low)", headerOf([low]));
  const sending = sendSlowly(server, STREAM);
  await sending.send(headerOf(video), ...fragmentsOf(0, 9));
  for (let n = 9; n < 20; n++) {
    await sending.send(fragmentOf(n));
    await settle();
    const { streams: [stream] } = await manifestOf(server);
    assert.is(stream?.fragments.at(-1)?.start, BigInt(2 * (n - 2)) * SECOND, String(n));
    assert.is(stream?.fragments.length, 3);
  }
  await server.close();
  await sending.answer;
});

test("keeps all where the window is 0", async () => {
  const server = open({ dvrSeconds: 0 });
  await send(server, STREAM, headerOf(video), ...fragmentsOf(0, 200));
  const { dvrWindowLength, streams } = await manifestOf(server);
  assert.equal([dvrWindowLength, streams[0]!.fragments.length], [0n, 198]);
});

test("gives parts of a fragment", async () => {
  const server = open();
  await send(server, STREAM, headerOf(video), ...fragmentsOf(0, 4));
  const part = async (noun: string) =>
    await bytesOf(await get(server, fragmentUrl(0).replace("Fragments", noun)));
  assert.equal(readBody(new Uint8Array(await part("Fragments"))).types, ["moof", "mdat"]);
  assert.equal(splitBoxes(await part("FragmentInfo")).map(({ type }) => type), ["moof"]);
  sameBytes(await part("RawFragments"), pattern(100, 0));
});

test("answers HEAD, other origins and caches", async () => {
  const server = open();
  await send(server, "/live.isml/Events(e)/Streams(s)", headerOf(video), ...fragmentsOf(0, 4));
  for (const path of ["/live.isml/Manifest", fragmentUrl(0)]) {
    const whole = await get(server, path);
    const head = await get(server, path, { method: "HEAD" });
    const length = String((await bytesOf(whole)).length);
    assert.equal([head.status, head.headers.get("content-length")], [200, length]);
    assert.is((await bytesOf(head)).length, 0);
    assert.is(whole.headers.get("access-control-allow-origin"), "*");
  }
  const withEvent = fragmentUrl(0).replace(".isml", ".isml/Events(e)");
  assert.match((await get(server, withEvent)).headers.get("cache-control")!, "immutable");
  assert.match((await get(server, fragmentUrl(0))).headers.get("cache-control")!, "max-age=60");
  const manifest = await get(server, "/live.isml/Manifest");
  const tag = manifest.headers.get("etag")!;
  const again = await get(server, "/live.isml/Manifest", { headers: { "if-none-match": tag } });
  assert.is(again.status, 304);
  const preflight = await get(server, "/live.isml/Manifest", { method: "OPTIONS" });
  assert.is(preflight.status, 204);
  assert.is(await statusOf(server, "/LIVE.ISML/EVENTS(e)/manifest"), 200);
  const wrong = await get(server, "/live.isml/Manifest", { method: "POST" });
  assert.equal([wrong.status, wrong.headers.get("allow")], [405, "GET, HEAD, OPTIONS"]);
});

test.run();
