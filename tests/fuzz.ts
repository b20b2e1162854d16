/**
 * Feeds damaged files to what reads them. Each round has a seed of its own that a failure tells; `FUZZ_FACTOR=100` runs a
 * hundred times as many rounds, `FUZZ_SEED=1000000` begins with other ones.
 */
import process from "node:process";
import { suite } from "uvu";
import * as assert from "uvu/assert";
import type { Fragment, StreamPart } from "../lib/part.ts";
import { InputError, ManifestSyntaxError, Mp4SyntaxError } from "../lib/errors.ts";
import { parseClientManifest } from "../lib/manifest/client_manifest.ts";
import {
  formatLiveServerManifest,
  parseLiveServerManifest,
} from "../lib/manifest/live_server_manifest.ts";
import { liveTrack } from "../lib/manifest/live_track.ts";
import { mediaTrack } from "../lib/manifest/media_facts.ts";
import { parseServerManifest } from "../lib/manifest/server_manifest.ts";
import { decodeXml } from "../lib/manifest/xml.ts";
import { childBoxes, fromHex, join, toHex, uint32, viewOf, writeFullBox } from "../lib/mp4/box.ts";
import { readSaiz, readSampleEncryption, writeSaio, writeSaiz } from "../lib/mp4/encryption.ts";
import { readMoof, rewriteMoof } from "../lib/mp4/moof.ts";
import { cutMoov, readMoov } from "../lib/mp4/moov.ts";
import { PartParser } from "../lib/mp4/part_parser.ts";
import { writeTfrf } from "../lib/mp4/tfrf.ts";
import { readTrun } from "../lib/mp4/trun.ts";
import { BufferLane } from "../lib/source/buffer_pool.ts";
import { MediaFile } from "../lib/source/media_file.ts";
import { PIFF_SAMPLE_ENCRYPTION, TFXD } from "../lib/mp4/uuid.ts";
import { makeEdts, makeFile, makeMoov, pattern, walkBoxes } from "./helpers/boxes.ts";
import { MemoryAccess, PromptAccess } from "./helpers/memory_access.ts";
import { mutateBoxes, mutateBytes, mutateText } from "./helpers/mutations.ts";
import { bytesOf, fragmentsOf } from "./helpers/parts.ts";
import { Random } from "./helpers/random.ts";
import { readSample } from "./helpers/sample.ts";

const FACTOR = Number(process.env["FUZZ_FACTOR"] ?? 1);
const FIRST_SEED = Number(process.env["FUZZ_SEED"] ?? 1);

/** Runs rounds and puts the seed to what goes wrong. */
async function rounds(count: number, round: (random: Random) => Promise<void> | void) {
  for (let seed = FIRST_SEED; seed < FIRST_SEED + count * FACTOR; seed++) {
    const start = performance.now();
    try {
      await round(new Random(seed));
    } catch (error) {
      throw new Error(`seed ${seed}: ${(error as Error).message}`, { cause: error });
    }
    const tookMs = performance.now() - start;
    assert.ok(tookMs < 5000, `seed ${seed} took ${tookMs} ms`);
  }
}

/** The head of a file and one of its fragments. */
function withOne(file: Uint8Array, nth: number): Uint8Array {
  const boxes = walkBoxes(file);
  const moofs = boxes.filter(({ path }) => path === "moof");
  const mdats = boxes.filter(({ path }) => path === "mdat");
  const head = file.subarray(0, moofs[0]!.start);
  return join([head, file.subarray(moofs[nth]!.start, mdats[nth]!.end)]);
}

/** The end of a file, from the first box of its index on. */
function indexOf(file: Uint8Array): Uint8Array {
  return file.slice(walkBoxes(file).find(({ path }) => path === "mfra")!.start);
}

/** A file with everything in it that a fragment can have. */
function richFile(): Uint8Array {
  const vectors = writeFullBox("senc", 0, 2, uint32(2), pattern(8), fromHex("0001 0005 00000009"));
  const fragments = [0, 1, 2].map((n) => ({
    trackId: 1 + n % 2,
    tfdt: [{ baseMediaDecodeTime: BigInt(n) * 10_000_000n }, n % 2 === 0 ? 0 : 1] as const,
    tfhd: { baseDataOffset: BigInt(n) * 500n, sampleDescriptionIndex: 1, defaultSampleFlags: 1 },
    tfxd: { time: BigInt(n) * 10_000_000n, duration: 20_000_000n },
    boxes: [
      writeSaiz({ sizes: [8, 16] }),
      writeSaio({ auxInfoType: [1, 2], offsets: [200n, 2n ** 33n] }),
      vectors,
      writeFullBox(PIFF_SAMPLE_ENCRYPTION, 0, 1, pattern(20), uint32(1), pattern(16)),
      writeTfrf([{ time: 5n, duration: 6n }]),
    ],
  }));
  const edts = makeEdts([{ duration: 5n, mediaTime: -1n }, { duration: 5n, mediaTime: 1024n }], 1);
  const moov = makeMoov({
    tracks: [{ boxes: [edts], version: 1 }, { trackId: 2, handler: "vide" }],
  });
  return makeFile({
    moov,
    fragments: fragments.map(({ tfdt, ...it }) => ({ ...it, tfdt: [...tfdt] })),
    mfra: { tracks: [{ trackId: 1, entries: [{ time: 0n, moofOffset: 500 }] }] },
  });
}

