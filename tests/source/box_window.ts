import { suite } from "uvu";
import * as assert from "uvu/assert";
import { Mp4SyntaxError } from "../../lib/errors.ts";
import { concat, fromHex, uint32, writeBox } from "../../lib/mp4/box.ts";
import { BoxWindow } from "../../lib/source/box_window.ts";
import { ascii, pattern, widen } from "../helpers/boxes.ts";
import { MemoryAccess } from "../helpers/memory_access.ts";
import { failure } from "../helpers/parts.ts";
import { sameBytes } from "../helpers/same_bytes.ts";

const test = suite("BoxWindow");

const small = writeBox("free", pattern(20));
const large = writeBox("mdat", pattern(10_000));
const file = concat(small, widen(large), small, uint32(0), ascii("mdat"), pattern(50));

test("finds the boxes of a file one behind the other", async () => {
  const window = new BoxWindow(new MemoryAccess(file));
  const found = [];
  for (let box = await window.header(0); box; box = await window.header(box.end)) {
    found.push([box.type, box.offset, box.headerSize, box.size, box.end]);
  }
  const last = 28 + 10_016 + 28;
  assert.equal(found, [
    ["free", 0, 8, 28, 28],
    ["mdat", 28, 16, 10_016, 28 + 10_016],
    ["free", 28 + 10_016, 8, 28, last],
    ["mdat", last, 8, 0, last + 58],
  ]);
});

test("reads a few kilobytes at a time and no payload", async () => {
  const access = new MemoryAccess(concat(small, small, large, small), { windowBytes: 64 });
  const window = new BoxWindow(access);
  for (let box = await window.header(0); box; box = await window.header(box.end));
  assert.ok(access.bytesRead < 300, `${access.bytesRead} bytes`);
  assert.ok(access.reads.length <= 4, `${access.reads.length} reads`);
});

test("gives a whole box out in memory of its own", async () => {
  const window = new BoxWindow(new MemoryAccess(file));
  const first = await window.box((await window.header(0))!);
  const second = await window.box((await window.header(28))!);
  sameBytes(first, small);
  sameBytes(second, widen(large));
});

test("does not read a box that is too large", async () => {
  const access = new MemoryAccess(file);
  const window = new BoxWindow(access);
  const header = (await window.header(28))!;
  const before = access.bytesRead;
  const error = await failure(window.box(header, 10_015));
  assert.instance(error, Mp4SyntaxError);
  assert.is(
    error.message,
    'Cannot read box "mdat" as it must have at most 10015 bytes: current value is 10016: the box starts at byte 28',
  );
  assert.is(access.bytesRead, before);
});

const damaged = [
  {
    name: "is cut in its header",
    bytes: concat(small, fromHex("00000010 6d64")),
    message:
      "Cannot read a box as it must have a whole header: current value is 6 bytes to the end of the file",
  },
  {
    name: "goes on past the end of the file",
    bytes: concat(small, fromHex("00000010 6d646174 00")),
    message: 'Cannot read box "mdat" as its 16 bytes must be in the file: current value is 9',
  },
  {
    name: "claims 2^52 bytes",
    bytes: concat(small, fromHex("00000001 6d646174 0010000000000000")),
    message:
      'Cannot read box "mdat" as its 4503599627370496 bytes must be in the file: current value is 16',
  },
  {
    name: "claims 2^60 bytes",
    bytes: concat(small, fromHex("00000001 6d646174 1000000000000000")),
    message:
      'Cannot read box "mdat" as its size must be below 2^53 bytes: current value is 1152921504606846976',
  },
];
for (const { name, bytes, message } of damaged) {
  test(`says where the box is that ${name}`, async () => {
    const error = await failure(new BoxWindow(new MemoryAccess(bytes)).header(28));
    assert.instance(error, Mp4SyntaxError);
    assert.is(error.message, `${message}: the box starts at byte 28`);
    assert.is((error as Mp4SyntaxError).offset, 28);
  });
}

test("finds nothing at the end of the file and behind it", async () => {
  const window = new BoxWindow(new MemoryAccess(file));
  assert.is(await window.header(file.length), undefined);
  assert.is(await window.header(2 ** 50), undefined);
});

test.run();
