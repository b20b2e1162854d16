import { suite } from "uvu";
import * as assert from "uvu/assert";
import { Mp4SyntaxError } from "../../lib/errors.ts";
import {
  boxView,
  childBoxes,
  concat,
  fromHex,
  toHex,
  uint32,
  viewOf,
  writeBox,
  writeFullBox,
} from "../../lib/mp4/box.ts";
import { readSaio, writeSaio, writeSaiz } from "../../lib/mp4/encryption.ts";
import { writeMfhd } from "../../lib/mp4/mfhd.ts";
import {
  isStreamable,
  type MoofEdit,
  readMoof,
  rewriteMoof,
  type RunsPlace,
  sampleTotals,
} from "../../lib/mp4/moof.ts";
import { readTfhd, writeTfhd } from "../../lib/mp4/tfhd.ts";
import { readTfrf, writeTfrf } from "../../lib/mp4/tfrf.ts";
import { writeTfxd } from "../../lib/mp4/tfxd.ts";
import { readTrun, type Trun, writeTrun } from "../../lib/mp4/trun.ts";
import { PIFF_SAMPLE_ENCRYPTION, TFXD } from "../../lib/mp4/uuid.ts";
import {
  ascii,
  makeMoof,
  mdat,
  patched,
  pattern,
  startOf,
  walkBoxes,
  widen,
} from "../helpers/boxes.ts";
import { sameBytes } from "../helpers/same_bytes.ts";
import { hasVectors, readVector } from "../helpers/vectors.ts";

const readTest = suite("readMoof");

readTest("takes a box apart", () => {
  const bytes = makeMoof({
    sequenceNumber: 5,
    trackId: 2,
    tfdt: [{ baseMediaDecodeTime: 7n }],
    tfxd: { time: 8n, duration: 9n },
    boxes: [writeTfrf([]), writeSaio({ offsets: [3n] })],
  });
  for (const box of [bytes, widen(bytes)]) {
    const moof = readMoof(box, 0);
    assert.is(moof.mfhd.value.sequenceNumber, 5);
    assert.is(moof.tfhd.value.trackId, 2);
    assert.is(moof.tfdt?.value.baseMediaDecodeTime, 7n);
    assert.equal(moof.tfxd?.value, { time: 8n, duration: 9n });
    assert.is(moof.truns[0]!.value.sampleCount, 2);
    assert.is(moof.tfrfs.length, 1);
    assert.equal(moof.saios[0]!.value.offsets, [3n]);
  }
});

