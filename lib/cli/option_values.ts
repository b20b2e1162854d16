import type { GivenOption, GivenOptions } from "./given_arguments.ts";
import type { Choice, ChoiceName } from "./options.ts";
import { hideCredentials, quote } from "./quote.ts";
import { UsageError } from "./usage_error.ts";

/** A range of fragments of each track, both ends included, from 0. */
export interface FragmentRange {
  readonly first: number;
  readonly last: number;
}

const DECIMAL = /^(?:\d+(?:\.\d*)?|\.\d+)$/;

const SIZE_UNITS: ReadonlyMap<string, number> = new Map([
  ["", 1],
  ["kib", 2 ** 10],
  ["mib", 2 ** 20],
  ["gib", 2 ** 30],
]);

/** What to throw for a value that is not accepted; a secret one is not shown. */
export function invalidValue(given: GivenOption, accepted: string): UsageError {
  const value = given.option?.secret ? "not shown" : quote(hideCredentials(given.value ?? ""));
  return new UsageError(`Cannot use ${given.spelling} as ${accepted}: current value is ${value}`);
}

function readDecimal(text: string | undefined): number {
  return text !== undefined && DECIMAL.test(text) ? Number(text) : NaN;
}

function readWhole(text: string | undefined): number {
  return text !== undefined && /^\d+$/.test(text) ? Number(text) : NaN;
}

/** Reads `--rate`. @throws {UsageError} If it is out of range. */
export function readRate(given: GivenOption): number | "max" {
  return given.value === "max" ? "max" : readFiniteRate(given, `, or "max"`);
}

/**
 * Reads `--rate` where there must be a pace.
 *
 * @param alternative What else it may be, for the message.
 * @throws {UsageError} If it is out of range.
 */
export function readFiniteRate(given: GivenOption, alternative = ""): number {
  const rate = readDecimal(given.value);
  if (rate >= 0.001 && rate <= 1000) return rate;
  throw invalidValue(given, `it must be a number from 0.001 to 1000${alternative}`);
}

/** Reads `--loop` into a number of passes. @throws {UsageError} If it is not a whole number from 1 on. */
export function readLoop(given: GivenOption): number {
  if (given.value === undefined) return Infinity;
  const passes = readWhole(given.value);
  if (passes >= 1 && Number.isSafeInteger(passes)) return passes;
  throw invalidValue(given, "the number of passes must be a whole number from 1 on");
}

/** Reads `--duration` into seconds. @throws {UsageError} If it is not above 0. */
export function readDuration(given: GivenOption): number {
  const seconds = readDecimal(given.value);
  if (seconds > 0 && seconds < Infinity) return seconds;
  throw invalidValue(given, "it must be a number of seconds above 0");
}

/** Reads `--skip`. @throws {UsageError} If it is not two whole numbers in order. */
export function readSkip(given: GivenOption): FragmentRange {
  const [, a, b] = /^(\d+),(\d+)$/.exec(given.value ?? "") ?? [];
  const [first, last] = [readWhole(a), readWhole(b)];
  if (first <= last && Number.isSafeInteger(last)) return { first, last };
  throw invalidValue(given, "it must be two whole numbers a,b with 0 <= a <= b");
}

/** Reads `--id` and `--event-id` (MS-SSTR 2.2.7). @throws {UsageError} If it cannot stand in an ingest URL. */
export function readIdentifier(given: GivenOption): string {
  const id = given.value ?? "";
  if (/^(?:[A-Za-z0-9._~-]|%[0-9A-Fa-f]{2})+$/.test(id)) return id;
  throw invalidValue(given, `it must be made of letters, digits, "-", ".", "_", "~" and "%HH"`);
}

/** Reads a size into bytes: a whole number of bytes, KiB, MiB or GiB. @throws {UsageError} If it is none or below `min`. */
export function readSize(given: GivenOption, min = 1): number {
  const [, digits, unit = ""] = /^(\d+) ?([a-z]*)$/i.exec(given.value ?? "") ?? [];
  const bytes = readWhole(digits) * (SIZE_UNITS.get(unit.toLowerCase()) ?? NaN);
  if (bytes >= min && Number.isSafeInteger(bytes)) return bytes;
  const range = min === 0 ? "from 0 on" : "above 0";
  throw invalidValue(given, `it must be a whole number of bytes, KiB, MiB or GiB, ${range}`);
}

