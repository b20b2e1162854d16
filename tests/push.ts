import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { openTransport } from "../lib/ingest/transport.ts";
import type { StreamPart } from "../lib/part.ts";
import { push, type PushReport } from "../lib/push.ts";
import type { PushEvent } from "../lib/push_event.ts";
import type { PushOptions } from "../lib/push_options.ts";
import { planPush } from "../lib/push_plan.ts";
import { Presentation } from "../lib/source/presentation.ts";
import { FakeClock } from "./helpers/fake_clock.ts";
import { failure } from "./helpers/parts.ts";
import { type Behaviour, type RecordedRequest, startRecorder } from "./helpers/recorder.ts";
import { readBody, type WireFragment } from "./helpers/wire.ts";

const SAMPLE = fileURLToPath(new URL("../testdata/sample.ism", import.meta.url));
const VECTORS = new URL("../../shared/vectors/", import.meta.url);

/** One stream that a presentation must become. */
interface Expected {
  readonly file: string;
  readonly trackIds: readonly number[];
  readonly isSparse?: boolean;
}

interface Case {
  readonly name: string;
  readonly path: string;
  readonly streams: readonly Expected[];
}

const stream = (file: string, ...trackIds: number[]): Expected => ({ file, trackIds });
const abr = [
  stream("video_400.ismv", 1),
  stream("video_200.ismv", 1),
  stream("video_100.ismv", 1),
  stream("audio_64.isma", 1),
];
const sample: Case = {
  name: "the sample",
  path: SAMPLE,
  streams: [
    stream("sample_560.ismv", 1),
    stream("sample_250.ismv", 1),
    stream("sample_110.ismv", 1),
    stream("sample_560.ismv", 2),
    { ...stream("sample_text.ismt", 3), isSparse: true },
  ],
};
const vector = (path: string, streams: readonly Expected[]): Case => ({
  name: path,
  path: fileURLToPath(new URL(path, VECTORS)),
  streams,
});
const cases: readonly Case[] = [
  sample,
  vector("astool/ee_500.ism", [stream("Video_0_org.ismv", 2), stream("Audio_0_org.isma", 1)]),
  vector("ffmpeg-abr/abr.ism", abr),
  vector("ffmpeg-abr/abr_utf16.ism", abr),
  vector("ffmpeg-abr/abr_repeat.ism", abr),
  vector("ffmpeg-abr/abr_ismindex.ism", abr),
  vector("ffmpeg-bframes/bf.ism", [stream("bf.ismv", 1)]),
  vector("ffmpeg-livearchive/arch.ism", [stream("arch_v.ismv", 1), stream("arch_a.isma", 1)]),
  vector("ffmpeg-longgop/long.ism", [stream("long.ismv", 1)]),
  vector("ffmpeg-muxed/muxed.ism", [
    stream("mux_200.ismv", 1),
    stream("mux_200.ismv", 2),
    stream("mux_100.ismv", 1),
  ]),
  vector("home-text/text.ism", [
    stream("video_100.ismv", 1),
    stream("audio_64.isma", 1),
    { ...stream("captions.ismt", 1), isSparse: true },
  ]),
].filter(({ path }) => existsSync(path));

/** What a push did, and what arrived. */
interface Pushed {
  readonly report: PushReport;
  readonly requests: readonly RecordedRequest[];
  readonly events: readonly PushEvent[];
  /** The bodies of a stream, without the probe. */
  bodies(number: number): Uint8Array[];
}

async function pushTo(
  options: Partial<PushOptions> & Pick<PushOptions, "presentation">,
  behaviour?: Behaviour,
): Promise<Pushed> {
  const recorder = await startRecorder(behaviour);
  const events: PushEvent[] = [];
  try {
    const report = await push({
      points: [{ url: `${recorder.url}/live.isml` }],
      id: "9",
      rate: "max",
      onEvent: (event) => events.push(event),
      ...options,
    });
    const bodies = (number: number) =>
      recorder.requests
        .filter(({ url, headers }) =>
          url.includes(`Streams(9-stream${number})`) && headers["content-length"] !== "0"
        )
        .map((request) => request.body());
    return { report, requests: recorder.requests, events, bodies };
  } finally {
    await recorder.close();
  }
}

/** @param source The fragment in its file: a duration that it says there is kept. */
function checkFragment(fragment: WireFragment, source?: WireFragment): void {
  assert.is(fragment.tfxds.length, 1, "one tfxd");
  assert.is(fragment.tfxds[0]!.version, 1, "tfxd version 1");
  assert.is(fragment.tfrfs, 0, "no tfrf");
  assert.is(fragment.dataOffset, fragment.payloadOffset, "data_offset");
  const duration = source?.tfxds[0]?.duration ?? fragment.sampleDuration;
  if (duration !== undefined) assert.is(fragment.tfxds[0]!.duration, duration, "duration");
}

