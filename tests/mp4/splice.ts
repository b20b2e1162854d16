import { suite } from "uvu";
import * as assert from "uvu/assert";
import { childBoxes, concat, toHex, writeBox } from "../../lib/mp4/box.ts";
import { NO_BYTES, spliceBoxes, writeBoxSize } from "../../lib/mp4/splice.ts";
import { ascii, widen } from "../helpers/boxes.ts";

const test = suite("spliceBoxes");

const a = writeBox("aaaa", ascii("1"));
const b = writeBox("bbbb", ascii("22"));
const c = writeBox("cccc", ascii("333"));
const inserted = writeBox("nnnn", ascii("new"));

for (const isWide of [false, true]) {
  const form = isWide ? (box: Uint8Array) => widen(box) : (box: Uint8Array) => box;
  const make = (...inner: Uint8Array[]) =>
    form(writeBox("moof", form(writeBox("traf", ...inner)), c));
  const bytes = make(a, b);
  const moof = [...childBoxes(bytes, 0, bytes.length, "", 0)][0]!;
  const traf = [...childBoxes(bytes, moof.bodyStart, moof.end, "moof", 0)][0]!;
  const [boxA, boxB] = [...childBoxes(bytes, traf.bodyStart, traf.end, "moof/traf", 0)];
  const cases = [
    { name: "nothing", splices: [], expected: make(a, b) },
    {
      name: "a box at the end of the inner one",
      splices: [{ start: traf.end, end: traf.end, bytes: inserted }],
      expected: make(a, b, inserted),
    },
    {
      name: "a box out",
      splices: [{ start: boxA!.start, end: boxA!.end, bytes: NO_BYTES }],
      expected: make(b),
    },
    {
      name: "splices in any order",
      splices: [
        { start: traf.end, end: traf.end, bytes: inserted },
        { start: boxB!.start, end: boxB!.end, bytes: NO_BYTES },
        { start: boxA!.start, end: boxA!.end, bytes: b },
      ],
      expected: make(b, inserted),
    },
  ];
  for (const { name, splices, expected } of cases) {
    test(`takes ${name}, with sizes of ${isWide ? 64 : 32} bits`, () => {
      const before = toHex(bytes);
      const { bytes: out } = spliceBoxes(bytes, splices, [moof, traf]);
      assert.is(toHex(out), toHex(expected));
      assert.is(toHex(bytes), before);
    });
  }
  test(`tells where things have gone, with sizes of ${isWide ? 64 : 32} bits`, () => {
    const splices = [
      { start: boxA!.start, end: boxA!.end, bytes: NO_BYTES },
      { start: traf.end, end: traf.end, bytes: inserted },
    ];
    const { moved } = spliceBoxes(bytes, splices, [moof, traf]);
    assert.is(moved(boxA!.start), boxA!.start);
    assert.is(moved(boxB!.start), boxB!.start - a.length);
    assert.is(moved(traf.end), traf.end - a.length + inserted.length);
    assert.is(moved(bytes.length), bytes.length - a.length + inserted.length);
  });
}

const sizeTest = suite("writeBoxSize");

sizeTest("fails over a size that 32 bits cannot say", () => {
  const bytes = concat(a);
  const [box] = childBoxes(bytes, 0, bytes.length, "moof", 0);
  assert.throws(
    () => writeBoxSize(bytes, 0, box!, 2 ** 32),
    'Cannot make box "moof/aaaa" larger as its size must fit 32 bits: current value is 4294967296: the box starts at byte 0',
  );
});

test.run();
sizeTest.run();
