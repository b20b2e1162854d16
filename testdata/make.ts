// Turns the fragmented MP4 files that ffmpeg has written for make.sh into an on-demand Smooth
// Streaming presentation: no `tfxd` box, durations in `moov`, an index at the end of each file, and
// the manifests. It writes the captions as well, as ffmpeg has no muxer for them.
//
// Usage: npx tsx make.ts <folder of ffmpeg's files> <audio kbit/s> <video kbit/s>...
// The first video file holds the audio track too. The result goes to the current folder.

import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";

/** A box: its type, and the boxes in it or the bytes. */
interface Box {
  readonly type: string;
  readonly body: readonly Box[] | Uint8Array;
}

/** One fragment of a track; times in ticks. */
interface Fragment {
  readonly trackId: number;
  readonly time: bigint;
  readonly duration: bigint;
  readonly moof: Box;
  readonly mdat: Box;
}

/** A finished media file. */
interface MediaFile {
  readonly name: string;
  readonly bytes: Uint8Array;
  /** The `trak` boxes. */
  readonly tracks: readonly Box[];
  readonly fragments: readonly Fragment[];
}

/** One track of the presentation, as the manifests tell of it. */
interface Track {
  readonly type: "video" | "audio" | "text";
  readonly name: string;
  readonly trackId: number;
  readonly bitrate: number;
  readonly file: MediaFile;
}

interface Cue {
  readonly time: bigint;
  readonly duration: bigint;
  readonly text: string;
}

/** XML attributes, in order; an undefined one is left out. */
type Attributes = Readonly<Record<string, string | number | bigint | undefined>>;

const TIMESCALE = 10_000_000;
const DURATION = 20n * BigInt(TIMESCALE);
const LANGUAGE = "eng";
const NAME = "sample";

const VIDEO_TRACK_ID = 1;
const AUDIO_TRACK_ID = 2;
const TEXT_TRACK_ID = 3;
const TEXT_BITRATE = 1000;

const CUES: readonly Cue[] = [
  { time: 20_000_000n, duration: 30_000_000n, text: "A sparse track: the first cue comes at 2 s" },
  { time: 75_000_000n, duration: 25_000_000n, text: "The second one comes at 7.5 s" },
  { time: 140_000_000n, duration: 40_000_000n, text: "Zwölf Boxkämpfer, 字幕: the last, at 14 s" },
];

const CONTAINERS = new Set(
  ["moov", "trak", "mdia", "minf", "dinf", "stbl", "mvex", "moof", "traf", "mfra"],
);
const TFXD = "6d1d9b0542d544e680e2141daff757b2";
const FILE_TYPE = box("ftyp", concat(ascii("isml"), u32(1), ascii("piffiso2")));
const UNITY_MATRIX = u32(0x10000, 0, 0, 0, 0x10000, 0, 0, 0, 0x40000000);

// Bytes

function view(bytes: Uint8Array): DataView {
  return new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
}

function concat(...parts: readonly Uint8Array[]): Uint8Array {
  const bytes = new Uint8Array(parts.reduce((size, part) => size + part.length, 0));
  let offset = 0;
  for (const part of parts) {
    bytes.set(part, offset);
    offset += part.length;
  }
  return bytes;
}

function ascii(text: string): Uint8Array {
  return Uint8Array.from(text, (letter) => letter.charCodeAt(0));
}

function u16(...values: readonly number[]): Uint8Array {
  const bytes = new Uint8Array(2 * values.length);
  values.forEach((value, i) => view(bytes).setUint16(2 * i, value));
  return bytes;
}

function u32(...values: readonly number[]): Uint8Array {
  const bytes = new Uint8Array(4 * values.length);
  values.forEach((value, i) => view(bytes).setUint32(4 * i, value));
  return bytes;
}

function u64(...values: readonly bigint[]): Uint8Array {
  const bytes = new Uint8Array(8 * values.length);
  values.forEach((value, i) => view(bytes).setBigUint64(8 * i, value));
  return bytes;
}

