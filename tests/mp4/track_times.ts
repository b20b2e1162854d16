import { suite } from "uvu";
import * as assert from "uvu/assert";
import { type FragmentFacts, readFragment } from "../../lib/mp4/fragment.ts";
import { readMoov } from "../../lib/mp4/moov.ts";
import { TrackTimes, type TrackTimesOptions } from "../../lib/mp4/track_times.ts";
import { makeMoof, makeMoov, type MoofFields } from "../helpers/boxes.ts";

const test = suite("TrackTimes");

const TIMESCALE = 1000;
const { tracks } = readMoov(makeMoov({ tracks: [{ timescale: TIMESCALE }] }), 0);

/** A fragment of two seconds. */
function facts(fields: MoofFields = {}): FragmentFacts {
  const bytes = makeMoof({ sampleDuration: 1000, ...fields });
  const place = { moofOffset: 0, payloadOffset: bytes.length + 8, payloadSize: 100 };
  return readFragment(bytes, place, tracks);
}

const listed = [0, 1, 2].map((n) => ({ start: BigInt(100 + 2000 * n), duration: 2000n }));
const tfra = new Map([[0, 70n], [500, 2070n]]);
const tfxd = { time: 10n, duration: 2000n };
const tfdt = [{ baseMediaDecodeTime: 40n }] as const;

const sources: readonly {
  readonly name: string;
  readonly fields: MoofFields;
  readonly options: TrackTimesOptions;
  readonly start: bigint;
  readonly source: string;
}[] = [
  {
    name: "the tfxd first",
    fields: { tfxd, tfdt: [...tfdt] },
    options: { manifest: listed, manifestTimescale: TIMESCALE, tfra },
    start: 10n,
    source: "tfxd",
  },
  {
    name: "then the tfdt",
    fields: { tfdt: [...tfdt] },
    options: { manifest: listed, manifestTimescale: TIMESCALE, tfra },
    start: 40n,
    source: "tfdt",
  },
  {
    name: "then the client manifest",
    fields: {},
    options: { manifest: listed, manifestTimescale: TIMESCALE, tfra },
    start: 100n,
    source: "manifest",
  },
  {
    name: "the client manifest in its own timescale",
    fields: {},
    options: { manifest: listed, manifestTimescale: 10_000, tfra },
    start: 10n,
    source: "manifest",
  },
  { name: "then the index of the file", fields: {}, options: { tfra }, start: 70n, source: "tfra" },
  { name: "nothing: it counts from 0", fields: {}, options: {}, start: 0n, source: "sum" },
  {
    name: "a time before 0",
    fields: { tfxd: { time: -213n, duration: 2000n } },
    options: {},
    start: -213n,
    source: "tfxd",
  },
];
for (const { name, fields, options, start, source } of sources) {
  test(`takes the start from ${name}`, () => {
    const times = new TrackTimes(options).next(facts(fields), 0);
    assert.equal(times, { index: 0, start, duration: 2000n, source });
  });
}

test("adds up durations where nothing else is known", () => {
  const times = new TrackTimes();
  const durations = [1000, 500, 333];
  const starts = durations.map((sampleDuration) => times.next(facts({ sampleDuration }), 0).start);
  assert.equal(starts, [0n, 2000n, 3000n]);
});

test("goes on from the last fragment that had a time", () => {
  const times = new TrackTimes();
  times.next(facts({ tfxd: { time: 5000n, duration: 2000n } }), 0);
  assert.is(times.next(facts(), 0).start, 7000n);
});

test("falls back fragment by fragment past the end of the manifest and of the index", () => {
  const times = new TrackTimes({
    manifest: listed.slice(0, 1),
    manifestTimescale: TIMESCALE,
    tfra,
  });
  assert.equal(
    [0, 500, 900].map((offset) => times.next(facts(), offset)).map(({ start, source }) => [
      start,
      source,
    ]),
    [[100n, "manifest"], [2070n, "tfra"], [4070n, "sum"]],
  );
});

test("takes the duration from the manifest where the samples have none", () => {
  const times = new TrackTimes({ manifest: listed, manifestTimescale: 500 });
  assert.is(times.next(facts({ sampleDuration: 0 }), 0).duration, 4000n);
});

test("tells the times of a fragment without moving on", () => {
  const times = new TrackTimes({ manifest: listed, manifestTimescale: TIMESCALE });
  assert.is(times.at(facts(), 0, 2).start, 4100n);
  assert.is(times.next(facts(), 0).start, 100n);
});

const warnings: readonly {
  readonly name: string;
  readonly starts: readonly bigint[];
  readonly options?: TrackTimesOptions;
  readonly expected: readonly string[];
}[] = [
  {
    name: "one behind the other",
    starts: [0n, 2000n, 4000n],
    options: { manifest: listed, manifestTimescale: TIMESCALE },
    expected: [],
  },
  { name: "a hole", starts: [0n, 2000n, 9000n], expected: [] },
  { name: "an overlap by rounding", starts: [0n, 1999n, 3999n], expected: [] },
  {
    name: "a fragment that comes again, told once",
    starts: [0n, 2000n, 2000n, 2000n],
    expected: ["track 1: fragment 2 starts before the end of the one in front of it"],
  },
  {
    name: "a start far before the end of the one in front",
    starts: [0n, 500n],
    expected: ["track 1: fragment 1 starts before the end of the one in front of it"],
  },
  {
    name: "starts that the manifest does not share, told once",
    starts: [5000n, 7000n],
    options: { manifest: listed, manifestTimescale: TIMESCALE },
    expected: [
      "track 1: fragment 0 starts at 5000 by its tfxd, at 100 by the client manifest; the former counts",
    ],
  },
];
for (const { name, starts, options, expected } of warnings) {
  test(`warns as it should: ${name}`, () => {
    const told: string[] = [];
    const times = new TrackTimes({ ...options, onWarning: (message) => told.push(message) });
    for (const time of starts) times.next(facts({ tfxd: { time, duration: 2000n } }), 0);
    assert.equal(told, expected);
  });
}

test.run();