const plain = makeMoof({ tfxd: { time: 0n, duration: 1n }, boxes: [writeSaio({ offsets: [1n] })] });
const at = (path: string) => startOf(plain, path);
const without = (path: string) => patched(plain, at(path) + 4, ascii("free"));
const damaged = [
  {
    name: "no mfhd",
    bytes: without("moof/mfhd"),
    offset: 0,
    message: 'Cannot read box "moof" as it must hold box "moof/mfhd": current value is none',
  },
  {
    name: "no traf",
    bytes: without("moof/traf"),
    offset: 0,
    message: 'Cannot read box "moof" as it must hold box "moof/traf": current value is none',
  },
  {
    name: "no tfhd",
    bytes: without("moof/traf/tfhd"),
    offset: at("moof/traf"),
    message:
      'Cannot read box "moof/traf" as it must hold box "moof/traf/tfhd": current value is none',
  },
  {
    name: "two trafs",
    bytes: writeBox(
      "moof",
      plain.subarray(8),
      writeBox("traf", writeTfhd(readTfhd(viewOf(fromHex("00000010 74666864 00000000 00000001"))))),
    ),
    offset: 0,
    message:
      'Cannot read box "moof" as it must hold one "traf" box (MS-SSTR 2.2.4.1): current value is 2 or more',
  },
  {
    name: "an mfhd that is too short",
    bytes: writeBox("moof", writeFullBox("mfhd", 0, 0), plain.subarray(24)),
    offset: 8,
    message: 'Cannot read box "moof/mfhd" as its fields must fit in: current value is 12 bytes',
  },
  {
    name: "a trun that claims more samples than fit",
    bytes: patched(plain, at("moof/traf/trun") + 12, uint32(3)),
    offset: at("moof/traf/trun"),
    message:
      'Cannot read box "moof/traf/trun" as its fields must fit in: current value is 36 bytes',
  },
  {
    name: "a trun that claims 2^32 - 1 samples",
    bytes: patched(plain, at("moof/traf/trun") + 12, uint32(0xffffffff)),
    offset: at("moof/traf/trun"),
    message:
      'Cannot read box "moof/traf/trun" as its fields must fit in: current value is 36 bytes',
  },
  {
    name: "a saio that claims more offsets than fit",
    bytes: patched(plain, at("moof/traf/saio") + 12, uint32(2)),
    offset: at("moof/traf/saio"),
    message:
      'Cannot read box "moof/traf/saio" as its fields must fit in: current value is 20 bytes',
  },
  ...[2, 7].map((size) => ({
    name: `a tfxd of size ${size}`,
    bytes: patched(plain, at("moof/traf/uuid"), uint32(size)),
    offset: at("moof/traf/uuid"),
    message:
      `Cannot read box "moof/traf/uuid" as its size must cover its own header: current value is ${size}`,
  })),
  {
    name: "a traf of size 0",
    bytes: patched(plain, at("moof/traf"), uint32(0)),
    offset: at("moof/traf"),
    message: `Cannot read box "moof/traf" as its size must be at most ${
      plain.length - at("moof/traf")
    } bytes there: current value is 0`,
  },
  {
    name: "a traf that goes on past the moof",
    bytes: patched(plain, at("moof/traf"), uint32(0x80000000)),
    offset: at("moof/traf"),
    message: `Cannot read box "moof/traf" as its size must be at most ${
      plain.length - at("moof/traf")
    } bytes there: current value is 2147483648`,
  },
  {
    name: "a box cut in its header",
    bytes: concat(uint32(plain.length + 5), plain.subarray(4), new Uint8Array(5)),
    offset: plain.length,
    message: 'Cannot read a box in "moof" as it must have a whole header: current value is 5 bytes',
  },
];
for (const { name, bytes, offset, message } of damaged) {
  readTest(`says where it has ${name}`, () => {
    assert.throws(
      () => readMoof(bytes, 10_000),
      (error: unknown) => {
        assert.instance(error, Mp4SyntaxError);
        const { message: text, offset: place } = error as Mp4SyntaxError;
        assert.is(text, `${message}: the box starts at byte ${10_000 + offset}`);
        assert.is(place, 10_000 + offset);
        return true;
      },
    );
  });
}

const totalsTest = suite("sampleTotals");

const totals = [
  {
    name: "what the samples say",
    fields: {
      truns: [
        { version: 0, samples: [{ duration: 1, size: 10 }, { duration: 2, size: 20 }] },
        { version: 0, samples: [{ duration: 4, size: 40 }] },
      ],
    },
    defaults: { duration: 9, size: 9 },
    expected: { count: 3, duration: 7n, size: 70, runSizes: [30, 40] },
  },
  {
    name: "the defaults of tfhd",
    fields: {
      tfhd: { defaultSampleDuration: 5, defaultSampleSize: 6 },
      truns: [{ version: 0, samples: [{}, {}, {}] }],
    },
    defaults: { duration: 9, size: 9 },
    expected: { count: 3, duration: 15n, size: 18, runSizes: [18] },
  },
  {
    name: "the defaults of trex",
    fields: { truns: [{ version: 0, samples: [{ size: 1 }, { size: 2 }] }] },
    defaults: { duration: 9, size: 9 },
    expected: { count: 2, duration: 18n, size: 3, runSizes: [3] },
  },
  {
    name: "no default at all",
    fields: { truns: [{ version: 0, samples: [{ size: 1 }] }] },
    defaults: undefined,
    expected: { count: 1, duration: 0n, size: 1, runSizes: [1] },
  },
  {
    name: "no run",
    fields: { truns: [] },
    defaults: { duration: 9, size: 9 },
    expected: { count: 0, duration: 0n, size: 0, runSizes: [] },
  },
];
for (const { name, fields, defaults, expected } of totals) {
  totalsTest(`adds up ${name}`, () => {
    const bytes = makeMoof(fields);
    assert.equal(sampleTotals(bytes, readMoof(bytes, 0), defaults), expected);
  });
}

