import type { Fragment, StreamEnd, StreamHeader, StreamPart } from "../../part.ts";
import type { Finding } from "../rules.ts";
import type { StreamState } from "./stream_state.ts";
import type { PointLimits } from "../limits.ts";
import type { FragmentOutcome } from "./track_timeline.ts";
import { boxType, join, printable, toHex } from "../../mp4/box.ts";
import { BodyDemuxer } from "./body_demuxer.ts";
import { describeTracks } from "./describe_tracks.ts";
import { readLiveFragment } from "./fragment_rules.ts";
import { readHeaderBoxes } from "./header_rules.ts";

/** Why a body is not taken, and with which status. */
export interface Refusal {
  readonly status: number;
  readonly message: string;
}

/** A part that was taken in. */
export interface TakenPart {
  readonly part: StreamPart;
  /** Where the fragment lies on the timeline of its track; only if the part is one. */
  readonly position?: {
    /** In ticks. */
    readonly time: bigint;
    /** In ticks. */
    readonly duration: bigint;
    readonly outcome: FragmentOutcome;
  };
}

/** Limits of {@linkcode IngestBody}. */
export type BodyLimits = Pick<
  PointLimits,
  "fragmentBytes" | "headerBytes" | "manifestBytes" | "tracks"
>;

/**
 * Takes in the body of one request, the only one of its stream or one of many. Payloads are counted, not kept.
 *
 * It is to be closed in any case.
 */
export class IngestBody {
  readonly #stream: StreamState;
  readonly #demuxer: BodyDemuxer;
  /** Time of the last fragment of each track in this body. */
  readonly #lastTimes = new Map<number, bigint>();
  #hasHeader = false;
  #isStartChecked = false;
  #isEndChecked = false;
  #isOpen = true;
  #refusal: Refusal | undefined;
  #bytes = 0;
  #usedBytes = 0;
  #fragments = 0;
  readonly #limits: BodyLimits;

  /** @param broadcast Number of the broadcast that the body belongs to. */
  constructor(stream: StreamState, limits: BodyLimits, broadcast: number) {
    this.#stream = stream;
    this.#limits = limits;
    const { fragmentBytes: maxFragmentBytes } = limits;
    this.#demuxer = new BodyDemuxer({ maxFragmentBytes, knownHeader: stream.header });
    stream.open(broadcast);
  }

  /** Bytes so far. */
  get bytes(): number {
    return this.#bytes;
  }

  /** Bytes that came behind the last part, or less: they are held until the next one is whole. */
  get pendingBytes(): number {
    return this.#bytes - this.#usedBytes;
  }

  /** Whole fragments so far. */
  get fragments(): number {
    return this.#fragments;
  }

  /** Why no more is taken; bytes that come in spite of it are not looked at. */
  get refusal(): Refusal | undefined {
    return this.#refusal;
  }

