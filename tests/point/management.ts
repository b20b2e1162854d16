import { suite } from "uvu";
import * as assert from "uvu/assert";
import { childrenNamed, findElements, parseXml } from "../../lib/manifest/xml.ts";
import { formatPublishingPointFile } from "../../lib/manifest/publishing_point_file.ts";
import { join } from "../../lib/mp4/box.ts";
import { createArchive } from "../../lib/point/archive/archive.ts";
import { createPointServer, type PointServer } from "../../lib/point/point_server.ts";
import { fragmentsOf, get, headerOf, send } from "../helpers/broadcast.ts";
import { FakeClock } from "../helpers/fake_clock.ts";
import { withFolder } from "../helpers/temp_folder.ts";

const COLLECTION = "/services/smoothstreaming/publishingpoints.isml/settings";
const ATOM = { "content-type": "application/atom+xml" };
const JSON_TYPE = { accept: "application/json", "content-type": "application/json" };

const entryOf = (content: string) =>
  '<entry xmlns="http://www.w3.org/2005/Atom"><content type="application/xml">' +
  '<SmoothStreaming xmlns="http://schemas.microsoft.com/iis/media/2011/03/streaming/management">' +
  `${content}</SmoothStreaming></content></entry>`;
const create = (server: PointServer, slug = "/live/a.isml", content = "<Settings/>") =>
  get(server, COLLECTION, {
    method: "POST",
    headers: { ...ATOM, slug },
    body: entryOf(content),
  });
const put = (server: PointServer, path: string, body: string, headers: HeadersInit = ATOM) =>
  get(server, path, { method: "PUT", headers, body });
const jsonOf = async (server: PointServer, path: string) =>
  await (await get(server, path, { headers: JSON_TYPE })).json();
/** Text of the first element with a name in what an entry holds. */
const valueOf = (text: string, name: string) =>
  findElements(
    findElements([parseXml(text)], ["SmoothStreaming"]).flatMap(({ children }) => children),
    [name],
  )[0]?.text;

const test = suite("manage");

test("makes a point, lists it, and takes it away", async () => {
  const server = createPointServer();
  const made = await create(
    server,
    "/live/a.isml",
    "<Settings><Title>A &amp; B</Title></Settings>",
  );
  assert.equal([made.status, made.headers.get("location")], [201, "/live/a.isml/settings"]);
  assert.is(valueOf(await made.text(), "Title"), "A & B");
  assert.is((await create(server)).status, 400);
  await create(server, "/b.isml");
  const feed = parseXml(await (await get(server, COLLECTION)).text());
  assert.equal([feed.name, childrenNamed(feed, "entry").length], ["feed", 2]);
  const list = await jsonOf(server, COLLECTION);
  assert.equal(list.map((it: { point: string }) => it.point), ["/live/a.isml", "/b.isml"]);
  assert.is((await get(server, "/b.isml/settings", { method: "DELETE" })).status, 200);
  assert.is((await get(server, "/b.isml/settings")).status, 404);
});

test("tells the state in both forms", async () => {
  const server = createPointServer();
  await create(server);
  const response = await get(server, "/live/a.isml/state");
  assert.match(response.headers.get("content-type")!, "application/atom+xml");
  assert.is(valueOf(await response.text(), "Value"), "Idle");
  assert.equal(await jsonOf(server, "/live/a.isml/STATE"), {
    point: "/live/a.isml",
    state: "Idle",
  });
});

test("sets the state in both forms", async () => {
  const server = createPointServer();
  await create(server);
  const xml = (state: string) => entryOf(`<State><Value>${state}</Value></State>`);
  const path = "/live/a.isml/state";
  assert.is((await put(server, path, xml("Stopped"))).status, 400);
  const started = await put(server, path, xml("Started"));
  assert.equal([started.status, valueOf(await started.text(), "Value")], [200, "Starting"]);
  const idle = await put(server, path, '{"state":"idle"}', JSON_TYPE);
  assert.is((await idle.json()).state, "Idle");
  for (const wrong of ["Starting", "", "x"]) {
    assert.is((await put(server, path, xml(wrong))).status, 400, wrong);
  }
});