function checkContiguous(fragments: readonly WireFragment[], what: string): void {
  fragments.forEach(({ tfxds: [tfxd] }, n) => {
    const next = fragments[n + 1]?.tfxds[0];
    if (next) assert.is(next.time, tfxd!.time + tfxd!.duration, `${what}: end of fragment ${n}`);
  });
}

const test = suite("push");

for (const { name, path, streams } of cases) {
  test(`sends ${name} whole, every box right`, async () => {
    const { report, bodies } = await pushTo({ presentation: path });
    assert.equal(report.streams.map(({ state }) => state), streams.map(() => "complete"));
    streams.forEach(({ file, trackIds, isSparse }, number) => {
      const parts = bodies(number).map(readBody);
      const fragments = parts.flatMap((part) => part.fragments);
      const source = readBody(readFileSync(join(path, "..", file))).fragments;
      for (const trackId of trackIds) {
        const sent = fragments.filter((it) => it.trackId === trackId);
        const expected = source.filter((it) => it.trackId === trackId);
        assert.is(sent.length, expected.length);
        sent.forEach((fragment, n) => {
          assert.ok(bytesEqual(fragment.payload, expected[n]!.payload), `payload ${n} of ${file}`);
          checkFragment(fragment, expected[n]);
        });
        if (!isSparse) checkContiguous(sent, `${file} track ${trackId}`);
      }
      assert.equal(fragments.map((it) => it.sequenceNumber), fragments.map((_, n) => n + 1));
      for (const part of parts) {
        assert.equal(part.types.slice(0, 3), ["ftyp", "LiveServerManifest", "moov"]);
        assert.is(part.manifest?.match(/name="trackID"/g)?.length, trackIds.length);
      }
      const last = parts.at(-1)!;
      assert.is(last.types.at(-1), "mfra");
      assert.is(last.boxes.at(-1)!.bytes.length, 8);
      assert.is(parts.flatMap((part) => part.types).filter((type) => type === "mfra").length, 1);
      assert.is(parts.length, isSparse ? fragments.length + 2 : 1);
    });
  });

  test(`writes the same bytes of ${name} into a folder`, async () => {
    const folder = mkdtempSync(join(tmpdir(), "pushencoder-"));
    try {
      const { bodies } = await pushTo({ presentation: path, loop: 2 });
      const report = await push({
        output: folder,
        presentation: path,
        id: "9",
        rate: "max",
        loop: 2,
      });
      assert.equal(report.streams.map(({ state }) => state), streams.map(() => "complete"));
      assert.is(readdirSync(folder).length, streams.length);
      streams.forEach((_, number) => {
        const written = readFileSync(join(folder, `9-stream${number}.ismv`));
        assert.ok(bytesEqual(written, concat(bodies(number))), `stream ${number}`);
      });
    } finally {
      rmSync(folder, { recursive: true });
    }
  });
}

function concat(pieces: readonly Uint8Array[]): Uint8Array {
  const whole = new Uint8Array(pieces.reduce((size, piece) => size + piece.length, 0));
  let at = 0;
  for (const piece of pieces) {
    whole.set(piece, at);
    at += piece.length;
  }
  return whole;
}

function bytesEqual(a: Uint8Array, b: Uint8Array): boolean {
  return a.length === b.length && a.every((byte, n) => byte === b[n]);
}

test("goes on counting and stays aligned over passes", async () => {
  const { bodies } = await pushTo({ presentation: SAMPLE, loop: 3 });
  [0, 1, 2, 3].forEach((number) => {
    const { fragments } = readBody(bodies(number)[0]!);
    assert.is(fragments.length, 30);
    fragments.forEach((fragment, n) => assert.is(fragment.sequenceNumber, n + 1));
    [0, 1, 2].forEach((pass) => {
      assert.is(fragments[10 * pass]!.tfxds[0]!.time, BigInt(pass) * 200_000_000n);
    });
  });
  const text = bodies(4).map(readBody).flatMap(({ fragments }) => fragments);
  const times = text.map(({ tfxds }) => Number(tfxds[0]!.time) / 1e7);
  assert.equal(times, [2, 7.5, 14, 22, 27.5, 34, 42, 47.5, 54]);
  assert.equal(text.map((it) => it.sequenceNumber), [1, 2, 3, 4, 5, 6, 7, 8, 9]);
});

