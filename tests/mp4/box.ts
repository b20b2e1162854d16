import { suite } from "uvu";
import * as assert from "uvu/assert";
import { Mp4SyntaxError } from "../../lib/errors.ts";
import {
  bodyOffset,
  boxType,
  childBoxes,
  concat,
  fromHex,
  join,
  mdatHeaderSize,
  printable,
  readBox,
  readBoxHeader,
  readFullBoxHeader,
  toHex,
  uint32,
  uint64,
  viewOf,
  writeBox,
  writeFullBox,
  writeMdatHeader,
} from "../../lib/mp4/box.ts";
import { LIVE_SERVER_MANIFEST } from "../../lib/mp4/uuid.ts";
import { widen } from "../helpers/boxes.ts";

const headerTest = suite("readBoxHeader");

const UUID = "a5d40b30e81411ddba2f0800200c9a66";
const headers = [
  { hex: "00000008 66726565", header: { type: "free", size: 8, headerSize: 8 } },
  { hex: "00000000 6d646174", header: { type: "mdat", size: 0, headerSize: 8 } },
  { hex: "ffffffff 6d646174", header: { type: "mdat", size: 0xffffffff, headerSize: 8 } },
  {
    hex: "00000001 6d646174 0000000100000000",
    header: { type: "mdat", size: 2 ** 32, headerSize: 16 },
  },
  {
    hex: "00000001 6d646174 001fffffffffffff",
    header: { type: "mdat", size: 2 ** 53 - 1, headerSize: 16 },
  },
  {
    hex: `00000018 75756964 ${UUID}`,
    header: { type: "uuid", userType: UUID, size: 24, headerSize: 24 },
  },
  {
    hex: `00000001 75756964 0000000000000020 ${UUID}`,
    header: { type: "uuid", userType: UUID, size: 32, headerSize: 32 },
  },
];
for (const { hex, header } of headers) {
  headerTest(`reads ${hex}`, () => {
    assert.equal(readBoxHeader(fromHex(hex), 0), { userType: undefined, ...header });
  });
  headerTest(`waits for the rest of ${hex}`, () => {
    for (let size = 0; size < fromHex(hex).length; size++) {
      assert.is(readBoxHeader(fromHex(hex).subarray(0, size), 0), undefined);
    }
  });
}

const damaged = [
  ...[2, 3, 4, 5, 6, 7].map((size) => ({
    name: `a size of ${size}`,
    hex: `0000000${size} 6d6f6f66`,
    message:
      `Cannot read box "moov/moof" as its size must cover its own header: current value is ${size}: the box starts at byte 77`,
  })),
  {
    name: "a 64-bit size of 15",
    hex: "00000001 6d6f6f66 000000000000000f",
    message:
      'Cannot read box "moov/moof" as its size must cover its own header: current value is 15: the box starts at byte 77',
  },
  {
    name: "a size of 2^53",
    hex: "00000001 6d6f6f66 0020000000000000",
    message:
      'Cannot read box "moov/moof" as its size must be below 2^53 bytes: current value is 9007199254740992: the box starts at byte 77',
  },
  {
    name: "a size of 2^60",
    hex: "00000001 6d6f6f66 1000000000000000",
    message:
      'Cannot read box "moov/moof" as its size must be below 2^53 bytes: current value is 1152921504606846976: the box starts at byte 77',
  },
  {
    name: "a size of 8 for a type of 24 bytes",
    hex: "00000008 75756964",
    message:
      'Cannot read box "moov/uuid" as its size must cover its own header: current value is 8: the box starts at byte 77',
  },
  {
    name: "a size of 23 for a type of 24 bytes",
    hex: `00000017 75756964 ${UUID}`,
    message:
      'Cannot read box "moov/uuid" as its size must cover its own header: current value is 23: the box starts at byte 77',
  },
  {
    name: "a type that cannot be shown",
    hex: "00000002 00a90aff",
    message:
      'Cannot read box "moov/\\x00\\xa9\\x0a\\xff" as its size must cover its own header: current value is 2: the box starts at byte 77',
  },
];
for (const { name, hex, message } of damaged) {
  headerTest(`says where the box is that has ${name}`, () => {
    try {
      readBoxHeader(fromHex(hex), 77, "moov");
    } catch (error) {
      assert.instance(error, Mp4SyntaxError);
      assert.is((error as Mp4SyntaxError).message, message);
      assert.is((error as Mp4SyntaxError).offset, 77);
      return;
    }
    assert.unreachable();
  });
}

const childTest = suite("childBoxes");

childTest("yields boxes side by side, with where they are", () => {
  const bytes = concat(
    new Uint8Array(3),
    writeBox("free"),
    widen(writeBox("mfhd", uint32(1, 2))),
    writeBox(LIVE_SERVER_MANIFEST, uint32(9)),
  );
  const found = [...childBoxes(bytes, 3, bytes.length, "moof", 0)];
  assert.equal(found, [
    { type: "free", userType: undefined, start: 3, bodyStart: 11, end: 11, path: "moof/free" },
    { type: "mfhd", userType: undefined, start: 11, bodyStart: 27, end: 35, path: "moof/mfhd" },
    {
      type: "uuid",
      userType: LIVE_SERVER_MANIFEST,
      start: 35,
      bodyStart: 59,
      end: 63,
      path: "moof/uuid",
    },
  ]);
});

