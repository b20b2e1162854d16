import type { ExpectedPresentation, ExpectedStream } from "./helpers/presentations.ts";
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import * as assert from "uvu/assert";
import { readBody } from "../helpers/wire.ts";
import { SAMPLE, writeBodies } from "./helpers/command_line.ts";
import { decode, type Decoded, demux, type Packet, readPackets } from "./helpers/ffmpeg.ts";
import { presentations } from "./helpers/presentations.ts";
import { suiteWith } from "./helpers/suite_with.ts";
import { makeTempFolder } from "./helpers/temp_folder.ts";
import { timedPackets } from "./helpers/timed_packets.ts";

const TICKS_PER_SECOND = 10_000_000;

const test = suiteWith(["ffmpeg", "ffprobe"], "ffmpeg reads bodies");

/** The sources of a presentation, as ffmpeg reads them. */
interface Sources {
  readonly packets: ReadonlyMap<ExpectedStream, Packet[]>;
  /** Earliest start of a track that is not sparse. */
  readonly origin: bigint;
  /** From the origin to the last end of such a track. */
  readonly period: bigint;
}

const continuous = ({ streams }: ExpectedPresentation) =>
  streams.filter((stream) => stream.kind !== "sparse");

/** How long a track is: to where its last `tfxd` box says that it ends, or by the durations of all samples. */
async function trackLength({ file, index }: ExpectedStream, packets: Packet[]): Promise<bigint> {
  const { fragments } = readBody(new Uint8Array(await readFile(file)));
  const trackIds = [...new Set(fragments.map(({ trackId }) => trackId))].sort();
  const own = fragments.filter(({ trackId }) => trackId === trackIds[index]);
  const [first, last] = [own[0]!.tfxds[0], own.at(-1)!.tfxds[0]];
  if (first && last) return last.time + last.duration - first.time;
  const durations = own.map(({ sampleDuration }) => sampleDuration);
  if (!durations.includes(undefined)) return durations.reduce((sum: bigint, it) => sum + it!, 0n);
  const [start, before, end] = [0, -2, -1].map((n) => packets.at(n)!.dts) as [
    bigint,
    bigint,
    bigint,
  ];
  return end + (end - before) - start;
}

async function readSources(presentation: ExpectedPresentation): Promise<Sources> {
  const packets = new Map<ExpectedStream, Packet[]>();
  let origin: bigint | undefined;
  let end = 0n;
  for (const stream of continuous(presentation)) {
    const own = await readPackets(stream.file, stream.index);
    packets.set(stream, own);
    const { dts } = own[0]!;
    if (origin === undefined || dts < origin) origin = dts;
    const ownEnd = dts + await trackLength(stream, own);
    if (ownEnd > end) end = ownEnd;
  }
  return { packets, origin: origin!, period: end - origin! };
}

const describe = ({ pts, dts, size }: Packet) => `dts ${dts}, pts ${pts}, ${size} bytes`;

/** What the packets of a stream must be: those of the source, again in each pass, a period later. */
function expectedPackets(
  source: readonly Packet[],
  { origin, period }: Sources,
  passes: number,
): string[] {
  return Array.from({ length: passes }, (_, pass) => {
    const shift = BigInt(pass) * period - origin;
    return source.map((it) => describe({ ...it, pts: it.pts + shift, dts: it.dts + shift }));
  }).flat();
}

/** Says where two lists begin to differ: a diff of thousands of lines helps nobody. */
function sameLists(actual: readonly string[], expected: readonly string[], what: string): void {
  const at = expected.findIndex((line, n) => actual[n] !== line);
  if (at >= 0) assert.is(actual[at], expected[at], `${what}: number ${at}`);
  assert.is(actual.length, expected.length, `${what}: count`);
}

const decodedSources = new Map<string, Promise<Decoded>>();

/** Several presentations share a file. */
function decodeSource(file: string, index: number): Promise<Decoded> {
  const key = `${file} ${index}`;
  const decoded = decodedSources.get(key) ?? decode(file, index);
  decodedSources.set(key, decoded);
  return decoded;
}