const test = suite("rewriteMoof");

const rewrite = (bytes: Uint8Array, edit: MoofEdit) =>
  rewriteMoof(bytes, readMoof(bytes, edit.place?.moofOffset ?? 0), edit);

/** The bytes of each run, found as a player finds them, in a fragment whose `mdat` follows at once. */
function runBytes(moof: Uint8Array, payload: Uint8Array, defaultSize = 0): Uint8Array[] {
  const fragment = concat(moof, mdat(payload));
  let next = 0;
  return readMoof(moof, 0).truns.map(({ box }) => {
    const { dataOffset, samples } = readTrun(viewOf(moof.subarray(box.start, box.end)));
    const start = dataOffset ?? next;
    next = start + samples.reduce((sum, { size = defaultSize }) => sum + size, 0);
    return fragment.slice(start, next);
  });
}

function checkSizes(moof: Uint8Array): void {
  const paths = walkBoxes(moof);
  assert.is(paths[0]!.end, moof.length);
}

const TIMES = { time: 2n ** 60n, duration: 20_000_000n };

for (const isWide of [false, true]) {
  const form = isWide ? widen : (box: Uint8Array) => box;
  const bits = isWide ? 64 : 32;
  const payload = pattern(100);
  const make = (tfxd: Uint8Array[], behind: Uint8Array[] = []) => {
    const traf = (dataOffset: number) =>
      form(writeBox(
        "traf",
        form(writeTfhd({ trackId: 1, durationIsEmpty: false, defaultBaseIsMoof: true })),
        form(
          writeTrun({
            version: 0,
            dataOffset,
            samples: [{ duration: 1, size: 30 }, { duration: 2, size: 70 }],
          }),
        ),
        ...tfxd,
        ...behind,
      ));
    const moof = (dataOffset: number) =>
      form(writeBox("moof", form(writeMfhd({ sequenceNumber: 1 })), traf(dataOffset)));
    return moof(moof(0).length + 8);
  };
  const v0 = form(writeTfxd({ time: 1n, duration: 2n }, 0));
  const v1 = form(writeTfxd({ time: 1n, duration: 2n }));
  const tfrf = form(writeTfrf([{ time: 1n, duration: 2n }, { time: 3n, duration: 2n }]));
  const unknown = writeBox("zzzz", fromHex("00112233"));

  test(`appends a tfxd as the last child of traf, sizes of ${bits} bits`, () => {
    const bytes = make([], [unknown]);
    const out = rewrite(bytes, { tfxd: TIMES });
    assert.is(out.length, bytes.length + 44);
    sameBytes(out.subarray(-44), writeTfxd(TIMES));
    checkSizes(out);
    sameBytes(concat(...runBytes(out, payload)), payload);
  });

  test(`makes a tfxd of version 1 of one of version 0, sizes of ${bits} bits`, () => {
    const bytes = make([v0], [unknown]);
    const out = rewrite(bytes, { tfxd: TIMES });
    assert.is(out.length, bytes.length + 44 - v0.length);
    assert.equal(readMoof(out, 0).tfxd?.value, TIMES);
    checkSizes(out);
    sameBytes(concat(...runBytes(out, payload)), payload);
  });

  test(`rewrites a tfxd of version 1 where it stands, sizes of ${bits} bits`, () => {
    const bytes = make([v1], [unknown]);
    const out = rewrite(bytes, { tfxd: TIMES });
    const before = readMoof(bytes, 0);
    const after = readMoof(out, 0);
    assert.is(after.tfxd!.box.start, before.tfxd!.box.start);
    assert.equal(after.tfxd!.value, TIMES);
    checkSizes(out);
    sameBytes(concat(...runBytes(out, payload)), payload);
  });

  test(`leaves one tfxd where there were three, sizes of ${bits} bits`, () => {
    const out = rewrite(make([v0, tfrf, v1], [v1]), { tfxd: TIMES });
    const moof = readMoof(out, 0);
    assert.equal(moof.tfxd?.value, TIMES);
    assert.is(moof.otherTfxds.length, 0);
    assert.is(moof.tfrfs.length, 1);
    checkSizes(out);
    sameBytes(concat(...runBytes(out, payload)), payload);
  });

  test(`drops every tfrf, sizes of ${bits} bits`, () => {
    const bytes = make([v1, tfrf, unknown, tfrf]);
    const out = rewrite(bytes, { dropTfrf: true });
    assert.is(out.length, bytes.length - 2 * tfrf.length);
    assert.is(readMoof(out, 0).tfrfs.length, 0);
    checkSizes(out);
    sameBytes(concat(...runBytes(out, payload)), payload);
  });

  test(`puts one tfrf in place of all there are, sizes of ${bits} bits`, () => {
    const next = [{ time: 5n, duration: 6n }, { time: 11n, duration: 7n }];
    for (const bytes of [make([v1], [unknown]), make([v1, tfrf, unknown, tfrf]), make([])]) {
      const out = rewrite(bytes, { tfxd: TIMES, tfrf: next });
      const moof = readMoof(out, 0);
      assert.equal(moof.tfrfs.map((box) => readTfrf(boxView(out, box))), [next]);
      assert.equal(moof.tfxd?.value, TIMES);
      sameBytes(out.subarray(-61), writeTfrf(next));
      checkSizes(out);
      sameBytes(concat(...runBytes(out, payload)), payload);
    }
  });

  test(`sets the sequence number, sizes of ${bits} bits`, () => {
    for (const sequenceNumber of [0, 0xffffffff, 2 ** 32 + 5]) {
      const out = rewrite(make([v1]), { sequenceNumber });
      assert.is(readMoof(out, 0).mfhd.value.sequenceNumber, sequenceNumber % 2 ** 32);
      assert.is(out.length, make([v1]).length);
    }
  });

  test(`keeps what it does not know, sizes of ${bits} bits`, () => {
    const bytes = make([v0], [unknown, writeBox("sdtp", uint32(7)), tfrf]);
    const out = rewrite(bytes, { tfxd: TIMES, dropTfrf: true, sequenceNumber: 9 });
    const paths = walkBoxes(out).map(({ path }) => path);
    assert.ok(paths.includes("moof/traf/zzzz"));
    assert.ok(paths.includes("moof/traf/sdtp"));
    assert.ok(toHex(out).includes(toHex(unknown)));
  });

  test(`changes nothing where nothing is asked for, sizes of ${bits} bits`, () => {
    const bytes = make([v0, tfrf], [unknown]);
    const before = bytes.slice();
    sameBytes(rewrite(bytes, {}), bytes);
    rewrite(bytes, { tfxd: TIMES, dropTfrf: true, sequenceNumber: 8, decodeTimeShift: 5n });
    sameBytes(bytes, before, "the box itself");
  });
}

