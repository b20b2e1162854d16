import { Buffer } from "node:buffer";
import { join } from "../../lib/mp4/box.ts";
import { readSample } from "./sample.ts";
import { readBody, type WireFragment } from "./wire.ts";

/** One stream of the sample, as it is in its file. */
interface SampleStream {
  readonly file: string;
  readonly trackId: number;
  /** Its name in the client manifest. */
  readonly name: string;
}

/** A fragment of it. */
interface SourceFragment {
  readonly time: bigint;
  readonly payload: Uint8Array;
}

/** The streams of the sample in the order of its manifest, each track one. */
const STREAMS: readonly SampleStream[] = [
  { file: "sample_560.ismv", trackId: 1, name: "video" },
  { file: "sample_250.ismv", trackId: 1, name: "video" },
  { file: "sample_110.ismv", trackId: 1, name: "video" },
  { file: "sample_560.ismv", trackId: 2, name: "audio" },
  { file: "sample_text.ismt", trackId: 3, name: "captions" },
];

/** Ticks of one pass. */
const PERIOD = 200_000_000n;

/** What arrived of one stream of the sample. */
class StreamUnion {
  /** Which fragments arrived, by their number in the stream, from 1. */
  readonly arrived = new Set<number>();
  /** Whole fragments that came again. */
  duplicates = 0;
  /** Most bytes that a connection began with and that had arrived before. */
  maxAgainBytes = 0;
  /** How often a fragment came behind one that it does not follow, on the same connection. */
  gaps = 0;
  /** Requests with the end of stream in them. */
  ends = 0;
  readonly #name: string;
  readonly #source: readonly SourceFragment[];
  #last = 0;
  #header: string | undefined;

  constructor(name: string, source: readonly SourceFragment[]) {
    this.#name = name;
    this.#source = source;
  }

  /** The number of the last fragment that arrived. */
  get last(): number {
    return this.#last;
  }

