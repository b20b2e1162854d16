import { suite } from "uvu";
import * as assert from "uvu/assert";
import { TfraColumns, type TfraEntry, TfraTable } from "../../lib/mp4/tfra_table.ts";

/** A table between two others in the same columns. */
function tableOf(entries: readonly TfraEntry[]): TfraTable {
  const others = { time: -1n, moofOffset: 20 };
  const columns = new TfraColumns(entries.length + 2);
  for (const [n, { time, moofOffset }] of [others, ...entries, others].entries()) {
    columns.times[n] = time;
    columns.moofOffsets[n] = moofOffset;
  }
  return new TfraTable(columns, 1, entries.length);
}

const entries: readonly TfraEntry[] = [
  { time: -213_333n, moofOffset: 10 },
  { time: 0n, moofOffset: 30 },
  { time: 2n ** 60n, moofOffset: 2 ** 40 + 1 },
];

const readTest = suite("TfraTable, as an array");

readTest("has the items of an array", () => {
  const table = tableOf(entries);
  assert.is(table.length, 3);
  assert.equal([...table], entries);
  for (const index of [0, 1, 2, 3, -1, -3, -4]) {
    assert.equal(table.at(index), entries.at(index), String(index));
  }
});

readTest("may be empty", () => {
  const table = tableOf([]);
  assert.equal([table.length, [...table], table.at(0), table.at(-1)], [
    0,
    [],
    undefined,
    undefined,
  ]);
  assert.equal([table.timeOf(20), table.countMoofs()], [undefined, 0]);
});

const timeTest = suite("TfraTable.timeOf");

const twice: readonly TfraEntry[] = [
  { time: 1n, moofOffset: 10 },
  { time: 2n, moofOffset: 10 },
  { time: 3n, moofOffset: 30 },
  { time: 4n, moofOffset: 30 },
];
const lists: readonly { readonly name: string; readonly entries: readonly TfraEntry[] }[] = [
  { name: "in the order of the file", entries },
  { name: "backwards", entries: entries.toReversed() },
  { name: "in no order", entries: [2, 0, 1].map((n) => entries[n]!) },
  { name: "twice each", entries: twice },
  { name: "twice each, in no order", entries: [2, 1, 3, 0].map((n) => twice[n]!) },
  { name: "of one fragment", entries: entries.slice(1, 2) },
];
for (const { name, entries } of lists) {
  timeTest(`finds what a map finds, with entries ${name}`, () => {
    const table = tableOf(entries);
    const map = new Map(entries.map(({ moofOffset, time }) => [moofOffset, time]));
    for (const moofOffset of [0, 9, 10, 11, 20, 29, 30, 31, 2 ** 40, 2 ** 40 + 1, 2 ** 50, NaN]) {
      assert.is(table.timeOf(moofOffset), map.get(moofOffset), String(moofOffset));
    }
    assert.is(table.countMoofs(), map.size);
    assert.equal([...table], entries, "the order of the box stays");
  });
}

readTest.run();
timeTest.run();
