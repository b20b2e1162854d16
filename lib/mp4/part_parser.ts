import type { Payload, StreamHeader, StreamPart } from "../part.ts";
import type { BoxHeader } from "./box.ts";
import type { FragmentPlace } from "./moof.ts";
import type { Track } from "./moov.ts";
import { Mp4SyntaxError } from "../errors.ts";
import { join, MAX_BOX_HEADER_SIZE, printable, readBoxHeader } from "./box.ts";
import { checkOpenEnd, readFragment, streamableMoof } from "./fragment.ts";
import { DEFAULT_MAX_FRAGMENT_BYTES, MAX_HEADER_BYTES } from "./limits.ts";
import { isEndOfStream } from "./mfra.ts";
import { readMoov } from "./moov.ts";
import { TrackTimes } from "./track_times.ts";
import { LIVE_SERVER_MANIFEST, STREAM_MANIFESTS } from "./uuid.ts";

/** Options for {@linkcode PartParser}. */
export interface PartParserOptions {
  /**
   * Most bytes that `moof` and `mdat` of one fragment may have together.
   *
   * @default {268435456}
   */
  maxFragmentBytes?: number;
}

/** A payload whose bytes are at hand. */
class HeldPayload implements Payload {
  readonly size: number;
  readonly #pieces: readonly Uint8Array[];

  constructor(pieces: readonly Uint8Array[], size: number) {
    this.#pieces = pieces;
    this.size = size;
  }

  async *read(signal?: AbortSignal): AsyncGenerator<Uint8Array> {
    for (const piece of this.#pieces) {
      signal?.throwIfAborted();
      yield piece;
    }
  }
}

/** Below this size pieces are copied together: a sender of single bytes must not cost an object for each. */
const SMALL_PIECE_BYTES = 1024;

/** Adds a piece to a list, as a part of the last one where it lies right behind it in the same buffer. */
function append(pieces: Uint8Array[], piece: Uint8Array): void {
  const last = pieces.at(-1);
  if (last?.buffer === piece.buffer && last.byteOffset + last.length === piece.byteOffset) {
    const size = last.length + piece.length;
    pieces[pieces.length - 1] = new Uint8Array(last.buffer, last.byteOffset, size);
  } else {
    pieces.push(piece);
  }
}

/** Bytes that came in and are not used yet, in pieces as they came. */
class Backlog {
  readonly #pieces: Uint8Array[] = [];
  #small = new Uint8Array(0);
  #smallUsed = 0;
  size = 0;

  add(bytes: Uint8Array): void {
    if (bytes.length === 0) return;
    append(this.#pieces, bytes.length < SMALL_PIECE_BYTES ? this.#copySmall(bytes) : bytes);
    this.size += bytes.length;
  }

  #copySmall(bytes: Uint8Array): Uint8Array {
    if (this.#smallUsed + bytes.length > this.#small.length) {
      this.#small = new Uint8Array(64 * SMALL_PIECE_BYTES);
      this.#smallUsed = 0;
    }
    const copy = this.#small.subarray(this.#smallUsed, this.#smallUsed + bytes.length);
    copy.set(bytes);
    this.#smallUsed += bytes.length;
    return copy;
  }

  /** Up to `size` bytes from the front, which stay. */
  peek(size: number): Uint8Array {
    const first = this.#pieces[0];
    if (!first || first.length >= size) return first?.subarray(0, size) ?? new Uint8Array(0);
    const pieces: Uint8Array[] = [];
    let found = 0;
    for (const piece of this.#pieces) {
      pieces.push(piece.subarray(0, size - found));
      found += pieces.at(-1)!.length;
      if (found === size) break;
    }
    return join(pieces);
  }

  /** Takes up to `size` bytes from the front, without a copy. */
  take(size: number): Uint8Array[] {
    const taken: Uint8Array[] = [];
    let left = size;
    let count = 0;
    while (left > 0 && count < this.#pieces.length) {
      const piece = this.#pieces[count]!;
      if (piece.length > left) {
        taken.push(piece.subarray(0, left));
        this.#pieces[count] = piece.subarray(left);
        left = 0;
      } else {
        taken.push(piece);
        left -= piece.length;
        count++;
      }
    }
    this.#pieces.splice(0, count);
    this.size -= size - left;
    return taken;
  }
}

/** The box that is being read. */
interface OpenBox {
  readonly header: BoxHeader;
  /** Where it starts in the stream, in bytes. */
  readonly offset: number;
  readonly pieces: Uint8Array[];
  /** Bytes still to come; Infinity for a box that goes on to the end. */
  left: number;
}

/** The header boxes so far. */
interface OpenHeader {
  readonly boxes: Uint8Array[];
  readonly tracks: readonly Track[];
  readonly isFragmented: boolean;
  readonly isGiven: boolean;
}

const isManifest = ({ userType }: BoxHeader) =>
  userType !== undefined &&
  (userType === LIVE_SERVER_MANIFEST || STREAM_MANIFESTS.includes(userType));