const shifts = [
  { name: "of version 0 by a little", tfdt: 5n, version: 0, shift: 3n, size: 16 },
  { name: "of version 0 back to 0", tfdt: 5n, version: 0, shift: -5n, size: 16 },
  { name: "of version 0 past 32 bits", tfdt: 5n, version: 0, shift: 0xffffffffn, size: 20 },
  { name: "of version 0 below 0", tfdt: 5n, version: 0, shift: -6n, size: 20 },
  {
    name: "of version 1 to the time of the day",
    tfdt: 5n,
    version: 1,
    shift: 10n ** 16n,
    size: 20,
  },
  { name: "of version 1 from below 0", tfdt: -1024n, version: 1, shift: 1024n, size: 20 },
] as const;
for (const { name, tfdt, version, shift, size } of shifts) {
  test(`moves a tfdt ${name}`, () => {
    const payload = pattern(100);
    const bytes = makeMoof({ tfdt: [{ baseMediaDecodeTime: tfdt }, version] });
    const out = rewrite(bytes, { decodeTimeShift: shift, tfxd: TIMES });
    const moof = readMoof(out, 0);
    assert.is(moof.tfdt?.value.baseMediaDecodeTime, tfdt + shift);
    assert.is(moof.tfdt!.box.end - moof.tfdt!.box.start, size);
    checkSizes(out);
    sameBytes(concat(...runBytes(out, payload)), payload);
  });
}

