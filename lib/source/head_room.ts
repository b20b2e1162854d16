/** Room in front of the first piece: for a `moof` of a few hundred samples. */
export const HEAD_ROOM_BYTES = 4096;

/** What goes in front of the first piece of a payload, in the same memory. */
export class HeadRoom {
  #head: readonly Uint8Array[] | undefined;

  /** Notes what goes there, once; says whether there is room for it. */
  put(head: readonly Uint8Array[]): boolean {
    if (this.#head || sizeOf(head) > HEAD_ROOM_BYTES) return false;
    this.#head = head;
    return true;
  }

  /**
   * The bytes from `start` on, with what goes in front of them: it is written there.
   *
   * @param bytes The first `start` of them are free.
   */
  join(bytes: Uint8Array, start: number): Uint8Array {
    if (!this.#head) return start > 0 ? bytes.subarray(start) : bytes;
    const headStart = start - sizeOf(this.#head);
    let at = headStart;
    for (const part of this.#head) {
      bytes.set(part, at);
      at += part.length;
    }
    this.#head = undefined;
    return bytes.subarray(headStart);
  }
}

function sizeOf(pieces: readonly Uint8Array[]): number {
  return pieces.reduce((sum, { length }) => sum + length, 0);
}
