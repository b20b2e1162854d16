import { createHash } from "node:crypto";
import { BOX_HEADER_SIZE, boxType, viewOf } from "../lib/mp4/box.ts";

/** Hashes the payloads of all `mdat` boxes of a body one behind the other, in whatever pieces it comes. */
export class PayloadHash {
  readonly #hash = createHash("sha256");
  readonly #header = new Uint8Array(BOX_HEADER_SIZE);
  #headerBytes = 0;
  /** Bytes of the box under way that are still to come. */
  #left = 0;

  /** Takes the next bytes in. */
  push(bytes: Uint8Array): void {
    let at = 0;
    while (at < bytes.length) {
      if (this.#left === 0) {
        this.#takeHeaderByte(bytes[at++]!);
        continue;
      }
      const piece = bytes.subarray(at, at + this.#left);
      if (boxType(this.#header) === "mdat") this.#hash.update(piece);
      this.#left -= piece.length;
      at += piece.length;
    }
  }

  #takeHeaderByte(byte: number): void {
    this.#header[this.#headerBytes++] = byte;
    if (this.#headerBytes < BOX_HEADER_SIZE) return;
    // No box of these presentations is so large that its size has 64 bits.
    this.#left = viewOf(this.#header).getUint32(0) - BOX_HEADER_SIZE;
    this.#headerBytes = 0;
  }

  /** Hex digits. */
  digest(): string {
    return this.#hash.digest("hex");
  }
}
