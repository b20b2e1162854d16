import type { FileHandle } from "node:fs/promises";
import type { Fragment } from "../lib/part.ts";
import type { LiveTrack } from "../lib/manifest/live_track.ts";
import type { MediaFile } from "../lib/source/media_file.ts";
import { mkdir, open, rename, stat, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { boxView, concat, writeMdatHeader } from "../lib/mp4/box.ts";
import { writeMfra } from "../lib/mp4/mfra.ts";
import { readMoof, rewriteMoof } from "../lib/mp4/moof.ts";
import { spliceBoxes } from "../lib/mp4/splice.ts";
import { readTrun, writeTrun } from "../lib/mp4/trun.ts";
import { Presentation } from "../lib/source/presentation.ts";
import { streamSource } from "../lib/source/stream_source.ts";
import { toTicks } from "../lib/time.ts";

/** Options for {@linkcode makeInput}. */
export interface InputOptions {
  /** Least size of the media file. */
  bytes: number;
  /**
   * Payload of a video fragment; one lasts 2 s.
   *
   * @default {1250000}
   */
  videoFragmentBytes?: number;
  /**
   * Payload of an audio fragment; one lasts about 2 s. 0 leaves the audio out.
   *
   * @default {32000}
   */
  audioFragmentBytes?: number;
  /**
   * Leaves the payloads as holes in the file, which take no room on the disk and read as zeros.
   *
   * @default {false}
   */
  isSparse?: boolean;
}

/** A presentation of one media file, with a video and an audio track. */
export interface Input {
  /** Path of the server manifest. */
  readonly presentation: string;
  /** Path of the media file. */
  readonly mediaFile: string;
  /** Size of the media file. */
  readonly bytes: number;
  /** Of both tracks. */
  readonly fragments: number;
}

const SAMPLE = fileURLToPath(new URL("../testdata/sample.ism", import.meta.url));
const SAMPLE_FILE = "sample_560.ismv";

/**
 * Makes a presentation of any size from the sample: its fragments again and again, each grown to the size that one of a
 * better picture has. It lies in the system's folder for temporary files, and is made once for each size.
 */
export async function makeInput(options: InputOptions): Promise<Input> {
  const { bytes, videoFragmentBytes = 1_250_000, audioFragmentBytes = 32_000, isSparse = false } =
    options;
  const sample = await Presentation.open(SAMPLE, { mediaFile: SAMPLE_FILE });
  try {
    const { file } = sample.wantedTracks[0]!;
    const period = (await sample.timeline()).period;
    const random = new RandomBytes(0x5eed);
    const tracks: Track[] = [];
    for (const { live } of sample.wantedTracks) {
      const size = live.kind === "video" ? videoFragmentBytes : audioFragmentBytes;
      if (size === 0) continue;
      const fragments = await grownFragments(file, live, size, random);
      tracks.push({ live, fragments, period: toTicks(period, live.timescale) });
    }
    const { ftyp, moov } = file.boxes;
    const layout = planFile(concat(...(ftyp ? [ftyp] : []), moov), tracks, bytes);
    const folder = join(tmpdir(), "pushencoder-bench");
    const name = [bytes, videoFragmentBytes, audioFragmentBytes, ...(isSparse ? ["sparse"] : [])]
      .join("_");
    const mediaFile = join(folder, `${name}.ismv`);
    const presentation = join(folder, `${name}.ism`);
    await mkdir(folder, { recursive: true });
    await writeFile(presentation, serverManifest(name, tracks));
    await writeFile(join(folder, `${name}.ismc`), clientManifest(tracks, layout.fragments));
    if ((await sizeOf(mediaFile)) !== layout.bytes) {
      await writeMedia(mediaFile, layout, isSparse);
    }
    return { presentation, mediaFile, bytes: layout.bytes, fragments: layout.fragments.length };
  } finally {
    await sample.close();
  }
}

/** A track of the sample with its fragments grown. */
interface Track {
  readonly live: LiveTrack;
  /** Of one pass over the sample. */
  readonly fragments: readonly GrownFragment[];
  /** How long one pass lasts, in ticks. */
  readonly period: bigint;
}

interface GrownFragment {
  /** In ticks. */
  readonly start: bigint;
  /** In ticks. */
  readonly duration: bigint;
  readonly moof: Uint8Array;
  readonly payload: Uint8Array;
}

async function grownFragments(
  file: MediaFile,
  track: LiveTrack,
  payloadBytes: number,
  random: RandomBytes,
): Promise<GrownFragment[]> {
  const grown: GrownFragment[] = [];
  for await (const part of streamSource({ file, trackIds: [track.trackId] })) {
    if (part.type === "fragment") grown.push(await grow(part, track, payloadBytes, random));
  }
  return grown;
}

/** Makes the samples of a fragment longer, or shorter, in proportion, and says so in its `trun`. */
async function grow(
  { moof: bytes, payload, decodeTime, duration }: Fragment,
  track: LiveTrack,
  payloadBytes: number,
  random: RandomBytes,
): Promise<GrownFragment> {
  const old = new Uint8Array(payload.size);
  let filled = 0;
  for await (const piece of payload.read()) {
    old.set(piece, filled);
    filled += piece.length;
  }
  const moof = readMoof(bytes, 0);
  const [{ box }] = moof.truns as [(typeof moof.truns)[0]];
  const trun = readTrun(boxView(bytes, box));
  const larger = new Uint8Array(payloadBytes);
  random.fill(larger);
  let from = 0;
  let to = 0;
  const samples = trun.samples.map((sample) => {
    const end = from + (sample.size ?? 0);
    // Rounded from the sum, so that the sizes come to the whole of the payload.
    const size = Math.round(end / old.length * payloadBytes) - to;
    larger.set(old.subarray(from, Math.min(end, from + size)), to);
    if (track.kind === "video") hideFiller(larger.subarray(to + end - from, to + size));
    from = end;
    to += size;
    return { ...sample, size };
  });
  // A table with the same columns is as long as the old one, so that the data offset stays right.
  const splice = { ...box, bytes: writeTrun({ ...trun, samples }) };
  return {
    start: decodeTime,
    duration,
    moof: spliceBoxes(bytes, [splice], [moof.box, moof.traf]).bytes,
    payload: larger,
  };
}

/** Makes the bytes behind a picture a NAL unit of filler data (ISO/IEC 14496-10 7.4.1), which decoders pass over. */
function hideFiller(bytes: Uint8Array): void {
  if (bytes.length < 5) return;
  new DataView(bytes.buffer, bytes.byteOffset).setUint32(0, bytes.length - 4);
  bytes[4] = 12;
}

/** Bytes that look like media, the same in every run: a generator of Marsaglia's (xorshift32). */
class RandomBytes {
  #state: number;

  constructor(seed: number) {
    this.#state = seed;
  }

  fill(bytes: Uint8Array): void {
    for (let n = 0; n < bytes.length; n++) {
      this.#state ^= this.#state << 13;
      this.#state ^= this.#state >>> 17;
      this.#state ^= this.#state << 5;
      bytes[n] = this.#state;
    }
  }
}

/** A fragment and where it goes. */
interface PlacedFragment extends GrownFragment {
  readonly trackId: number;
  /** First byte of `moof`, from the start of the file. */
  readonly offset: number;
}

/** What is in a media file. */
interface Layout {
  readonly header: Uint8Array;
  readonly fragments: readonly PlacedFragment[];
  readonly mfra: Uint8Array;
  readonly bytes: number;
}

/** Fragments of all tracks by turns, as encoders write them, until the file is large enough. */
function planFile(header: Uint8Array, tracks: readonly Track[], minBytes: number): Layout {
  const fragments: PlacedFragment[] = [];
  let offset = header.length;
  for (let n = 0; offset < minBytes; n++) {
    for (const { live, fragments: once, period } of tracks) {
      const fragment = once[n % once.length]!;
      const start = fragment.start + BigInt(Math.floor(n / once.length)) * period;
      fragments.push({ ...fragment, start, trackId: live.trackId, offset });
      offset += fragment.moof.length + 8 + fragment.payload.length;
    }
  }
  const mfra = writeMfra({
    tracks: tracks.map(({ live: { trackId } }) => ({
      trackId,
      entries: fragments.filter((it) => it.trackId === trackId)
        .map(({ start, offset }) => ({ time: start, moofOffset: offset })),
    })),
  });
  return { header, fragments, mfra, bytes: offset + mfra.length };
}

async function sizeOf(path: string): Promise<number | undefined> {
  try {
    return (await stat(path)).size;
  } catch {
    return undefined;
  }
}

async function writeMedia(path: string, layout: Layout, isSparse: boolean): Promise<void> {
  const unfinished = `${path}.part`;
  const handle = await open(unfinished, "w");
  try {
    await writeBoxes(handle, layout, isSparse);
  } finally {
    await handle.close();
  }
  await rename(unfinished, path);
}

async function writeBoxes(
  handle: FileHandle,
  { header, fragments, mfra, bytes: size }: Layout,
  isSparse: boolean,
): Promise<void> {
  const write = (bytes: Uint8Array, at: number) => handle.write(bytes, 0, bytes.length, at);
  await write(header, 0);
  for (const [n, { moof: bytes, payload, offset }] of fragments.entries()) {
    const moof = rewriteMoof(bytes, readMoof(bytes, 0), { sequenceNumber: n + 1 });
    // No two payloads are alike, so that one in the place of another is found out.
    new DataView(payload.buffer).setUint32(payload.length - 4, n);
    const media = isSparse ? new Uint8Array(0) : payload;
    await write(concat(moof, writeMdatHeader(payload.length), media), offset);
  }
  await write(mfra, size - mfra.length);
}

/** Bits per second of the grown track. */
function bitrate({ fragments, live: { timescale } }: Track): number {
  const { payload, duration } = fragments[0]!;
  return Math.round(payload.length * 8 * timescale / Number(duration));
}

function serverManifest(name: string, tracks: readonly Track[]): string {
  const lines = tracks.map((track) => {
    const { kind, trackId, trackName } = track.live;
    return `<${kind} src="${name}.ismv" systemBitrate="${bitrate(track)}">` +
      `<param name="trackID" value="${trackId}" valuetype="data"/>` +
      `<param name="trackName" value="${trackName}" valuetype="data"/></${kind}>`;
  });
  return [
    '<?xml version="1.0" encoding="utf-8"?>',
    '<smil xmlns="http://www.w3.org/2001/SMIL20/Language">',
    `<head><meta name="clientManifestRelativePath" content="${name}.ismc"/></head>`,
    "<body><switch>",
    ...lines,
    "</switch></body></smil>",
    "",
  ].join("\n");
}

function clientManifest(tracks: readonly Track[], fragments: readonly PlacedFragment[]): string {
  const streams = tracks.map((track) => {
    const { kind, trackName, timescale, fourCC, codecPrivateData, ...live } = track.live;
    const own = fragments.filter(({ trackId }) => trackId === live.trackId);
    const facts = kind === "video"
      ? `MaxWidth="${live.maxWidth}" MaxHeight="${live.maxHeight}"`
      : `SamplingRate="${live.samplingRate}" Channels="${live.channels}" BitsPerSample="${live.bitsPerSample}" PacketSize="${live.packetSize}" AudioTag="${live.audioTag}"`;
    return [
      `<StreamIndex Type="${kind}" Name="${trackName}" TimeScale="${timescale}" Chunks="${own.length}" QualityLevels="1" Url="QualityLevels({bitrate})/Fragments(${trackName}={start time})">`,
      `<QualityLevel Index="0" Bitrate="${
        bitrate(track)
      }" FourCC="${fourCC}" ${facts} CodecPrivateData="${codecPrivateData}"/>`,
      ...own.map(({ duration }, n) => `<c n="${n}" d="${duration}"/>`),
      "</StreamIndex>",
    ].join("\n");
  });
  const { start, duration } = fragments.at(-1)!;
  return [
    '<?xml version="1.0" encoding="utf-8"?>',
    `<SmoothStreamingMedia MajorVersion="2" MinorVersion="1" Duration="${start + duration}">`,
    ...streams,
    "</SmoothStreamingMedia>",
    "",
  ].join("\n");
}
