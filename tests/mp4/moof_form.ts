import { suite } from "uvu";
import * as assert from "uvu/assert";
import { readMoof } from "../../lib/mp4/moof.ts";
import { type LiveEdit, MoofForm, MoofForms, rewriteLive } from "../../lib/mp4/moof_form.ts";
import { writeTfdt } from "../../lib/mp4/tfdt.ts";
import { writeTfrf } from "../../lib/mp4/tfrf.ts";
import { makeMoof, type MoofFields } from "../helpers/boxes.ts";
import { sameBytes } from "../helpers/same_bytes.ts";

const test = suite("MoofForm");

const LARGE = 2n ** 32n;

/** A `tfdt` box that says more than its time. */
function oddTfdt(): Uint8Array {
  const box = writeTfdt({ baseMediaDecodeTime: 5n });
  box[11] = 1;
  return box;
}

const forms: readonly { readonly name: string; readonly fields: MoofFields }[] = [
  { name: "without times", fields: {} },
  { name: "with a tfxd box", fields: { tfxd: { time: 7n, duration: 9n } } },
  { name: "with a short tfdt box", fields: { tfdt: [{ baseMediaDecodeTime: 5n }, 0] } },
  { name: "with a long tfdt box", fields: { tfdt: [{ baseMediaDecodeTime: 5n }, 1] } },
  { name: "with a tfdt box that has flags", fields: { boxes: [oddTfdt()] } },
  {
    name: "with a TfrfBox and both times",
    fields: {
      tfdt: [{ baseMediaDecodeTime: LARGE - 1n }, 0],
      tfxd: { time: 7n, duration: 9n },
      boxes: [writeTfrf([{ time: 1n, duration: 2n }])],
    },
  },
];

/** From one to the next the time of a short `tfdt` box grows out of its field, and back into it. */
const SHIFTS = [0n, 3n, LARGE, LARGE + 1n, 4n, -9n, 0n, 1n];

for (const { name, fields } of forms) {
  test(`writes what a rewriting gives: a moof ${name}`, () => {
    const bytes = makeMoof(fields);
    const form = new MoofForm(bytes);
    const moof = readMoof(bytes, 0);
    SHIFTS.forEach((decodeTimeShift, n) => {
      const edit: LiveEdit = {
        sequenceNumber: 0xffffffff + n,
        time: decodeTimeShift - 2n,
        duration: BigInt(n) * LARGE,
        decodeTimeShift,
      };
      sameBytes(form.write(edit), rewriteLive(bytes, moof, edit));
    });
  });
}

test("leaves alone what it has written before, and what it was made of", () => {
  const bytes = makeMoof({ tfdt: [{ baseMediaDecodeTime: 5n }, 0] });
  const before = bytes.slice();
  const form = new MoofForm(bytes);
  const write = (n: number) =>
    form.write({ sequenceNumber: n, time: BigInt(n), duration: 1n, decodeTimeShift: BigInt(n) });
  const first = write(1);
  const copy = first.slice();
  const second = write(2);
  write(3);
  sameBytes(first, copy);
  sameBytes(bytes, before);
  assert.is(readMoof(second, 0).mfhd.value.sequenceNumber, 2);
});

test("is made once for the same bytes", () => {
  const all = new MoofForms();
  const [one, other] = [makeMoof(), makeMoof()];
  assert.is(all.of(one), all.of(one));
  assert.is.not(all.of(one), all.of(other));
});

test.run();
