import { suite } from "uvu";
import * as assert from "uvu/assert";
import { formatPublishingPointFile } from "../../lib/manifest/publishing_point_file.ts";
import { join, uint32, writeBox } from "../../lib/mp4/box.ts";
import {
  type AnswerMoment,
  createPointServer,
  type PointServer,
  type PointServerOptions,
} from "../../lib/point/point_server.ts";
import { faultsOf, type StreamReport } from "../../lib/point/report.ts";
import type { PointExtension } from "../../lib/point/extension.ts";
import type { PointEvent } from "../../lib/point/point_event.ts";
import { type RuleId, RULES } from "../../lib/point/rules.ts";
import { readableFrom } from "../../lib/readable.ts";
import { makeMoof, makeMoov, mdat, pattern } from "../helpers/boxes.ts";
import { bytesOf } from "../helpers/parts.ts";
import { inPieces, PIECE_SIZES } from "../helpers/pieces.ts";
import {
  cut,
  end,
  formatManifest,
  fragment,
  fragments,
  ftyp,
  header,
  lateMoof,
  manifest,
  moov,
  SPOILT_STREAMS,
  two,
} from "../helpers/spoilt_streams.ts";
import { hasVectors, readVector } from "../helpers/vectors.ts";

const SECOND = 10_000_000n;
const STREAM = "/live.isml/Streams(s)";

const post = (body?: BodyInit, path = STREAM, init: RequestInit & { duplex?: "half" } = {}) =>
  new Request(`http://server${path}`, { method: "POST", ...(body && { body }), ...init });
const bodyOf = (...boxes: readonly Uint8Array[]) => join(boxes) as Uint8Array<ArrayBuffer>;
const streamed = (pieces: AsyncIterable<Uint8Array> | Iterable<Uint8Array>) =>
  post(readableFrom(pieces) as ReadableStream<Uint8Array<ArrayBuffer>>, STREAM, { duplex: "half" });

/** A server to which anything may be pushed. */
const open = (options: PointServerOptions = {}) =>
  createPointServer({ autoCreate: true, ...options });

function streamOf(server: PointServer, id = "s"): StreamReport {
  const stream = server.report()[0]?.streams.find((it) => it.id === id);
  if (!stream) throw new Error(`no stream ${id}`);
  return stream;
}

/** Sends a probe and bodies, each in one piece. */
async function send(server: PointServer, ...bodies: readonly (readonly Uint8Array[])[]) {
  const statuses: number[] = [];
  for (const body of [[], ...bodies]) {
    const response = await server.fetch(post(bodyOf(...body)));
    statuses.push(response.status);
  }
  return statuses.slice(1);
}

const rulesOf = ({ breaches }: StreamReport) => breaches.map(({ rule }) => rule);

/* The handler. */

const test = suite("createPointServer");

test("takes a stream in one long body", async () => {
  const server = open();
  assert.equal(await send(server, [...header, fragment(0), fragment(1), end]), [200]);
  const { tracks: [track], ...stream } = streamOf(server);
  assert.equal(stream, {
    id: "s",
    eventId: undefined,
    probes: 1,
    bodies: 1,
    openBodies: 0,
    redundantBodies: 0,
    fragments: 2,
    bytes: bodyOf(...header, fragment(0), fragment(1), end).length,
    hasEnded: true,
    breaches: [],
  });
  assert.equal(track, {
    trackId: 1,
    name: "audio",
    bitrate: 64000,
    timescale: 10_000_000,
    isSparse: false,
    fragments: 2,
    bytes: 200,
    start: 0n,
    end: 4n * SECOND,
    duplicates: 0,
    late: 0,
    gaps: 0,
    firstGaps: [],
    seams: 0,
    smallHoles: 0,
    longestHole: 0n,
  });
});

test("takes a body in pieces of any size", async () => {
  for (const size of PIECE_SIZES) {
    const server = open();
    await server.fetch(post());
    const body = bodyOf(...header, fragment(0), fragment(1), end);
    const response = await server.fetch(streamed(inPieces(body, size)));
    assert.is(response.status, 200);
    assert.is(streamOf(server).fragments, 2);
    assert.equal(faultsOf(streamOf(server)), [], `pieces of ${size}`);
  }
});

test("takes a stream in short bodies", async () => {
  const server = open();
  const bodies = [header, [...header, fragment(0)], [...header, fragment(1)], [...header, end]];
  assert.equal(await send(server, ...bodies), [200, 200, 200, 200]);
  assert.is(streamOf(server).bodies, 4);
  assert.equal(faultsOf(streamOf(server)), []);
});

