import { suite } from "uvu";
import * as assert from "uvu/assert";
import { Mp4SyntaxError } from "../../lib/errors.ts";
import { concat, fromHex, join, uint32, writeBox, writeMdatHeader } from "../../lib/mp4/box.ts";
import { LIVE_FTYP, writeFtyp } from "../../lib/mp4/ftyp.ts";
import { writeLiveServerManifestBox, writeStreamManifestBox } from "../../lib/mp4/manifest_box.ts";
import { writeEndOfStream } from "../../lib/mp4/mfra.ts";
import { readMoof } from "../../lib/mp4/moof.ts";
import { PartParser } from "../../lib/mp4/part_parser.ts";
import { STREAM_MANIFESTS } from "../../lib/mp4/uuid.ts";
import {
  ascii,
  makeFile,
  makeMoof,
  makeMoov,
  mdat,
  patched,
  pattern,
  walkBoxes,
  widen,
} from "../helpers/boxes.ts";
import { bytesOf, fragmentsOf } from "../helpers/parts.ts";
import { parseParts, PIECE_SIZES, plainPart } from "../helpers/pieces.ts";
import { readSample, SAMPLE_FILES } from "../helpers/sample.ts";
import { sameBytes } from "../helpers/same_bytes.ts";
import { hasVectors, readVector } from "../helpers/vectors.ts";

const test = suite("PartParser");

const ftyp = writeFtyp(LIVE_FTYP);
const moov = makeMoov();
const moof = makeMoof();
const payload = pattern(100);
const free = writeBox("free", pattern(20));
const end = writeEndOfStream();

const streams = [
  { name: "a file", bytes: makeFile() },
  {
    name: "a file with an index",
    bytes: makeFile({ mfra: { tracks: [{ trackId: 1, entries: [] }] } }),
  },
  { name: "a header alone", bytes: join([ftyp, moov]) },
  { name: "an end of stream alone", bytes: end },
  {
    name: "64-bit sizes everywhere",
    bytes: join([ftyp, moov, moof, mdat(payload)].map(widen)),
  },
  {
    name: "a last mdat of size 0",
    bytes: join([ftyp, moov, moof, uint32(0), ascii("mdat"), payload]),
  },
  {
    name: "boxes that mean nothing in every place",
    bytes: join([free, ftyp, free, moov, free, moof, free, mdat(payload), free, end, free]),
  },
  {
    name: "manifests",
    bytes: join([
      ftyp,
      writeStreamManifestBox("<smil/>", STREAM_MANIFESTS[2]),
      writeLiveServerManifestBox("<smil/>"),
      moov,
      end,
    ]),
  },
  { name: "a box that is cut", bytes: makeFile().subarray(0, -1) },
  { name: "bytes that are no boxes", bytes: pattern(1000) },
];

async function checkPieces(bytes: Uint8Array, sizes: readonly number[]): Promise<void> {
  const whole = await Promise.all(parseParts(bytes).map(plainPart));
  for (const size of sizes) {
    const parts = await Promise.all(parseParts(bytes, size).map(plainPart));
    assert.equal(parts, whole, `pieces of ${size}`);
  }
}

for (const { name, bytes } of streams) {
  test(`gives the same for pieces of any size: ${name}`, () => checkPieces(bytes, PIECE_SIZES));
}

test("gives the same for pieces of any size: the sample's text", async () => {
  await checkPieces(await readSample("sample_text.ismt"), PIECE_SIZES);
});

test("gives the same for pieces of some sizes: a file of the sample", async () => {
  await checkPieces(await readSample("sample_110.ismv"), [7, 1000, 1024, 4096, 65_536, 100_000]);
});

if (hasVectors) {
  test("takes apart what ffmpeg pushes", async () => {
    const bytes = await readVector("ffmpeg-live-capture/body.bin");
    const parts = parseParts(bytes);
    await checkPieces(bytes, [9, 32_768]);
    const [header] = parts;
    assert.is(header!.type, "header");
    if (header!.type !== "header") return;
    assert.equal(header!.boxes.map((box) => box.length), [24, 1580, 1250]);
    sameBytes(join(header!.boxes), bytes.subarray(0, 24 + 1580 + 1250));
    const last = parts.at(-1)!;
    assert.equal(last, { type: "end", boxes: [end] });
    const fragments = fragmentsOf(parts);
    assert.is(fragments.length, 10);
    assert.equal(fragments.map(({ sequence }) => sequence), [1, 2, 3, 4, 5, 6, 7, 8, 9, 10]);
    for (const trackId of [1, 2]) {
      const own = fragments.filter((it) => it.trackId === trackId);
      assert.equal(own.map(({ index }) => index), [0, 1, 2, 3, 4]);
      own.slice(1).forEach((it, n) => {
        const before = own[n]!;
        assert.is(it.decodeTime, before.decodeTime + before.duration);
      });
    }
    const sent = await Promise.all(
      fragments.map(async ({ moof, payload }) =>
        concat(moof, writeMdatHeader(payload.size), await bytesOf(payload))
      ),
    );
    sameBytes(join(sent), bytes.subarray(24 + 1580 + 1250, -8));
  });
}

