import { suite } from "uvu";
import * as assert from "uvu/assert";
import type { Fragment, StreamPart } from "../../lib/part.ts";
import { toHex, viewOf } from "../../lib/mp4/box.ts";
import { readMoof } from "../../lib/mp4/moof.ts";
import { readTrun } from "../../lib/mp4/trun.ts";
import { writeTfrf } from "../../lib/mp4/tfrf.ts";
import { TFRF, TFXD } from "../../lib/mp4/uuid.ts";
import { readableFrom } from "../../lib/readable.ts";
import { RebaseStream } from "../../lib/stages/rebase_stream.ts";
import {
  add,
  compare,
  fromSeconds,
  fromTicks,
  type Rational,
  subtract,
  type Timeline,
  timelineOffset,
  toTicks,
  ZERO,
} from "../../lib/time.ts";
import { makeMoof, type MoofFields, walkBoxes } from "../helpers/boxes.ts";
import {
  bytesOf,
  collect,
  end,
  fragment,
  type FragmentFields,
  fragmentsOf,
  header,
  TestPayload,
  through,
} from "../helpers/parts.ts";
import { parseParts } from "../helpers/pieces.ts";
import { Random } from "../helpers/random.ts";
import { readSample, SAMPLE_FILES } from "../helpers/sample.ts";
import { sameBytes } from "../helpers/same_bytes.ts";
import { hasVectors, readVector } from "../helpers/vectors.ts";

const test = suite("RebaseStream");

const PERIOD = fromSeconds(20);
const PLAIN: Timeline = { origin: ZERO, base: ZERO, period: PERIOD };

async function rebased(part: Fragment, timeline: Timeline = PLAIN): Promise<Fragment> {
  const [out] = fragmentsOf(await through([part], new RebaseStream({ timeline })));
  return out!;
}

const times: readonly {
  readonly name: string;
  readonly timeline?: Partial<Timeline>;
  readonly fields: FragmentFields;
  readonly time: bigint;
}[] = [
  { name: "leaves it where all begins at 0", fields: { decodeTime: 5n }, time: 5n },
  {
    name: "adds the base",
    timeline: { base: fromSeconds(3) },
    fields: { decodeTime: 5n },
    time: 30_000_005n,
  },
  {
    name: "takes the origin away",
    timeline: { origin: fromTicks(-213_333n, 10_000_000) },
    fields: { decodeTime: -213_333n },
    time: 0n,
  },
  {
    name: "takes the origin away in another timescale, rounded down",
    timeline: { origin: fromTicks(-1024n, 44_100) },
    fields: { decodeTime: 0n, timescale: 90_000 },
    time: 2090n,
  },
  { name: "adds the passes before", fields: { decodeTime: 5n, pass: 3 }, time: 600_000_005n },
  {
    name: "takes the time of the day to the tick",
    timeline: { base: fromTicks(17_040_672_001_234_567n, 10_000_000) },
    fields: { decodeTime: 1n, pass: 1 },
    time: 17_040_672_001_234_567n + 200_000_001n,
  },
];
for (const { name, timeline, fields, time } of times) {
  test(`moves a time: ${name}`, async () => {
    const out = await rebased(fragment(fields), { ...PLAIN, ...timeline });
    assert.is(out.decodeTime, time);
    assert.is(readMoof(out.moof, 0).tfxd?.value.time, time);
  });
}

