import type { Box } from "./box.ts";
import { Mp4SyntaxError } from "../errors.ts";
import { viewOf } from "./box.ts";

/** Bytes from `start` to `end` give way to `bytes`. */
export interface Splice {
  readonly start: number;
  readonly end: number;
  readonly bytes: Uint8Array;
}

/** Nothing: what a removed box gives way to. */
export const NO_BYTES: Uint8Array = new Uint8Array(0);

/** Bytes with splices done, and where each old place has gone. */
export interface Spliced {
  readonly bytes: Uint8Array;
  /** The new place of what stood at `offset`; what stood at or behind an insertion moves with it. */
  moved(offset: number): number;
}

/**
 * Does splices and corrects the sizes of the boxes around them.
 *
 * @param splices In any order, none overlapping another.
 * @param containers Every box whose content changes, the outermost included.
 * @throws {Mp4SyntaxError} If a box grows past what its size field can say.
 */
export function spliceBoxes(
  bytes: Uint8Array,
  splices: readonly Splice[],
  containers: readonly Box[],
): Spliced {
  const ordered = [...splices].sort((a, b) => a.start - b.start);
  const growth = ordered.reduce((sum, it) => sum + it.bytes.length - (it.end - it.start), 0);
  const out = new Uint8Array(bytes.length + growth);
  let from = 0;
  let to = 0;
  for (const splice of ordered) {
    out.set(bytes.subarray(from, splice.start), to);
    to += splice.start - from;
    out.set(splice.bytes, to);
    to += splice.bytes.length;
    from = splice.end;
  }
  out.set(bytes.subarray(from), to);

  const moved = (offset: number) => {
    let shift = 0;
    for (const splice of ordered) {
      if (splice.end > offset) break;
      shift += splice.bytes.length - (splice.end - splice.start);
    }
    return offset + shift;
  };
  for (const box of containers) {
    const delta = growthWithin(ordered, box);
    writeBoxSize(out, moved(box.start), box, box.end - box.start + delta);
  }
  return { bytes: out, moved };
}

/** By how much the splices within `box` make it grow; one at its very end counts as within. */
function growthWithin(splices: readonly Splice[], box: Box): number {
  let growth = 0;
  for (const { start, end, bytes } of splices) {
    if (start >= box.bodyStart && end <= box.end) growth += bytes.length - (end - start);
  }
  return growth;
}

/**
 * Writes the size of a box into its header, which keeps its form.
 *
 * @param at Where the header starts in `bytes`.
 * @throws {Mp4SyntaxError} If the size is past what the field can say.
 */
export function writeBoxSize(bytes: Uint8Array, at: number, box: Box, size: number): void {
  const view = viewOf(bytes);
  if (view.getUint32(at) === 1) {
    view.setBigUint64(at + 8, BigInt(size));
  } else if (size <= 0xffffffff) {
    view.setUint32(at, size);
  } else {
    throw new Mp4SyntaxError(
      `Cannot make box "${box.path}" larger as its size must fit 32 bits: current value is ${size}`,
      box.start,
    );
  }
}
