import type { BoxHeader } from "../../mp4/box.ts";
import { Mp4SyntaxError } from "../../errors.ts";
import { join, MAX_BOX_HEADER_SIZE, readBoxHeader } from "../../mp4/box.ts";
import { readMoof } from "../../mp4/moof.ts";

/** Larger ones are not looked at. */
const MAX_MOOF_BYTES = 4 * 1024 * 1024;

/** A data offset that does not lead to the payload. */
export interface StaleOffset {
  readonly trackId: number;
  /** Of the first run; none if it has none. */
  readonly dataOffset: number | undefined;
  /** What it must be. */
  readonly expected: number;
}

/**
 * Looks at the data offsets of a body as it comes: the demuxer puts them right before anyone else sees them. What it
 * cannot read it leaves to the demuxer.
 */
export class DataOffsetProbe {
  #held: Uint8Array = new Uint8Array(0);
  /** Bytes of the box at hand that are still to come. */
  #left = 0;
  #moofPieces: Uint8Array[] | undefined;
  #moof: Uint8Array | undefined;
  #isLost = false;

  /** Takes the next bytes and yields what is wrong in what they complete. */
  *push(bytes: Uint8Array): Generator<StaleOffset> {
    let rest = bytes;
    while (rest.length > 0 && !this.#isLost) {
      if (this.#left > 0) {
        const piece = rest.subarray(0, this.#left);
        this.#moofPieces?.push(piece);
        this.#left -= piece.length;
        rest = rest.subarray(piece.length);
        if (this.#left === 0) this.#closeBox();
        continue;
      }
      const wanted = MAX_BOX_HEADER_SIZE - this.#held.length;
      const head = join([this.#held, rest.subarray(0, wanted)]);
      const header = headerOf(head);
      if (header === "damaged") {
        this.#isLost = true;
      } else if (!header) {
        this.#held = head;
        rest = rest.subarray(wanted);
      } else {
        if (this.#held.length > 0) rest = join([this.#held, rest]);
        this.#held = new Uint8Array(0);
        yield* this.#openBox(header);
      }
    }
  }

  *#openBox({ type, size, headerSize }: BoxHeader): Generator<StaleOffset> {
    // A box without a size is the last one.
    this.#left = size || Infinity;
    const isMoof = type === "moof" && size > 0 && size <= MAX_MOOF_BYTES;
    this.#moofPieces = isMoof ? [] : undefined;
    if (type === "mdat" && this.#moof) {
      const stale = staleOffset(this.#moof, headerSize);
      if (stale) yield stale;
    }
    this.#moof = undefined;
  }

  #closeBox(): void {
    this.#moof = this.#moofPieces && join(this.#moofPieces);
    this.#moofPieces = undefined;
  }
}

function headerOf(bytes: Uint8Array): BoxHeader | "damaged" | undefined {
  try {
    return readBoxHeader(bytes, 0);
  } catch (error) {
    if (error instanceof Mp4SyntaxError) return "damaged";
    throw error;
  }
}

function staleOffset(bytes: Uint8Array, mdatHeaderSize: number): StaleOffset | undefined {
  try {
    const { truns, tfhd: { value: { trackId } } } = readMoof(bytes, 0);
    const expected = bytes.length + mdatHeaderSize;
    const first = truns[0]?.value;
    if (!first || first.dataOffset === expected) return undefined;
    return { trackId, dataOffset: first.dataOffset, expected };
  } catch (error) {
    if (error instanceof Mp4SyntaxError) return undefined;
    throw error;
  }
}
