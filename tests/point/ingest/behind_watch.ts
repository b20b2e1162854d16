import { suite } from "uvu";
import * as assert from "uvu/assert";
import { BehindWatch } from "../../../lib/point/ingest/behind_watch.ts";

const test = suite("BehindWatch");

const late = (behindSeconds: number, durationSeconds = 2) => ({
  isNew: false,
  behindSeconds,
  durationSeconds,
});
const fresh = { isNew: true, behindSeconds: -2, durationSeconds: 2 };

test("tells once, at the third in a row", () => {
  const watch = new BehindWatch();
  assert.equal([60, 58, 56, 54].map((behind) => watch.take(late(behind))), [
    false,
    false,
    true,
    false,
  ]);
});

test("tells again once something new has come in between", () => {
  const watch = new BehindWatch();
  const told = [late(60), late(58), fresh, late(60), late(58), late(56), fresh, late(60)]
    .map((fragment) => watch.take(fragment));
  assert.equal(told.indexOf(true), 5);
  assert.equal([late(58), late(56)].map((fragment) => watch.take(fragment)), [false, true]);
});

test("takes what is sent again for what it is", () => {
  const watch = new BehindWatch();
  for (const behind of [9, 7, 5, 3]) assert.not(watch.take(late(behind)));
  for (const behind of [20, 10, 0, 20, 10]) assert.not(watch.take(late(behind, 10)));
});

test.run();