test("changes settings while the point is idle", async () => {
  const server = createPointServer({ dvrSeconds: 30 });
  await create(server);
  const path = "/live/a.isml/settings";
  const byDefault = {
    point: "/live/a.isml",
    title: "",
    sourceType: "Push",
    estimatedDuration: 0,
    autoStart: true,
    autoRestartOnEncoderReconnect: true,
    lookAheadChunks: 2,
    windowLength: 30,
    clientManifestVersion: "2.0",
    archive: { enabled: false },
    serverConnections: { enabled: false },
  };
  assert.equal(await jsonOf(server, path), byDefault);
  const connections = "<ClientConnections enabled='true'><WindowLength>PT1M5S</WindowLength>" +
    "<ClientManifestVersion>2.2</ClientManifestVersion></ClientConnections>";
  const flags = "<AutoRestartOnEncoderReconnect>false</AutoRestartOnEncoderReconnect>";
  const chunks = "<LookAheadChunks>1</LookAheadChunks>";
  const estimate = "<EstimatedDuration>PT1H</EstimatedDuration>";
  const values = `<Title>T</Title>${estimate}${flags}${chunks}${connections}`;
  const body = entryOf(`<Settings>${values}</Settings>`);
  assert.is((await put(server, path, body)).status, 200);
  const changed = {
    ...byDefault,
    title: "T",
    estimatedDuration: 3600,
    autoRestartOnEncoderReconnect: false,
    lookAheadChunks: 1,
    windowLength: 65,
    clientManifestVersion: "2.2",
  };
  assert.equal(await jsonOf(server, path), changed);
  await put(server, path, '{"windowLength":0,"autoStart":true}', JSON_TYPE);
  assert.equal(await jsonOf(server, path), { ...changed, windowLength: 0 });
  await send(server, "/live/a.isml/Streams(s)", headerOf(), ...fragmentsOf(0, 4));
  assert.is((await put(server, path, body)).status, 400);
  const manifest = await (await get(server, "/live/a.isml/Manifest")).text();
  assert.match(manifest, 'MinorVersion="2"');
  assert.match(manifest, 'LookaheadCount="1"');
  assert.match(manifest, /<c t="0" d="20000000" r="3" \/>/);
});

const wrongSettings = [
  '{"lookAheadChunks":-1}',
  '{"lookAheadChunks":256}',
  '{"windowLength":"soon"}',
  '{"windowLength":"P"}',
  '{"estimatedDuration":"long"}',
  '{"autoStart":"perhaps"}',
  '{"sourceType":"Pull"}',
  '{"clientManifestVersion":"3"}',
  "[",
  "7",
];
for (const body of wrongSettings) {
  test(`refuses settings such as ${body}`, async () => {
    const server = createPointServer();
    await create(server);
    const response = await put(server, "/live/a.isml/settings", body, JSON_TYPE);
    assert.is(response.status, 400);
    assert.ok((await response.json()).error.message);
  });
}

test("counts what comes in, once there is something", async () => {
  const clock = new FakeClock(0);
  const server = createPointServer({ clock });
  await create(server);
  const path = "/live/a.isml/statistics";
  assert.is((await get(server, path)).status, 400);
  const header = headerOf([{ systemBitrate: 500 }]);
  const sent = join([header, ...fragmentsOf(0, 4)]) as Uint8Array<ArrayBuffer>;
  const url = "http://server/live/a.isml/Streams(s)";
  const connection = { remoteAddr: { hostname: "2001:db8::1" } };
  await server.fetch(new Request(url, { method: "POST", body: sent }), connection);
  await clock.advance(1500);
  const { streams, broadcast } = await jsonOf(server, path);
  assert.equal([broadcast, streams], [1, [{
    id: "s",
    state: "Disconnected",
    source: "2001:db8::1",
    tracks: [{
      id: 1,
      name: "video",
      encodedBitRate: 500,
      incomingBitRate: 400,
      incomingFragmentTimeStamp: "60000000",
      incomingFragmentDuration: "20000000",
      incomingFragmentWaitTime: 1500,
    }],
  }]]);
  const xml = await (await get(server, path)).text();
  const names = ["EncodedBitRate", "IncomingFragmentTimeStamp", "Source", "ArchiveFileName"];
  assert.equal(names.map((it) => valueOf(xml, it)), ["500", "60000000", "2001:db8::1", undefined]);
});

