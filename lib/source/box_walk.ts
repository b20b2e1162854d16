import type { BoxWindow, TopBox } from "./box_window.ts";
import { Mp4SyntaxError } from "../errors.ts";
import { printable } from "../mp4/box.ts";

/** More boxes than this that mean nothing, one behind the other, are no media file. */
export const MAX_PASSED_BOXES: number = 100_000;

/** What is thrown for more of them. */
export function tooManyBoxes(offset: number): Mp4SyntaxError {
  return new Mp4SyntaxError(
    `Cannot read it as a fragment must come within ${MAX_PASSED_BOXES} boxes: current value is none`,
    offset,
  );
}

/**
 * The next box at the top level that has one of some types.
 *
 * @returns `undefined` at the end of the file.
 * @throws {Mp4SyntaxError} If a box in front of it is damaged, or there are too many.
 */
export async function nextOf(
  types: readonly string[],
  window: BoxWindow,
  offset: number,
  signal: AbortSignal | undefined,
): Promise<TopBox | undefined> {
  let box = await window.header(offset, signal);
  for (let passed = 0; box && !types.includes(box.type); passed++) {
    if (box.size === 0 && box.type !== "mdat") throw openEnd(box);
    if (passed > MAX_PASSED_BOXES) throw tooManyBoxes(box.offset);
    box = await window.header(box.end, signal);
  }
  if (box?.size === 0 && box.type !== "mdat") throw openEnd(box);
  return box;
}

/** What is thrown for a box without a size that is no `mdat`. */
export function openEnd({ type, offset }: TopBox): Mp4SyntaxError {
  return new Mp4SyntaxError(
    `Cannot read box "${
      printable(type)
    }" as only the last mdat may go on to the end of the file: current value is size 0`,
    offset,
  );
}