test("starts where it is told to", async () => {
  const base = { numerator: 17_000_000_000_000_001n, denominator: 10_000_000n };
  const { bodies } = await pushTo({ presentation: SAMPLE, base });
  const { fragments } = readBody(bodies(0)[0]!);
  assert.is(fragments[0]!.tfxds[0]!.time, 17_000_000_000_000_001n);
  assert.is(fragments[9]!.tfxds[0]!.time, 17_000_000_180_000_001n);
});

test("leaves a hole where fragments are skipped, in every pass", async () => {
  const { bodies } = await pushTo({ presentation: SAMPLE, loop: 2, skip: { first: 2, last: 4 } });
  const { fragments } = readBody(bodies(0)[0]!);
  const sequence = fragments.map((it) => it.sequenceNumber);
  assert.equal(sequence, [1, 2, 6, 7, 8, 9, 10, 11, 12, 16, 17, 18, 19, 20]);
  assert.equal(
    fragments.map(({ tfxds }) => Number(tfxds[0]!.time) / 2e7),
    sequence.map((n) => n - 1),
  );
});

for (const group of ["track", "file"] as const) {
  test(`sends nothing in an endless loop of which nothing is left, by ${group}`, async () => {
    const recorder = await startRecorder();
    const options = {
      points: [{ url: `${recorder.url}/x.isml` }],
      presentation: SAMPLE,
      loop: Infinity,
      skip: { first: 0, last: 9 },
      group,
    };
    try {
      for (const run of [() => push(options), () => planPush(options)]) {
        const error = await failure(run());
        assert.is(error.name, "InputError");
        assert.is(
          error.message,
          `${SAMPLE}: Cannot loop for ever as fragments must be left to send: current value of skip is 0,9`,
        );
      }
      assert.is(recorder.requests.length, 0);
    } finally {
      await recorder.close();
    }
  });
}

test("ends a stream of which nothing is left behind its header, and loops with the others", async () => {
  const skip = { first: 0, last: 3 };
  const { bodies, report } = await pushTo({
    presentation: SAMPLE,
    loop: Infinity,
    duration: 50,
    skip,
  });
  assert.ok(report.streams.every(({ state }) => state === "complete"));
  assert.equal(report.streams.map(({ fragments }) => fragments), [13, 13, 13, 13, 0]);
  assert.equal(bodies(4).map((body) => readBody(body).types.at(-1)), ["moov", "mfra"]);
});

const durations = [
  { duration: 20, loop: 1, counts: [10, 10, 10, 10, 3] },
  { duration: 4, loop: 1, counts: [2, 2, 2, 2, 1] },
  { duration: 4.5, loop: 1, counts: [3, 3, 3, 3, 1] },
  { duration: 30, loop: 1, counts: [10, 10, 10, 10, 3] },
  { duration: 30, loop: Infinity, counts: [15, 15, 15, 15, 5] },
];
for (const { duration, loop, counts } of durations) {
  test(`ends in order before ${duration} s of media in ${loop} passes`, async () => {
    const { report, bodies } = await pushTo({ presentation: SAMPLE, duration, loop });
    assert.equal(report.streams.map(({ fragments }) => fragments), counts);
    assert.equal(report.streams.map(({ state }) => state), counts.map(() => "complete"));
    assert.is(readBody(bodies(0)[0]!).types.at(-1), "mfra");
  });
}

test("puts all tracks of a file into one stream, but for sparse ones", async () => {
  const { report, bodies } = await pushTo({ presentation: SAMPLE, group: "file" });
  assert.equal(report.streams.map(({ fragments }) => fragments), [20, 10, 10, 3]);
  const { fragments, manifest } = readBody(bodies(0)[0]!);
  assert.is(manifest?.match(/name="trackID"/g)?.length, 2);
  fragments.forEach((fragment) => checkFragment(fragment));
  checkContiguous(fragments.filter(({ trackId }) => trackId === 1), "video");
  checkContiguous(fragments.filter(({ trackId }) => trackId === 2), "audio");
  const ends = fragments.map(({ tfxds: [tfxd] }) => Number(tfxd!.time + tfxd!.duration));
  assert.equal(ends, [...ends].sort((a, b) => a - b));
});

test("pushes one file of a presentation, at the times of the whole", async () => {
  const { report, bodies } = await pushTo({ presentation: SAMPLE, mediaFile: "sample_text.ismt" });
  assert.equal(report.streams.map(({ stream }) => stream), ["9-stream0"]);
  const times = bodies(0).map(readBody).flatMap(({ fragments }) => fragments)
    .map(({ tfxds }) => Number(tfxds[0]!.time) / 1e7);
  assert.equal(times, [2, 7.5, 14]);
});