for (const name of SAMPLE_FILES) {
  test(`hands on every byte of the fragments of ${name}`, async () => {
    const bytes = await readSample(name);
    const fragments = fragmentsOf(parseParts(bytes, 5000));
    const boxes = walkBoxes(bytes);
    const moofs = boxes.filter(({ path }) => path === "moof");
    const mdats = boxes.filter(({ path }) => path === "mdat");
    assert.is(fragments.length, moofs.length);
    for (const [n, { moof, payload }] of fragments.entries()) {
      sameBytes(moof, bytes.subarray(moofs[n]!.start, moofs[n]!.end));
      sameBytes(await bytesOf(payload), bytes.subarray(mdats[n]!.start + 8, mdats[n]!.end));
      sameBytes(await bytesOf(payload), await bytesOf(payload));
    }
  });
}

test("does not copy a payload", async () => {
  const bytes = join([ftyp, moov, makeMoof({ sizes: [5000] }), mdat(pattern(5000))]);
  const [fragment] = fragmentsOf(parseParts(bytes));
  for await (const piece of fragment!.payload.read()) assert.is(piece.buffer, bytes.buffer);
});

test("lets a sender of small pieces reuse its memory", async () => {
  const bytes = makeFile();
  const parser = new PartParser();
  const parts = [];
  const memory = new Uint8Array(100);
  for (let at = 0; at < bytes.length; at += 100) {
    const piece = bytes.subarray(at, at + 100);
    memory.set(piece);
    parts.push(...parser.push(memory.subarray(0, piece.length)));
  }
  parts.push(...parser.end());
  const expected = await Promise.all(parseParts(bytes).map(plainPart));
  assert.equal(await Promise.all(parts.map(plainPart)), expected);
});

test("stops reading a payload when it is told to", async () => {
  const [fragment] = fragmentsOf(parseParts(makeFile()));
  const reason = new Error("enough");
  try {
    await bytesOf(fragment!.payload, AbortSignal.abort(reason));
  } catch (error) {
    assert.is(error, reason);
    return;
  }
  assert.unreachable();
});

test("counts per track and per stream, and goes on where a time is missing", () => {
  const tracks = [{ trackId: 1 }, { trackId: 2, timescale: 48_000 }];
  const fragments = [1, 2, 1, 2].map((trackId) => ({ trackId }));
  const bytes = makeFile({ moov: makeMoov({ tracks }), fragments });
  const found = fragmentsOf(parseParts(bytes)).map((it) => [
    it.trackId,
    it.timescale,
    it.index,
    it.sequence,
    it.pass,
    it.decodeTime,
    it.duration,
  ]);
  assert.equal(found, [
    [1, 10_000_000, 0, 1, 0, 0n, 20_000_000n],
    [2, 48_000, 0, 2, 0, 0n, 20_000_000n],
    [1, 10_000_000, 1, 3, 0, 20_000_000n, 20_000_000n],
    [2, 48_000, 1, 4, 0, 20_000_000n, 20_000_000n],
  ]);
});

test("reads header boxes once, also where a body repeats them", () => {
  const bytes = join([ftyp, moov, moof, mdat(payload), ftyp, moov, moof, mdat(payload), end]);
  const types = parseParts(bytes).map(({ type }) => type);
  assert.equal(types, ["header", "fragment", "fragment", "end"]);
});

test("passes over a payload without a moof", () => {
  const bytes = join([ftyp, moov, mdat(payload), moof, mdat(payload), mdat(payload)]);
  assert.equal(parseParts(bytes).map(({ type }) => type), ["header", "fragment", "end"]);
  const open = join([ftyp, moov, moof, mdat(payload), uint32(0), ascii("mdat"), payload]);
  assert.equal(parseParts(open).at(-1), { type: "end", boxes: [] });
});