test("leaves offsets alone that count from elsewhere, unless it is told where the fragment lies", () => {
  const bytes = makeMoof({
    tfhd: { baseDataOffset: 7n },
    truns: [{ version: 0, dataOffset: 5, samples: [{ size: 1 }] }],
    boxes: [writeSaio({ offsets: [9n] })],
  });
  const moof = readMoof(rewrite(bytes, { tfxd: TIMES }), 0);
  assert.is(moof.tfhd.value.baseDataOffset, 7n);
  assert.is(moof.truns[0]!.value.dataOffset, 5);
  assert.equal(moof.saios[0]!.value.offsets, [9n]);
});

test("adds no tfdt where there is none", () => {
  const out = rewrite(makeMoof(), { decodeTimeShift: 5n });
  assert.is(readMoof(out, 0).tfdt, undefined);
});

/** A layout of a fragment in a file, and the bytes that its runs must have afterwards. */
interface Layout {
  readonly name: string;
  readonly tfhd?: { readonly baseDataOffset?: bigint; readonly defaultSampleSize?: number };
  /** Data offsets are given from the payload, and made into what the file has. */
  readonly truns: (fromPayload: (offset: number) => number) => readonly Trun[];
  /** Bytes between `moof` and the payload. */
  readonly gap?: number;
  readonly runs: readonly (readonly [start: number, end: number])[];
  readonly isStreamable?: boolean;
}

