import { suite } from "uvu";
import * as assert from "uvu/assert";
import { Mp4SyntaxError } from "../../lib/errors.ts";
import { childBoxes, concat, fromHex, uint32, writeBox, writeFullBox } from "../../lib/mp4/box.ts";
import { type CodecFacts, readCodec } from "../../lib/mp4/codec.ts";
import { ascii, uint16 } from "../helpers/boxes.ts";

const test = suite("readCodec");

const sequenceSet = fromHex("6764001f");
const pictureSet = fromHex("68ee3cb0");
const sized = (unit: Uint8Array) => concat(uint16(unit.length), unit);

const avcC = writeBox(
  "avcC",
  Uint8Array.of(1, 0x64, 0, 0x1f, 0xff, 0xe2),
  sized(sequenceSet),
  sized(fromHex("ff")),
  Uint8Array.of(1),
  sized(pictureSet),
);
const hvcC = writeBox(
  "hvcC",
  new Uint8Array(22),
  Uint8Array.of(2),
  Uint8Array.of(0xa0),
  uint16(1),
  sized(fromHex("4001")),
  Uint8Array.of(0xa1),
  uint16(2),
  sized(fromHex("4201")),
  sized(fromHex("4202")),
);

function esds(audioSpecificConfig: Uint8Array, flags = 0, extra: Uint8Array = new Uint8Array(0)) {
  const specific = concat(Uint8Array.of(5, audioSpecificConfig.length), audioSpecificConfig);
  const config = concat(
    Uint8Array.of(4, 0x80, 0x80, 0x80, 13 + specific.length),
    new Uint8Array(13),
    specific,
  );
  const es = concat(uint16(1), Uint8Array.of(flags), extra, config, Uint8Array.of(6, 1, 2));
  return writeFullBox("esds", 0, 0, Uint8Array.of(3, es.length), es);
}

function visual(type: string, ...boxes: Uint8Array[]): Uint8Array {
  return writeBox(
    type,
    new Uint8Array(6),
    uint16(1),
    new Uint8Array(16),
    uint16(1280, 720),
    new Uint8Array(50),
    ...boxes,
  );
}

function sound(type: string, version: number, fields: Uint8Array, ...boxes: Uint8Array[]) {
  return writeBox(
    type,
    new Uint8Array(6),
    uint16(1, version),
    new Uint8Array(6),
    uint16(2, 16, 0, 0),
    uint32(48000 << 16),
    fields,
    ...boxes,
  );
}

const NONE = new Uint8Array(0);
const sinf = (original: string) => writeBox("sinf", writeBox("frma", ascii(original)));
const picture = { width: 1280, height: 720 };
const stereo = { channels: 2, bitsPerSample: 16, samplingRate: 48000 };

const cases: readonly {
  name: string;
  handler: string;
  entry: Uint8Array;
  facts: CodecFacts;
}[] = [
  {
    name: "H.264, with the first parameter set of each kind",
    handler: "vide",
    entry: visual("avc1", writeBox("pasp", uint32(1, 1)), avcC),
    facts: {
      sampleEntry: "avc1",
      isProtected: false,
      fourCC: "H264",
      ...picture,
      codecPrivateData: "000000016764001F0000000168EE3CB0",
    },
  },
  {
    name: "H.265, with all parameter sets",
    handler: "vide",
    entry: visual("hev1", hvcC),
    facts: {
      sampleEntry: "hev1",
      isProtected: false,
      fourCC: "HEV1",
      ...picture,
      codecPrivateData: "000000014001" + "000000014201" + "000000014202",
    },
  },
  {
    name: "VC-1, whose private data is not in the file",
    handler: "vide",
    entry: visual("vc-1", writeBox("dvc1", uint32(0))),
    facts: { sampleEntry: "vc-1", isProtected: false, fourCC: "WVC1", ...picture },
  },
  {
    name: "protected H.264 by what it was before",
    handler: "vide",
    entry: visual("encv", avcC, sinf("avc1")),
    facts: {
      sampleEntry: "avc1",
      isProtected: true,
      fourCC: "H264",
      ...picture,
      codecPrivateData: "000000016764001F0000000168EE3CB0",
    },
  },
  {
    name: "AAC",
    handler: "soun",
    entry: sound("mp4a", 0, NONE, esds(fromHex("1190"))),
    facts: {
      sampleEntry: "mp4a",
      isProtected: false,
      fourCC: "AACL",
      ...stereo,
      codecPrivateData: "1190",
    },
  },
  {
    name: "AAC behind every optional field of its descriptor",
    handler: "soun",
    entry: sound(
      "mp4a",
      0,
      NONE,
      esds(fromHex("1190"), 0xe0, concat(uint16(9), Uint8Array.of(2, 65, 66), uint16(8))),
    ),
    facts: {
      sampleEntry: "mp4a",
      isProtected: false,
      fourCC: "AACL",
      ...stereo,
      codecPrivateData: "1190",
    },
  },
  {
    name: "High-Efficiency AAC",
    handler: "soun",
    entry: sound("mp4a", 0, NONE, esds(fromHex("2b920800"))),
    facts: {
      sampleEntry: "mp4a",
      isProtected: false,
      fourCC: "AACH",
      ...stereo,
      codecPrivateData: "2B920800",
    },
  },
  {
    name: "parametric stereo",
    handler: "soun",
    entry: sound("mp4a", 0, NONE, esds(fromHex("eb8a0800"))),
    facts: {
      sampleEntry: "mp4a",
      isProtected: false,
      fourCC: "AACH",
      ...stereo,
      codecPrivateData: "EB8A0800",
    },
  },
  {
    name: "AAC without a configuration",
    handler: "soun",
    entry: sound("mp4a", 0, NONE, esds(NONE)),
    facts: { sampleEntry: "mp4a", isProtected: false, fourCC: "AACL", ...stereo },
  },
  {
    name: "protected AAC",
    handler: "soun",
    entry: sound("enca", 0, NONE, esds(fromHex("1210")), sinf("mp4a")),
    facts: {
      sampleEntry: "mp4a",
      isProtected: true,
      fourCC: "AACL",
      ...stereo,
      codecPrivateData: "1210",
    },
  },
  {
    name: "a sound entry of QuickTime version 1",
    handler: "soun",
    entry: sound("mp4a", 1, new Uint8Array(16), esds(fromHex("1190"))),
    facts: {
      sampleEntry: "mp4a",
      isProtected: false,
      fourCC: "AACL",
      ...stereo,
      codecPrivateData: "1190",
    },
  },
  {
    name: "a sound entry of QuickTime version 2",
    handler: "soun",
    entry: sound("mp4a", 2, new Uint8Array(36), esds(fromHex("1190"))),
    facts: {
      sampleEntry: "mp4a",
      isProtected: false,
      fourCC: "AACL",
      ...stereo,
      codecPrivateData: "1190",
    },
  },
  {
    name: "a codec that Smooth Streaming has no name for",
    handler: "soun",
    entry: sound("Opus", 0, NONE, writeBox("dOps", uint32(0))),
    facts: { sampleEntry: "Opus", isProtected: false, ...stereo },
  },
  {
    name: "a protected entry that does not say what it was before",
    handler: "vide",
    entry: visual("encv", writeBox("sinf", writeBox("schm", uint32(0)))),
    facts: { sampleEntry: "encv", isProtected: true, ...picture },
  },
  {
    name: "descriptors that say nothing of the codec",
    handler: "soun",
    entry: sound("mp4a", 0, NONE, writeFullBox("esds", 0, 0, fromHex("0602aabb 06 80808001 cc"))),
    facts: { sampleEntry: "mp4a", isProtected: false, fourCC: "AACL", ...stereo },
  },
  {
    name: "text, whose fields are no boxes",
    handler: "text",
    entry: writeBox("dfxp", new Uint8Array(6), uint16(1), ascii("anything\0")),
    facts: { sampleEntry: "dfxp", isProtected: false, fourCC: "DFXP" },
  },
];