function hex(bytes: Uint8Array): string {
  return Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0")).join("");
}

// Boxes

function box(type: string, body: readonly Box[] | Uint8Array): Box {
  return { type, body };
}

function fullBox(type: string, version: number, flags: number, ...parts: Uint8Array[]): Box {
  return box(type, concat(u32(version * 2 ** 24 + flags), ...parts));
}

function parseBoxes(bytes: Uint8Array): Box[] {
  const boxes: Box[] = [];
  let size = 0;
  for (let offset = 0; offset < bytes.length; offset += size) {
    size = view(bytes).getUint32(offset);
    if (size < 8 || offset + size > bytes.length) {
      throw new RangeError(`Cannot read a box at byte ${offset}: current size is ${size}`);
    }
    const type = String.fromCharCode(...bytes.subarray(offset + 4, offset + 8));
    const body = bytes.subarray(offset + 8, offset + size);
    boxes.push(box(type, CONTAINERS.has(type) ? parseBoxes(body) : body));
  }
  return boxes;
}

function formatBox({ type, body }: Box): Uint8Array {
  const bytes = body instanceof Uint8Array ? body : concat(...body.map(formatBox));
  return concat(u32(8 + bytes.length), ascii(type), bytes);
}

function children({ type, body }: Box): readonly Box[] {
  if (body instanceof Uint8Array) throw new TypeError(`"${type}" is not a container`);
  return body;
}

/** The bytes in a box, without its header. */
function payload({ type, body }: Box): Uint8Array {
  if (!(body instanceof Uint8Array)) throw new TypeError(`"${type}" is a container`);
  return body;
}

/** The first box down the path. */
function find(boxes: readonly Box[], ...path: readonly string[]): Box {
  const [type, ...rest] = path;
  const found = boxes.find((candidate) => candidate.type === type);
  if (found === undefined) throw new RangeError(`There is no "${type}" box`);
  return rest.length === 0 ? found : find(children(found), ...rest);
}

// Header boxes

function movieHeader(nextTrackId: number): Box {
  const start = concat(u64(0n, 0n), u32(TIMESCALE), u64(DURATION));
  const rateAndVolume = concat(u32(0x10000), u16(0x100), new Uint8Array(10));
  const end = concat(UNITY_MATRIX, new Uint8Array(24), u32(nextTrackId));
  return fullBox("mvhd", 1, 0, start, rateAndVolume, end);
}

function movieExtends(tracks: readonly Box[]): Box {
  const header = fullBox("mehd", 1, 0, u64(DURATION));
  const defaults = tracks.map((trak) => fullBox("trex", 0, 0, u32(readTrackId(trak), 1, 0, 0, 0)));
  return box("mvex", [header, ...defaults]);
}

function movie(tracks: readonly Box[]): Box {
  const nextTrackId = Math.max(...tracks.map(readTrackId)) + 1;
  return box("moov", [movieHeader(nextTrackId), ...tracks, movieExtends(tracks)]);
}

function readTrackId(trak: Box): number {
  return view(payload(find(children(trak), "tkhd"))).getUint32(20); // version 1
}

/** The header box, of version 1, with the duration at `offset` of its payload set. */
function setDuration(header: Box, offset: number): Box {
  const bytes = payload(header).slice();
  view(bytes).setBigUint64(offset, DURATION);
  return box(header.type, bytes);
}

/** A `trak` box of ffmpeg's, with the duration that ffmpeg leaves unknown. */
function withDuration(trak: Box): Box {
  const tkhd = setDuration(find([trak], "trak", "tkhd"), 28);
  const media = children(find([trak], "trak", "mdia"));
  const mdia = media.map((child) => child.type === "mdhd" ? setDuration(child, 24) : child);
  return box("trak", [tkhd, box("mdia", mdia)]);
}

// Fragments

