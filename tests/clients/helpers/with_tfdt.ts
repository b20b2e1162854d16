import { splitBoxes, type WireBox } from "../../helpers/wire.ts";

const TFXD = "6d1d9b0542d544e680e2141daff757b2";
const TFXD_SIZE = 44;
const TFDT_SIZE = 20;

/**
 * Says the times of a body in words that ffmpeg understands: ffmpeg (of 5.1) takes no notice of `tfxd` boxes and adds up
 * the durations of the samples from 0, but it does read `tfdt` boxes that come before the `trun`. Each `tfxd` (44 bytes)
 * becomes a `tfdt` of 20 bytes and a `free` box of 24 behind the `tfhd`, so that no size and no offset changes.
 */
export function withTfdt(body: Uint8Array): Uint8Array<ArrayBuffer> {
  const copy = new Uint8Array(body);
  for (const moof of splitBoxes(copy).filter(({ type }) => type === "moof")) {
    for (const traf of splitBoxes(moof.body).filter(({ type }) => type === "traf")) {
      translate(traf);
    }
  }
  return copy;
}

function translate(traf: WireBox): void {
  const children = splitBoxes(traf.body);
  const tfxd = children.find(({ userType }) => userType === TFXD);
  if (tfxd?.bytes.length !== TFXD_SIZE) throw new Error("no tfxd box of version 1");
  const time = new DataView(tfxd.body.buffer, tfxd.body.byteOffset).getBigUint64(4);
  const others = children.filter((child) => child !== tfxd).map(({ bytes }) => bytes.slice());
  const [tfhd, ...rest] = others;
  let at = 0;
  for (const box of [tfhd!, tfdtAndFree(time), ...rest]) {
    traf.body.set(box, at);
    at += box.length;
  }
}

function tfdtAndFree(time: bigint): Uint8Array {
  const bytes = new Uint8Array(TFXD_SIZE);
  const view = new DataView(bytes.buffer);
  const encoder = new TextEncoder();
  view.setUint32(0, TFDT_SIZE);
  bytes.set(encoder.encode("tfdt"), 4);
  view.setUint8(8, 1); // version
  view.setBigUint64(12, time);
  view.setUint32(TFDT_SIZE, TFXD_SIZE - TFDT_SIZE);
  bytes.set(encoder.encode("free"), TFDT_SIZE + 4);
  return bytes;
}