test("takes an end of stream in a body of its own", async () => {
  const server = open();
  assert.equal(await send(server, [...header, fragment(0)], [end]), [200, 200]);
  assert.ok(streamOf(server).hasEnded);
});

test("takes several tracks in a stream", async () => {
  const tracks = [{ trackId: 1 }, { trackId: 2, trackName: "other" }];
  const fragments = [0, 1, 2, 3].map((n) => {
    const tfxd = { time: BigInt(n >> 1) * 2n * SECOND, duration: 2n * SECOND };
    return fragment(n, { trackId: n % 2 + 1, tfxd });
  });
  const server = open();
  await send(server, [ftyp, manifest(...tracks), two, ...fragments, end]);
  const stream = streamOf(server);
  assert.equal(faultsOf(stream), []);
  assert.equal(stream.tracks.map(({ name, fragments }) => [name, fragments]), [
    ["audio", 2],
    ["other", 2],
  ]);
});

test("keeps streams of different events and points apart", async () => {
  const server = open();
  const paths = ["/a.isml/Streams(s)", "/a.isml/Events(e)/Streams(s)", "/b.isml?streams(s)"];
  for (const path of paths) await server.fetch(post(bodyOf(...header, fragment(0)), path));
  const found = server.report().map(({ point, streams }) => [
    point,
    ...streams.map(({ eventId }) => eventId),
  ]);
  assert.equal(found, [["/a.isml", undefined, "e"], ["/b.isml", undefined]]);
});

test("counts fragments that are sent again after a reconnect", async () => {
  const server = open();
  const first = [...header, fragment(0), fragment(1), fragment(2)];
  await send(server, first, [...header, fragment(1), fragment(2), fragment(3), end]);
  const stream = streamOf(server);
  assert.equal([stream.fragments, stream.tracks[0]?.fragments], [6, 4]);
  assert.is(stream.tracks[0]?.duplicates, 2);
  assert.equal(faultsOf(stream), []);
});

test("takes redundant bodies of a stream at the same time", async () => {
  const server = open();
  const pipes = [0, 1].map(() => new TransformStream<Uint8Array, Uint8Array>());
  const answers = pipes.map(({ readable }) => server.fetch(streamed(values(readable))));
  const writers = pipes.map(({ writable }) => writable.getWriter());
  for (const box of [bodyOf(...header), fragment(0), fragment(1), end]) {
    await Promise.all(writers.map((writer) => writer.write(box)));
  }
  await Promise.all(writers.map((writer) => writer.close()));
  assert.equal((await Promise.all(answers)).map(({ status }) => status), [200, 200]);
  const { redundantBodies, openBodies, tracks } = streamOf(server);
  assert.equal([redundantBodies, openBodies], [1, 0]);
  assert.equal([tracks[0]?.fragments, tracks[0]?.duplicates], [2, 2]);
});

async function* values(readable: ReadableStream<Uint8Array>): AsyncGenerator<Uint8Array> {
  const reader = readable.getReader();
  for (let it = await reader.read(); !it.done; it = await reader.read()) yield it.value;
}

test("takes what comes after the end for another broadcast", async () => {
  const server = open();
  const other = [ftyp, manifest({ trackName: "other" }), moov];
  await send(server, [...header, fragment(0), fragment(1), end], [...other, fragment(0), end]);
  const stream = streamOf(server);
  assert.equal(faultsOf(stream), []);
  assert.equal([stream.tracks[0]?.name, stream.tracks[0]?.fragments], ["other", 3]);
});

test("sees a gap, and tells of it at once", async () => {
  const events: PointEvent[] = [];
  const server = open({ onEvent: (event) => events.push(event) });
  await send(server, [...header, fragment(0), fragment(2), end]);
  const gap = { time: 2n * SECOND, size: 2n * SECOND, missing: 1 };
  assert.equal(streamOf(server).tracks[0]?.firstGaps, [gap]);
  assert.equal(faultsOf(streamOf(server)).map(({ message }) => message), [
    "Track 1 has 1 gap, the first at 2 s of 2 s, 1 missing by number",
  ]);
  assert.equal(events.map((it) => it.event === "state" ? it.state : it.event), [
    "created",
    "probed",
    "Starting",
    "began",
    "Started",
    "fragment",
    "fragment",
    "gap",
    "Stopping",
    "Stopped",
    "answered",
  ]);
});