function isTfxd({ type, body }: Box): boolean {
  return type === "uuid" && body instanceof Uint8Array && hex(body.subarray(0, 16)) === TFXD;
}

/** The sum of the sample durations, in ticks. */
function readDuration(trun: Box): bigint {
  const table = view(payload(trun));
  const flags = table.getUint32(0);
  if ((flags & 0x100) === 0) throw new RangeError("The samples have no durations of their own");
  const first = 8 + (flags & 0x1 ? 4 : 0) + (flags & 0x4 ? 4 : 0);
  const step = 4 * [0x100, 0x200, 0x400, 0x800].filter((flag) => flags & flag).length;
  const sampleCount = table.getUint32(4);
  let duration = 0n;
  for (let i = 0; i < sampleCount; i++) duration += BigInt(table.getUint32(first + step * i));
  return duration;
}

/** The `moof` box without its `tfxd` box; the data offset follows the new size. */
function withoutTfxd(moof: Box): Box {
  const traf = find([moof], "moof", "traf");
  const kept = children(traf).filter((child) => !isTfxd(child));
  const removed = formatBox(traf).length - formatBox(box("traf", kept)).length;
  const trun = payload(find(kept, "trun")).slice();
  view(trun).setInt32(8, view(trun).getInt32(8) - removed);
  const changed = kept.map((child) => child.type === "trun" ? box("trun", trun) : child);
  return box("moof", [find([moof], "moof", "mfhd"), box("traf", changed)]);
}

/** Reads a fragment of ffmpeg's, of one track, and takes its `tfxd` box out. */
function readFragment(moof: Box, mdat: Box): Fragment {
  const traf = children(find([moof], "moof", "traf"));
  const tfxd = traf.find(isTfxd);
  if (tfxd === undefined) throw new RangeError('There is no "tfxd" box');
  return {
    trackId: view(payload(find(traf, "tfhd"))).getUint32(4),
    time: view(payload(tfxd)).getBigInt64(20), // version 1
    duration: readDuration(find(traf, "trun")),
    moof: withoutTfxd(moof),
    mdat,
  };
}

/** The index; `start` is where the first fragment starts in the file. */
function movieIndex(tracks: readonly Box[], fragments: readonly Fragment[], start: number): Box {
  const entries = new Map<number, Uint8Array[]>(tracks.map((trak) => [readTrackId(trak), []]));
  let offset = start;
  for (const { trackId, time, moof, mdat } of fragments) {
    entries.get(trackId)?.push(concat(u64(time, BigInt(offset)), Uint8Array.of(1, 1, 1)));
    offset += formatBox(moof).length + formatBox(mdat).length;
  }
  const tables = [...entries].map(([trackId, rows]) =>
    fullBox("tfra", 1, 0, u32(trackId, 0, rows.length), ...rows)
  );
  const size = formatBox(box("mfra", tables)).length + 16; // with mfro
  return box("mfra", [...tables, fullBox("mfro", 0, 0, u32(size))]);
}

function mediaFile(
  name: string,
  tracks: readonly Box[],
  fragments: readonly Fragment[],
): MediaFile {
  const header = concat(formatBox(FILE_TYPE), formatBox(movie(tracks)));
  const media = fragments.flatMap(({ moof, mdat }) => [formatBox(moof), formatBox(mdat)]);
  const index = formatBox(movieIndex(tracks, fragments, header.length));
  return { name, bytes: concat(header, ...media, index), tracks, fragments };
}

/** Makes the on-demand file out of the file that ffmpeg has written. */
function onDemandFile(name: string, bytes: Uint8Array): MediaFile {
  const boxes = parseBoxes(bytes);
  const tracks = children(find(boxes, "moov")).filter(({ type }) => type === "trak");
  const fragments = boxes.flatMap((moof, i) => {
    const mdat = boxes[i + 1];
    return moof.type === "moof" && mdat !== undefined ? [readFragment(moof, mdat)] : [];
  });
  return mediaFile(name, tracks.map(withDuration), fragments);
}

