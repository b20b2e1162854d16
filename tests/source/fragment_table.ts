import { suite } from "uvu";
import * as assert from "uvu/assert";
import { FragmentTable } from "../../lib/source/fragment_table.ts";

const test = suite("FragmentTable");

const row = (n: number) => ({
  moofOffset: 2 ** 40 + n,
  moofSize: 1000 + n,
  payloadOffset: 2 ** 40 + 2000 + n,
  payloadSize: 2 ** 33 + n,
  start: -213_333n + BigInt(n) * 2n ** 50n,
  duration: 2n ** 40n + BigInt(n),
});

test("gives back what was put in, to the tick and past 4 GiB", () => {
  const table = new FragmentTable(7);
  const count = 2000;
  for (let n = 0; n < count; n++) table.push(row(n));
  assert.is(table.length, count);
  for (const n of [0, 1, 255, 256, 257, 511, 512, 1999]) {
    assert.equal(table.at(n), { trackId: 7, index: n, ...row(n) });
  }
});

for (const count of [0, 1, 256, 300]) {
  test(`keeps ${count} rows when it lets go of room, and takes more`, () => {
    const table = new FragmentTable(7);
    for (let n = 0; n < count; n++) table.push(row(n));
    table.trim();
    assert.is(table.length, count);
    assert.is(table.at(count), undefined);
    for (let n = count; n < count + 3; n++) table.push(row(n));
    for (const n of [0, count - 1, count, count + 2].filter((it) => it >= 0)) {
      assert.equal(table.at(n), { trackId: 7, index: n, ...row(n) });
    }
    assert.is(table.length, count + 3);
  });
}

test("has nothing past its ends", () => {
  const table = new FragmentTable(1);
  assert.is(table.at(0), undefined);
  assert.is(table.at(-1), undefined);
  assert.is(table.at(256), undefined);
  assert.is(table.length, 0);
});

test.run();