  /** Takes the next bytes and yields the parts that they complete. */
  async *push(bytes: Uint8Array): AsyncGenerator<TakenPart> {
    // The header boxes must be whole within their limit, wherever the bytes are cut.
    const inHeader = bytes.subarray(0, Math.max(0, this.#limits.headerBytes - this.#bytes));
    yield* this.#feed(inHeader);
    const rest = bytes.subarray(inHeader.length);
    if (rest.length === 0 || this.#refusal) return;
    if (!this.#hasHeader && !this.#demuxer.isPrimed) {
      const length = this.#bytes + rest.length;
      return this.#refuseSize("header boxes", this.#limits.headerBytes, { length });
    }
    yield* this.#feed(rest);
  }

  async *#feed(bytes: Uint8Array): AsyncGenerator<TakenPart> {
    if (this.#refusal || bytes.length === 0) return;
    const start = this.#bytes;
    this.#bytes += bytes.length;
    this.#stream.bytes += bytes.length;
    for (const part of this.#demuxer.push(bytes)) {
      this.#checkStart();
      if (part.type === "end") this.#takeEndBox(part);
      this.#usedBytes = start;
      yield* this.#take(part);
      if (this.#refusal) return;
    }
    this.#checkStart();
    this.#checkExcess();
  }

  /** Takes the end of the body and yields the parts that were left. */
  async *end(): AsyncGenerator<TakenPart> {
    if (this.#refusal) return;
    for (const part of this.#demuxer.end()) {
      yield* this.#take(part);
      if (this.#refusal) return;
    }
  }

  /** The connection was lost. */
  lose(message: string): void {
    this.#stream.lose(message);
  }

  /** The body did not get on, and was cut. */
  cut(message: string): void {
    this.#note({ rule: "body-ends", detail: message });
  }

  /** The request is over, in whatever way. */
  close(): void {
    if (this.#isOpen) this.#stream.close();
    this.#isOpen = false;
  }

  async *#take(part: StreamPart): AsyncGenerator<TakenPart> {
    if (part.type === "fragment") yield await this.#takeFragment(part);
    else {
      if (part.type === "header") this.#takeHeader(part);
      else this.#takeEnd(part);
      if (part.type === "end" || !this.#refusal) yield { part };
    }
  }

  #takeHeader(header: StreamHeader): void {
    this.#hasHeader = true;
    const { boxes } = header;
    const { firstBox } = this.#demuxer;
    if (firstBox !== "ftyp") this.#note({ rule: "ftyp-first", detail: `"${firstBox}"` });
    const bytes = join(boxes);
    const { manifestBytes } = this.#limits;
    const large = boxes.find((box) => boxType(box) === "uuid" && box.length > manifestBytes);
    if (large) return this.#refuseSize("manifest box", manifestBytes, large);
    if (this.#stream.isKnownHeader(bytes)) return;
    const { tracks, findings } = readHeaderBoxes(boxes);
    const count = this.#stream.countWith(tracks);
    if (count > this.#limits.tracks) {
      const message =
        `Cannot keep the stream as it must have at most ${this.#limits.tracks} tracks`;
      return this.#refuse(413, `${message}: current value is ${count}`);
    }
    this.#stream.declare(bytes, tracks, { header, tracks: describeTracks(boxes) });
    findings.forEach((finding) => this.#note(finding));
  }

  #refuseSize(what: string, limit: number, { length }: { readonly length: number }): void {
    const message = `Cannot keep the ${what} as it must have at most ${limit} bytes`;
    this.#refuse(413, `${message}: current value is ${length}`);
  }

  async #takeFragment(part: Fragment): Promise<TakenPart> {
    const { trackId, payload } = part;
    const reading = readLiveFragment(part, this.#stream.track(trackId)!);
    const { time, duration, sequenceNumber, findings } = reading;
    findings.forEach((finding) => this.#note(finding));
    const last = this.#lastTimes.get(trackId);
    if (last !== undefined && time <= last) {
      this.#note({ rule: "times-grow", detail: `track ${trackId}: ${time} after ${last}` });
    }
    this.#lastTimes.set(trackId, time);
    this.#fragments++;
    const fingerprint = await fingerprintOf(part);
    const bytes = payload.size;
    const arrived = { trackId, time, duration, sequenceNumber, bytes, fingerprint };
    const outcome = this.#stream.take(arrived);
    return { part, position: { time, duration, outcome } };
  }

  #takeEnd({ error }: StreamEnd): void {
    const hasHeader = this.#hasHeader || this.#demuxer.isPrimed;
    if (!hasHeader && this.#demuxer.isHeaderless) {
      const message = "Cannot take the body as its ftyp and moov must come first: current value is";
      this.#refuse(412, `${message} "${printable(this.#demuxer.firstBox!)}"`);
    } else if (error) {
      this.#refuse(400, error.message);
    }
  }

  /** An end that comes out before the body is over is an `mfra` box. */
  #takeEndBox({ boxes, error }: StreamEnd): void {
    if (error) return;
    if (boxes.length > 0) this.#stream.end();
    else this.#note({ rule: "end-empty", detail: "the index of a file" });
  }

  #checkStart(): void {
    const { firstBox, isForeign, isPrimed } = this.#demuxer;
    if (firstBox === undefined || this.#isStartChecked) return;
    this.#isStartChecked = true;
    const shown = `"${printable(firstBox)}"`;
    if (isPrimed) this.#note({ rule: "header-present", detail: `it starts with ${shown}` });
    if (!isForeign) return;
    const message = "Cannot read the body as it must start with a box that is known";
    this.#refuse(400, `${message}: current value is ${shown}`);
  }

  #checkExcess(): void {
    if (!this.#demuxer.hasExcess || this.#isEndChecked) return;
    this.#isEndChecked = true;
    this.#note({ rule: "end-last", detail: "more bytes in the same body" });
  }

  #refuse(status: number, message: string): void {
    this.#refusal ??= { status, message };
    this.#note({ rule: status === 412 ? "header-present" : "boxes", detail: message });
  }

  #note(finding: Finding): void {
    this.#stream.note(finding);
  }
}

const FINGERPRINT_BYTES = 32;

/** Tells fragments apart by what is cheap to look at: length in bytes and time, and how the payload starts. */
async function fingerprintOf({ payload, duration }: Fragment): Promise<string> {
  const pieces: Uint8Array[] = [];
  let size = 0;
  for await (const piece of payload.read()) {
    pieces.push(piece.subarray(0, FINGERPRINT_BYTES - size));
    size += pieces.at(-1)!.length;
    if (size >= FINGERPRINT_BYTES) break;
  }
  return `${payload.size} ${duration} ${toHex(join(pieces))}`;
}