  /** Fragments that are missing in front of the last one, by their numbers. */
  get holes(): number[] {
    const holes: number[] = [];
    for (let n = 1; n <= this.#last; n++) if (!this.arrived.has(n)) holes.push(n);
    return holes;
  }

  /** Takes the body of one request, piece by piece, and keeps no more of it than a small box. */
  connection(): (bytes: Uint8Array) => void {
    const lastBefore = this.#last;
    let small: Uint8Array = new Uint8Array(0);
    let header = "";
    let moof: Uint8Array | undefined;
    let before: number | undefined;
    let againBytes = 0;
    /** The payload that is coming in. */
    let payload: { number: number; source: Uint8Array; size: number; at: number } | undefined;

    const onBox = (box: Uint8Array, type: string) => {
      if (type === "mfra") this.ends++;
      else if (type === "moof") {
        this.#checkHeader(header);
        moof = box;
      } else header += new TextDecoder("latin1").decode(box);
    };
    const onMdat = (mdat: Uint8Array, size: number) => {
      // An empty payload makes it a whole fragment that can be read.
      const empty = mdat.slice();
      new DataView(empty.buffer).setUint32(0, 8);
      const [fragment] = readBody(join([moof!, empty])).fragments;
      const { number, source } = this.#check(fragment!);
      if (before !== undefined && number <= before) {
        throw new Error(`${this.#name}: fragment ${number} comes behind ${before}`);
      }
      if (before !== undefined && number > before + 1) this.gaps++;
      if (size - 8 !== source.length) throw new Error(`${this.#name}: ${number} has a wrong size`);
      before = number;
      payload = { number, source, size: moof!.length + size, at: 0 };
    };
    const onFragment = (number: number, size: number) => {
      if (number <= lastBefore) againBytes += size;
      this.maxAgainBytes = Math.max(this.maxAgainBytes, againBytes);
      if (this.arrived.has(number)) this.duplicates++;
      this.arrived.add(number);
      this.#last = Math.max(this.#last, number);
    };
    return (bytes) => {
      let from = 0;
      while (from < bytes.length) {
        if (payload) {
          const { number, source, size } = payload;
          const end = Math.min(bytes.length, from + source.length - payload.at);
          const expected = source.subarray(payload.at, payload.at + end - from);
          // Byte by byte, gigabytes would take longer to compare than to send.
          if (Buffer.compare(bytes.subarray(from, end), expected) !== 0) {
            throw new Error(`${this.#name}: fragment ${number} is wrong behind byte ${payload.at}`);
          }
          payload.at += end - from;
          from = end;
          if (payload.at < source.length) break;
          payload = undefined;
          onFragment(number, size);
          continue;
        }
        // The head of a box, then the rest of it; a payload is not kept.
        const size = small.length < 8 ? 8 : viewOf(small).getUint32(0);
        if (size < 8) throw new Error(`${this.#name}: bad box of ${size} bytes`);
        const wanted = bytes.subarray(from, from + size - small.length);
        small = join([small, wanted]);
        from += wanted.length;
        if (small.length < 8) break;
        const type = String.fromCharCode(...small.subarray(4, 8));
        const boxSize = viewOf(small).getUint32(0);
        if (type === "mdat") onMdat(small, boxSize);
        else if (small.length < boxSize) continue;
        else onBox(small, type);
        small = new Uint8Array(0);
      }
    };
  }

  /** The header boxes are the same on each connection. */
  #checkHeader(header: string): void {
    this.#header ??= header;
    if (header !== this.#header) throw new Error(`${this.#name}: another header`);
  }

  /** Returns the number of the fragment in its stream, and the payload it must have. */
  #check(fragment: WireFragment): { number: number; source: Uint8Array } {
    const { sequenceNumber: number, tfxds, dataOffset, payloadOffset } = fragment;
    const source = this.#source[(number - 1) % this.#source.length]!;
    const pass = BigInt(Math.floor((number - 1) / this.#source.length));
    const time = pass * PERIOD + source.time;
    const what = `${this.#name}: fragment ${number}`;
    if (tfxds.length !== 1 || tfxds[0]!.time !== time) {
      throw new Error(`${what} has time ${tfxds[0]?.time}, not ${time}`);
    }
    if (dataOffset !== payloadOffset) throw new Error(`${what} has a wrong data_offset`);
    return { number, source: source.payload };
  }
}

/** What arrived of the sample, over any number of connections: checked byte by byte, then forgotten. */
export class SampleUnion {
  readonly streams: readonly StreamUnion[];

  private constructor(streams: readonly StreamUnion[]) {
    this.streams = streams;
  }

  static async open(): Promise<SampleUnion> {
    const manifest = new TextDecoder().decode(await readSample("sample.ismc"));
    const streams = STREAMS.map(async ({ file, trackId, name }) => {
      const times = timesIn(manifest, name);
      const { fragments } = readBody(await readSample(file));
      const source = fragments.filter((fragment) => fragment.trackId === trackId)
        .map(({ payload }, n) => ({ payload, time: times[n]! }));
      return new StreamUnion(`${file} track ${trackId}`, source);
    });
    return new SampleUnion(await Promise.all(streams));
  }

  /** The stream that a URL names. */
  of(url: string): StreamUnion {
    return this.streams[Number(/-stream(\d)\)/.exec(url)![1])]!;
  }
}

/** Start of each fragment as the client manifest has it. */
function timesIn(manifest: string, name: string): bigint[] {
  const [, index = ""] = manifest.split(`Name="${name}"`);
  const times: bigint[] = [];
  let next = 0n;
  for (
    const [, t, d] of index.split("</StreamIndex>")[0]!.matchAll(
      /<c n="\d+"(?: t="(\d+)")? d="(\d+)"/g,
    )
  ) {
    const time = t === undefined ? next : BigInt(t);
    times.push(time);
    next = time + BigInt(d!);
  }
  return times;
}

const viewOf = (bytes: Uint8Array) =>
  new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