test("sees no gaps in a sparse track, with a manifest or without", async () => {
  const sparse = manifest({ parentTrackName: "video" });
  const text = makeMoov({ tracks: [{ handler: "text" }] });
  for (const boxes of [[ftyp, sparse, moov], [ftyp, text]]) {
    const server = open();
    await send(server, [...boxes, fragment(0), fragment(5), end]);
    const [track] = streamOf(server).tracks;
    assert.equal([track?.isSparse, track?.gaps], [true, 0]);
  }
});

test("judges no duration of a sparse fragment", async () => {
  const tfxd = { time: 0n, duration: 0n };
  const server = open();
  await send(server, [
    ftyp,
    manifest({ parentTrackName: "video" }),
    moov,
    fragment(0, { tfxd }),
    end,
  ]);
  assert.equal(faultsOf(streamOf(server)), []);
});

test("takes a manifest in UTF-16", async () => {
  const text = formatManifest([{}]).replace("utf-8", "utf-16");
  const bytes = Uint8Array.from([...text].flatMap((char) => [char.charCodeAt(0), 0]));
  const plain = manifest();
  const box = writeBox("a5d40b30e81411ddba2f0800200c9a66", plain.subarray(24, 28), bytes);
  const server = open();
  await send(server, [ftyp, box, moov, fragment(0), end]);
  assert.equal(faultsOf(streamOf(server)), []);
  assert.is(streamOf(server).tracks[0]?.name, "audio");
});

test("gives each part with its payload, one after the other", async () => {
  const seen: string[] = [];
  const server = open({
    onPart: async (streamId, part, point) => {
      const payload = part.type === "fragment" ? (await bytesOf(part.payload)).length : 0;
      seen.push(`${point} ${streamId} ${part.type} ${payload}`);
    },
  });
  await send(server, [...header, fragment(0), end]);
  assert.equal(seen, [
    "/live.isml s header 0",
    "/live.isml s fragment 100",
    "/live.isml s end 0",
  ]);
});

const methods = [
  { method: "GET", path: "/live.isml/Manifest", status: 404 },
  { method: "GET", path: "/live.isml", status: 405, allow: "POST, PUT, DELETE" },
  { method: "HEAD", path: STREAM, status: 405, allow: "POST" },
  { method: "DELETE", path: "/live.isml", status: 404 },
  { method: "DELETE", path: STREAM, status: 405, allow: "POST" },
  { method: "PUT", path: STREAM, status: 405, allow: "POST" },
  { method: "POST", path: "/live.isml", status: 200 },
  { method: "POST", path: STREAM, status: 200 },
  { method: "POST", path: "/live.isml/Events(e)", status: 200 },
  { method: "POST", path: "/live.ism", status: 404 },
];
for (const { method, path, status, allow } of methods) {
  test(`answers ${status} to an empty ${method} ${path}`, async () => {
    const response = await open().fetch(new Request(`http://server${path}`, { method }));
    assert.equal([response.status, response.headers.get("allow")], [status, allow ?? null]);
  });
}

test("takes a body of no bytes for a probe", async () => {
  const server = open();
  for (const request of [post(bodyOf()), streamed([]), streamed([bodyOf()])]) {
    assert.is((await server.fetch(request)).status, 200);
  }
  assert.equal([streamOf(server).probes, streamOf(server).bodies], [3, 0]);
});

test("takes no body at the bare point", async () => {
  const response = await open().fetch(post(bodyOf(...header), "/live.isml"));
  assert.is(response.status, 400);
});

test("knows no point that was not made", async () => {
  const server = createPointServer();
  for (const body of [[], header]) assert.equal(await send(server, body), [404]);
  assert.equal(server.report(), []);
});

const put = (body: string) => new Request("http://server/live.isml", { method: "PUT", body });

test("makes a point from its file", async () => {
  const server = createPointServer();
  const file = formatPublishingPointFile({ title: "Live" });
  assert.is((await server.fetch(put(file))).status, 201);
  assert.is((await server.fetch(put(file))).status, 204);
  assert.equal(await send(server, [...header, fragment(0), end]), [200]);
  assert.is(server.report().length, 1);
});

const files = [
  { name: "nothing", body: "", status: 400 },
  { name: "no XML", body: "live", status: 400 },
  { name: "no SMIL", body: "<a/>", status: 400 },
  { name: "an entity bomb", body: '<!DOCTYPE a [<!ENTITY b "c">]><smil/>', status: 400 },
  { name: "too much", body: `<smil>${" ".repeat(1024 * 1024)}</smil>`, status: 413 },
];
for (const { name, body, status } of files) {
  test(`makes no point from ${name}`, async () => {
    const server = createPointServer();
    assert.is((await server.fetch(put(body))).status, status);
    assert.equal(server.report(), []);
  });
}