test("takes nothing after the end of the stream", () => {
  const parser = new PartParser();
  const parts = [...parser.push(join([ftyp, moov, end, pattern(50)]))];
  assert.equal(parts.map(({ type }) => type), ["header", "end"]);
  assert.equal([...parser.push(makeFile())], []);
  assert.equal([...parser.end()], []);
});

test("gives an index at the end out as no end-of-stream box", () => {
  const mfra = { tracks: [{ trackId: 1, entries: [{ time: 0n, moofOffset: 0 }] }] };
  assert.equal(parseParts(makeFile({ mfra })).at(-1), { type: "end", boxes: [] });
});

test("makes a moof fit for a stream", () => {
  const bytes = join([ftyp, moov, moof, free, mdat(payload)]);
  const [fragment] = fragmentsOf(parseParts(bytes));
  assert.is(readMoof(fragment!.moof, 0).truns[0]!.value.dataOffset, fragment!.moof.length + 8);
});

const file = makeFile();
const at = (path: string, nth = 0) => walkBoxes(file).filter((it) => it.path === path)[nth]!.start;
const second = at("moof", 1);
const sizeAt = (offset: number, size: number) => patched(file, offset, uint32(size));
const hugeSize = (offset: number, hex: string) =>
  concat(file.subarray(0, offset), uint32(1), file.subarray(offset + 4, offset + 8), fromHex(hex));