const headers = [
  { options: { noHeader: true }, types: ["LiveServerManifest", "moof"] },
  { options: { noHeader: true, noManifest: true }, types: ["moof", "mdat"] },
  { options: { noManifest: true }, types: ["ftyp", "moov", "moof"] },
  {
    options: { streamManifest: "<smil/>" },
    types: ["ftyp", "StreamManifest", "LiveServerManifest", "moov", "moof"],
  },
];
for (const { options, types } of headers) {
  test(`begins with ${types.join(", ")} with ${JSON.stringify(options)}`, async () => {
    const { bodies, report } = await pushTo({ presentation: SAMPLE, ...options });
    assert.equal(readBody(bodies(0)[0]!).types.slice(0, types.length), types);
    assert.equal(report.streams.map(({ state }) => state), Array(5).fill("complete"));
  });
}

const ends = [
  { options: { noEos: true }, dense: "mdat", sparsePosts: 4 },
  { options: { noSparseEos: true }, dense: "mfra", sparsePosts: 4 },
  { options: {}, dense: "mfra", sparsePosts: 5 },
];
for (const { options, dense, sparsePosts } of ends) {
  test(`ends as it is told with ${JSON.stringify(options)}`, async () => {
    const { bodies } = await pushTo({ presentation: SAMPLE, ...options });
    assert.is(readBody(bodies(0)[0]!).types.at(-1), dense);
    assert.is(bodies(4).length, sparsePosts);
  });
}

test("sends a sparse fragment before the parent's fragment of its time", async () => {
  const { requests } = await pushTo({ presentation: SAMPLE });
  assert.ok(requests.length > 5);
  const order: string[] = [];
  await pushTo({
    presentation: SAMPLE,
    onEvent: (event) => {
      if (event.event !== "fragment") return;
      if (event.stream === "9-stream0" || event.stream === "9-stream4") {
        order.push(`${event.stream.at(-1)}:${event.index}`);
      }
    },
  });
  // Cues at 2, 7.5 and 14 s go with the parent's fragments 1, 3 and 7.
  for (const [cue, parent] of [["4:0", "0:1"], ["4:1", "0:3"], ["4:2", "0:7"]] as const) {
    assert.ok(order.indexOf(cue) < order.indexOf(parent), `${cue} before ${parent}: ${order}`);
  }
});

test("sends nothing but probes to a point that refuses one of them", async () => {
  const { report, requests } = await pushTo({ presentation: SAMPLE }, (request, answer) => {
    if (!request.url.includes("stream3")) return;
    answer.writeHead(403).end();
    return "handled";
  });
  assert.equal(report.streams.map(({ state }) => state), Array(5).fill("refused"));
  assert.is(requests.length, 5);
  assert.ok(requests.every(({ headers }) => headers["content-length"] === "0"));
});

test("lets the other streams go on when one is refused later", async () => {
  const { report } = await pushTo({ presentation: SAMPLE }, (request, answer, incoming) => {
    if (!request.url.includes("stream1") || request.headers["content-length"] === "0") return;
    incoming.once("data", () => answer.writeHead(403, { connection: "close" }).end());
    return "handled";
  });
  assert.equal(report.streams.map(({ state }) => state), [
    "complete",
    "refused",
    "complete",
    "complete",
    "complete",
  ]);
  assert.is(report.streams[1]!.status, 403);
});

const probes = [
  { probe: "ingest", url: "/live.isml/Streams(9-stream0)", count: 1 },
  { probe: "point", url: "/live.isml", count: 5 },
  { probe: "none", url: "", count: 0 },
] as const;
for (const { probe, url, count } of probes) {
  test(`sends the probe to: ${probe}`, async () => {
    const { requests } = await pushTo({ presentation: SAMPLE, probe });
    const empty = requests.filter(({ headers }) => headers["content-length"] === "0");
    assert.is(empty.length, probe === "none" ? 0 : 5);
    assert.is(empty.filter((request) => request.url === url).length, count);
  });
}

test("names the event in the URL", async () => {
  const { requests } = await pushTo({ presentation: SAMPLE, eventId: "e7" });
  assert.ok(requests.every(({ url }) => url.startsWith("/live.isml/Events(e7)/Streams(9-stream")));
});