const refusals = [
  { name: "a body without a header", body: [fragment(0)], status: 412 },
  { name: "a manifest and a fragment alone", body: [manifest(), fragment(0)], status: 412 },
  { name: "an end alone", body: [end], status: 412 },
  { name: "text", body: [new TextEncoder().encode("hello world")], status: 400 },
  { name: "a few bytes", body: [Uint8Array.of(0, 0, 0)], status: 400 },
  { name: "a header that is cut", body: [cut(bodyOf(...header))], status: 400 },
  { name: "a box of an impossible size", body: [...header, uint32(3, 0)], status: 400 },
  { name: "a moof with nothing in it", body: [...header, writeBox("moof")], status: 400 },
  {
    name: "a fragment of an unknown track",
    body: [...header, fragment(0, { trackId: 7 })],
    status: 400,
  },
  { name: "a fragment that is cut", body: [...header, cut(fragment(0))], status: 400 },
  {
    name: "a progressive MP4",
    body: [ftyp, manifest(), makeMoov({ isProgressive: true }), mdat(pattern(10))],
    status: 400,
  },
];
for (const { name, body, status } of refusals) {
  test(`refuses ${name}, and stays up`, async () => {
    const server = open();
    assert.equal(await send(server, body), [status]);
    assert.equal(rulesOf(streamOf(server)), [status === 412 ? "header-present" : "boxes"]);
    assert.equal(await send(server, [...header, fragment(0), end]), [200]);
    assert.is(streamOf(server).openBodies, 0);
  });
}

test("refuses what it cannot read at once, and lets go of the body", async () => {
  let isDropped = false;
  const body = new ReadableStream<Uint8Array<ArrayBuffer>>({
    start(controller) {
      controller.enqueue(bodyOf(...header, fragment(0), uint32(3, 0)));
    },
    cancel() {
      isDropped = true;
    },
  });
  const response = await open().fetch(post(body, STREAM, { duplex: "half" }));
  assert.is(response.status, 400);
  assert.match(await response.text(), /its size must cover its own header/);
  assert.ok(isDropped);
});

test("refuses a fragment that is too large before it has come", async () => {
  const server = open({ maxFragmentBytes: 1000 });
  const large = mdat(pattern(2000)).subarray(0, 100);
  assert.equal(await send(server, [...header, makeMoof(), large]), [400]);
  assert.match(streamOf(server).breaches[0]?.detail ?? "", /at most 1000 bytes/);
});

test("takes only limits that are whole numbers", () => {
  for (const maxFragmentBytes of [0, -1, 1.5, Number.NaN]) {
    assert.throws(
      () => createPointServer({ maxFragmentBytes }),
      (error: unknown) => error instanceof RangeError,
    );
  }
});

test("refuses header boxes that are too large to keep", async () => {
  const large = writeBox("ftyp", pattern(5 * 1024 * 1024));
  assert.equal(await send(open(), [large, manifest(), moov, fragment(0)]), [413]);
});

test("takes a body without a header once the header is known", async () => {
  const server = open();
  const bodies = [[...header, fragment(0)], [manifest(), fragment(1)], [fragment(2), end]];
  assert.equal(await send(server, ...bodies), [200, 200, 200]);
  const stream = streamOf(server);
  assert.equal([stream.tracks[0]?.fragments, stream.hasEnded], [3, true]);
  assert.equal(rulesOf(stream), ["header-present"]);
});

/** Answers in place of the server at some moments. */
const answering = (isWanted: (moment: AnswerMoment) => boolean, status = 403) =>
  open({ answer: (moment) => isWanted(moment) ? new Response("no", { status }) : undefined });

test("can answer otherwise before a body has come", async () => {
  const server = answering(({ stage, stream }) => stage === "start" && stream === "s");
  const never = new ReadableStream<Uint8Array<ArrayBuffer>>();
  assert.is((await server.fetch(post(never, STREAM, { duplex: "half" }))).status, 403);
  assert.is((await server.fetch(post(undefined, "/live.isml"))).status, 200);
});

test("can answer otherwise in the middle of a body", async () => {
  const server = answering(({ stage, fragments }) => stage === "fragment" && fragments === 2);
  assert.equal(await send(server, [...header, fragment(0), fragment(1), fragment(2)]), [403]);
  assert.equal([streamOf(server).fragments, streamOf(server).openBodies], [2, 0]);
});