async function mediaFiles(): Promise<Uint8Array[]> {
  const [text, small, large] = await Promise.all(
    ["sample_text.ismt", "sample_110.ismv", "sample_560.ismv"].map(readSample),
  );
  return [
    text!,
    join([withOne(small!, 0), indexOf(small!)]),
    withOne(large!, 1),
    richFile(),
    makeFile(),
  ];
}

const LIMIT = 1_000_000;

function parse(bytes: Uint8Array, random: Random): StreamPart[] {
  const parser = new PartParser({ maxFragmentBytes: LIMIT });
  const parts: StreamPart[] = [];
  const largest = random.pick(bytes.length < 4000 ? [1, 10, 1000] : [100, 10_000, 100_000]);
  for (let at = 0; at < bytes.length;) {
    const size = random.between(0, largest);
    parts.push(...parser.push(bytes.slice(at, at + size)));
    at += size;
  }
  parts.push(...parser.end());
  return parts;
}

/** What must hold for every fragment that was taken: it can be made one of a live stream. */
function checkFragment({ moof: bytes, duration, payload, trackId }: Fragment): void {
  assert.ok(duration >= 0n && duration < 2n ** 63n);
  assert.ok(payload.size <= LIMIT);
  const moof = readMoof(bytes, 0);
  assert.is(moof.tfhd.value.trackId, trackId);
  assert.is(moof.tfhd.value.baseDataOffset, undefined);
  const out = rewriteMoof(bytes, moof, {
    sequenceNumber: 1,
    tfxd: { time: 2n ** 62n, duration },
    decodeTimeShift: 2n ** 62n,
    dropTfrf: true,
  });
  const live = readMoof(out, 0);
  assert.equal(live.tfxd?.value, { time: 2n ** 62n, duration });
  assert.is(toHex(out).split(`75756964${TFXD}`).length >= 2, true);
  assert.is(live.otherTfxds.length + live.tfrfs.length, 0);
  const dataOffsets = live.truns.flatMap(({ value }) => value.dataOffset ?? []);
  if (live.truns.length > 0) {
    const offset = Math.min(...dataOffsets) - out.length - 8;
    assert.ok(offset >= 0 && offset <= payload.size, `data offset ${offset} in ${payload.size}`);
  }
}

/** What may be read of a fragment beside: it fails in the one way that is told, or not at all. */
function readDetails(bytes: Uint8Array): void {
  const { traf } = readMoof(bytes, 0);
  for (const box of childBoxes(bytes, traf.bodyStart, traf.end, traf.path, 0)) {
    const view = viewOf(bytes.subarray(box.start, box.end));
    try {
      if (box.type === "trun") readTrun(view);
      if (box.type === "saiz") readSaiz(view);
      if (box.type === "senc" || box.type === "uuid") readSampleEncryption(view, 8);
    } catch (error) {
      assert.instance(error, RangeError);
    }
  }
}

function checkHeader(part: StreamPart): void {
  if (part.type !== "header") return;
  const moov = part.boxes.at(-1)!;
  const { tracks } = readMoov(moov, 0);
  formatLiveServerManifest(tracks.map((track) => mediaTrack(track)));
  const ids = tracks.slice(0, 1).map(({ trackId }) => trackId);
  const cut = readMoov(cutMoov(moov, ids), 0);
  assert.ok(cut.tracks.every(({ trackId }) => ids.includes(trackId)));
}

const boxTest = suite("fuzz, boxes");

boxTest("a damaged stream ends with what is wrong, and with nothing else", async () => {
  const files = await mediaFiles();
  await rounds(1500, (random) => {
    const bytes = mutateBoxes(random.pick(files), random);
    const parts = parse(bytes, random);
    const last = parts.at(-1)!;
    assert.is(last.type, "end");
    assert.is(parts.filter(({ type }) => type === "end").length, 1);
    if (last.type === "end" && last.error) assert.instance(last.error, Mp4SyntaxError);
    parts.forEach(checkHeader);
    for (const fragment of fragmentsOf(parts)) {
      checkFragment(fragment);
      readDetails(fragment.moof);
    }
    const size = fragmentsOf(parts).reduce((sum, { payload }) => sum + payload.size, 0);
    assert.ok(size <= bytes.length);
  });
});