// Captions

/** The cue as a document; its times count from the start of the fragment, as players expect. */
function captionDocument({ duration, text }: Cue): Uint8Array {
  const seconds = (Number(duration) / TIMESCALE).toFixed(3).padStart(6, "0");
  return new TextEncoder().encode(
    `<?xml version="1.0" encoding="utf-8"?>
<tt xmlns="http://www.w3.org/ns/ttml" xmlns:tts="http://www.w3.org/ns/ttml#styling" xml:lang="en">
  <head>
    <layout>
      <region xml:id="bottom" tts:origin="10% 75%" tts:extent="80% 20%" tts:textAlign="center"
        tts:displayAlign="after" />
    </layout>
  </head>
  <body>
    <div region="bottom">
      <p begin="00:00:00.000" end="00:00:${seconds}">${text}</p>
    </div>
  </body>
</tt>
`,
  );
}

function captionTrack(): Box {
  const layerAndVolume = new Uint8Array(16);
  const ids = concat(u64(0n, 0n), u32(TEXT_TRACK_ID, 0), u64(DURATION));
  const tkhd = fullBox("tkhd", 1, 3, ids, layerAndVolume, UNITY_MATRIX, u32(0, 0));
  const letters = [...LANGUAGE].map((letter) => letter.charCodeAt(0) - 0x60);
  const language = letters.reduce((code, letter) => code << 5 | letter, 0);
  const times = concat(u64(0n, 0n), u32(TIMESCALE), u64(DURATION));
  const mdhd = fullBox("mdhd", 1, 0, times, u16(language, 0));
  const hdlr = fullBox("hdlr", 0, 0, u32(0), ascii("text"), u32(0, 0, 0), ascii("TextHandler\0"));
  const dref = fullBox("dref", 0, 0, u32(1), formatBox(fullBox("url ", 0, 1)));
  const sampleEntry = box("dfxp", concat(new Uint8Array(6), u16(1)));
  const stbl = box("stbl", [
    fullBox("stsd", 0, 0, u32(1), formatBox(sampleEntry)),
    ...["stts", "stsc", "stco"].map((type) => fullBox(type, 0, 0, u32(0))),
    fullBox("stsz", 0, 0, u32(0, 0)),
  ]);
  const minf = box("minf", [fullBox("nmhd", 0, 0), box("dinf", [dref]), stbl]);
  return box("trak", [tkhd, box("mdia", [mdhd, hdlr, minf])]);
}

function captionFragment(cue: Cue, index: number): Fragment {
  const sample = captionDocument(cue);
  const moofWith = (dataOffset: number): Box => {
    const tfhd = fullBox("tfhd", 0, 0x20, u32(TEXT_TRACK_ID, 0x02000000));
    const row = u32(Number(cue.duration), sample.length);
    const trun = fullBox("trun", 0, 0x301, u32(1, dataOffset), row);
    return box("moof", [fullBox("mfhd", 0, 0, u32(index + 1)), box("traf", [tfhd, trun])]);
  };
  const moof = moofWith(formatBox(moofWith(0)).length + 8);
  const { time, duration } = cue;
  return { trackId: TEXT_TRACK_ID, time, duration, moof, mdat: box("mdat", sample) };
}

// What the client manifest tells of a codec

function sampleEntry(trak: Box): Box {
  const stsd = payload(find([trak], "trak", "mdia", "minf", "stbl", "stsd"));
  const [entry] = parseBoxes(stsd.subarray(8));
  if (entry === undefined) throw new RangeError("There is no sample entry");
  return entry;
}