const moofs: readonly {
  readonly name: string;
  readonly moof: MoofFields;
  readonly decodeTime?: bigint;
  readonly duration: bigint;
  readonly tfdt?: bigint;
}[] = [
  { name: "samples alone", moof: {}, duration: 20_000_000n },
  {
    name: "a tfxd, whose duration stays",
    moof: { tfxd: { time: 99n, duration: 77n } },
    duration: 77n,
  },
  {
    name: "a tfxd without a duration",
    moof: { tfxd: { time: 99n, duration: 0n } },
    duration: 20_000_000n,
  },
  {
    name: "a tfxd that does not know its duration",
    moof: { tfxd: { time: 99n, duration: 2n ** 64n - 1n } },
    duration: 20_000_000n,
  },
  {
    name: "a tfdt, which is the time",
    moof: { tfdt: [{ baseMediaDecodeTime: 1000n }] },
    decodeTime: 1000n,
    duration: 20_000_000n,
    tfdt: 200_001_000n,
  },
  {
    name: "a tfdt and an edit list in moov, which is folded in",
    moof: { tfdt: [{ baseMediaDecodeTime: 1000n }, 0] },
    decodeTime: 300n,
    duration: 20_000_000n,
    tfdt: 200_000_300n,
  },
  {
    name: "a tfdt beside a tfxd: both move by the same",
    moof: { tfdt: [{ baseMediaDecodeTime: 1000n }, 0], tfxd: { time: 5000n, duration: 7n } },
    decodeTime: 5000n,
    duration: 7n,
    tfdt: 200_001_000n,
  },
  {
    name: "a tfrf",
    moof: { boxes: [writeTfrf([{ time: 1n, duration: 1n }])] },
    duration: 20_000_000n,
  },
];
for (const { name, moof: fields, decodeTime = 0n, duration, tfdt } of moofs) {
  test(`rewrites a moof that has ${name}`, async () => {
    const part = fragment({ decodeTime, pass: 1, sequence: 17, moof: fields });
    const before = part.moof.slice();
    const out = await rebased(part);
    const moof = readMoof(out.moof, 0);
    assert.equal(moof.tfxd?.value, { time: decodeTime + 200_000_000n, duration });
    assert.is(moof.tfxd!.box.userType, TFXD);
    assert.is(out.moof[moof.tfxd!.box.bodyStart], 1, "version");
    assert.is(moof.mfhd.value.sequenceNumber, 17);
    assert.is(moof.tfdt?.value.baseMediaDecodeTime, tfdt);
    assert.is(moof.tfrfs.length, 0);
    assert.is(moof.otherTfxds.length, 0);
    assert.is(moof.truns[0]!.value.dataOffset, out.moof.length + 8);
    assert.is(out.payload, part.payload);
    assert.is(out.duration, part.duration);
    sameBytes(part.moof, before, "the part that came in");
  });
}

test("lets headers and ends pass as they are, and reads no payload", async () => {
  const payload = new TestPayload(new Uint8Array(100));
  const parts = [header(), fragment({ payload }), end(new Error("cut"))];
  const out = await through(parts, new RebaseStream({ timeline: PLAIN }));
  assert.is(out[0], parts[0]);
  assert.is(out[2], parts[2]);
  assert.is(payload.begun, 0);
});

test("fails over a moof that is none", async () => {
  const part = fragment({ moof: makeMoof().subarray(0, 30) });
  const source = readableFrom<StreamPart>([part]);
  try {
    await collect(source.pipeThrough(new RebaseStream({ timeline: PLAIN })));
  } catch (error) {
    assert.match((error as Error).message, /^Cannot read a box in "moof"/);
    return;
  }
  assert.unreachable();
});

const realTest = suite("RebaseStream, real files");

/** What must hold for each fragment of a live stream, beside its times. */
async function checkLive(before: Fragment, after: Fragment, sequence: number): Promise<void> {
  const boxes = walkBoxes(after.moof).map(({ path }) => path);
  const old = readMoof(before.moof, 0);
  const moof = readMoof(after.moof, 0);
  const extra = boxes.length - walkBoxes(before.moof).length;
  assert.is(extra, (old.tfxd ? 0 : 1) - old.tfrfs.length);
  assert.not(toHex(after.moof).includes(TFRF));
  assert.is(toHex(after.moof).split(TFXD).length, 2, "one tfxd");
  if (!old.tfxd) assert.is(boxes.at(-1), "moof/traf/uuid");
  assert.is(moof.mfhd.value.sequenceNumber, sequence);
  assert.is(moof.tfxd?.value.time, after.decodeTime);
  assert.is(moof.truns[0]!.value.dataOffset, after.moof.length + 8);
  for (const [n, { box }] of moof.truns.entries()) {
    const run = (bytes: Uint8Array, at: { start: number; end: number }) =>
      readTrun(viewOf(bytes.subarray(at.start, at.end))).samples;
    assert.equal(run(after.moof, box), run(before.moof, old.truns[n]!.box));
  }
  sameBytes(await bytesOf(after.payload), await bytesOf(before.payload));
}

function testFile(name: string, read: (name: string) => Promise<Uint8Array>): void {
  realTest(`makes a live stream of ${name}, three passes long`, async () => {
    const parts = fragmentsOf(parseParts(await read(name)));
    const passes = [0, 1, 2].flatMap((pass) =>
      parts.map((part) => ({ ...part, pass, sequence: pass * parts.length + part.sequence }))
    );
    const [first] = parts;
    const last = parts.at(-1)!;
    const origin = fromTicks(first!.decodeTime, first!.timescale);
    const period = subtract(fromTicks(last.decodeTime + last.duration, last.timescale), origin);
    const base = fromSeconds(1_704_067_200);
    const stage = new RebaseStream({ timeline: { origin, base, period } });
    const out = fragmentsOf(await through(passes, stage));
    assert.is(out.length, passes.length);
    for (const [n, part] of out.entries()) await checkLive(passes[n]!, part, n + 1);
    assert.is(out[0]!.decodeTime, 1_704_067_200n * BigInt(first!.timescale));
  });
}
for (const name of SAMPLE_FILES.slice(1)) testFile(name, readSample);
const vectors = [
  "astool/Audio_0_org.isma",
  "ffmpeg-bframes/bf.ismv",
  "ffmpeg-livearchive/arch_v.ismv",
  "ffmpeg-livearchive/arch_a.isma",
  "mp4ff/bbb5s_aac.isma",
  "mp4ff/sample_short.ismt",
  "usp-ingest/scte35.ismv",
];
if (hasVectors) { for (const name of vectors) testFile(name, readVector); }