const MOOF_OFFSET = 5000;
const sized = (...sizes: number[]) => sizes.map((size) => ({ duration: 1, size }));
const layouts: readonly Layout[] = [
  {
    name: "one run right behind the header",
    truns: (from) => [{ version: 0, dataOffset: from(0), samples: sized(30, 70) }],
    runs: [[0, 100]],
    isStreamable: true,
  },
  {
    name: "one run further on in the payload",
    truns: (from) => [{ version: 0, dataOffset: from(20), samples: sized(30, 50) }],
    runs: [[20, 100]],
    isStreamable: true,
  },
  {
    name: "several runs, each with its offset",
    truns: (from) => [
      { version: 0, dataOffset: from(0), samples: sized(30) },
      { version: 0, dataOffset: from(60), samples: sized(40) },
      { version: 0, dataOffset: from(30), samples: sized(30) },
    ],
    runs: [[0, 30], [60, 100], [30, 60]],
    isStreamable: true,
  },
  {
    name: "several runs, of which only the first has an offset",
    truns: (from) => [
      { version: 0, dataOffset: from(10), samples: sized(30) },
      { version: 0, samples: sized(60) },
    ],
    runs: [[10, 40], [40, 100]],
    isStreamable: true,
  },
  {
    name: "a first run that lies behind the second",
    truns: (from) => [
      { version: 0, dataOffset: from(60), samples: sized(40) },
      { version: 0, dataOffset: from(0), samples: sized(60) },
    ],
    runs: [[60, 100], [0, 60]],
    isStreamable: true,
  },
  {
    name: "a second run that leads out of the payload",
    truns: (from) => [
      { version: 0, dataOffset: from(60) + 1, samples: sized(40) },
      { version: 0, dataOffset: from(0) + 1, samples: sized(60) },
    ],
    runs: [[60, 100], [0, 60]],
  },
  {
    name: "a run without an offset",
    truns: () => [{ version: 0, samples: sized(30, 70) }],
    runs: [[0, 100]],
  },
  {
    name: "a run of nothing but a count",
    tfhd: { defaultSampleSize: 25 },
    truns: () => [{ version: 0, samples: [{}, {}, {}, {}] }],
    runs: [[0, 100]],
  },
  {
    name: "a run without an offset in front of one with",
    truns: (from) => [
      { version: 0, samples: sized(30) },
      { version: 0, dataOffset: from(50), samples: sized(50) },
    ],
    runs: [[0, 30], [50, 100]],
  },
  {
    name: "a base_data_offset at the moof",
    tfhd: { baseDataOffset: BigInt(MOOF_OFFSET) },
    truns: (from) => [
      { version: 0, dataOffset: from(0), samples: sized(30) },
      { version: 0, dataOffset: from(40), samples: sized(60) },
    ],
    runs: [[0, 30], [40, 100]],
  },
  {
    name: "a base_data_offset somewhere else",
    tfhd: { baseDataOffset: BigInt(MOOF_OFFSET - 3000) },
    truns: (from) => [{ version: 0, dataOffset: from(10) + 3000, samples: sized(30) }],
    runs: [[10, 40]],
  },
  {
    name: "a base_data_offset past 2^53 that means nothing",
    tfhd: { baseDataOffset: 2n ** 64n - 1n },
    truns: (from) => [{ version: 0, dataOffset: from(10), samples: sized(30) }],
    runs: [[0, 30]],
  },
  {
    name: "a payload that does not follow at once",
    gap: 8 + 32,
    truns: (from) => [
      { version: 0, dataOffset: from(0), samples: sized(30) },
      { version: 0, dataOffset: from(40), samples: sized(60) },
    ],
    runs: [[0, 30], [40, 100]],
  },
  {
    name: "an mdat header of 16 bytes",
    gap: 16,
    truns: (from) => [{ version: 0, dataOffset: from(0), samples: sized(100) }],
    runs: [[0, 100]],
  },
  {
    name: "an offset that is stale as the moof has grown",
    truns: (from) => [
      { version: 0, dataOffset: from(0) - 61, samples: sized(30) },
      { version: 0, dataOffset: from(40) - 61, samples: sized(60) },
    ],
    runs: [[0, 30], [40, 100]],
  },
  {
    name: "an offset that is stale as the moof has shrunk",
    truns: (from) => [{ version: 0, dataOffset: from(0) + 44, samples: sized(100) }],
    runs: [[0, 100]],
  },
];
for (const { name, tfhd, truns, gap = 8, runs, isStreamable: isFit = false } of layouts) {
  for (const hasTfxd of [false, true]) {
    test(`makes all offsets count from the moof: ${name}${hasTfxd ? ", with a new tfxd" : ""}`, () => {
      const payload = pattern(100);
      const build = (size: number) =>
        makeMoof({ ...(tfhd && { tfhd }), truns: truns((offset) => size + gap + offset) });
      const bytes = build(build(0).length);
      const place: RunsPlace = {
        moofOffset: MOOF_OFFSET,
        payloadOffset: MOOF_OFFSET + bytes.length + gap,
        payloadSize: payload.length,
        runSizes: sampleTotals(bytes, readMoof(bytes, 0), undefined).runSizes,
      };
      assert.is(isStreamable(bytes, readMoof(bytes, MOOF_OFFSET), place), isFit);
      const out = rewrite(bytes, { place, ...(hasTfxd && { tfxd: TIMES }) });
      checkSizes(out);
      assert.is(readMoof(out, 0).tfhd.value.baseDataOffset, undefined);
      assert.is.not(readMoof(out, 0).truns[0]!.value.dataOffset, undefined);
      const expected = runs.map(([start, end]) => toHex(payload.subarray(start, end)));
      assert.equal(runBytes(out, payload, tfhd?.defaultSampleSize).map(toHex), expected);
      if (isFit && !hasTfxd) sameBytes(out, bytes);
      const again = { ...place, moofOffset: 0, payloadOffset: out.length + 8 };
      assert.ok(isStreamable(out, readMoof(out, 0), again), "it is fit afterwards");
    });
  }
}

test("adds a data offset to a run with a 64-bit size that is the last child", () => {
  const run = widen(writeTrun({ version: 0, samples: [{ size: 100 }] }));
  const tfhd = writeTfhd({ trackId: 1, durationIsEmpty: false, defaultBaseIsMoof: false });
  const bytes = writeBox("moof", writeMfhd({ sequenceNumber: 1 }), writeBox("traf", tfhd, run));
  const place = {
    moofOffset: 0,
    payloadOffset: bytes.length + 8,
    payloadSize: 100,
    runSizes: [100],
  };
  for (const edit of [{ place }, { place, tfxd: TIMES }]) {
    const out = rewrite(bytes, edit);
    checkSizes(out);
    sameBytes(concat(...runBytes(out, pattern(100))), pattern(100));
  }
});

