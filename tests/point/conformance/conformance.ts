import type { ConformanceExtension } from "../../../lib/point/conformance/conformance_extension.ts";
import type { StreamConformance } from "../../../lib/point/conformance/conformance.ts";
import type { PointServer } from "../../../lib/point/point_server.ts";
import type { RuleId } from "../../../lib/point/rules.ts";
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { createConformance } from "../../../lib/point/conformance/conformance_extension.ts";
import { createPointServer } from "../../../lib/point/point_server.ts";
import { RULES } from "../../../lib/point/rules.ts";
import { servePoint } from "../../../lib/point/serve_point.ts";
import { push } from "../../../lib/push.ts";
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
import { SAMPLE_ISM } from "../../helpers/sample.ts";
import { fragments, header, SPOILT_STREAMS } from "../../helpers/spoilt_streams.ts";
import { hasVectors, readVector } from "../../helpers/vectors.ts";

const PATH = "/live.isml/Streams(s)";

interface Bench {
  readonly server: PointServer;
  readonly conformance: ConformanceExtension;
  /** Lets time go by for the judge. */
  wait(seconds: number): void;
}

function open(): Bench {
  let nowMs = 0;
  const conformance = createConformance({ now: () => nowMs });
  const server = createPointServer({ autoCreate: true, extensions: [conformance] });
  return { server, conformance, wait: (seconds) => nowMs += 1000 * seconds };
}

/** The verdicts on the one stream there is. */
function judge({ conformance }: Bench): StreamConformance {
  const found = conformance.judge("/live.isml");
  assert.is(found?.streams.length, 1);
  assert.is(found!.isConforming, found!.streams[0]!.isConforming);
  return found!.streams[0]!;
}

const brokenIn = ({ rules }: StreamConformance) =>
  rules.filter(({ verdict }) => verdict === "broken").map(({ rule, count }) => `${rule} ${count}`);
const ruleOf = ({ rules }: StreamConformance, wanted: RuleId) =>
  rules.find(({ rule }) => rule === wanted)!;

const test = suite("createConformance");

for (const { rule, name, bodies } of SPOILT_STREAMS) {
  test(`finds one rule broken, once: ${rule}, ${name}`, async () => {
    const bench = open();
    await send(bench.server, PATH);
    for (const body of bodies) await send(bench.server, PATH, ...body);
    const found = judge(bench);
    assert.equal(brokenIn(found), [`${rule} 1`]);
    assert.not(found.isConforming);
    const { first, sentence, clause } = ruleOf(found, rule);
    assert.equal({ sentence, clause }, { ...RULES[rule] });
    assert.ok(first!.detail.length > 0);
  });
}

test("says in which body a rule was broken first", async () => {
  const bodyOf = (rule: RuleId) => {
    const { bodies } = SPOILT_STREAMS.find((it) => it.rule === rule)!;
    return [bodies, bodies.length] as const;
  };
  for (const rule of ["header-same", "header-present", "same-times"] as const) {
    const bench = open();
    const [bodies, last] = bodyOf(rule);
    await send(bench.server, PATH);
    for (const body of bodies) await send(bench.server, PATH, ...body);
    assert.is(ruleOf(judge(bench), rule).first?.body, last, rule);
  }
});

test("finds that no probe came", async () => {
  const bench = open();
  await send(bench.server, PATH, ...header, ...fragments, END_OF_STREAM);
  const found = judge(bench);
  assert.equal(brokenIn(found), ["probe 1"]);
  assert.is(ruleOf(found, "probe").first?.body, 1);
});

test("finds that the end is missing once the stream is quiet, and not before", async () => {
  const bench = open();
  await send(bench.server, PATH);
  await send(bench.server, PATH, ...header, ...fragments);
  assert.equal(brokenIn(judge(bench)), []);
  assert.is(ruleOf(judge(bench), "end-present").verdict, "not seen");
  bench.wait(11);
  assert.equal(brokenIn(judge(bench)), ["end-present 1"]);
  await send(bench.server, PATH, ...header, END_OF_STREAM);
  assert.equal(brokenIn(judge(bench)), []);
  assert.is(ruleOf(judge(bench), "end-present").verdict, "ok");
});

test("finds that a body is held open without a byte, once for each silence", async () => {
  const bench = open();
  await send(bench.server, PATH);
  const sending = sendSlowly(bench.server, PATH);
  await sending.send(...header, ...fragments);
  bench.wait(9);
  assert.equal(brokenIn(judge(bench)), []);
  bench.wait(2);
  assert.equal(brokenIn(judge(bench)), ["idle 1"]);
  bench.wait(100);
  assert.equal(brokenIn(judge(bench)), ["idle 1"]);
  await sending.send(END_OF_STREAM);
  await sending.end();
  await sending.answer;
  assert.equal(brokenIn(judge(bench)), ["idle 1"]);
});

test("lets a body be silent for as long as three of its fragments", async () => {
  const bench = open();
  await send(bench.server, PATH);
  const sending = sendSlowly(bench.server, PATH);
  await sending.send(headerOf(), fragmentOf(0, { seconds: 10 }));
  await settle();
  bench.wait(29);
  assert.equal(brokenIn(judge(bench)), []);
  bench.wait(2);
  assert.equal(brokenIn(judge(bench)), ["idle 1"]);
  await bench.server.close();
  await sending.answer;
});