boxTest("a damaged file gives out what is whole, and says what is not", async () => {
  const files = await mediaFiles();
  await rounds(700, async (random) => {
    const bytes = mutateBoxes(random.pick(files), random);
    const options = { windowBytes: random.pick([16, 64, 4096]), isLocal: random.below(2) === 0 };
    const access = new (random.pick([MemoryAccess, PromptAccess]))(bytes, options);
    try {
      const file = await MediaFile.open(access, { maxFragmentBytes: LIMIT });
      for (const { trackId } of file.tracks) await file.lastFragment(trackId);
      await file.complete();
      if (file.error) assert.instance(file.error, InputError);
      for (const { trackId, timescale } of file.tracks) {
        for (let n = 0; n < file.count(trackId); n++) {
          const row = (await file.fragment(trackId, n))!;
          const moof = await file.readMoof(row);
          const payload = file.payload(row, new BufferLane());
          const { start: decodeTime, duration, index } = row;
          checkFragment({
            type: "fragment",
            pass: 0,
            sequence: 1,
            ...{ trackId, timescale, decodeTime, duration, index, moof, payload },
          });
          assert.is((await bytesOf(payload)).length, row.payloadSize);
        }
      }
    } catch (error) {
      if (!(error instanceof InputError)) throw error;
    }
    const most = Math.max(...access.reads.map(({ size }) => size), 0);
    assert.ok(most <= Math.max(LIMIT, 64 * 2 ** 20), `a read of ${most} bytes`);
  });
});

boxTest("a file and a stream of the same bytes have the same fragments", async () => {
  const files = await mediaFiles();
  await rounds(500, async (random) => {
    const bytes = mutateBoxes(random.pick(files), random);
    const all = parse(bytes, random);
    const parts = fragmentsOf(all);
    const last = all.at(-1)!;
    // A payload in front of moov: whoever has the whole file can look further on.
    if (last.type === "end" && last.error?.message.includes("progressive")) return;
    let file: MediaFile;
    try {
      const access = new (random.pick([MemoryAccess, PromptAccess]))(bytes);
      file = await MediaFile.open(access, { maxFragmentBytes: LIMIT });
    } catch (error) {
      if (!(error instanceof InputError)) throw error;
      assert.is(parts.length, 0, error.message);
      return;
    }
    await file.complete();
    for (const trackId of new Set(file.tracks.map((it) => it.trackId))) {
      const own = parts.filter((it) => it.trackId === trackId);
      assert.is(file.count(trackId), own.length, `track ${trackId}: ${file.error?.message}`);
      for (const [n, part] of own.entries()) {
        const row = (await file.fragment(trackId, n))!;
        assert.is(toHex(await file.readMoof(row)), toHex(part.moof));
        assert.is(row.duration, part.duration);
      }
    }
  });
});

const manifestTest = suite("fuzz, manifests");

function toUtf16(text: string, isBigEndian: boolean): Uint8Array {
  const bytes = new Uint8Array(2 * text.length);
  const view = viewOf(bytes);
  for (let n = 0; n < text.length; n++) view.setUint16(2 * n, text.charCodeAt(n), !isBigEndian);
  return bytes;
}

/** Reads a manifest as each kind there is, and makes a live one of what was found. */
function readEach(bytes: Uint8Array): void {
  const text = decodeXml(bytes);
  const attempts = [
    () => {
      const { tracks } = parseServerManifest(text);
      formatLiveServerManifest(tracks.map((server) => liveTrack({ server })));
    },
    () => {
      const { streams } = parseClientManifest(text);
      const server = {
        kind: "video",
        systemBitrate: 1,
        trackId: 1,
        manifestOutput: false,
      } as const;
      for (const stream of streams) {
        for (const level of stream.levels) {
          formatLiveServerManifest([
            liveTrack({ server: { ...server, params: [] }, stream, level }),
          ]);
        }
      }
    },
    () => formatLiveServerManifest(parseLiveServerManifest(text).tracks),
  ];
  for (const attempt of attempts) expectManifestError(attempt);
}

function expectManifestError(work: () => void): void {
  try {
    work();
  } catch (error) {
    if (!(error instanceof ManifestSyntaxError)) throw error;
  }
}

manifestTest("a damaged manifest is read, or says what is wrong", async () => {
  const texts = (await Promise.all(["sample.ism", "sample.ismc"].map(readSample))).map(decodeXml);
  texts.push(formatLiveServerManifest(
    parseServerManifest(texts[0]!).tracks.map((server) => liveTrack({ server })),
  ));
  await rounds(700, (random) => {
    let text = random.pick(texts);
    if (random.below(3) > 0) text = mutateText(text, random);
    const encode = random.pick([
      (it: string) => new TextEncoder().encode(it),
      (it: string) => toUtf16(it, false),
      (it: string) => toUtf16(`\ufeff${it}`, true),
    ]);
    let bytes = encode(text);
    if (random.below(3) > 0) bytes = mutateBytes(bytes, random);
    expectManifestError(() => readEach(bytes));
  });
});

boxTest.run();
manifestTest.run();
