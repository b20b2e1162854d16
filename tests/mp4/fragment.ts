import { suite } from "uvu";
import * as assert from "uvu/assert";
import { Mp4SyntaxError } from "../../lib/errors.ts";
import { concat } from "../../lib/mp4/box.ts";
import {
  checkOpenEnd,
  knownDuration,
  readFragment,
  streamableMoof,
} from "../../lib/mp4/fragment.ts";
import { readMoof } from "../../lib/mp4/moof.ts";
import { readMoov } from "../../lib/mp4/moov.ts";
import { makeEdts, makeMoof, makeMoov, type MoofFields, startOf } from "../helpers/boxes.ts";

const { tracks } = readMoov(
  makeMoov({
    tracks: [
      { trackId: 1, timescale: 48_000, boxes: [makeEdts([{ duration: 0n, mediaTime: 1024n }])] },
      { trackId: 2 },
    ],
  }),
  0,
);

const readTest = suite("readFragment");

const place = (bytes: Uint8Array, payloadSize = 100) => ({
  moofOffset: 700,
  payloadOffset: 700 + bytes.length + 8,
  payloadSize,
});

const facts: readonly {
  readonly name: string;
  readonly fields: MoofFields;
  readonly expected: { duration: bigint; decodeTime: bigint | undefined; samplesSize: number };
}[] = [
  {
    name: "samples alone",
    fields: {},
    expected: { duration: 20_000_000n, decodeTime: undefined, samplesSize: 100 },
  },
  {
    name: "a tfdt, moved by the edit list",
    fields: { tfdt: [{ baseMediaDecodeTime: 5000n }] },
    expected: { duration: 20_000_000n, decodeTime: 3976n, samplesSize: 100 },
  },
  {
    name: "a tfxd, whose duration counts less than that of the samples",
    fields: { tfxd: { time: 1n, duration: 2n } },
    expected: { duration: 20_000_000n, decodeTime: undefined, samplesSize: 100 },
  },
  {
    name: "samples without a duration",
    fields: { sampleDuration: 0, tfxd: { time: 1n, duration: 2n } },
    expected: { duration: 2n, decodeTime: undefined, samplesSize: 100 },
  },
  {
    name: "samples without a duration, and a tfxd that does not know it either",
    fields: { sampleDuration: 0, tfxd: { time: 1n, duration: 2n ** 64n - 1n } },
    expected: { duration: 0n, decodeTime: undefined, samplesSize: 100 },
  },
  {
    name: "nothing of any duration",
    fields: { sampleDuration: 0 },
    expected: { duration: 0n, decodeTime: undefined, samplesSize: 100 },
  },
];
for (const { name, fields, expected } of facts) {
  readTest(`reads ${name}`, () => {
    const bytes = makeMoof(fields);
    const { duration, decodeTime, samplesSize, track, sampleCount } = readFragment(
      bytes,
      place(bytes),
      tracks,
    );
    assert.equal({ duration, decodeTime, samplesSize }, expected);
    assert.is(sampleCount, 2);
    assert.is(track.timescale, 48_000);
  });
}

const longest = 2 ** 32 - 1;
const damaged = [
  {
    name: "a track that moov does not have",
    bytes: makeMoof({ trackId: 3 }),
    box: "moof/traf/tfhd",
    message:
      'Cannot read box "moof/traf/tfhd" as its track_ID must be one of "moov" (1, 2): current value is 3',
  },
  {
    name: "samples that are longer than the payload",
    bytes: makeMoof({ sizes: [60, 41] }),
    box: "moof/traf/trun",
    message:
      'Cannot read box "moof/traf/trun" as its samples must fit into the 100 bytes of "mdat": current value is 101 bytes',
  },
  {
    name: "a count of samples that only their default size tells to be wrong",
    bytes: makeMoof({
      tfhd: { defaultSampleSize: 1 },
      truns: [{ version: 0, samples: Array.from({ length: 101 }, () => ({})) }],
    }),
    box: "moof/traf/trun",
    message:
      'Cannot read box "moof/traf/trun" as its samples must fit into the 100 bytes of "mdat": current value is 101 bytes',
  },
  {
    name: "samples that last for ever",
    bytes: makeMoof({
      tfhd: { defaultSampleDuration: longest },
      truns: [{ version: 0, samples: Array.from({ length: 2 ** 21 + 1 }, () => ({})) }],
    }),
    box: "moof/traf",
    message:
      `Cannot read box "moof/traf" as its samples must last less than 2^53 ticks: current value is ${
        (2 ** 21 + 1) * longest
      }`,
  },
];
for (const { name, bytes, box, message } of damaged) {
  readTest(`says where it has ${name}`, () => {
    assert.throws(
      () => readFragment(bytes, place(bytes), tracks),
      (error: unknown) => {
        assert.instance(error, Mp4SyntaxError);
        const { message: text, offset } = error as Mp4SyntaxError;
        assert.is(offset, 700 + startOf(bytes, box));
        assert.is(text, `${message}: the box starts at byte ${offset}`);
        return true;
      },
    );
  });
}

readTest("takes the defaults of moov for samples that say nothing", () => {
  const track = { ...tracks[0]!, defaults: { duration: 7, size: 9 } };
  const bytes = makeMoof({ truns: [{ version: 0, samples: [{}, {}] }] });
  const { duration, samplesSize } = readFragment(bytes, place(bytes), [track]);
  assert.equal([duration, samplesSize], [14n, 18]);
});

const durationTest = suite("knownDuration");

const durations = [
  { duration: undefined, known: 0n },
  { duration: 0n, known: 0n },
  { duration: 2n ** 53n - 1n, known: 2n ** 53n - 1n },
  { duration: 2n ** 63n, known: 0n },
  { duration: 2n ** 64n - 1n, known: 0n },
];
for (const { duration, known } of durations) {
  durationTest(`takes ${duration} for ${known}`, () => {
    const tfxd = duration === undefined ? undefined : { time: 0n, duration };
    assert.is(knownDuration(tfxd), known);
  });
}

const streamTest = suite("streamableMoof");

streamTest("leaves a box that stands in its file as in a stream", () => {
  const bytes = makeMoof();
  const at = place(bytes);
  assert.is(streamableMoof(bytes, readFragment(bytes, at, tracks), at), bytes);
});

streamTest("makes a box fit whose payload lies elsewhere", () => {
  const bytes = makeMoof();
  const at = { ...place(bytes), payloadOffset: 5 };
  const out = streamableMoof(bytes, readFragment(bytes, at, tracks), at);
  assert.is(readMoof(out, 0).truns[0]!.value.dataOffset, out.length + 8);
});

const endTest = suite("checkOpenEnd");

endTest("lets an mdat of size 0 pass that holds its samples and no more", () => {
  const bytes = makeMoof();
  checkOpenEnd(readFragment(bytes, place(bytes), tracks), place(bytes), 900);
});

endTest("says where the mdat is that holds more", () => {
  const bytes = concat(makeMoof());
  const at = place(bytes, 5000);
  assert.throws(
    () => checkOpenEnd(readFragment(bytes, at, tracks), at, 900),
    (error: unknown) =>
      error instanceof Mp4SyntaxError && error.offset === 900 &&
      error.message ===
        'Cannot read box "mdat" as only the last one may have size 0 and go on to the end of the file: current value is 5000 bytes for 100 bytes of samples: the box starts at byte 900',
  );
});

readTest.run();
durationTest.run();
streamTest.run();
endTest.run();
