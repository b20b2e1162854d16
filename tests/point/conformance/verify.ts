import { appendFile, mkdir, writeFile } from "node:fs/promises";
import { join as joinPath } from "node:path";
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { InputError } from "../../../lib/errors.ts";
import { join } from "../../../lib/mp4/box.ts";
import { createRecorder, RECORD_LIST } from "../../../lib/point/archive/record.ts";
import { type VerifiedStream, verify } from "../../../lib/point/conformance/verify.ts";
import { createPointServer, type PointServer } from "../../../lib/point/point_server.ts";
import { servePoint } from "../../../lib/point/serve_point.ts";
import { push } from "../../../lib/push.ts";
import { send } from "../../helpers/broadcast.ts";
import { failure } from "../../helpers/parts.ts";
import { readSample, SAMPLE_ISM } from "../../helpers/sample.ts";
import { end, fragment, fragments, header, SPOILT_STREAMS } from "../../helpers/spoilt_streams.ts";
import { withFolder } from "../../helpers/temp_folder.ts";
import { hasVectors, vector } from "../../helpers/vectors.ts";

const PATH = "/live/a.isml/Streams(s)";

/** Records what `work` sends. */
async function record(folder: string, work: (server: PointServer) => Promise<unknown>) {
  const extensions = [createRecorder({ folder })];
  const server = createPointServer({ autoCreate: true, extensions });
  await work(server);
  await server.close();
}

const brokenIn = ({ rules }: VerifiedStream) =>
  rules.filter(({ verdict }) => verdict === "broken").map(({ rule, count }) => `${rule} ${count}`);
const verdictOf = ({ rules }: VerifiedStream, wanted: string) =>
  rules.find(({ rule }) => rule === wanted)?.verdict;

const test = suite("verify");

for (const { rule, name, bodies } of SPOILT_STREAMS) {
  test(`finds one rule broken in a recording, once: ${rule}, ${name}`, async () => {
    await withFolder({}, async (folder) => {
      await record(folder, async (server) => {
        await send(server, PATH);
        for (const body of bodies) await send(server, PATH, ...body);
      });
      const { streams, errors } = await verify(folder);
      assert.equal(errors, []);
      assert.is(streams.length, 1);
      assert.equal([streams[0]!.point, streams[0]!.stream], ["/live/a.isml", "s"]);
      // What was cut off in the middle of a fragment has no end either, and that is known here.
      const broken = brokenIn(streams[0]!).filter((it) => it !== "end-present 1");
      assert.equal(broken, [`${rule} 1`]);
    });
  });
}

test("knows of a probe in a recording, and of none", async () => {
  for (const isProbed of [true, false]) {
    await withFolder({}, async (folder) => {
      await record(folder, async (server) => {
        if (isProbed) await send(server, PATH);
        await send(server, PATH, ...header, ...fragments, end);
      });
      const { streams: [stream] } = await verify(folder);
      assert.equal(brokenIn(stream!), isProbed ? [] : ["probe 1"]);
    });
  }
});

/** Sends a body that breaks off. */
async function sendCut(server: PointServer, bytes: Uint8Array): Promise<void> {
  const { readable, writable } = new TransformStream<Uint8Array, Uint8Array>();
  const body = readable as ReadableStream<Uint8Array<ArrayBuffer>>;
  const init: RequestInit & { duplex: "half" } = { method: "POST", body, duplex: "half" };
  const answer = server.fetch(new Request(`http://server${PATH}`, init));
  const writer = writable.getWriter();
  await writer.write(bytes);
  await writer.abort(new Error("gone"));
  await answer;
}

test("takes a body that broke off for one that may come back", async () => {
  await withFolder({}, async (folder) => {
    await record(folder, async (server) => {
      await send(server, PATH);
      await sendCut(server, join([...header, ...fragments]));
    });
    const { streams: [stream] } = await verify(folder);
    assert.equal(brokenIn(stream!), ["body-ends 1"]);
    assert.is(verdictOf(stream!, "end-present"), "not seen");
    assert.is(stream!.report.fragments, 3);
  });
});

test("holds nothing against who sends again after a lost connection", async () => {
  await withFolder({}, async (folder) => {
    await record(folder, async (server) => {
      await send(server, PATH);
      await sendCut(server, join([...header, ...fragments]).subarray(0, -10));
      await send(server, PATH, ...header, ...fragments, end);
    });
    const { streams: [stream] } = await verify(folder);
    assert.equal(brokenIn(stream!), []);
    assert.equal([verdictOf(stream!, "body-ends"), stream!.report.bodies], ["ok", 2]);
  });
});

test("finds bodies that are not in the list, as those of a server that was killed", async () => {
  await withFolder({}, async (folder) => {
    await record(folder, async (server) => {
      await send(server, PATH);
      await send(server, PATH, ...header, fragment(0));
    });
    const points = joinPath(folder, "live", "a.isml");
    await writeFile(joinPath(points, "s-2.bin"), join([...header, fragment(1), fragment(2)]));
    await writeFile(joinPath(points, "t-1.bin"), join([...header, fragment(0)]));
    await appendFile(joinPath(folder, RECORD_LIST), `{"point":"/live/a.isml","str`);
    const { streams } = await verify(folder);
    const found = streams.map((it) => [it.point, it.stream, it.report.bodies, it.report.fragments]);
    assert.equal(found, [["/live/a.isml", "s", 2, 3], ["", "live/a.isml/t", 1, 1]]);
    assert.equal(streams.flatMap(brokenIn), []);
  });
});

