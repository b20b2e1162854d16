import { suite } from "uvu";
import * as assert from "uvu/assert";
import { RowBudget } from "../../lib/inspect/row_budget.ts";

const test = suite("RowBudget");

test("gives each track so many rows", () => {
  const rows = new RowBudget(3);
  assert.equal([rows.take(2), rows.take(5, 2), rows.take(1, 3)], [2, 1, 0]);
  assert.is(rows.take(1), 1);
});

test("gives 200000 in all", () => {
  const rows = new RowBudget(Infinity);
  assert.is(rows.take(150_000), 150_000);
  assert.is(rows.take(150_000), 50_000);
  assert.is(rows.take(1), 0);
});

test.run();
