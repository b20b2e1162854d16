import { suite } from "uvu";
import * as assert from "uvu/assert";
import { readableFrom } from "../../lib/readable.ts";
import { BoxParseStream } from "../../lib/stages/box_parse_stream.ts";
import { makeFile } from "../helpers/boxes.ts";
import { collect, fragmentsOf } from "../helpers/parts.ts";
import { inPieces, parseParts, PIECE_SIZES, plainPart } from "../helpers/pieces.ts";
import { readSample } from "../helpers/sample.ts";
import { hasVectors, readVector } from "../helpers/vectors.ts";

const test = suite("BoxParseStream");

for (const size of PIECE_SIZES) {
  test(`gives the parts of a file in pieces of ${size}`, async () => {
    const bytes = await readSample("sample_text.ismt");
    const parts = await collect(
      readableFrom(inPieces(bytes, size)).pipeThrough(new BoxParseStream()),
    );
    const expected = await Promise.all(parseParts(bytes).map(plainPart));
    assert.equal(await Promise.all(parts.map(plainPart)), expected);
    assert.equal(parts.map(({ type }) => type), [
      "header",
      "fragment",
      "fragment",
      "fragment",
      "end",
    ]);
  });
}

if (hasVectors) {
  test("gives the parts of what ffmpeg pushes", async () => {
    const bytes = await readVector("ffmpeg-live-capture/body.bin");
    const pieces = readableFrom(inPieces(bytes, 32_768));
    const parts = await collect(pieces.pipeThrough(new BoxParseStream()));
    assert.is(fragmentsOf(parts).length, 10);
    const last = parts.at(-1)!;
    assert.is(last.type === "end" && last.boxes.length, 1);
  });
}

test("ends with what is wrong, after what was whole", async () => {
  const bytes = makeFile();
  const pieces = readableFrom(inPieces(bytes.subarray(0, -1), 100));
  const parts = await collect(pieces.pipeThrough(new BoxParseStream()));
  assert.equal(parts.map(({ type }) => type), ["header", "fragment", "fragment", "end"]);
  const last = parts.at(-1)!;
  assert.match(
    last.type === "end" ? last.error!.message : "",
    /^Cannot read box "mdat" as it must be whole: current value is 1 bytes are missing/,
  );
});

test("gives a part out as soon as it is whole", async () => {
  const bytes = makeFile();
  const { readable, writable } = new BoxParseStream();
  const reader = readable.getReader();
  const writer = writable.getWriter();
  const written = writer.write(bytes.subarray(0, bytes.length - 1));
  const types = [];
  for (let n = 0; n < 3; n++) types.push((await reader.read()).value?.type);
  assert.equal(types, ["header", "fragment", "fragment"]);
  await written;
  const last = writer.write(bytes.subarray(bytes.length - 1));
  assert.is((await reader.read()).value?.type, "fragment");
  await last;
  const closed = writer.close();
  assert.is((await reader.read()).value?.type, "end");
  assert.ok((await reader.read()).done);
  await closed;
});

test("fails with the stream in front of it", async () => {
  const reason = new Error("connection lost");
  const source = readableFrom((function* () {
    yield makeFile().subarray(0, 500);
    throw reason;
  })());
  try {
    await collect(source.pipeThrough(new BoxParseStream()));
  } catch (error) {
    assert.is(error, reason);
    return;
  }
  assert.unreachable();
});

test("takes the limit of a fragment", async () => {
  const stage = new BoxParseStream({ maxFragmentBytes: 100 });
  const parts = await collect(readableFrom([makeFile()]).pipeThrough(stage));
  assert.equal(parts.map(({ type }) => type), ["header", "end"]);
  assert.throws(() => new BoxParseStream({ maxFragmentBytes: 0 }), /whole number above 0/);
});

test.run();