const broken = [
  {
    name: "bytes that are no MP4",
    bytes: fromHex("0000000800000000"),
    whole: 0,
    offset: 0,
    message:
      'Cannot read box "\\x00\\x00\\x00\\x00" as a fragmented MP4 must start with a box: current value is "\\x00\\x00\\x00\\x00"',
  },
  {
    name: "no byte at all",
    bytes: new Uint8Array(0),
    whole: 0,
    offset: 0,
    message: 'Cannot read the stream as it must have a "moov" box: current value is none',
  },
  {
    name: "no moov",
    bytes: join([ftyp, moof, mdat(payload)]),
    whole: 0,
    offset: ftyp.length,
    message: 'Cannot read box "moof" as "moov" must stand in front of it: current value is none',
  },
  {
    name: "a progressive MP4",
    bytes: join([ftyp, mdat(payload), makeMoov({ isProgressive: true })]),
    whole: 0,
    offset: ftyp.length,
    message:
      'Cannot read box "mdat" as a "moof" must stand in front of it (a progressive MP4 has no fragments and cannot be pushed): current value is none',
  },
  {
    name: "a progressive MP4 with its moov in front",
    bytes: join([ftyp, makeMoov({ isProgressive: true }), mdat(payload)]),
    whole: 1,
    offset: ftyp.length + makeMoov({ isProgressive: true }).length,
    message:
      'Cannot read box "mdat" as a "moof" must stand in front of it (a progressive MP4 has no fragments and cannot be pushed): current value is none',
  },
  {
    name: "a file cut in a moof",
    bytes: file.subarray(0, second + 30),
    whole: 2,
    offset: second,
    message: `Cannot read box "moof" as it must be whole: current value is ${
      moof.length - 30
    } bytes are missing`,
  },
  {
    name: "a file cut in the header of a moof",
    bytes: file.subarray(0, second + 7),
    whole: 2,
    offset: second,
    message: "Cannot read a box as it must be whole: current value is cut in its header",
  },
  {
    name: "a file cut behind a moof",
    bytes: file.subarray(0, at("mdat", 1)),
    whole: 2,
    offset: second,
    message:
      'Cannot read box "moof" as it must be followed by its "mdat": current value is the end',
  },
  {
    name: "a file cut in an mdat",
    bytes: file.subarray(0, at("mdat", 1) + 58),
    whole: 2,
    offset: at("mdat", 1),
    message: 'Cannot read box "mdat" as it must be whole: current value is 50 bytes are missing',
  },
  {
    name: "a moof without mdat",
    bytes: concat(file.subarray(0, at("mdat", 1)), file.subarray(at("moof", 2))),
    whole: 2,
    offset: at("mdat", 1),
    message:
      'Cannot read box "moof" as a "moof" must be followed by its "mdat": current value is moof',
  },
  {
    name: "a moof in front of the index",
    bytes: concat(file.subarray(0, at("mdat", 1)), end),
    whole: 2,
    offset: at("mdat", 1),
    message:
      'Cannot read box "mfra" as a "moof" must be followed by its "mdat": current value is mfra',
  },
  ...[2, 3, 4, 5, 6, 7].map((size) => ({
    name: `a moof of size ${size}`,
    bytes: sizeAt(second, size),
    whole: 2,
    offset: second,
    message:
      `Cannot read box "moof" as its size must cover its own header: current value is ${size}`,
  })),
  {
    name: "a moof of size 0 in the middle",
    bytes: sizeAt(second, 0),
    whole: 2,
    offset: second,
    message:
      'Cannot read box "moof" as only the last mdat may go on to the end of the file: current value is size 0',
  },
  {
    name: "a moov of size 0",
    bytes: sizeAt(at("moov"), 0),
    whole: 0,
    offset: at("moov"),
    message:
      'Cannot read box "moov" as only the last mdat may go on to the end of the file: current value is size 0',
  },
  {
    name: "an mdat of size 0 in the middle",
    bytes: sizeAt(at("mdat", 1), 0),
    whole: 2,
    offset: at("mdat", 1),
    message:
      `Cannot read box "mdat" as only the last one may have size 0 and go on to the end of the file: current value is ${
        file.length - at("mdat", 1) - 8
      } bytes for 100 bytes of samples`,
  },
  {
    name: "a moof that goes on past the end",
    bytes: sizeAt(second, 1_000_000),
    whole: 2,
    offset: second,
    message: `Cannot read box "moof" as it must be whole: current value is ${
      1_000_000 - (file.length - second)
    } bytes are missing`,
  },
  {
    name: "a moof of 2^31 bytes",
    bytes: sizeAt(second, 2 ** 31),
    whole: 2,
    offset: second,
    message:
      'Cannot read box "moof" as a fragment must have at most 268435456 bytes: current value is 2147483648',
  },
  {
    name: "an mdat of 2^60 bytes",
    bytes: hugeSize(at("mdat", 1), "1000000000000000"),
    whole: 2,
    offset: at("mdat", 1),
    message:
      'Cannot read box "mdat" as its size must be below 2^53 bytes: current value is 1152921504606846976',
  },
  {
    name: "an mdat of 2^52 bytes",
    bytes: hugeSize(at("mdat", 1), "0010000000000000"),
    whole: 2,
    offset: at("mdat", 1),
    message:
      `Cannot read box "mdat" as a fragment must have at most 268435456 bytes: current value is ${
        2 ** 52 + moof.length
      }`,
  },
  {
    name: "a moov of 1 GiB",
    bytes: sizeAt(at("moov"), 2 ** 30),
    whole: 0,
    offset: at("moov"),
    message:
      `Cannot read box "moov" as the header boxes must have at most 67108864 bytes: current value is ${
        2 ** 30 + ftyp.length
      }`,
  },
  {
    name: "a traf that goes on past its moof",
    bytes: sizeAt(at("moof/traf", 1), 2 ** 31),
    whole: 2,
    offset: at("moof/traf", 1),
    message: `Cannot read box "moof/traf" as its size must be at most ${
      at("mdat", 1) - at("moof/traf", 1)
    } bytes there: current value is 2147483648`,
  },
  {
    name: "a trun that claims more samples than fit",
    bytes: patched(file, at("moof/traf/trun", 1) + 12, uint32(1000)),
    whole: 2,
    offset: at("moof/traf/trun", 1),
    message:
      'Cannot read box "moof/traf/trun" as its fields must fit in: current value is 36 bytes',
  },
  {
    name: "samples that are longer than the payload",
    bytes: patched(file, at("moof/traf/trun", 1) + 24, uint32(61)),
    whole: 2,
    offset: at("moof/traf/trun", 1),
    message:
      'Cannot read box "moof/traf/trun" as its samples must fit into the 100 bytes of "mdat": current value is 101 bytes',
  },
  {
    name: "a track that moov does not have",
    bytes: patched(file, at("moof/traf/tfhd", 1) + 12, uint32(9)),
    whole: 2,
    offset: at("moof/traf/tfhd", 1),
    message:
      'Cannot read box "moof/traf/tfhd" as its track_ID must be one of "moov" (1): current value is 9',
  },
  {
    name: "a timescale of 0",
    bytes: patched(file, at("moov/trak/mdia/mdhd") + 20, uint32(0)),
    whole: 0,
    offset: at("moov/trak/mdia/mdhd"),
    message:
      'Cannot read box "moov/trak/mdia/mdhd" as its timescale must be above 0: current value is 0',
  },
  {
    name: "garbage between fragments",
    bytes: concat(
      file.subarray(0, second),
      fromHex("00000003ffffffffabcdef"),
      file.subarray(second),
    ),
    whole: 2,
    offset: second,
    message:
      'Cannot read box "\\xff\\xff\\xff\\xff" as its size must cover its own header: current value is 3',
  },
];
for (const { name, bytes, whole, offset, message } of broken) {
  test(`gives out what was whole and says what is wrong: ${name}`, () => {
    for (const size of [1, 9, Infinity]) {
      const parts = parseParts(bytes, size);
      const last = parts.pop()!;
      assert.is(parts.length, whole);
      assert.is(last.type, "end");
      if (last.type !== "end") return;
      assert.equal(last.boxes, []);
      assert.instance(last.error, Mp4SyntaxError);
      assert.is(last.error!.message, `${message}: the box starts at byte ${offset}`);
      assert.is((last.error as Mp4SyntaxError).offset, offset);
    }
  });
}