/** The parameter sets of an `avcC` box, each after a start code. */
function parameterSets(avcC: Uint8Array): string {
  const startCode = "00000001";
  const sets: string[] = [];
  let offset = 5;
  for (const countMask of [0x1f, 0xff]) { // the sequence parameter sets, the picture ones
    const count = view(avcC).getUint8(offset++) & countMask;
    for (let i = 0; i < count; i++) {
      const end = offset + 2 + view(avcC).getUint16(offset);
      sets.push(startCode + hex(avcC.subarray(offset + 2, end)));
      offset = end;
    }
  }
  return sets.join("").toUpperCase();
}

/** The content of the descriptor that `bytes` starts with. */
function descriptorContent(bytes: Uint8Array, tag: number): Uint8Array {
  if (bytes[0] !== tag) throw new RangeError(`There is no descriptor of tag ${tag}`);
  let size = 0;
  for (let offset = 1;; offset++) {
    const byte = view(bytes).getUint8(offset);
    size = size << 7 | byte & 0x7f;
    if (byte < 0x80) return bytes.subarray(offset + 1, offset + 1 + size);
  }
}

/** The AudioSpecificConfig in an `esds` box. */
function audioConfig(esds: Uint8Array): string {
  const stream = descriptorContent(esds.subarray(4), 3); // after version and flags
  const decoder = descriptorContent(stream.subarray(3), 4);
  return hex(descriptorContent(decoder.subarray(13), 5)).toUpperCase();
}

function videoAttributes(entry: Uint8Array): Attributes {
  const avcC = payload(find(parseBoxes(entry.subarray(78)), "avcC"));
  return {
    FourCC: "H264",
    MaxWidth: view(entry).getUint16(24),
    MaxHeight: view(entry).getUint16(26),
    CodecPrivateData: parameterSets(avcC),
  };
}

function audioAttributes(entry: Uint8Array): Attributes {
  const esds = payload(find(parseBoxes(entry.subarray(28)), "esds"));
  return {
    FourCC: "AACL",
    SamplingRate: view(entry).getUint16(24), // the whole part of a fixed-point number
    Channels: view(entry).getUint16(16),
    BitsPerSample: 16,
    PacketSize: 4,
    AudioTag: 255,
    CodecPrivateData: audioConfig(esds),
  };
}

function codecAttributes({ file, trackId }: Track): Attributes {
  const trak = file.tracks.find((candidate) => readTrackId(candidate) === trackId);
  if (trak === undefined) throw new RangeError(`There is no track ${trackId} in "${file.name}"`);
  const { type, body } = sampleEntry(trak);
  if (!(body instanceof Uint8Array)) throw new TypeError(`"${type}" is a container`);
  if (type === "avc1") return videoAttributes(body);
  if (type === "mp4a") return audioAttributes(body);
  return { FourCC: "DFXP", CodecPrivateData: "" };
}

// Manifests

function formatAttributes(attributes: Attributes): string {
  return Object.entries(attributes)
    .filter(([, value]) => value !== undefined)
    .map(([name, value]) => ` ${name}="${value}"`)
    .join("");
}

function serverManifestEntry({ type, name, trackId, bitrate, file }: Track): string {
  const sparse = type === "text";
  const attributes = {
    src: file.name,
    systemBitrate: bitrate,
    systemLanguage: type === "video" ? undefined : LANGUAGE,
  };
  const params = {
    trackID: trackId,
    trackName: name,
    timeScale: TIMESCALE,
    ...(sparse ? { parentTrackName: "video", manifestOutput: "false" } : {}),
  };
  const lines = Object.entries(params).map(([key, value]) =>
    `        <param${formatAttributes({ name: key, value, valuetype: "data" })} />\n`
  );
  const element = sparse ? "textstream" : type;
  return `      <${element}${formatAttributes(attributes)}>
${lines.join("")}      </${element}>\n`;
}

function serverManifest(tracks: readonly Track[]): string {
  return `<?xml version="1.0" encoding="utf-8"?>
<smil xmlns="http://www.w3.org/2001/SMIL20/Language">
  <head>
    <meta name="clientManifestRelativePath" content="${NAME}.ismc" />
  </head>
  <body>
    <switch>
${tracks.map(serverManifestEntry).join("")}    </switch>
  </body>
</smil>
`;
}