test("can answer otherwise at the end, as late as it likes", async () => {
  let answer = (_: Response) => {};
  const late = new Promise<Response>((resolve) => answer = resolve);
  const server = open({
    answer: ({ stage, bytes }) => stage === "end" && bytes > 0 ? late : undefined,
  });
  const sent = send(server, [...header, fragment(0), end]);
  answer(new Response(null, { status: 503 }));
  assert.equal(await sent, [503]);
});

test("can refuse a probe alone", async () => {
  const server = answering(({ stage, bytes }) => stage === "end" && bytes === 0, 401);
  assert.is((await server.fetch(post())).status, 401);
  assert.is((await server.fetch(post(bodyOf(...header, end)))).status, 200);
});

test("closes all extensions, also behind one that fails", async () => {
  let isClosed = false;
  const failing: PointExtension = { close: () => Promise.reject(new Error("the disk is full")) };
  const next: PointExtension = {
    close: () => {
      isClosed = true;
      return Promise.resolve();
    },
  };
  const server = createPointServer({ extensions: [failing, next] });
  const error = await server.close().then(() => undefined, (error: Error) => error);
  assert.equal([error?.message, isClosed], ["the disk is full", true]);
});

test("counts a body that breaks off, and stays up", async () => {
  const server = open();
  await server.fetch(post());
  const broken = async function* () {
    yield bodyOf(...header, fragment(0));
    await Promise.resolve();
    throw new Error("the cable was cut");
  };
  assert.is((await server.fetch(streamed(broken()))).status, 400);
  assert.equal(rulesOf(streamOf(server)), ["body-ends"]);
  assert.equal(await send(server, [...header, fragment(0), fragment(1), end]), [200]);
  const { tracks, openBodies, hasEnded } = streamOf(server);
  assert.equal([tracks[0]?.duplicates, openBodies, hasEnded], [1, 0, true]);
  // Its sender has made it good.
  assert.equal(rulesOf(streamOf(server)), []);
});

test("closes a body when the hook for its parts throws", async () => {
  const server = open({
    onPart: () => {
      throw new Error("not so");
    },
  });
  try {
    await send(server, header);
    assert.unreachable();
  } catch (error) {
    assert.is((error as Error).message, "not so");
  }
  assert.is(streamOf(server).openBodies, 0);
});

test.run();

/* The rules. */

const rules = suite("RULES");

/** The report does not have these; they take a look at several bodies, or at gaps. */
const judgedLater: readonly RuleId[] = ["contiguous", "same-times", "sparse-parent"];
for (const { rule, name, bodies } of SPOILT_STREAMS) {
  if (judgedLater.includes(rule)) continue;
  rules(`${rule}: ${name}`, async () => {
    const server = open();
    await send(server, ...bodies);
    assert.equal(rulesOf(streamOf(server)), [rule]);
  });
}

rules("probe: none", async () => {
  const server = open();
  await server.fetch(post(bodyOf(...header, ...fragments, end)));
  assert.equal(rulesOf(streamOf(server)), ["probe"]);
});

rules("probe: one to the bare point is enough", async () => {
  const server = open();
  await server.fetch(post(undefined, "/live.isml"));
  await server.fetch(post(bodyOf(...header, ...fragments, end)));
  assert.equal(rulesOf(streamOf(server)), []);
});

rules("are each broken by one of the streams", () => {
  const elsewhere = ["probe", "one-sender", "end-present", "idle", "body-ends"];
  const broken = new Set([...SPOILT_STREAMS.map(({ rule }) => rule as string), ...elsewhere]);
  assert.equal(Object.keys(RULES).filter((rule) => !broken.has(rule)), []);
});

rules("are not broken by a data offset that is right", async () => {
  const server = open();
  await send(server, [...header, lateMoof(0), mdat(pattern(100)), fragment(1), end]);
  assert.equal(rulesOf(streamOf(server)), []);
});

rules("are not broken by ffmpeg, but for the probe that it does not send", async () => {
  if (!hasVectors) return;
  const server = open();
  const body = await readVector("ffmpeg-live-capture/body.bin");
  const response = await server.fetch(streamed(inPieces(body, 32768)));
  assert.is(response.status, 200);
  const stream = streamOf(server);
  assert.equal(faultsOf(stream).map(({ message }) => message), [
    "An empty POST comes before the first body of a stream: current value is none",
  ]);
  assert.equal([stream.fragments, stream.bytes, stream.hasEnded], [10, body.length, true]);
  assert.equal(stream.tracks.map(({ name, bitrate, end }) => [name, bitrate, end]), [
    ["video_und", 201896, 100_000_000n],
    ["audio_eng", 64035, 100_213_333n],
  ]);
});

rules.run();