/**
 * Takes a stream of fragmented MP4 apart, in pieces of any size: what stands behind the stage, for those who have no
 * streams. Payloads are the pieces that came in, without a copy.
 *
 * The first thing wrong ends the stream: what was whole before it is given out, and the end says what was wrong.
 */
export class PartParser {
  readonly #maxFragmentBytes: number;
  readonly #backlog = new Backlog();
  #offset = 0;
  #box: OpenBox | undefined;
  #header: OpenHeader = { boxes: [], tracks: [], isFragmented: false, isGiven: false };
  /** Of the boxes of the header so far. */
  #heldBytes = 0;
  #moof: { bytes: Uint8Array; offset: number } | undefined;
  readonly #times = new Map<number, TrackTimes>();
  #sequence = 0;
  #hasEnded = false;

  /** @throws {RangeError} If a limit is not a whole number above 0. */
  constructor({ maxFragmentBytes = DEFAULT_MAX_FRAGMENT_BYTES }: PartParserOptions = {}) {
    if (!Number.isSafeInteger(maxFragmentBytes) || maxFragmentBytes <= 0) {
      throw new RangeError(
        `Cannot limit the size of a fragment as it must be a whole number above 0: current value is ${maxFragmentBytes}`,
      );
    }
    this.#maxFragmentBytes = maxFragmentBytes;
  }