const limitTest = suite("PartParser, limits");

const limits = [
  { maxFragmentBytes: moof.length + 108, count: 3 },
  { maxFragmentBytes: moof.length + 107, count: 0 },
  { maxFragmentBytes: moof.length - 1, count: 0 },
];
for (const { maxFragmentBytes, count } of limits) {
  limitTest(`lets ${count} of three fragments pass at ${maxFragmentBytes} bytes`, () => {
    for (const size of [9, Infinity]) {
      const parts = parseParts(file, size, { maxFragmentBytes });
      assert.is(fragmentsOf(parts).length, count);
      const last = parts.at(-1)!;
      assert.is(last.type === "end" && last.error !== undefined, count === 0);
    }
  });
}

limitTest("stops an mdat of size 0 at the limit and not at its end", () => {
  const parser = new PartParser({ maxFragmentBytes: 10_000 });
  const parts = [...parser.push(join([ftyp, moov, moof, uint32(0), ascii("mdat")]))];
  let pushed = 0;
  while (parts.length < 2) {
    parts.push(...parser.push(new Uint8Array(1000)));
    pushed += 1000;
  }
  assert.is(pushed, 10_000);
  const [, last] = parts;
  assert.match(
    last!.type === "end" ? last!.error!.message : "",
    /^Cannot read box "mdat" as a fragment must have at most 10000 bytes: current value is \d+ or more/,
  );
});

limitTest("takes header boxes of any number in a time that grows with them", () => {
  const parser = new PartParser();
  const box = writeFtyp(LIVE_FTYP);
  const many = join(Array.from({ length: 50_000 }, () => box)); // a minute, where each looks at all before it
  const parts = [...parser.push(many), ...parser.end()];
  assert.equal(parts.map(({ type }) => type), ["end"]);
});

limitTest("does not gather header boxes without end", () => {
  const parser = new PartParser();
  const box = writeLiveServerManifestBox(" ".repeat(4 * 2 ** 20));
  const parts = [...parser.push(ftyp)];
  let count = 0;
  for (; parts.length === 0 && count < 100; count++) parts.push(...parser.push(box));
  assert.is(count, 16);
  const [last] = parts;
  assert.match(
    last!.type === "end" ? last!.error!.message : "",
    /^Cannot read box "uuid" as the header boxes must have at most 67108864 bytes/,
  );
});

limitTest("joins a box of more pieces than a call can have arguments", () => {
  const piece = writeBox("free", new Uint8Array(1016));
  const count = 130_000;
  const parser = new PartParser();
  const size = moof.length + count * piece.length;
  const parts = [...parser.push(join([ftyp, moov, uint32(size), moof.subarray(4)]))];
  for (let n = 0; n < count; n++) parts.push(...parser.push(piece));
  parts.push(...parser.push(mdat(payload)), ...parser.end());
  assert.equal(parts.map(({ type }) => type), ["header", "fragment", "end"]);
});

for (const maxFragmentBytes of [0, -1, 1.5, NaN, Infinity]) {
  limitTest(`fails over a limit of ${maxFragmentBytes}`, () => {
    assert.throws(
      () => new PartParser({ maxFragmentBytes }),
      (error: unknown) =>
        error instanceof RangeError &&
        error.message ===
          `Cannot limit the size of a fragment as it must be a whole number above 0: current value is ${maxFragmentBytes}`,
    );
  });
}

test.run();
limitTest.run();