const stsd = (...entries: Uint8Array[]) =>
  writeFullBox("stsd", 0, 0, uint32(entries.length), ...entries);

function read(bytes: Uint8Array, handler: string, fileOffset = 0): CodecFacts | undefined {
  const [box] = childBoxes(bytes, 0, bytes.length, "moov", fileOffset);
  return readCodec(bytes, box!, handler, fileOffset);
}

/** Fields that are `undefined` count as missing ones. */
function present(facts: CodecFacts | undefined): Partial<CodecFacts> {
  return Object.fromEntries(Object.entries(facts ?? {}).filter(([, value]) => value !== undefined));
}

for (const { name, handler, entry, facts } of cases) {
  test(`reads ${name}`, () => {
    assert.equal(present(read(stsd(entry), handler)), facts);
  });
  test(`reads the first of two entries: ${name}`, () => {
    assert.equal(present(read(stsd(entry, writeBox("mett")), handler)), facts);
  });
}

test("finds nothing in a description without an entry", () => {
  assert.is(read(stsd(), "vide"), undefined);
  assert.is(read(writeFullBox("stsd", 0, 0), "vide"), undefined);
});

const damaged = [
  {
    name: "an entry that is too short",
    handler: "vide",
    bytes: stsd(writeBox("avc1", new Uint8Array(10))),
    message:
      'Cannot read box "moov/stsd/avc1" as its fields must fit in: current value is 18 bytes: the box starts at byte 516',
  },
  {
    name: "parameter sets that go on past their box",
    handler: "vide",
    bytes: stsd(visual("avc1", writeBox("avcC", fromHex("0164001fffe1 00ff 67")))),
    message:
      'Cannot read box "moov/stsd/avc1/avcC" as its fields must fit in: current value is 17 bytes: the box starts at byte 602',
  },
  {
    name: "arrays that are not there",
    handler: "vide",
    bytes: stsd(visual("hvc1", writeBox("hvcC", new Uint8Array(22), Uint8Array.of(3)))),
    message:
      'Cannot read box "moov/stsd/hvc1/hvcC" as its fields must fit in: current value is 31 bytes: the box starts at byte 602',
  },
  {
    name: "a descriptor that is cut",
    handler: "soun",
    bytes: stsd(sound("mp4a", 0, NONE, writeFullBox("esds", 0, 0, fromHex("03190001 00 04")))),
    message:
      'Cannot read box "moov/stsd/mp4a/esds" as its fields must fit in: current value is 18 bytes: the box starts at byte 552',
  },
  {
    name: "a box of size 0",
    handler: "soun",
    bytes: stsd(sound("mp4a", 0, NONE, uint32(0), ascii("esds"))),
    message:
      'Cannot read box "moov/stsd/mp4a/esds" as its size must be at most 8 bytes there: current value is 0: the box starts at byte 552',
  },
];
for (const { name, handler, bytes, message } of damaged) {
  test(`says where the box is that has ${name}`, () => {
    assert.throws(
      () => read(bytes, handler, 500),
      (error: unknown) => {
        assert.instance(error, Mp4SyntaxError);
        assert.is((error as Mp4SyntaxError).message, message);
        return true;
      },
    );
  });
}

test.run();