  /** Takes the next bytes and yields the parts that they complete; bytes after the end of the stream are passed over. */
  *push(bytes: Uint8Array): Generator<StreamPart> {
    if (this.#hasEnded) return;
    this.#backlog.add(bytes);
    try {
      while (!this.#hasEnded && this.#advance()) yield* this.#complete();
    } catch (error) {
      yield this.#end(error);
    }
  }

  /** Takes the end of the bytes and yields the parts that were left. */
  *end(): Generator<StreamPart> {
    if (this.#hasEnded) return;
    try {
      yield* this.#finish();
      yield this.#end();
    } catch (error) {
      yield this.#end(error);
    }
  }

  /** Moves bytes from the backlog into the open box; true once it is whole. */
  #advance(): boolean {
    if (!this.#box && !this.#open()) return false;
    const box = this.#box!;
    const size = Math.min(box.left, this.#backlog.size);
    const taken = this.#backlog.take(size);
    if (this.#isWanted(box.header)) taken.forEach((piece) => append(box.pieces, piece));
    box.left -= size;
    this.#offset += size;
    if (box.left === Infinity) this.#checkOpenEnd(box);
    return box.left === 0;
  }

  #open(): boolean {
    const bytes = this.#backlog.peek(MAX_BOX_HEADER_SIZE);
    const header = readBoxHeader(bytes, this.#offset);
    if (!header) return false;
    this.#check(header);
    const left = header.size === 0 ? Infinity : header.size;
    this.#box = { header, offset: this.#offset, pieces: [], left };
    return true;
  }

  /** Says no to a box before its bytes are gathered. */
  #check({ type, size, headerSize, userType }: BoxHeader): void {
    const fail = (wanted: string, current: string) => {
      throw new Mp4SyntaxError(
        `Cannot read box "${printable(type)}" as ${wanted}: current value is ${current}`,
        this.#offset,
      );
    };
    if (this.#offset === 0 && !looksLikeBox(type)) {
      fail("a fragmented MP4 must start with a box", `"${printable(type)}"`);
    }
    if (this.#moof && type !== "mdat") {
      if (type === "moof" || type === "mfra") fail('a "moof" must be followed by its "mdat"', type);
    }
    if (type === "mdat" && !this.#moof && !this.#header.isFragmented) {
      fail(
        'a "moof" must stand in front of it (a progressive MP4 has no fragments and cannot be pushed)',
        "none",
      );
    }
    if (type === "moof" || (type === "mdat" && this.#moof)) {
      const whole = size + (this.#moof?.bytes.length ?? 0);
      if (whole > this.#maxFragmentBytes) {
        fail(`a fragment must have at most ${this.#maxFragmentBytes} bytes`, `${whole}`);
      }
    } else if (isKept({ type, size, headerSize, userType })) {
      const whole = size + (this.#header.isGiven ? 0 : this.#heldBytes);
      if (whole > MAX_HEADER_BYTES) {
        fail(`the header boxes must have at most ${MAX_HEADER_BYTES} bytes`, `${whole}`);
      }
    }
    if (size === 0 && type !== "mdat") {
      fail("only the last mdat may go on to the end of the file", "size 0");
    }
  }

  /** Whether the bytes of a box are gathered; a payload without a `moof` belongs to nobody and goes by. */
  #isWanted(header: BoxHeader): boolean {
    return isKept(header) && (header.type !== "mdat" || this.#moof !== undefined);
  }

  /** A box that goes on to the end of the stream says no size that could be checked before. */
  #checkOpenEnd({ offset }: OpenBox): void {
    if (!this.#moof) return;
    const size = this.#offset - offset + this.#moof.bytes.length;
    if (size <= this.#maxFragmentBytes) return;
    throw new Mp4SyntaxError(
      `Cannot read box "mdat" as a fragment must have at most ${this.#maxFragmentBytes} bytes: current value is ${size} or more`,
      offset,
    );
  }

  *#complete(): Generator<StreamPart> {
    const { header, offset, pieces } = this.#box!;
    this.#box = undefined;
    switch (header.type) {
      case "ftyp":
      case "uuid":
        if (isKept(header) && !this.#header.isGiven) this.#hold(join(pieces));
        break;
      case "moov":
        if (!this.#header.isGiven) yield this.#giveHeader(join(pieces), offset);
        break;
      case "moof":
        if (!this.#header.isGiven) {
          throw new Mp4SyntaxError(
            'Cannot read box "moof" as "moov" must stand in front of it: current value is none',
            offset,
          );
        }
        this.#moof = { bytes: join(pieces), offset };
        break;
      case "mdat":
        if (this.#moof) yield this.#fragment(header, offset, pieces);
        break;
      case "mfra":
        yield this.#endBox(join(pieces), offset);
        break;
    }
  }

  #hold(box: Uint8Array): void {
    this.#header.boxes.push(box);
    this.#heldBytes += box.length;
  }

  #giveHeader(moov: Uint8Array, offset: number): StreamHeader {
    const boxes = [...this.#header.boxes, moov];
    this.#header = { boxes, ...readMoov(moov, offset), isGiven: true };
    const { tracks } = this.#header;
    return { type: "header", boxes, tracks };
  }

  #fragment(header: BoxHeader, offset: number, pieces: readonly Uint8Array[]): StreamPart {
    const moof = this.#moof!;
    this.#moof = undefined;
    const payload = dropFront(pieces, header.headerSize);
    const payloadSize = payload.reduce((size, piece) => size + piece.length, 0);
    const place: FragmentPlace = {
      moofOffset: moof.offset,
      payloadOffset: offset + header.headerSize,
      payloadSize,
    };
    const facts = readFragment(moof.bytes, place, this.#header.tracks);
    if (header.size === 0) checkOpenEnd(facts, place, offset);
    const { trackId, timescale } = facts.track;
    if (!this.#times.has(trackId)) this.#times.set(trackId, new TrackTimes());
    const { index, start, duration } = this.#times.get(trackId)!.next(facts, moof.offset);
    this.#sequence++;
    return {
      type: "fragment",
      trackId,
      timescale,
      decodeTime: start,
      duration,
      index,
      pass: 0,
      sequence: this.#sequence,
      moof: streamableMoof(moof.bytes, facts, place),
      payload: new HeldPayload(payload, payloadSize),
    };
  }

  #endBox(bytes: Uint8Array, offset: number): StreamPart {
    this.#hasEnded = true;
    return { type: "end", boxes: isEndOfStream(bytes, offset) ? [bytes] : [] };
  }

  /** What the end of the bytes completes, or leaves incomplete. */
  *#finish(): Generator<StreamPart> {
    if (this.#box?.left === Infinity) {
      yield* this.#complete();
      return;
    }
    if (this.#box || this.#backlog.size > 0) {
      const path = this.#box ? `box "${printable(this.#box.header.type)}"` : "a box";
      const missing = this.#box ? `${this.#box.left} bytes are missing` : "cut in its header";
      throw new Mp4SyntaxError(
        `Cannot read ${path} as it must be whole: current value is ${missing}`,
        this.#box?.offset ?? this.#offset,
      );
    }
    if (this.#moof) {
      throw new Mp4SyntaxError(
        'Cannot read box "moof" as it must be followed by its "mdat": current value is the end',
        this.#moof.offset,
      );
    }
    if (!this.#header.isGiven) {
      throw new Mp4SyntaxError(
        'Cannot read the stream as it must have a "moov" box: current value is none',
        this.#offset,
      );
    }
  }

  #end(error?: unknown): StreamPart {
    this.#hasEnded = true;
    if (error === undefined) return { type: "end", boxes: [] };
    if (!(error instanceof Mp4SyntaxError)) throw error;
    return { type: "end", boxes: [], error };
  }
}

/** Whether the bytes of a box are wanted; those of others go by. */
function isKept(header: BoxHeader): boolean {
  return ["ftyp", "moov", "moof", "mdat", "mfra"].includes(header.type) || isManifest(header);
}

function looksLikeBox(type: string): boolean {
  return /^[\x20-\x7e\xa9]{4}$/.test(type);
}

function dropFront(pieces: readonly Uint8Array[], size: number): Uint8Array[] {
  let left = size;
  const rest: Uint8Array[] = [];
  for (const piece of pieces) {
    if (piece.length > left) rest.push(piece.subarray(left));
    left = Math.max(0, left - piece.length);
  }
  return rest;
}