test("finds a second sender with other header boxes, and takes one with the same", async () => {
  for (const isOther of [false, true]) {
    const bench = open();
    await send(bench.server, PATH);
    const first = sendSlowly(bench.server, PATH);
    await first.send(headerOf(), fragmentOf(0));
    const language = isOther ? { systemLanguage: "fra" } : {};
    await send(bench.server, PATH, headerOf([language]), ...fragmentsOf(0, 2), END_OF_STREAM);
    await first.send(fragmentOf(1), END_OF_STREAM);
    await first.end();
    await first.answer;
    const found = judge(bench);
    assert.equal(brokenIn(found), isOther ? ["one-sender 1"] : []);
    if (!isOther) assert.is(ruleOf(found, "one-sender").verdict, "ok");
  }
});

test("finds a body that breaks off", async () => {
  const bench = open();
  await send(bench.server, PATH);
  const { readable, writable } = new TransformStream<Uint8Array, Uint8Array>();
  const body = readable as ReadableStream<Uint8Array<ArrayBuffer>>;
  const init: RequestInit & { duplex: "half" } = { method: "POST", body, duplex: "half" };
  const answer = bench.server.fetch(new Request(`http://server${PATH}`, init));
  const writer = writable.getWriter();
  await writer.write(headerOf());
  await writer.abort(new Error("gone"));
  assert.is((await answer).status, 400);
  assert.equal(brokenIn(judge(bench)), ["body-ends 1"]);
  // A connection that is lost is no fault of who takes another one.
  await send(bench.server, PATH, headerOf(), ...fragments, END_OF_STREAM);
  assert.equal(brokenIn(judge(bench)), []);
  assert.is(ruleOf(judge(bench), "body-ends").verdict, "ok");
});

test("has nothing against a stream that does all as it must", async () => {
  const bench = open();
  await send(bench.server, PATH);
  await send(bench.server, PATH, ...header, ...fragments);
  await send(bench.server, PATH, ...header, ...fragments.slice(-2), fragmentOf(3), END_OF_STREAM);
  const found = judge(bench);
  assert.equal(brokenIn(found), []);
  assert.ok(found.isConforming);
  for (const rule of ["header-same", "same-times", "contiguous", "end-present"] as const) {
    assert.is(ruleOf(found, rule).verdict, "ok", rule);
  }
  assert.is(ruleOf(found, "sparse-alone").verdict, "not seen");
});

test("has nothing against pushes of this program, in a loop and with all its streams", async () => {
  const conformance = createConformance();
  const server = createPointServer({ autoCreate: true, extensions: [conformance] });
  const served = await servePoint(server.fetch);
  const points = [{ url: `${served.url}/live.isml` }];
  try {
    for (const group of ["track", "file"] as const) {
      await push({ points, presentation: SAMPLE_ISM, rate: "max", loop: 3, group, id: group });
    }
  } finally {
    await served.close();
  }
  const { streams } = conformance.judge("/live.isml")!;
  assert.is(streams.length, 5 + 4);
  assert.equal(streams.flatMap(brokenIn), []);
});

test("has nothing against ffmpeg, but that it does not probe", async () => {
  if (!hasVectors) return;
  const bench = open();
  await send(bench.server, PATH, await readVector("ffmpeg-live-capture/body.bin"));
  assert.equal(brokenIn(judge(bench)), ["probe 1"]);
});

test("takes what comes after the end for another broadcast, whose times may be any", async () => {
  const bench = open();
  for (let n = 0; n < 2; n++) {
    await send(bench.server, PATH);
    await send(bench.server, PATH, ...header, ...fragments, END_OF_STREAM);
  }
  assert.equal(brokenIn(judge(bench)), []);
});

test("finds the parent of a sparse track in another stream", async () => {
  const bench = open();
  const texts = { kind: "textstream", parentTrackName: "video", trackName: "t" } as const;
  await send(bench.server, "/live.isml/Streams(v)", headerOf(), fragmentOf(0), END_OF_STREAM);
  await send(
    bench.server,
    PATH,
    headerOf([{ ...texts, params: [{ name: "Subtype", value: "DATA" }] }]),
    END_OF_STREAM,
  );
  const streams = bench.conformance.judge("/live.isml")!.streams;
  assert.is(ruleOf(streams.find(({ stream }) => stream === "s")!, "sparse-parent").verdict, "ok");
});

test("answers with JSON, in any letter case of the path", async () => {
  const bench = open();
  await send(bench.server, PATH);
  await send(bench.server, PATH, ...header, ...fragments, END_OF_STREAM);
  const response = await get(bench.server, "/Live.ISML/conformance");
  assert.is(response.headers.get("content-type"), "application/json");
  assert.is(response.headers.get("access-control-allow-origin"), "*");
  const json = await response.json();
  assert.equal(json, JSON.parse(JSON.stringify(bench.conformance.judge("/live.isml"))));
  assert.is(json.streams[0].rules.length, Object.keys(RULES).length);
  const head = await get(bench.server, "/live.isml/conformance", { method: "HEAD" });
  assert.equal([head.status, await head.text()], [200, ""]);
  assert.is((await get(bench.server, "/other.isml/conformance")).status, 404);
  assert.is((await get(bench.server, "/%ff.isml/conformance")).status, 404);
});

test("forgets a point that is deleted", async () => {
  const bench = open();
  await send(bench.server, PATH, ...header, fragments[0]!);
  await get(bench.server, "/live.isml", { method: "DELETE" });
  assert.is(bench.conformance.judge("/live.isml"), undefined);
  await send(bench.server, PATH);
  await send(bench.server, PATH, ...header, ...fragments, END_OF_STREAM);
  assert.equal(brokenIn(judge(bench)), []);
});

test.run();
