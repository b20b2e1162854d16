import type { Fragment, StreamEnd, StreamHeader, StreamPart } from "../part.ts";
import type { Finding } from "./rules.ts";
import type { StreamState } from "./stream_state.ts";
import { join, printable, toHex } from "../mp4/box.ts";
import { BodyDemuxer } from "./body_demuxer.ts";
import { readLiveFragment } from "./fragment_rules.ts";
import { readHeaderBoxes } from "./header_rules.ts";

/** Why a body is not taken, and with which status. */
export interface Refusal {
  readonly status: number;
  readonly message: string;
}

/** Most bytes of the header boxes of a stream together: they are kept. */
const MAX_KEPT_HEADER_BYTES = 4 * 1024 * 1024;

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
  #fragments = 0;

  /** @throws {RangeError} If a limit is not a whole number above 0. */
  constructor(stream: StreamState, maxFragmentBytes?: number) {
    this.#stream = stream;
    this.#demuxer = new BodyDemuxer({ maxFragmentBytes, knownHeader: stream.header });
    stream.open();
  }

  /** Bytes so far. */
  get bytes(): number {
    return this.#bytes;
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
  async *push(bytes: Uint8Array): AsyncGenerator<StreamPart> {
    if (this.#refusal) return;
    this.#bytes += bytes.length;
    this.#stream.bytes += bytes.length;
    for (const part of this.#demuxer.push(bytes)) {
      this.#checkStart();
      if (part.type === "end") this.#takeEndBox(part);
      yield* this.#take(part);
      if (this.#refusal) return;
    }
    this.#checkStart();
    this.#checkExcess();
  }

  /** Takes the end of the body and yields the parts that were left. */
  async *end(): AsyncGenerator<StreamPart> {
    if (this.#refusal) return;
    for (const part of this.#demuxer.end()) {
      yield* this.#take(part);
      if (this.#refusal) return;
    }
  }

  /** The body broke off. */
  lose(message: string): void {
    this.#note({ rule: "body-ends", detail: message });
  }

  /** The request is over, in whatever way. */
  close(): void {
    if (this.#isOpen) this.#stream.close();
    this.#isOpen = false;
  }

  async *#take(part: StreamPart): AsyncGenerator<StreamPart> {
    if (part.type === "header") this.#takeHeader(part);
    else if (part.type === "fragment") await this.#takeFragment(part);
    else this.#takeEnd(part);
    yield part;
  }

  #takeHeader({ boxes }: StreamHeader): void {
    this.#hasHeader = true;
    const { firstBox } = this.#demuxer;
    if (firstBox !== "ftyp") this.#note({ rule: "ftyp-first", detail: `"${firstBox}"` });
    const bytes = join(boxes);
    if (bytes.length > MAX_KEPT_HEADER_BYTES) {
      const limit = `${MAX_KEPT_HEADER_BYTES} bytes: current value is ${bytes.length}`;
      this.#refuse(413, `Cannot keep the header boxes as they must have at most ${limit}`);
      return;
    }
    if (this.#stream.isKnownHeader(bytes)) return;
    const { tracks, findings } = readHeaderBoxes(boxes);
    this.#stream.declare(bytes, tracks);
    findings.forEach((finding) => this.#note(finding));
  }

  async #takeFragment(part: Fragment): Promise<void> {
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
    this.#stream.take({ trackId, time, duration, sequenceNumber, bytes, fingerprint });
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
