import { suite } from "uvu";
import * as assert from "uvu/assert";
import { Mp4SyntaxError } from "../../lib/errors.ts";
import {
  concat,
  fromHex,
  toHex,
  uint32,
  viewOf,
  writeBox,
  writeFullBox,
} from "../../lib/mp4/box.ts";
import {
  isEndOfStream,
  type Mfra,
  MFRO_SIZE,
  readMfra,
  readMfro,
  readTfra,
  type Tfra,
  type TfraIndex,
  writeEndOfStream,
  writeMfra,
  writeTfra,
} from "../../lib/mp4/mfra.ts";
import { widen } from "../helpers/boxes.ts";
import { readSample, SAMPLE_FILES } from "../helpers/sample.ts";
import { startOf } from "../helpers/boxes.ts";

/** What was read, with the entries as an array. */
function listed({ trackId, entries }: TfraIndex): Tfra {
  return { trackId, entries: [...entries] };
}

const tfraTest = suite("readTfra");

const rows = [
  {
    name: "times and offsets of 64 bits",
    hex: "0000003e 74667261 01000000 00000001 00000000 00000002" +
      "0000000000000000 0000000000000500 010101" + "fffffffffffcbeab 0000000100000000 010101",
    entries: [{ time: 0n, moofOffset: 0x500 }, { time: -213_333n, moofOffset: 2 ** 32 }],
  },
  {
    name: "times and offsets of 32 bits",
    hex: "00000023 74667261 00000000 00000001 00000000 00000001 ffffffff 00000500 010101",
    entries: [{ time: 0xffffffffn, moofOffset: 0x500 }],
  },
  {
    name: "numbers of 4, 2 and 3 bytes",
    hex: "00000041 74667261 00000000 00000001 00000036 00000002" +
      "00000001 00000500 00000001 0001 000001" + "00000002 00000600 00000001 0001 000001" +
      "000000",
    entries: [{ time: 1n, moofOffset: 0x500 }, { time: 2n, moofOffset: 0x600 }],
  },
  {
    name: "no entry",
    hex: "00000018 74667261 00000000 00000001 00000000 00000000",
    entries: [],
  },
];
for (const { name, hex, entries } of rows) {
  tfraTest(`reads ${name}`, () => {
    const bytes = fromHex(hex);
    assert.equal(listed(readTfra(viewOf(bytes))), { trackId: 1, entries });
    assert.equal(listed(readTfra(viewOf(widen(bytes)))), { trackId: 1, entries });
  });
}

for (const count of [2, 0xffffffff]) {
  tfraTest(`fails over ${count} entries where there is one`, () => {
    const bytes = writeTfra({ trackId: 1, entries: [{ time: 0n, moofOffset: 0 }] });
    viewOf(bytes).setUint32(20, count);
    assert.throws(() => readTfra(viewOf(bytes)), new RegExp(`${count} entries`));
  });
}

const mfraTest = suite("readMfra");

const index: Mfra = {
  tracks: [
    {
      trackId: 1,
      entries: [{ time: 0n, moofOffset: 1000 }, { time: 2n ** 60n, moofOffset: 2000 }],
    },
    { trackId: 2, entries: [] },
  ],
};

mfraTest("reads what was written", () => {
  const bytes = writeMfra(index);
  assert.equal(readMfra(bytes, 0).tracks.map(listed), index.tracks);
  assert.equal(readMfra(widen(bytes), 0).tracks.map(listed), index.tracks);
  assert.is(readMfro(bytes.subarray(-MFRO_SIZE)), bytes.length);
});

for (const name of SAMPLE_FILES) {
  mfraTest(`reads the index of ${name} and writes the same bytes again`, async () => {
    const file = await readSample(name);
    const size = readMfro(file.subarray(-MFRO_SIZE))!;
    const bytes = file.subarray(-size);
    const read = readMfra(bytes, 0);
    assert.is(toHex(writeMfra(read)), toHex(bytes));
    assert.is(read.tracks[0]!.entries.at(0)!.moofOffset, startOf(file, "moof"));
  });
}

mfraTest("reads the tracks apart, and takes both of those that have one ID", () => {
  const tracks = [[1, 0], [2, 0], [1, 2], [3, 1]].map(([trackId, count]) => ({
    trackId: trackId!,
    entries: Array.from({ length: count! }, (_, n) => ({
      time: BigInt(10 * trackId! + n),
      moofOffset: 100 * trackId! + n,
    })),
  }));
  const read = readMfra(writeMfra({ tracks }), 0);
  assert.equal(read.tracks.map(listed), tracks);
  assert.equal(read.tracks.map(({ entries }) => entries.timeOf(101)), [
    undefined,
    undefined,
    11n,
    undefined,
  ]);
});

mfraTest("keeps its entries when the bytes that it was read from change", () => {
  const bytes = writeMfra(index);
  const read = readMfra(bytes, 0);
  bytes.fill(0);
  assert.equal(read.tracks.map(listed), index.tracks);
});

mfraTest("writes what was read, and asks for one entry at a time", () => {
  const bytes = writeMfra(index);
  assert.is(toHex(writeMfra(readMfra(bytes, 0))), toHex(bytes));
});

mfraTest("names a damaged box in it", () => {
  const bytes = writeBox("mfra", writeFullBox("tfra", 1, 0, uint32(1, 0, 5)));
  assert.throws(
    () => readMfra(bytes, 4000),
    (error: unknown) =>
      error instanceof Mp4SyntaxError && error.offset === 4008 &&
      error.message.startsWith('Cannot read box "mfra/tfra" as its fields must fit in'),
  );
});

const mfroTest = suite("readMfro");

mfroTest("finds nothing in other bytes", () => {
  assert.is(readMfro(new Uint8Array(MFRO_SIZE)), undefined);
  assert.is(readMfro(fromHex("00000010 6d66726f 00000000")), undefined);
  assert.is(readMfro(fromHex("00000011 6d66726f 00000000 00000020")), undefined);
});

const endTest = suite("writeEndOfStream");

endTest("writes the eight bytes", () => {
  assert.is(toHex(writeEndOfStream()), "000000086d667261");
});

const ends = [
  { name: "an empty box", bytes: writeEndOfStream(), isEnd: true },
  {
    name: "the other form of MS-SSTR",
    bytes: fromHex("00000020 6D667261 00000018 74667261 00000000 00000001 00000000 00000000"),
    isEnd: true,
  },
  { name: "an index of nothing", bytes: writeMfra({ tracks: [] }), isEnd: true },
  { name: "an index", bytes: writeMfra(index), isEnd: false },
];
for (const { name, bytes, isEnd } of ends) {
  endTest(`takes ${name} for ${isEnd ? "an" : "no"} end of stream`, () => {
    assert.is(isEndOfStream(bytes, 0), isEnd);
    assert.is(isEndOfStream(widen(bytes), 0), isEnd);
  });
}

endTest("fails over a box that is cut", () => {
  const bytes = concat(fromHex("00000010 6d667261 00000010 74667261"));
  assert.throws(() => isEndOfStream(bytes, 0), /"mfra\/tfra"/);
});

tfraTest.run();
mfraTest.run();
mfroTest.run();
endTest.run();