/** Reads a number of seconds into milliseconds. @throws {UsageError} If it is negative or none. */
export function readSeconds(given: GivenOption): number {
  const seconds = readDecimal(given.value);
  if (seconds >= 0 && seconds < Infinity) return seconds * 1000;
  throw invalidValue(given, "it must be a number of seconds from 0 on");
}

/** The same, for times that must take a while. @throws {UsageError} If it is below a millisecond or none. */
export function readPositiveSeconds(given: GivenOption): number {
  const seconds = readDecimal(given.value);
  if (seconds >= 0.001 && seconds < Infinity) return seconds * 1000;
  throw invalidValue(given, "it must be a number of seconds from 0.001 on");
}

const TIME_UNITS: Readonly<Record<string, number>> = { ms: 0.001, s: 1, m: 60, h: 3600 };

/** Reads a time into seconds: `90`, `1.5s`, `500ms`, `5m` or `1h`. @throws {UsageError} If it is none. */
export function readTime(given: GivenOption): number {
  const [, number, unit = "s"] = /^([\d.]+)(ms|s|m|h)?$/.exec(given.value ?? "") ?? [];
  const seconds = readDecimal(number) * TIME_UNITS[unit]!;
  if (seconds >= 0 && seconds < Infinity) return seconds;
  throw invalidValue(given, "it must be a time such as 90, 1.5s, 500ms, 5m or 1h");
}

/** The same, for times that must take a while. @throws {UsageError} If it is 0 or none. */
export function readPositiveTime(given: GivenOption): number {
  const seconds = readTime(given);
  if (seconds > 0) return seconds;
  throw invalidValue(given, "it must be a time above 0, such as 90, 1.5s, 500ms, 5m or 1h");
}

/** Reads a whole number from 1 to `max`. @throws {UsageError} If it is none. */
export function readNumber(given: GivenOption, max = Infinity): number {
  const count = readWhole(given.value);
  if (count >= 1 && count <= max && Number.isSafeInteger(count)) return count;
  const range = max === Infinity ? "from 1 on" : `from 1 to ${max}`;
  throw invalidValue(given, `it must be a whole number ${range}`);
}

/** Reads a number above 0. @throws {UsageError} If it is none. */
export function readPositive(given: GivenOption): number {
  const value = readDecimal(given.value);
  if (value > 0 && value < Infinity) return value;
  throw invalidValue(given, "it must be a number above 0");
}

/** Reads a whole number from 0 on. @throws {UsageError} If it is none. */
export function readCount(given: GivenOption): number {
  const count = readWhole(given.value);
  if (Number.isSafeInteger(count)) return count;
  throw invalidValue(given, "it must be a whole number from 0 on");
}

/** Reads `--port`. @throws {UsageError} If it is not a port number. */
export function readPort(given: GivenOption): number {
  const port = readWhole(given.value);
  if (port <= 65_535) return port;
  throw invalidValue(given, "it must be a whole number from 0 to 65535");
}

/** Words in a message: "a", "a or b", "a, b or c". */
export function listWords(words: readonly string[], conjunction: "and" | "or"): string {
  if (words.length < 2) return words.join();
  return `${words.slice(0, -1).join(", ")} ${conjunction} ${words.at(-1)}`;
}

/** Reads an option that takes one of a few values. @throws {UsageError} If it is none of them. */
export function readChoice<Name extends ChoiceName>(
  options: GivenOptions,
  name: Name,
  byDefault: Choice<Name>,
): Choice<Name> {
  const given = options.last(name);
  if (!given) return byDefault;
  const choices = given.option!.choices as readonly Choice<Name>[];
  const choice = choices.find((value) => value === given.value);
  if (choice !== undefined) return choice;
  const quoted = choices.map((it) => `"${it}"`);
  throw invalidValue(given, `it must be ${listWords(quoted, "or")}`);
}
