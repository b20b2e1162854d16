import { ManifestSyntaxError } from "../errors.ts";
import { parseDuration, parseInteger, parseTicks } from "./attribute_value.ts";
import { attributeOf, childrenNamed, type XmlElement } from "./xml.ts";

/** When a fragment of a track starts and how long it lasts, in ticks of its `StreamIndex`. */
export interface FragmentTime {
  readonly start: bigint;
  /** 0 if the manifest does not tell, which only happens to the last fragment. */
  readonly duration: bigint;
  /** The sample itself in base64, where the manifest carries it (`ManifestOutput`). */
  readonly data?: string;
}

/** A `c` element, which stands for `count` fragments. */
interface Entry {
  readonly start?: bigint;
  readonly duration?: bigint;
  readonly count: number;
  readonly data?: string;
}

function readEntry(elements: readonly XmlElement[], index: number): Entry | undefined {
  const element = elements[index];
  if (!element) return undefined;
  const number = index + 1;
  const start = attributeOf(element, "t");
  const duration = attributeOf(element, "d");
  const count = attributeOf(element, "r");
  const texts = childrenNamed(element, "f").map(({ text }) => text.replace(/\s/g, ""));
  return {
    start: start === undefined ? start : parseTicks(start, `t of fragment entry ${number}`),
    duration: duration === undefined
      ? duration
      : parseDuration(duration, `d of fragment entry ${number}`),
    // r counts this fragment too; writers who think that it does not may say 0.
    count: count === undefined
      ? 1
      : Math.max(parseInteger(count, `r of fragment entry ${number}`), 1),
    data: texts.find((text) => text !== ""),
  };
}

/** The duration of the fragments of an entry without `d`: they fill the time up to the next entry. */
function durationUpTo(next: Entry | undefined, start: bigint, entry: Entry): bigint {
  if (next === undefined) return 0n;
  if (next.start === undefined) {
    throw new ManifestSyntaxError(
      `Cannot read the fragment at ${start} as its duration needs d, or t of the next one: current value is undefined`,
    );
  }
  return (next.start - start) / BigInt(entry.count);
}

/** Without room for `data` where there is none. */
function fragmentTime(start: bigint, duration: bigint, data: string | undefined): FragmentTime {
  return data === undefined ? { start, duration } : { start, duration, data };
}

function checkOrder(start: bigint, earlier: bigint): void {
  if (start < earlier) {
    throw new ManifestSyntaxError(
      `Cannot read the fragment after ${earlier} as t must not go back: current value is ${start}`,
    );
  }
}

function checkCount(count: number, maxFragments: number): void {
  if (count > maxFragments) {
    throw new ManifestSyntaxError(
      `Cannot read the fragments of a StreamIndex as there must be at most ${maxFragments}: current value is ${count}`,
    );
  }
}

/**
 * Reads the times of the fragments of a `StreamIndex` from its `c` elements (MS-SSTR 2.2.2.6 and 3.1.5.1). A missing `t`
 * follows from the fragment before, a missing `d` from the one after.
 *
 * @param elements The `c` elements, in order.
 * @param maxFragments How many fragments there may be, repeated ones included.
 * @throws {ManifestSyntaxError} If a time is none, goes back or cannot be known, or there are too many fragments.
 */
export function readFragmentTimes(
  elements: readonly XmlElement[],
  maxFragments: number,
): FragmentTime[] {
  const fragments: FragmentTime[] = [];
  let end = 0n;
  let next = readEntry(elements, 0);
  for (let index = 0; next; index++) {
    const entry = next;
    next = readEntry(elements, index + 1);
    const { start = end, count, data } = entry;
    checkCount(fragments.length + count, maxFragments);
    checkOrder(start, fragments.at(-1)?.start ?? start);
    const own = entry.duration ?? durationUpTo(next, start, entry);
    // One bigint for all in a row that last as long: there may be a million of them.
    const before = fragments.at(-1)?.duration;
    const duration = before === own ? before : own;
    for (let i = 0n; i < count; i++) {
      fragments.push(fragmentTime(start + i * duration, duration, data));
    }
    end = start + BigInt(count) * duration;
  }
  return fragments;
}