const badChildren = [
  {
    name: "whose header is cut",
    hex: "00000008 66726565 000000",
    message:
      'Cannot read a box in "traf" as it must have a whole header: current value is 3 bytes: the box starts at byte 108',
  },
  {
    name: "that goes on past its parent",
    hex: "00000008 66726565 00000009 74666474",
    message:
      'Cannot read box "traf/tfdt" as its size must be at most 8 bytes there: current value is 9: the box starts at byte 108',
  },
  {
    name: "of size 0",
    hex: "00000000 74666474 00000000",
    message:
      'Cannot read box "traf/tfdt" as its size must be at most 12 bytes there: current value is 0: the box starts at byte 100',
  },
];
for (const { name, hex, message } of badChildren) {
  childTest(`fails over a box ${name}`, () => {
    const bytes = fromHex(hex);
    try {
      [...childBoxes(bytes, 0, bytes.length, "traf", 100)];
    } catch (error) {
      assert.is((error as Mp4SyntaxError).message, message);
      return;
    }
    assert.unreachable();
  });
}

const readTest = suite("readBox");

readTest("names the box that is too short for its fields", () => {
  const bytes = concat(writeBox("free"), writeBox("mfhd", uint32(0)));
  const [, mfhd] = childBoxes(bytes, 0, bytes.length, "moof", 0);
  const read = () => readBox(bytes, mfhd!, 1000, (view) => view.getUint32(12));
  assert.throws(
    read,
    (error: unknown) =>
      error instanceof Mp4SyntaxError && error.offset === 1008 &&
      error.cause instanceof RangeError &&
      error.message ===
        'Cannot read box "moof/mfhd" as its fields must fit in: current value is 12 bytes: the box starts at byte 1008',
  );
});

readTest("does not look past the box", () => {
  const bytes = concat(writeBox("mfhd"), writeBox("free"));
  const [mfhd] = childBoxes(bytes, 0, bytes.length, "moof", 0);
  assert.throws(() => readBox(bytes, mfhd!, 0, (view) => view.getUint32(8)), /must fit in/);
});

readTest("passes other errors through", () => {
  const bytes = writeBox("mfhd");
  const [mfhd] = childBoxes(bytes, 0, bytes.length, "moof", 0);
  const error = new TypeError("no");
  const read = () =>
    readBox(bytes, mfhd!, 0, () => {
      throw error;
    });
  assert.throws(read, (it: unknown) => it === error);
});

const writeTest = suite("writeBox");

const written = [
  { box: writeBox("mfra"), hex: "00000008 6d667261" },
  { box: writeBox("free", Uint8Array.of(1), Uint8Array.of(2, 3)), hex: "0000000b 66726565 010203" },
  { box: writeBox(UUID, Uint8Array.of(7)), hex: `00000019 75756964 ${UUID} 07` },
  { box: writeFullBox("mfhd", 1, 0x20305, uint32(9)), hex: "00000010 6d666864 01020305 00000009" },
  { box: writeFullBox("free", 255, 0xffffff), hex: "0000000c 66726565 ffffffff" },
];
for (const { box, hex } of written) {
  writeTest(`writes ${hex}`, () => {
    assert.is(toHex(box), toHex(fromHex(hex)));
  });
  writeTest(`reads back what it wrote: ${hex}`, () => {
    const header = readBoxHeader(box, 0)!;
    assert.is(header.size, box.length);
    assert.is(bodyOffset(viewOf(box)), header.headerSize);
    assert.is(boxType(box), header.type);
  });
}

writeTest("takes version and flags apart again", () => {
  const box = writeFullBox(UUID, 7, 0x123456);
  const expected = { version: 7, flags: 0x123456, fieldsStart: 28 };
  assert.equal(readFullBoxHeader(viewOf(box)), expected);
  assert.equal(readFullBoxHeader(viewOf(widen(box))), { ...expected, fieldsStart: 36 });
});

const mdatTest = suite("writeMdatHeader");

const payloads = [
  { size: 0, hex: "00000008 6d646174" },
  { size: 1000, hex: "000003f0 6d646174" },
  { size: 2 ** 32 - 9, hex: "ffffffff 6d646174" },
  { size: 2 ** 32 - 8, hex: "00000001 6d646174 0000000100000008" },
  { size: 2 ** 40, hex: "00000001 6d646174 0000010000000010" },
];
for (const { size, hex } of payloads) {
  mdatTest(`writes the least header for ${size} bytes`, () => {
    const bytes = writeMdatHeader(size);
    assert.is(toHex(bytes), toHex(fromHex(hex)));
    assert.is(bytes.length, mdatHeaderSize(size));
  });
}

const bytesTest = suite("join");

bytesTest("joins more pieces than a call can have arguments", () => {
  const pieces = Array.from({ length: 300_000 }, (_, n) => Uint8Array.of(n & 0xff));
  const whole = join(pieces);
  assert.is(whole.length, 300_000);
  assert.is(whole[299_999], 299_999 & 0xff);
});

bytesTest("joins nothing to nothing", () => {
  assert.is(concat().length, 0);
});

const numberTest = suite("uint32, uint64");

numberTest("write the highest and the lowest value", () => {
  assert.is(toHex(uint32(0, 0xffffffff, -1)), "00000000ffffffffffffffff");
  assert.is(toHex(uint64(2n ** 64n - 1n, -1n)), "ffffffffffffffff".repeat(2));
  assert.is(toHex(uint64(-(2n ** 63n))), "8000000000000000");
});

const textTest = suite("printable");

textTest("shows a type as it is, and what is no character by its number", () => {
  assert.is(printable("moof"), "moof");
  assert.is(printable("\xa9nam"), "\\xa9nam");
  assert.is(printable("\0\n\x7f "), "\\x00\\x0a\\x7f ");
});

headerTest.run();
childTest.run();
readTest.run();
writeTest.run();
mdatTest.run();
bytesTest.run();
numberTest.run();
textTest.run();