test("takes a base_data_offset out of a fragment without runs", () => {
  const bytes = makeMoof({ tfhd: { baseDataOffset: 5n, durationIsEmpty: true }, truns: [] });
  const place = { moofOffset: 0, payloadOffset: bytes.length + 8, payloadSize: 0, runSizes: [] };
  assert.not(isStreamable(bytes, readMoof(bytes, 0), place));
  const out = rewrite(bytes, { place });
  assert.is(out.length, bytes.length - 8);
  assert.ok(isStreamable(out, readMoof(out, 0), { ...place, payloadOffset: out.length + 8 }));
});

const auxiliaryTest = suite("rewriteMoof, encryption");

const IVS = pattern(16, 3);
const senc = writeFullBox("senc", 0, 0, uint32(2), IVS);
const piff = writeFullBox(PIFF_SAMPLE_ENCRYPTION, 0, 0, uint32(2), IVS);
const saiz = writeSaiz({ sizes: [8, 8] });

interface ProtectedOptions {
  readonly isLong?: boolean;
  readonly tfxdFirst?: boolean;
  readonly base?: number;
  readonly tail?: Uint8Array;
}

/** A protected fragment: its `saio` points at the vectors of the first box of that kind, and into the payload. */
function protectedMoof(
  vectors: Uint8Array,
  { isLong, tfxdFirst, base = 0, tail = new Uint8Array(0) }: ProtectedOptions = {},
): Uint8Array {
  const flags = { durationIsEmpty: false, defaultBaseIsMoof: false };
  const tfhd = writeTfhd({
    trackId: 1,
    ...flags,
    ...(base ? { baseDataOffset: BigInt(MOOF_OFFSET - base) } : {}),
  });
  const build = (toVectors: number, toPayload: number) => {
    const far = isLong ? 2n ** 33n : 0n;
    const offsets = [BigInt(toVectors + base), BigInt(toPayload + 5 + base)];
    const plainSaio = writeSaio({ offsets: isLong ? [...offsets, far] : offsets });
    const saio = concat(uint32(plainSaio.length + tail.length), plainSaio.subarray(4), tail);
    const tfxd = writeTfxd({ time: 1n, duration: 2n }, 0);
    const samples = [{ duration: 1, size: 50 }, { duration: 1, size: 50 }];
    return writeBox(
      "moof",
      writeMfhd({ sequenceNumber: 1 }),
      writeBox(
        "traf",
        ...(tfxdFirst ? [tfxd] : []),
        tfhd,
        writeTrun({ version: 0, dataOffset: toPayload + base, samples }),
        saiz,
        saio,
        writeTfrf([{ time: 1n, duration: 1n }]),
        vectors,
        ...(tfxdFirst ? [] : [tfxd]),
      ),
    );
  };
  const size = build(0, 0).length;
  const first = build(0, 0);
  const path = vectors === senc ? "moof/traf/senc" : "moof/traf/uuid";
  const starts = walkBoxes(first).filter((it) =>
    it.path === path && it.end - it.start === vectors.length
  );
  const toVectors = starts.at(-1)!.end - IVS.length;
  return build(toVectors, size + 8);
}

const protectedCases: readonly {
  readonly name: string;
  readonly vectors: Uint8Array;
  readonly options: ProtectedOptions;
}[] = [
  { name: "senc", vectors: senc, options: {} },
  { name: "the box of PIFF", vectors: piff, options: {} },
  { name: "senc behind a tfxd that grows", vectors: senc, options: { tfxdFirst: true } },
  { name: "senc with offsets of 64 bits", vectors: senc, options: { isLong: true } },
  {
    name: "senc with a saio that is longer than its offsets",
    vectors: senc,
    options: { tail: pattern(6) },
  },
];
for (const { name, vectors, options } of protectedCases) {
  for (const base of [0, 777]) {
    auxiliaryTest(`keeps ${name} and what points at it, base ${base}`, () => {
      const payload = pattern(100);
      const bytes = protectedMoof(vectors, { ...options, base });
      const place = {
        moofOffset: MOOF_OFFSET,
        payloadOffset: MOOF_OFFSET + bytes.length + 8,
        payloadSize: 100,
        runSizes: [100],
      };
      const edits = base
        ? [{ place }, { place, tfxd: TIMES, dropTfrf: true }]
        : [{}, { tfxd: TIMES }, { dropTfrf: true }, { place, tfxd: TIMES, dropTfrf: true }];
      for (const edit of edits) {
        const out = rewrite(bytes, edit);
        checkSizes(out);
        sameBytes(concat(...runBytes(out, payload)), payload);
        assert.ok(toHex(out).includes(toHex(vectors)));
        assert.ok(toHex(out).includes(toHex(saiz)));
        const [saio] = readMoof(out, 0).saios;
        const [first, second] = saio!.value.offsets.map(Number);
        const fragment = concat(out, mdat(payload));
        sameBytes(fragment.subarray(first, first! + IVS.length), IVS);
        sameBytes(fragment.subarray(second, second! + 10), payload.subarray(5, 15));
        if (options.tail) {
          sameBytes(out.slice(saio!.box.end - 6, saio!.box.end), options.tail);
        }
      }
    });
  }
}