async function checkFrames(body: string, { kind, file, index }: ExpectedStream, passes: number) {
  const source = await decodeSource(file, index);
  const { frames, complaints } = await decode(body);
  assert.is(complaints, "", body);
  assert.is(frames.length, source.frames.length * passes, `frames in ${body}`);
  // Sound overlaps from one frame to the next, so that the first of a pass sounds different.
  if (kind === "audio") return;
  sameLists(frames, Array(passes).fill(source.frames).flat(), `picture of ${body}`);
}

function expectedStarts(starts: readonly number[], period: bigint, passes: number): string[] {
  return Array.from(
    { length: passes },
    (_, pass) =>
      starts.map((seconds) => String(BigInt(seconds * TICKS_PER_SECOND) + BigInt(pass) * period)),
  )
    .flat();
}

/**
 * The period that the first stream was sent with. A file can say the length of its last fragment in two ways that differ
 * by a tick: in a `tfxd` box, and by its samples.
 */
async function sentPeriod(body: string, length: number, period: bigint): Promise<bigint> {
  const packets = await timedPackets(body);
  const second = packets[length];
  if (!second) return period;
  const sent = second.dts - packets[0]!.dts;
  assert.ok(sent >= period - 1n && sent <= period + 1n, `period ${sent}, not ${period}`);
  return sent;
}

for (const presentation of presentations) {
  for (const passes of [1, 3]) {
    test(`${presentation.name}, ${passes === 1 ? "once" : `${passes} loops`}`, async () => {
      const folder = makeTempFolder();
      await writeBodies(folder, presentation.path, `--loop=${passes}`);
      const found = await readSources(presentation);
      const [first] = found.packets.values();
      const firstBody = join(folder, "9-stream0.ismv");
      const period = await sentPeriod(firstBody, first!.length, found.period);
      const sources = { ...found, period };
      for (const [number, stream] of presentation.streams.entries()) {
        const body = join(folder, `9-stream${number}.ismv`);
        const packets = await timedPackets(body);
        if (stream.kind === "sparse") {
          const expected = expectedStarts(stream.starts, sources.period, passes);
          assert.equal(packets.map(({ dts }) => String(dts)), expected);
        } else {
          const expected = expectedPackets(sources.packets.get(stream)!, sources, passes);
          sameLists(packets.map(describe), expected, `packet of ${body}`);
        }
        if (stream.kind === "sparse" || !presentation.isDecodable) {
          assert.is(await demux(body), "", body);
        } else {
          await checkFrames(body, stream, passes);
        }
      }
    });
  }
}

const SAMPLE_STREAMS = [0, 1, 2, 3];

test("the base of --realtime", async () => {
  const folder = makeTempFolder();
  const base = 17_000_000_000_000_001n;
  await writeBodies(folder, SAMPLE, `--realtime=${base}`, "--loop=2");
  for (const number of SAMPLE_STREAMS) {
    const packets = await timedPackets(join(folder, `9-stream${number}.ismv`));
    assert.is(packets[0]!.dts, base);
    assert.is(packets[packets.length / 2]!.dts, base + 200_000_000n);
  }
  const captions = await timedPackets(join(folder, "9-stream4.ismv"));
  const times = captions.map(({ dts }) => Number(dts - base) / TICKS_PER_SECOND);
  assert.equal(times, [2, 7.5, 14, 22, 27.5, 34]);
});

test("the hole that --skip leaves", async () => {
  const folder = makeTempFolder();
  await writeBodies(folder, SAMPLE, "--skip=3,4");
  const packets = await timedPackets(join(folder, "9-stream0.ismv"));
  assert.is(packets.length, 400);
  assert.is(packets[149]!.dts, 59_600_000n);
  assert.is(packets[150]!.dts, 100_000_000n);
  const { frames, complaints } = await decode(join(folder, "9-stream0.ismv"));
  assert.is(complaints, "");
  assert.is(frames.length, 400);
});

test("all tracks of a file in one body, of --group=file", async () => {
  const folder = makeTempFolder();
  await writeBodies(folder, SAMPLE, "--group=file");
  const body = join(folder, "9-stream0.ismv");
  assert.is(await demux(body), "");
  for (const [index, count] of [500, 938].entries()) {
    const { frames, complaints } = await decode(body, index);
    assert.is(complaints, "");
    assert.is(frames.length, count);
  }
});

test.run();