test("tells where an archive is, and which file a stream goes into", async () => {
  await withFolder({}, async (folder) => {
    const server = createPointServer({ extensions: [createArchive({ folder })] });
    await create(server);
    const { archive } = await jsonOf(server, "/live/a.isml/settings");
    const path = { path: folder, useEventIdOnPath: true };
    assert.equal(archive, { enabled: true, segmentLength: 0, ...path });
    const settings = await (await get(server, "/live/a.isml/settings")).text();
    assert.match(settings, '<Archive enabled="true">');
    assert.match(settings, `<Path useEventIdOnPath="true">${folder}</Path>`);
    await send(server, "/live/a.isml/Events(e)/Streams(s)", headerOf(), ...fragmentsOf(0, 1));
    const { streams } = await jsonOf(server, "/live/a.isml/statistics");
    assert.is(streams[0].archiveFileName, "s.ismv");
    const xml = await (await get(server, "/live/a.isml/statistics")).text();
    assert.is(valueOf(xml, "ArchiveFileName"), "s.ismv");
    await server.close();
  });
});

test("takes an estimated duration from a publishing point file", async () => {
  const server = createPointServer();
  const meta = { name: "estimatedTime", content: "90" };
  const body = formatPublishingPointFile({ title: "a", metas: [meta] });
  await get(server, "/a.isml", { method: "PUT", body });
  assert.is((await jsonOf(server, "/a.isml/settings")).estimatedDuration, 90);
});

test("makes a point once, however many ask at the same time", async () => {
  const server = createPointServer();
  const made = await Promise.all([create(server), create(server)]);
  assert.equal(made.map(({ status }) => status).sort(), [201, 400]);
  assert.is((await jsonOf(server, COLLECTION)).length, 1);
});

test("says what is wrong with a call", async () => {
  const server = createPointServer();
  await create(server);
  const missing = await get(server, "/x.isml/state");
  assert.equal([missing.status, valueOf(await missing.text(), "ErrorCode")], [404, "0x8088002E"]);
  const method = await get(server, "/live/a.isml/statistics", { method: "POST" });
  assert.equal([method.status, method.headers.get("allow")], [405, "GET, HEAD"]);
  const type = await put(server, "/live/a.isml/state", "x", { "content-type": "text/plain" });
  assert.equal([type.status, valueOf(await type.text(), "ErrorCode")], [415, "0x80880021"]);
  for (const body of ["", "<a", '<!DOCTYPE a [<!ENTITY b "c">]><a/>']) {
    assert.is((await put(server, "/live/a.isml/state", body)).status, 400, body);
  }
  const large = "x".repeat(2 * 1024 * 1024);
  assert.is((await put(server, "/live/a.isml/state", large)).status, 413);
  for (
    const slug of ["", "/a.txt", "/a.isml/Streams(s)", "/..%2f..%2fa.isml", "/a%00.isml", "//["]
  ) {
    assert.is((await create(server, slug)).status, 400, slug);
  }
});

test("answers HEAD without a body", async () => {
  const server = createPointServer();
  await create(server);
  const response = await get(server, "/live/a.isml/state", { method: "HEAD" });
  assert.equal([response.status, await response.text()], [200, ""]);
});

test.run();