function streamAttributes({ type, name }: Track, { MaxWidth, MaxHeight }: Attributes): Attributes {
  const sparse = type === "text";
  return {
    Type: type,
    Subtype: sparse ? "CAPT" : undefined,
    Name: name,
    Language: type === "video" ? undefined : LANGUAGE,
    ParentStreamIndex: sparse ? "video" : undefined,
    ManifestOutput: sparse ? "FALSE" : undefined,
    TimeScale: TIMESCALE,
    MaxWidth,
    MaxHeight,
    DisplayWidth: MaxWidth,
    DisplayHeight: MaxHeight,
  };
}

/** The element of one stream; `levels` are its tracks, from the highest bitrate down. */
function streamIndex(levels: readonly [Track, ...Track[]]): string {
  const [top] = levels;
  const codecs = levels.map(codecAttributes);
  const fragments = top.file.fragments.filter(({ trackId }) => trackId === top.trackId);
  const attributes = {
    ...streamAttributes(top, codecs[0] ?? {}),
    Chunks: fragments.length,
    QualityLevels: levels.length,
    Url: `QualityLevels({bitrate})/Fragments(${top.name}={start time})`,
  };
  const qualityLevels = levels.map(({ bitrate }, index) => {
    const level = { Index: index, Bitrate: bitrate, ...codecs[index] };
    return `    <QualityLevel${formatAttributes(level)} />\n`;
  });
  const entries = fragments.map(({ time, duration }, index) => {
    // A sparse track has holes; in any other a fragment starts where the last one ends.
    const entry = { n: index, t: top.type === "text" ? time : undefined, d: duration };
    return `    <c${formatAttributes(entry)} />\n`;
  });
  return `  <StreamIndex${formatAttributes(attributes)}>
${qualityLevels.join("")}${entries.join("")}  </StreamIndex>\n`;
}

function clientManifest(streams: readonly (readonly [Track, ...Track[]])[]): string {
  const root = { MajorVersion: 2, MinorVersion: 1, Duration: DURATION };
  return `<?xml version="1.0" encoding="utf-8"?>
<SmoothStreamingMedia${formatAttributes(root)}>
${streams.map(streamIndex).join("")}</SmoothStreamingMedia>
`;
}

// The presentation

function videoTrack(folder: string, kbit: number): Track {
  const name = `${NAME}_${kbit}.ismv`;
  const file = onDemandFile(name, readFileSync(join(folder, name)));
  return { type: "video", name: "video", trackId: VIDEO_TRACK_ID, bitrate: 1000 * kbit, file };
}

function textTrack(): Track {
  const file = mediaFile(`${NAME}_text.ismt`, [captionTrack()], CUES.map(captionFragment));
  return { type: "text", name: "captions", trackId: TEXT_TRACK_ID, bitrate: TEXT_BITRATE, file };
}

function make(folder: string, audioKbit: number, videoKbits: readonly number[]): void {
  const [top, ...others] = videoKbits.map((kbit) => videoTrack(folder, kbit));
  if (top === undefined) throw new RangeError("There is no video bitrate");
  const audio: Track = {
    type: "audio",
    name: "audio",
    trackId: AUDIO_TRACK_ID,
    bitrate: 1000 * audioKbit,
    file: top.file,
  };
  const text = textTrack();
  for (const { file } of [top, ...others, text]) writeFileSync(file.name, file.bytes);
  writeFileSync(`${NAME}.ism`, serverManifest([top, ...others, audio, text]));
  writeFileSync(`${NAME}.ismc`, clientManifest([[top, ...others], [audio], [text]]));
}

const [folder = "", audioKbit, ...videoKbits] = process.argv.slice(2);
make(folder, Number(audioKbit), videoKbits.map(Number));