test("judges the folder of a push into files, and each of its files", async () => {
  await withFolder({}, async (folder) => {
    await push({ output: folder, presentation: SAMPLE_ISM, rate: "max", loop: 2, id: "7" });
    const { streams, errors } = await verify(folder);
    assert.equal(errors, []);
    assert.equal(streams.map(({ stream }) => stream), [0, 1, 2, 3, 4].map((n) => `7-stream${n}`));
    assert.equal(streams.flatMap(brokenIn), []);
    assert.equal(streams.map((it) => verdictOf(it, "probe")), Array(5).fill("not seen"));
    assert.equal(streams.map(({ report }) => report.fragments), [20, 20, 20, 20, 6]);
    const one = await verify(joinPath(folder, "7-stream0.ismv"));
    assert.is(one.streams[0]?.report.fragments, 20);
  });
});

test("takes joined bodies apart", async () => {
  const files = {
    "s.bin": join([...header, fragment(0), ...header, fragment(0), fragment(1), end]),
  };
  await withFolder(files, async (folder) => {
    const { streams: [stream] } = await verify(joinPath(folder, "s.bin"));
    assert.equal(brokenIn(stream!), []);
    assert.equal([stream!.report.bodies, stream!.report.fragments], [2, 3]);
    assert.is(verdictOf(stream!, "header-same"), "ok");
  });
});

test("takes numbered files for the bodies of one stream", async () => {
  const bodies = {
    "s-10.bin": join([...header, fragment(2), end]),
    "s-9.bin": join([...header, fragment(0), fragment(1)]),
  };
  await withFolder(bodies, async (folder) => {
    const { streams } = await verify(folder);
    assert.equal(streams.map(({ stream, report }) => [stream, report.bodies]), [["s", 2]]);
    assert.equal(streams.flatMap(brokenIn), []);
  });
});

test("has nothing against a recorded push", async () => {
  await withFolder({}, async (folder) => {
    await record(folder, async (server) => {
      const served = await servePoint(server.fetch);
      const points = [{ url: `${served.url}/live/a.isml` }];
      await push({ points, presentation: SAMPLE_ISM, rate: "max", loop: 2, id: "1" });
      await served.close();
    });
    const { streams } = await verify(folder);
    assert.is(streams.length, 5);
    assert.equal(streams.flatMap(brokenIn), []);
    assert.equal(new Set(streams.map((it) => verdictOf(it, "probe"))), new Set(["ok"]));
  });
});

test("has nothing against what ffmpeg sends", async () => {
  if (!hasVectors) return;
  const { pathname } = vector("ffmpeg-live-capture/body.bin");
  const { streams } = await verify(decodeURIComponent(pathname));
  assert.equal(streams.flatMap(brokenIn), []);
  assert.is(streams[0]?.report.fragments, 10);
});

test("finds in a file on demand what a live stream must not do", async () => {
  await withFolder({ "a.ismv": await readSample("sample_110.ismv") }, async (folder) => {
    const { streams: [stream] } = await verify(joinPath(folder, "a.ismv"));
    const broken = brokenIn(stream!).map((it) => it.split(" ")[0]);
    assert.ok(broken.includes("manifest-place"));
    assert.ok(broken.includes("end-empty"));
    assert.not(stream!.isConforming);
  });
});

test("goes on with the others where a file cannot be read, and says which it was", async () => {
  const files = { "a.bin": "no box at all", "b.bin": join([...header, ...fragments, end]) };
  await withFolder(files, async (folder) => {
    const { streams, errors } = await verify(folder);
    assert.equal(streams.map(({ stream }) => stream), ["b"]);
    assert.is(errors.length, 1);
    assert.instance(errors[0], InputError);
    assert.match(errors[0]!.message, "a.bin");
  });
});

test("says what is wrong with an input that is none", async () => {
  await withFolder({ "empty.bin": "", "x.bin": "no box at all" }, async (folder) => {
    for (const name of ["missing", "empty.bin", "x.bin"]) {
      const error = await failure(verify(joinPath(folder, name)));
      assert.instance(error, InputError, name);
      assert.match(error.message, name);
      assert.not.match(error.message, "\n");
    }
    await mkdir(joinPath(folder, "none"));
    assert.match(
      (await failure(verify(joinPath(folder, "none")))).message,
      "there is no file of one",
    );
  });
});

test("does not follow a list out of its folder", async () => {
  await withFolder({}, async (folder) => {
    const inside = joinPath(folder, "recording");
    await record(inside, (server) => send(server, PATH, ...header, ...fragments, end));
    await writeFile(joinPath(folder, "secret.bin"), "no box at all");
    const list = joinPath(inside, RECORD_LIST);
    const request = { point: "/a.isml", stream: "x", started: "", isWhole: true };
    for (const file of ["../secret.bin", "/etc/passwd", "a/../../secret.bin", "..\\secret.bin"]) {
      await appendFile(list, `${JSON.stringify({ ...request, file })}\n`);
    }
    const { streams, errors } = await verify(inside);
    assert.equal(errors, []);
    assert.equal(streams.map(({ report }) => report.fragments), [3]);
  });
});

test.run();