const loopTest = suite("RebaseStream, loops");

const loops = [
  { name: "90 kHz", timescale: 90_000, duration: 180_000n },
  { name: "44.1 kHz", timescale: 44_100, duration: 88_064n },
  { name: "29.97 frames a second", timescale: 30_000, duration: 60_060n },
];
for (const { name, timescale, duration } of loops) {
  loopTest(`does not drift by a tick over 100,000 passes at ${name}`, () => {
    const perPass = 10n * duration;
    const timeline = { origin: ZERO, base: ZERO, period: fromTicks(perPass, timescale) };
    for (let pass = 0; pass <= 100_000; pass++) {
      const offset = timelineOffset(timeline, pass, timescale);
      if (offset !== BigInt(pass) * perPass) assert.is(offset, BigInt(pass) * perPass);
    }
  });

  loopTest(`writes the times of the last of 100,000 passes at ${name}`, async () => {
    const perPass = 10n * duration;
    const timeline = { origin: ZERO, base: ZERO, period: fromTicks(perPass, timescale) };
    const parts = [99_998, 99_999].flatMap((pass) =>
      Array.from(
        { length: 10 },
        (_, index) =>
          fragment({ index, pass, timescale, duration, sequence: 10 * pass + index + 1 }),
      )
    );
    const out = fragmentsOf(await through(parts, new RebaseStream({ timeline })));
    out.forEach(({ decodeTime, moof }, n) => {
      const expected = 99_998n * perPass + BigInt(n) * duration;
      assert.is(decodeTime, expected);
      assert.is(readMoof(moof, 0).tfxd?.value.time, expected);
      assert.is(readMoof(moof, 0).mfhd.value.sequenceNumber, 999_980 + n + 1);
    });
  });
}

interface TestTrack {
  readonly timescale: number;
  readonly starts: readonly bigint[];
  readonly end: bigint;
}

const startOfTrack = ({ starts, timescale }: TestTrack) => fromTicks(starts[0]!, timescale);
const endOfTrack = ({ end, timescale }: TestTrack) => fromTicks(end, timescale);
const earliest = (a: Rational, b: Rational) => compare(a, b) <= 0 ? a : b;
const latest = (a: Rational, b: Rational) => compare(a, b) >= 0 ? a : b;

function randomTrack(random: Random): TestTrack {
  const timescale = random.pick([90_000, 44_100, 48_000, 10_000_000, 30_000, 1000, 1]);
  let time = BigInt(random.between(-timescale, 3 * timescale));
  const starts: bigint[] = [];
  for (let n = random.between(1, 5); n > 0; n--) {
    starts.push(time);
    time += BigInt(random.between(1, 4 * timescale));
  }
  return { timescale, starts, end: time };
}

loopTest("leaves no overlap at the seam, and no hole but that of a shorter track", () => {
  const random = new Random(20_240_101);
  for (let round = 0; round < 300; round++) {
    const tracks = Array.from({ length: random.between(1, 4) }, () => randomTrack(random));
    const origin = tracks.map(startOfTrack).reduce(earliest);
    const period = subtract(tracks.map(endOfTrack).reduce(latest), origin);
    const base = fromTicks(BigInt(random.below(2 ** 31)), random.pick([1, 3, 1000, 44_100]));
    const timeline = { origin, base, period };
    for (const track of tracks) {
      const { timescale, starts, end } = track;
      const pass = random.below(100_000);
      const offset = timelineOffset(timeline, pass, timescale);
      const next = timelineOffset(timeline, pass + 1, timescale);
      const hole = starts[0]! + next - (end + offset);
      const shorter = subtract(add(origin, period), endOfTrack(track));
      const later = subtract(startOfTrack(track), origin);
      const expected = toTicks(add(shorter, later), timescale);
      assert.ok(hole >= 0n, `round ${round}: fragments overlap by ${-hole}`);
      assert.ok(hole - expected >= 0n && hole - expected <= 1n, `round ${round}: ${hole}`);
      assert.ok(starts[0]! + offset >= toTicks(base, timescale), "nothing comes before the base");
    }
  }
});

test.run();
realTest.run();
loopTest.run();
