import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import * as assert from "uvu/assert";
import { readBody, wholePart, type WireFragment } from "../../helpers/wire.ts";

const latin1 = new TextDecoder("latin1");

/**
 * All fragments that arrived whole of each stream, over all connections, as `body_recorder.ts` wrote them.
 *
 * @throws {Error} If a fragment, or what stands in front of the fragments, came twice and was not the same.
 */
export function arrivedIn(folder: string): Map<string, Map<number, WireFragment>> {
  const streams = new Map<string, Map<number, WireFragment>>();
  const seen = new Map<string, string>();
  const checkSame = (key: string, bytes: string) => {
    assert.ok((seen.get(key) ?? bytes) === bytes, `${key} came again and was another one`);
    seen.set(key, bytes);
  };
  for (const name of readdirSync(folder)) {
    const stream = name.slice(0, name.indexOf(" "));
    const { boxes, fragments } = readBody(wholePart(readFileSync(join(folder, name))));
    const starts = boxes.flatMap(({ type }, n) => type === "moof" ? [n] : []);
    const textOf = (from: number, to: number) =>
      boxes.slice(from, to).map(({ bytes }) => latin1.decode(bytes)).join("");
    // A body that was cut off in its header has none that could be compared.
    if (starts.length > 0) checkSame(`the header of ${stream}`, textOf(0, starts[0]!));
    const all = streams.get(stream) ?? new Map<number, WireFragment>();
    streams.set(stream, all);
    fragments.forEach((fragment, n) => {
      const number = fragment.sequenceNumber;
      checkSame(`fragment ${number} of ${stream}`, textOf(starts[n]!, starts[n]! + 2));
      all.set(number, fragment);
    });
  }
  return streams;
}

/** Requests of each stream that brought an end of stream. */
export function endsIn(folder: string): Map<string, number> {
  const ends = new Map<string, number>();
  for (const name of readdirSync(folder)) {
    const stream = name.slice(0, name.indexOf(" "));
    const { types } = readBody(wholePart(readFileSync(join(folder, name))));
    if (types.at(-1) === "mfra") ends.set(stream, (ends.get(stream) ?? 0) + 1);
  }
  return ends;
}

/** Nothing is missing of any stream of the sample, pushed under an ID for some passes. */
export function checkArrived(folder: string, id: string, passes: number): void {
  const arrived = arrivedIn(folder);
  for (const n of [0, 1, 2, 3, 4]) {
    const stream = `${id}-stream${n}`;
    const numbers = [...arrived.get(stream)?.keys() ?? []].sort((a, b) => a - b);
    const count = passes * (n === 4 ? 3 : 10);
    assert.equal(numbers, Array.from({ length: count }, (_, k) => k + 1), stream);
  }
}
