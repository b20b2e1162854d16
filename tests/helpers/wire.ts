/**
 * Reads what went over the wire with code of its own, so that a mistake in the project's boxes cannot hide itself.
 */

/** One box of a body. */
export interface WireBox {
  readonly type: string;
  /** Extended type as hex digits. */
  readonly userType: string;
  readonly bytes: Uint8Array;
  /** Without the header. */
  readonly body: Uint8Array;
}

/** What a fragment says. */
export interface WireFragment {
  readonly trackId: number;
  readonly sequenceNumber: number;
  /** Version, time and duration of each tfxd box. */
  readonly tfxds: readonly { version: number; time: bigint; duration: bigint }[];
  readonly tfrfs: number;
  readonly tfdt: bigint | undefined;
  /** Of the first run, from the start of `moof`. */
  readonly dataOffset: number;
  /** What it must be: `moof` and the header of `mdat`. */
  readonly payloadOffset: number;
  /** Sum of the durations that the runs have; undefined where they have none. */
  readonly sampleDuration: bigint | undefined;
  readonly payload: Uint8Array;
}

/** A body, taken apart. */
export interface WireBody {
  /** Types of all boxes in order, the known extended types by name. */
  readonly types: readonly string[];
  readonly boxes: readonly WireBox[];
  readonly fragments: readonly WireFragment[];
  /** Text of the Live Server Manifest. */
  readonly manifest: string | undefined;
}

const NAMES: Readonly<Record<string, string>> = {
  a5d40b30e81411ddba2f0800200c9a66: "LiveServerManifest",
  "3c2fe51befee40a3ae815300199dc348": "StreamManifest",
};
const TFXD = "6d1d9b0542d544e680e2141daff757b2";
const TFRF = "d4807ef2ca3946958e5426cb9e46a79f";

const hex = (bytes: Uint8Array) =>
  [...bytes].map((byte) => byte.toString(16).padStart(2, "0")).join("");
const viewOf = (bytes: Uint8Array) =>
  new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);

/** The boxes that lie side by side. */
export function splitBoxes(bytes: Uint8Array): WireBox[] {
  const boxes: WireBox[] = [];
  for (let at = 0; at < bytes.length;) {
    const view = viewOf(bytes.subarray(at));
    const small = view.getUint32(0);
    const size = small === 1 ? Number(view.getBigUint64(8)) : small;
    if (size < 8 || at + size > bytes.length) throw new Error(`bad box of ${size} bytes at ${at}`);
    const type = String.fromCharCode(...bytes.subarray(at + 4, at + 8));
    let start = small === 1 ? 16 : 8;
    const userType = type === "uuid" ? hex(bytes.subarray(at + start, at + start + 16)) : "";
    if (userType) start += 16;
    const whole = bytes.subarray(at, at + size);
    boxes.push({ type, userType, bytes: whole, body: whole.subarray(start) });
    at += size;
  }
  return boxes;
}

const childrenOf = (box: WireBox, type: string) =>
  splitBoxes(box.body).filter((child) => child.type === type);

function readFragment(moof: WireBox, mdat: WireBox): WireFragment {
  const [mfhd] = childrenOf(moof, "mfhd");
  const trafs = childrenOf(moof, "traf");
  if (trafs.length !== 1) throw new Error(`${trafs.length} traf boxes`);
  const children = splitBoxes(trafs[0]!.body);
  const tfhd = children.find((box) => box.type === "tfhd")!;
  const truns = children.filter((box) => box.type === "trun");
  const tfdt = children.find((box) => box.type === "tfdt");
  const tfxds = children.filter((box) => box.userType === TFXD).map(({ body }) => {
    const view = viewOf(body);
    return body[0] === 1
      ? { version: 1, time: view.getBigInt64(4), duration: view.getBigUint64(12) }
      : { version: 0, time: BigInt(view.getUint32(4)), duration: BigInt(view.getUint32(8)) };
  });
  return {
    trackId: viewOf(tfhd.body).getUint32(4),
    sequenceNumber: viewOf(mfhd!.body).getUint32(4),
    tfxds,
    tfrfs: children.filter((box) => box.userType === TFRF).length,
    tfdt: tfdt &&
      (tfdt.body[0] === 1
        ? viewOf(tfdt.body).getBigInt64(4)
        : BigInt(viewOf(tfdt.body).getUint32(4))),
    dataOffset: viewOf(truns[0]!.body).getInt32(8),
    payloadOffset: moof.bytes.length + mdat.bytes.length - mdat.body.length,
    sampleDuration: sampleDuration(truns),
    payload: mdat.body,
  };
}

function sampleDuration(truns: readonly WireBox[]): bigint | undefined {
  let sum = 0n;
  for (const { body } of truns) {
    const view = viewOf(body);
    const flags = view.getUint32(0) & 0xffffff;
    if (!(flags & 0x100)) return undefined;
    const row = [0x100, 0x200, 0x400, 0x800].filter((flag) => flags & flag).length * 4;
    const start = 8 + (flags & 1 ? 4 : 0) + (flags & 4 ? 4 : 0);
    for (let n = 0; n < view.getUint32(4); n++) sum += BigInt(view.getUint32(start + n * row));
  }
  return sum;
}

/** Takes a body apart: every byte must belong to a box. */
export function readBody(bytes: Uint8Array): WireBody {
  const boxes = splitBoxes(bytes);
  const fragments: WireFragment[] = [];
  boxes.forEach((box, n) => {
    if (box.type !== "moof") return;
    const mdat = boxes[n + 1];
    if (mdat?.type !== "mdat") throw new Error("moof without mdat");
    fragments.push(readFragment(box, mdat));
  });
  const manifest = boxes.find(({ userType }) => NAMES[userType] === "LiveServerManifest");
  return {
    types: boxes.map(({ type, userType }) => NAMES[userType] ?? type),
    boxes,
    fragments,
    manifest: manifest && new TextDecoder().decode(manifest.body.subarray(4)),
  };
}

/** As much of a body that broke off as is whole boxes, without a `moof` whose `mdat` is missing. */
export function wholePart(bytes: Uint8Array): Uint8Array {
  const view = viewOf(bytes);
  let end = 0;
  for (let at = 0; at + 8 <= bytes.length;) {
    const size = view.getUint32(at);
    if (size < 8 || at + size > bytes.length) break;
    const isMoof = String.fromCharCode(...bytes.subarray(at + 4, at + 8)) === "moof";
    at += size;
    if (!isMoof) end = at;
  }
  return bytes.subarray(0, end);
}
