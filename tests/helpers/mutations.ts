import type { Random } from "./random.ts";
import { uint32, uint64, viewOf } from "../../lib/mp4/box.ts";

/** Does something bad to bytes; where it lengthens or shortens them it returns others. */
type Mutation = (bytes: Uint8Array, random: Random) => Uint8Array;

/** Four letters, as box types are: what can be found in bytes without trust in their structure. */
function boxStarts(bytes: Uint8Array): number[] {
  const isLetter = (byte: number) => (byte >= 0x61 && byte <= 0x7a) || byte === 0x43;
  const starts: number[] = [];
  for (let at = 4; at + 4 <= bytes.length; at++) {
    if ([0, 1, 2, 3].every((n) => isLetter(bytes[at + n]!))) starts.push(at - 4);
  }
  return starts;
}

function anyBox(bytes: Uint8Array, random: Random): number {
  const starts = boxStarts(bytes);
  return starts.length > 0 ? random.pick(starts) : random.below(Math.max(1, bytes.length - 4));
}

/** Two places in bytes, in order, not far from each other. */
function anyRange(bytes: Uint8Array, random: Random): [number, number] {
  const start = random.below(2) === 0 ? anyBox(bytes, random) : random.below(bytes.length + 1);
  const size = Math.floor(Math.min(bytes.length, 5000) ** random.fraction());
  return [start, Math.min(bytes.length, start + size)];
}

function spliced(bytes: Uint8Array, start: number, end: number, by: Uint8Array): Uint8Array {
  const out = new Uint8Array(bytes.length - (end - start) + by.length);
  out.set(bytes.subarray(0, start));
  out.set(by, start);
  out.set(bytes.subarray(end), start + by.length);
  return out;
}

function write(bytes: Uint8Array, at: number, by: Uint8Array): Uint8Array {
  if (at < bytes.length) bytes.set(by.subarray(0, bytes.length - at), at);
  return bytes;
}

const SIZES = [0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 15, 16, 31, 2 ** 31 - 1, 2 ** 31, 2 ** 32 - 1];
const LONG_SIZES = [
  0n,
  1n,
  15n,
  16n,
  17n,
  2n ** 32n,
  2n ** 52n,
  2n ** 53n,
  2n ** 60n,
  2n ** 64n - 1n,
];

const flipBits: Mutation = (bytes, random) => {
  for (let n = random.between(1, 8); n > 0; n--) {
    const at = random.below(bytes.length);
    bytes[at] = bytes[at]! ^ (1 << random.below(8));
  }
  return bytes;
};

const setBytes: Mutation = (bytes, random) => {
  const [start, end] = anyRange(bytes, random);
  return bytes.fill(random.pick([0, 0xff, 0x20, 0x80, random.below(256)]), start, end);
};

const cut: Mutation = (bytes, random) => bytes.slice(0, random.below(bytes.length));

const setSize: Mutation = (bytes, random) =>
  write(bytes, anyBox(bytes, random), uint32(random.pick(SIZES)));

const changeSize: Mutation = (bytes, random) => {
  const at = anyBox(bytes, random);
  if (at + 4 > bytes.length) return bytes;
  const size = viewOf(bytes).getUint32(at) + random.between(-20, 20);
  return write(bytes, at, uint32(size >>> 0));
};

const setLongSize: Mutation = (bytes, random) => {
  const at = anyBox(bytes, random);
  write(bytes, at, uint32(1));
  return write(bytes, at + 8, uint64(BigInt.asIntN(64, random.pick(LONG_SIZES))));
};

const setField: Mutation = (bytes, random) => {
  const at = anyBox(bytes, random) + 8 + 4 * random.below(8);
  return at < bytes.length ? write(bytes, at, uint32(random.pick(SIZES))) : bytes;
};

const setType: Mutation = (bytes, random) => {
  const [to, from] = [anyBox(bytes, random), anyBox(bytes, random)];
  return write(bytes, to + 4, bytes.slice(from + 4, from + 8));
};

const duplicate: Mutation = (bytes, random) => {
  const [start, end] = anyRange(bytes, random);
  const at = random.below(2) === 0 ? end : anyBox(bytes, random);
  return spliced(bytes, at, at, bytes.slice(start, end));
};

const remove: Mutation = (bytes, random) =>
  spliced(bytes, ...anyRange(bytes, random), new Uint8Array(0));

const insert: Mutation = (bytes, random) => {
  const at = anyBox(bytes, random);
  return spliced(bytes, at, at, random.bytes(random.between(1, 40)));
};

const ANY: readonly Mutation[] = [flipBits, setBytes, cut, duplicate, remove, insert];
const BOXES: readonly Mutation[] = [
  ...ANY,
  setSize,
  setSize,
  changeSize,
  setLongSize,
  setField,
  setField,
  setType,
];

function mutate(bytes: Uint8Array, random: Random, mutations: readonly Mutation[]): Uint8Array {
  let out: Uint8Array = bytes.slice();
  for (let n = random.between(1, 4); n > 0 && out.length > 8; n--) {
    out = random.pick(mutations)(out, random);
  }
  return out;
}

/** A copy of the bytes of a media file with a few things wrong, most of them in box headers and fields. */
export function mutateBoxes(bytes: Uint8Array, random: Random): Uint8Array {
  return mutate(bytes, random, BOXES);
}

const NUMBERS = [
  "0",
  "-1",
  "1e9",
  "99999999999999999999",
  "18446744073709551615",
  "",
  "x",
  "2147483648",
];
const MARKUP = [
  "<",
  ">",
  "&",
  '"',
  "'",
  "]]>",
  "<!--",
  "<![CDATA[",
  "&lt;",
  "&#0;",
  "&x;",
  "<?",
  "\0",
  "\ufffe",
];

const changeNumber = (text: string, random: Random) => {
  const found = [...text.matchAll(/\d+/g)];
  if (found.length === 0) return text;
  const { index, 0: number } = random.pick(found);
  return text.slice(0, index) + random.pick(NUMBERS) + text.slice(index! + number.length);
};

const insertMarkup = (text: string, random: Random) => {
  const at = random.below(text.length + 1);
  return text.slice(0, at) + random.pick(MARKUP) + text.slice(at);
};

const moveText = (text: string, random: Random) => {
  const marks = [...text.matchAll(/[<>"\s]/g)].map(({ index }) => index!);
  if (marks.length < 3) return text;
  const [a, b, to] = [random.pick(marks), random.pick(marks), random.pick(marks)];
  const piece = text.slice(Math.min(a, b), Math.min(Math.max(a, b), Math.min(a, b) + 500));
  return text.slice(0, to) + piece + text.slice(random.below(2) === 0 ? to : to + piece.length);
};

const TEXTS = [changeNumber, changeNumber, insertMarkup, moveText, moveText];

/** A copy of a manifest with a few things wrong in its text. */
export function mutateText(text: string, random: Random): string {
  let out = text;
  for (let n = random.between(1, 4); n > 0; n--) out = random.pick(TEXTS)(out, random);
  return out;
}

/** A copy of bytes with a few things wrong. */
export function mutateBytes(bytes: Uint8Array, random: Random): Uint8Array {
  return mutate(bytes, random, ANY);
}
