import { readdir, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { join as joinBytes } from "../../../lib/mp4/box.ts";
import { createPointServer, type PointServer } from "../../../lib/point/point_server.ts";
import {
  createRecorder,
  RECORD_LIST,
  type RecordedRequest,
} from "../../../lib/point/archive/record.ts";
import { readableFrom } from "../../../lib/readable.ts";
import { pushToServer } from "../../helpers/push_to_server.ts";
import { readSample, SAMPLE_ISM } from "../../helpers/sample.ts";
import { withFolder } from "../../helpers/temp_folder.ts";
import { readBody } from "../../helpers/wire.ts";

const test = suite("createRecorder");

/** Works with a server that records into a folder of its own. */
function withRecorder<T>(
  work: (server: PointServer, folder: string) => Promise<T>,
): Promise<T> {
  return withFolder({}, async (folder) => {
    const extensions = [createRecorder({ folder })];
    const server = createPointServer({ autoCreate: true, extensions });
    try {
      return await work(server, folder);
    } finally {
      await server.close();
    }
  });
}

const url = "http://server/live.isml/Streams(s)";
type Piece = Uint8Array<ArrayBuffer>;

const post = (server: PointServer, pieces: AsyncIterable<Piece> | Iterable<Piece>, at = url) =>
  server.fetch(
    new Request(
      at,
      { method: "POST", body: readableFrom(pieces), duplex: "half" } as RequestInit,
    ),
  );

async function listOf(folder: string): Promise<RecordedRequest[]> {
  const text = await readFile(join(folder, RECORD_LIST), "utf8");
  return text.trimEnd().split("\n").map((line) => JSON.parse(line));
}

/** The captured body of a stream that conforms. */
async function sampleBody(): Promise<Piece> {
  return await readSample("sample_text.ismt") as Piece;
}

test("keeps each body as it came, and a line for each request", async () => {
  await withRecorder(async (server, folder) => {
    await pushToServer(server, SAMPLE_ISM);
    const list = await listOf(folder);
    // Five probes, a body for each dense stream, and five short ones of the captions.
    assert.is(list.filter(({ file }) => file === undefined).length, 5);
    const bodies = list.filter(({ file }) => file !== undefined);
    assert.equal(bodies.map(({ file }) => file).sort(), [
      "live.isml/9-stream0-1.bin",
      "live.isml/9-stream1-1.bin",
      "live.isml/9-stream2-1.bin",
      "live.isml/9-stream3-1.bin",
      ...[1, 2, 3, 4, 5].map((n) => `live.isml/9-stream4-${n}.bin`),
    ]);
    for (const { file, bytes, isWhole, method, url, point, stream, started, ended } of bodies) {
      const body = new Uint8Array(await readFile(join(folder, file!)));
      assert.is(body.length, bytes);
      assert.equal([isWhole, method, point], [true, "POST", "/live.isml"]);
      assert.is(url, `http://server/live.isml/Streams(${stream})`);
      assert.ok(Date.parse(started) <= Date.parse(ended));
      readBody(body);
    }
  });
});

test("keeps what was refused or broke off, and says so", async () => {
  await withRecorder(async (server, folder) => {
    const body = await sampleBody();
    const junk = new TextEncoder().encode("hello world") as Piece;
    assert.is((await post(server, [junk])).status, 400);
    const broken = async function* () {
      yield body.subarray(0, 1000);
      await Promise.resolve();
      throw new Error("the cable was cut");
    };
    assert.is((await post(server, broken())).status, 400);
    const list = await listOf(folder);
    assert.equal(list.map(({ file, isWhole, bytes, lost }) => [file, isWhole, bytes, lost]), [
      ["live.isml/s-1.bin", false, junk.length, undefined],
      ["live.isml/s-2.bin", false, 1000, "the cable was cut"],
    ]);
    const kept = await readFile(join(folder, "live.isml/s-2.bin"));
    assert.ok(body.subarray(0, 1000).every((byte, n) => kept[n] === byte));
  });
});

test("goes on with the numbers and the list of an earlier recording", async () => {
  await withFolder({}, async (folder) => {
    const body = await sampleBody();
    for (let n = 0; n < 2; n++) {
      const extensions = [createRecorder({ folder })];
      const server = createPointServer({ autoCreate: true, extensions });
      for (const name of ["s", "t"]) {
        await post(server, [body], `http://server/live.isml/Streams(${name})`);
      }
      await server.close();
      // A line that a crash has left open does not spoil the next one.
      if (n === 0) {
        const text = await readFile(join(folder, RECORD_LIST), "utf8");
        await writeFile(join(folder, RECORD_LIST), `${text}{"method":`);
      }
    }
    assert.equal((await readdir(join(folder, "live.isml"))).sort(), [
      "s-1.bin",
      "s-2.bin",
      "t-1.bin",
      "t-2.bin",
    ]);
    const lines = (await readFile(join(folder, RECORD_LIST), "utf8")).trimEnd().split("\n");
    assert.is(lines.length, 5);
    assert.is(JSON.parse(lines[4]!).file, "live.isml/t-2.bin");
  });
});

test("lets the request go on where it cannot write, and says so once", async () => {
  await withFolder({ "live.isml": "in the way" }, async (folder) => {
    const errors: Error[] = [];
    const extensions = [createRecorder({ folder, onError: (error) => errors.push(error) })];
    const server = createPointServer({ autoCreate: true, extensions });
    const body = await sampleBody();
    const pieces = [body.subarray(0, 500), body.subarray(500)];
    assert.is((await post(server, pieces)).status, 200);
    await server.close();
    assert.is(errors.length, 1);
    assert.match(errors[0]!.message, /^Cannot record what comes to \/live\.isml: /);
  });
});

test("keeps the order of pieces of any size", async () => {
  await withRecorder(async (server, folder) => {
    const body = joinBytes([await sampleBody()]) as Piece;
    const pieces = function* () {
      for (let at = 0; at < body.length; at += 7) yield body.subarray(at, at + 7);
    };
    await post(server, pieces());
    const kept = new Uint8Array(await readFile(join(folder, "live.isml/s-1.bin")));
    assert.equal(kept, body);
  });
});

test.run();