auxiliaryTest("keeps the type in front of the offsets", () => {
  const saio = writeSaio({ auxInfoType: [0x63656e63, 0], offsets: [20n] });
  const out = rewrite(makeMoof({ boxes: [saio] }), { tfxd: TIMES });
  const { box } = readMoof(out, 0).saios[0]!;
  assert.equal(readSaio(viewOf(out.subarray(box.start, box.end))), {
    auxInfoType: [0x63656e63, 0],
    offsets: [20n],
  });
});

const vectorTest = suite("rewriteMoof, real fragments");

if (hasVectors) {
  vectorTest("mends the data offset that a server left stale (dash.js)", async () => {
    const file = await readVector("dashjs/mss_moof.mp4");
    const [box, payloadBox] = childBoxes(file, 0, file.length, "", 0);
    const bytes = file.subarray(box!.start, box!.end);
    const moof = readMoof(bytes, 0);
    assert.is(moof.truns[0]!.value.dataOffset, 936);
    assert.equal(moof.tfxd?.value, { time: 1_236_046_960_307_666n, duration: 20_000_000n });
    const payload = file.subarray(payloadBox!.bodyStart, payloadBox!.end);
    const place = {
      moofOffset: 0,
      payloadOffset: payloadBox!.bodyStart,
      payloadSize: payload.length,
      runSizes: sampleTotals(bytes, moof, undefined).runSizes,
    };
    assert.not(isStreamable(bytes, moof, place));
    const out = rewrite(bytes, { place, tfxd: TIMES, dropTfrf: true });
    assert.is(out.length, bytes.length - 61);
    assert.is(readMoof(out, 0).truns[0]!.value.dataOffset, out.length + 8);
    sameBytes(concat(...runBytes(out, payload)), payload);
  });
}

const folders = [
  ...["5000000", "1100000", "300000"].flatMap((rate) =>
    ["0", "740000000"].map((time) => `rx-player/${rate}-Fragments(video=${time}).mp4`)
  ),
  "rx-player/Fragments(audio_und=0).mp4",
  "livesim2-cmaf/audio/896605655.cmfa",
  "livesim2-cmaf/scte/896605655.cmfm",
];
for (const name of hasVectors ? folders : []) {
  vectorTest(`gives ${name} a tfxd and keeps everything else`, async () => {
    const file = await readVector(name);
    const boxes = [...childBoxes(file, 0, file.length, "", 0)];
    const moofBox = boxes.find(({ type }) => type === "moof")!;
    const mdatBox = boxes.find(({ type }) => type === "mdat")!;
    const bytes = file.subarray(moofBox.start, moofBox.end);
    const payload = file.subarray(mdatBox.bodyStart, mdatBox.end);
    const before = walkBoxes(bytes).map(({ path }) => path);
    const out = rewrite(bytes, { tfxd: TIMES });
    assert.equal(walkBoxes(out).map(({ path }) => path), [...before, "moof/traf/uuid"]);
    assert.is(readMoof(out, 0).tfxd!.box.userType, TFXD);
    const size = readMoof(bytes, 0).tfhd.value.defaultSampleSize ?? 0;
    assert.equal(
      runBytes(out, payload, size).map((run) => run.length),
      runBytes(bytes, payload, size).map((run) => run.length),
    );
    sameBytes(concat(...runBytes(out, payload, size)), concat(...runBytes(bytes, payload, size)));
  });
}

readTest.run();
totalsTest.run();
test.run();
auxiliaryTest.run();
vectorTest.run();