test("pushes the same bytes to several points, each with its own fate", async () => {
  const second = await startRecorder((_, answer) => {
    answer.writeHead(404).end();
    return "handled";
  });
  const first = await startRecorder();
  const third = await startRecorder();
  try {
    const points = [first, second, third].map(({ url }) => ({ url: `${url}/x.isml` }));
    const { streams } = await push({ points, presentation: SAMPLE, id: "9", rate: "max" });
    const states = points.map(({ url }) =>
      streams.filter(({ point }) => point === url).map(({ state }) => state)
    );
    assert.equal(states, ["complete", "refused", "complete"].map((state) => Array(5).fill(state)));
    const bodiesOf = (recorder: typeof first) =>
      new Map(
        recorder.requests.filter(({ url }) => !url.includes("stream4"))
          .filter(({ headers }) => headers["content-length"] !== "0")
          .map((request) => [request.url, request.body()]),
      );
    const other = bodiesOf(third);
    for (const [url, body] of bodiesOf(first)) assert.ok(bytesEqual(body, other.get(url)!), url);
  } finally {
    await Promise.all([first, second, third].map((recorder) => recorder.close()));
  }
});

test("ends in order when it is asked to stop", async () => {
  const stop = new AbortController();
  const { report, bodies } = await pushTo({
    presentation: SAMPLE,
    loop: Infinity,
    stop: stop.signal,
    onEvent: (event) => {
      if (event.event === "fragment" && event.stream === "9-stream0" && event.pass === 2) {
        stop.abort();
      }
    },
  });
  assert.equal(report.streams.map(({ state }) => state), Array(5).fill("stopped"));
  [0, 1, 2, 3].forEach((number) => {
    assert.is(readBody(bodies(number)[0]!).types.at(-1), "mfra");
  });
});

test("ends at once when it is told to", async () => {
  const abort = new AbortController();
  const { report } = await pushTo({
    presentation: SAMPLE,
    loop: Infinity,
    signal: abort.signal,
    onEvent: (event) => {
      if (event.event === "fragment" && event.pass === 1) abort.abort(new Error("enough"));
    },
  });
  assert.equal(report.streams.map(({ state }) => state), Array(5).fill("stopped"));
});

test("reads a presentation over HTTP", async () => {
  const folder = new URL("../testdata/", import.meta.url);
  const server = await startRecorder((request, answer) => {
    const file = readFileSync(new URL(`.${request.url}`, folder));
    const [, from, to] = /bytes=(\d+)-(\d+)/.exec(String(request.headers["range"])) ?? [];
    if (from === undefined) {
      answer.writeHead(200, { "content-length": file.length }).end(file);
    } else {
      const part = file.subarray(Number(from), Number(to) + 1);
      const range = `bytes ${from}-${Number(from) + part.length - 1}/${file.length}`;
      answer.writeHead(206, { "content-range": range, "content-length": part.length }).end(part);
    }
    return "handled";
  });
  try {
    const remote = await pushTo({ presentation: `${server.url}/sample.ism` });
    const local = await pushTo({ presentation: SAMPLE });
    [0, 1, 2, 3].forEach((number) => {
      assert.ok(
        bytesEqual(remote.bodies(number)[0]!, local.bodies(number)[0]!),
        `stream ${number}`,
      );
    });
  } finally {
    await server.close();
  }
});

test("pushes an open presentation over an open transport, and leaves both open", async () => {
  const presentation = await Presentation.open(SAMPLE);
  const transport = await openTransport();
  try {
    for (let n = 0; n < 2; n++) {
      const { report } = await pushTo({ presentation, transport });
      assert.equal(report.streams.map(({ state }) => state), Array(5).fill("complete"));
    }
  } finally {
    await transport.close();
    await presentation.close();
  }
});

test("puts a stage of one's own between the pacer and the upload, and counts from a given start", async () => {
  const clock = new FakeClock(5000);
  const seen: [string, number | undefined][] = [];
  const lastStage = (stream: string) =>
    new TransformStream<StreamPart, StreamPart>({
      transform(part, controller) {
        if (part.type === "fragment") seen.push([stream, part.dueMs]);
        controller.enqueue(part);
      },
    });
  const pushed = pushTo({
    presentation: SAMPLE,
    rate: 1,
    startMs: 7000,
    duration: 2,
    clock,
    lastStage,
  });
  let isOver = false;
  const over = pushed.finally(() => isOver = true);
  while (!isOver) await clock.advance(500);
  await over;
  const video = seen.filter(([stream]) => stream === "9-stream0");
  assert.ok(video.length > 0);
  for (const [, dueMs] of video) assert.ok(dueMs! > 7000, `${dueMs}`);
  assert.is(
    new Set(seen.map(([stream]) => stream)).size,
    4,
    "the text has nothing to say so early",
  );
});

test.run();
