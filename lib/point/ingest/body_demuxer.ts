import type { StreamPart } from "../../part.ts";
import { boxType, join } from "../../mp4/box.ts";
import { PartParser } from "../../mp4/part_parser.ts";

/** Options for {@linkcode BodyDemuxer}. */
export interface BodyDemuxerOptions {
  maxFragmentBytes?: number | undefined;
  /** The header boxes of an earlier body of the stream, for a body that has none. */
  knownHeader?: Uint8Array | undefined;
}

/** Boxes that a body with a header starts with. */
const HEADER_STARTS = ["ftyp", "moov", "free", "skip", "pdin"];

/** Boxes that a body without a header starts with. */
const HEADERLESS_STARTS = ["uuid", "moof", "mfra", "styp", "prft", "emsg", "sidx"];

const BOX_TYPE_END = 8;

/**
 * Takes the body of one request apart with the demuxer, and finds out what that does not tell: what the body starts with,
 * whether it has a header of its own, whether bytes follow its end.
 */
export class BodyDemuxer {
  readonly #parser: PartParser;
  readonly #knownHeader: Uint8Array | undefined;
  #start: Uint8Array = new Uint8Array(0);
  #firstBox: string | undefined;
  #isPrimed = false;
  #hasEnded = false;
  #hasExcess = false;

  /** @throws {RangeError} If a limit is not a whole number above 0. */
  constructor({ maxFragmentBytes, knownHeader }: BodyDemuxerOptions = {}) {
    this.#parser = new PartParser(maxFragmentBytes === undefined ? {} : { maxFragmentBytes });
    this.#knownHeader = knownHeader;
  }

  /** Type of the first box, once its bytes are there. */
  get firstBox(): string | undefined {
    return this.#firstBox;
  }

  /** Whether the body starts as one that leaves its header out. */
  get isHeaderless(): boolean {
    return HEADERLESS_STARTS.includes(this.#firstBox ?? "");
  }

  /** Whether it starts with a box that no body starts with. */
  get isForeign(): boolean {
    return this.#firstBox !== undefined && !this.isHeaderless &&
      !HEADER_STARTS.includes(this.#firstBox);
  }

  /** Whether the header of an earlier body stands in for the one that is missing; it is not given out. */
  get isPrimed(): boolean {
    return this.#isPrimed;
  }

  /** Whether bytes follow the end of stream. */
  get hasExcess(): boolean {
    return this.#hasExcess;
  }

  /** Takes the next bytes and yields the parts that they complete. */
  *push(bytes: Uint8Array): Generator<StreamPart> {
    if (bytes.length === 0) return;
    if (this.#firstBox !== undefined) {
      yield* this.#feed(bytes);
      return;
    }
    this.#start = join([this.#start, bytes]);
    if (this.#start.length < BOX_TYPE_END) return;
    this.#firstBox = boxType(this.#start);
    this.#prime();
    if (!this.isForeign) yield* this.#feed(this.#start);
    this.#start = new Uint8Array(0);
  }

  /** Takes the end of the body and yields the parts that were left. */
  *end(): Generator<StreamPart> {
    if (this.#start.length > 0) yield* this.#feed(this.#start);
    yield* this.#parser.end();
  }

  #prime(): void {
    if (!this.#knownHeader || !this.isHeaderless) return;
    this.#isPrimed = true;
    for (const _ of this.#parser.push(this.#knownHeader));
  }

  /** The last byte goes in by itself: an end that comes out before it has something behind it. */
  *#feed(bytes: Uint8Array): Generator<StreamPart> {
    for (const piece of [bytes.subarray(0, -1), bytes.subarray(-1)]) {
      if (this.#hasEnded && piece.length > 0) this.#hasExcess = true;
      for (const part of this.#parser.push(piece)) {
        if (part.type === "end") this.#hasEnded = true;
        yield part;
      }
    }
  }
}
