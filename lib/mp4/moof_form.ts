import type { Box } from "./box.ts";
import type { Moof, Placed } from "./moof.ts";
import type { Tfdt } from "./tfdt.ts";
import { boxView, readFullBoxHeader, viewOf } from "./box.ts";
import { readMoof, rewriteMoof } from "./moof.ts";

/** What differs between the `moof` boxes of one fragment that is sent again and again. */
export interface LiveEdit {
  /** For `mfhd`. */
  readonly sequenceNumber: number;
  /** For the one TfxdBox, in ticks of the track. */
  readonly time: bigint;
  readonly duration: bigint;
  /** Added to the time of `tfdt`, if there is one, in ticks. */
  readonly decodeTimeShift: bigint;
}

/** Rewrites a `moof` box for a live stream: one TfxdBox, no TfrfBox. */
export function rewriteLive(bytes: Uint8Array, moof: Moof, edit: LiveEdit): Uint8Array {
  const { sequenceNumber, time, duration, decodeTimeShift } = edit;
  const tfxd = { time, duration };
  return rewriteMoof(bytes, moof, { sequenceNumber, tfxd, decodeTimeShift, dropTfrf: true });
}

/** A `moof` box as it was rewritten once, and where in it there is what differs the next time. */
interface Form {
  readonly bytes: Uint8Array;
  readonly sequenceAt: number;
  readonly tfxdAt: number;
  /** Of `tfdt`, if there is one. */
  readonly decodeTimeAt: number | undefined;
  readonly isLong: boolean;
}

/**
 * One `moof` box that many streams send, each with numbers and times of its own: taken apart and rewritten once, then
 * only its numbers are overwritten in a copy.
 */
export class MoofForm {
  readonly moof: Moof;
  readonly #bytes: Uint8Array;
  readonly #tfdt:
    | Placed<Tfdt> & { readonly isLong: boolean; readonly isPlain: boolean }
    | undefined;
  #form: Form | undefined;

  /**
   * @param bytes The whole box; it must not change any more.
   * @throws {Mp4SyntaxError} If a box in it is missing or damaged.
   */
  constructor(bytes: Uint8Array) {
    this.#bytes = bytes;
    this.moof = readMoof(bytes, 0);
    const { tfdt } = this.moof;
    if (!tfdt) return;
    const { version, flags, fieldsStart } = readFullBoxHeader(boxView(bytes, tfdt.box));
    const isLong = version === 1;
    const size = tfdt.box.end - tfdt.box.start;
    this.#tfdt = {
      ...tfdt,
      isLong,
      isPlain: flags === 0 && size === fieldsStart + (isLong ? 8 : 4),
    };
  }

  /** The same bytes as {@linkcode rewriteLive} gives. */
  write(edit: LiveEdit): Uint8Array {
    const form = this.#form;
    if (!form || form.isLong !== this.#isLong(edit)) return this.#rewrite(edit);
    const out = form.bytes.slice();
    const view = viewOf(out);
    view.setUint32(form.sequenceAt, edit.sequenceNumber >>> 0);
    view.setBigInt64(form.tfxdAt, edit.time);
    view.setBigUint64(form.tfxdAt + 8, edit.duration);
    if (form.decodeTimeAt !== undefined) {
      const time = this.#decodeTime(edit);
      if (form.isLong) view.setBigInt64(form.decodeTimeAt, time);
      else view.setUint32(form.decodeTimeAt, Number(time));
    }
    return out;
  }

  #decodeTime({ decodeTimeShift }: LiveEdit): bigint {
    return this.#tfdt!.value.baseMediaDecodeTime + decodeTimeShift;
  }

  /** Whether the time of `tfdt` takes 64 bits; what was long stays so. */
  #isLong(edit: LiveEdit): boolean {
    if (!this.#tfdt) return false;
    const time = this.#decodeTime(edit);
    return this.#tfdt.isLong || time < 0n || time > 0xffffffffn;
  }

  #rewrite(edit: LiveEdit): Uint8Array {
    const bytes = rewriteLive(this.#bytes, this.moof, edit);
    // One with more in it than its time is left alone where its time does not change.
    if (this.#tfdt && !this.#tfdt.isPlain) return bytes;
    const { mfhd, tfxd, tfdt } = readMoof(bytes, 0);
    const fieldsOf = (box: Box) => box.start + readFullBoxHeader(boxView(bytes, box)).fieldsStart;
    this.#form = {
      bytes,
      sequenceAt: fieldsOf(mfhd.box),
      tfxdAt: fieldsOf(tfxd!.box),
      decodeTimeAt: tfdt && fieldsOf(tfdt.box),
      isLong: this.#isLong(edit),
    };
    return bytes;
  }
}

/**
 * The `moof` boxes that were read last, taken apart, one of each track: whoever reads a box has to look into it, and whoever
 * rewrites it at once after that need not do so again.
 */
export class ParsedMoofs {
  readonly #moofs = new Map<number, { readonly bytes: Uint8Array; readonly moof: Moof }>();

  keep(bytes: Uint8Array, moof: Moof): void {
    this.#moofs.set(moof.tfhd.value.trackId, { bytes, moof });
  }

  /** Hands out what was kept for these very bytes, once: a stream that waits for a pace does not wait with it. */
  take(trackId: number, bytes: Uint8Array): Moof | undefined {
    const kept = this.#moofs.get(trackId);
    if (kept?.bytes !== bytes) return undefined;
    this.#moofs.delete(trackId);
    return kept.moof;
  }
}

/** The forms of the `moof` boxes that many streams share, each for as long as someone has its bytes. */
export class MoofForms {
  readonly #forms = new WeakMap<Uint8Array, MoofForm>();

  /** @throws {Mp4SyntaxError} If a box in it is missing or damaged. */
  of(bytes: Uint8Array): MoofForm {
    let form = this.#forms.get(bytes);
    if (!form) this.#forms.set(bytes, form = new MoofForm(bytes));
    return form;
  }
}
