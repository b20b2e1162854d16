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

  /** Fragments that are missing in front of the last one. */
  get holes(): number[] {
    const holes: number[] = [];
    for (let n = 1; n <= this.#last; n++) if (!this.arrived.has(n)) holes.push(n);
    return holes;
  }

  /** Takes the body of one request, piece by piece, and keeps no more of it than one box. */
  connection(): (bytes: Uint8Array) => void {
    let rest = new Uint8Array(0);
    let moof: Uint8Array | undefined;
    let header = "";
    let before: number | undefined;
    let againBytes = 0;
    const lastBefore = this.#last;
    const onBox = (box: Uint8Array) => {
      const type = String.fromCharCode(...box.subarray(4, 8));
      if (type === "mfra") this.ends++;
      else if (type === "moof") {
        moof = box;
        this.#checkHeader(header);
      } else if (type !== "mdat") header += new TextDecoder("latin1").decode(box);
      else {
        const size = moof!.length + box.length;
        const [fragment] = readBody(concat(moof!, box)).fragments;
        const number = this.#check(fragment!);
        if (before !== undefined && number !== before + 1) {
          throw new Error(`${this.#name}: fragment ${number} comes behind ${before}`);
        }
        before = number;
        if (number <= lastBefore) againBytes += size;
        this.maxAgainBytes = Math.max(this.maxAgainBytes, againBytes);
        if (this.arrived.has(number)) this.duplicates++;
        this.arrived.add(number);
        this.#last = Math.max(this.#last, number);
      }
    };
    return (bytes) => {
      rest = rest.length === 0 ? bytes.slice() : concat(rest, bytes);
      let at = 0;
      while (rest.length - at >= 8) {
        const size = new DataView(rest.buffer, rest.byteOffset + at).getUint32(0);
        if (size < 8) throw new Error(`${this.#name}: bad box of ${size} bytes`);
        if (rest.length - at < size) break;
        onBox(rest.subarray(at, at + size));
        at += size;
      }
      rest = rest.slice(at);
    };
  }

  /** The header boxes are the same on each connection. */
  #checkHeader(header: string): void {
    this.#header ??= header;
    if (header !== this.#header) throw new Error(`${this.#name}: another header`);
  }

  /** Returns the number of the fragment in its stream. */
  #check({ sequenceNumber, tfxds, payload, dataOffset, payloadOffset }: WireFragment): number {
    const index = (sequenceNumber - 1) % this.#source.length;
    const pass = BigInt(Math.floor((sequenceNumber - 1) / this.#source.length));
    const source = this.#source[index]!;
    const what = `${this.#name}: fragment ${sequenceNumber}`;
    const [tfxd] = tfxds;
    const time = pass * PERIOD + source.time;
    if (tfxds.length !== 1 || tfxd!.time !== time) {
      throw new Error(`${what} has time ${tfxd?.time}, not ${time}`);
    }
    if (dataOffset !== payloadOffset) throw new Error(`${what} has a wrong data_offset`);
    if (!equal(payload, source.payload)) {
      let a = 0;
      while (payload[a] === source.payload[a]) a++;
      let b = payload.length;
      while (payload[b - 1] === source.payload[b - 1]) b--;
      const probe = payload.subarray(a + 16, a + 64);
      const found: string[] = [];
      for (const [i, f] of this.#source.entries()) {
        for (let at = 0; at + 48 <= f.payload.length; at++) {
          let k = 0;
          while (k < 48 && f.payload[at + k] === probe[k]) {
            k++;
          }
          if (k === 48) found.push(`index ${i} at ${at}`);
        }
      }
      throw new Error(
        `${what} (index ${index}) has wrong bytes ${a}..${b} of ${payload.length} vs ${source.payload.length}, head ${[
          ...payload.subarray(0, 40),
        ]}: ${found.join()} size of index ${this.#source.map((f) => f.payload.length)}`,
      );
    }
    return sequenceNumber;
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

function concat(a: Uint8Array, b: Uint8Array): Uint8Array<ArrayBuffer> {
  const whole = new Uint8Array(a.length + b.length);
  whole.set(a);
  whole.set(b, a.length);
  return whole;
}

function equal(a: Uint8Array, b: Uint8Array): boolean {
  if (a.length !== b.length) return false;
  for (let n = 0; n < a.length; n++) if (a[n] !== b[n]) return false;
  return true;
}
