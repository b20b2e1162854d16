import { suite } from "uvu";
import * as assert from "uvu/assert";
import { OddityLog } from "../../lib/inspect/oddity_log.ts";

const test = suite("OddityLog");

test("counts those of one kind, file and scope as one", () => {
  const log = new OddityLog();
  log.note("gap", { file: "a", offset: 5, scope: 1 }, "First");
  log.note("gap", { file: "a", offset: 9, scope: 1 }, "Second");
  log.note("gap", { file: "a", scope: 2 }, "Other track");
  log.note("gap", { file: "b", scope: 1 }, "Other file");
  assert.equal(
    log.oddities("a").map(({ text, offset, count }) => [text, offset, count]),
    [["First", 5, 2], ["Other track", undefined, 1], ["Other file", undefined, 1]],
  );
});

test("holds only so many, and says how many more there were", () => {
  const log = new OddityLog();
  for (let n = 0; n < 1200; n++) log.note("unknown-box", { file: "a", scope: n }, `Box ${n}`);
  const oddities = log.oddities("input");
  assert.is(oddities.length, 1001);
  const { kind, file, count } = oddities.at(-1)!;
  assert.equal([kind, file, count], ["more", "input", 200]);
});

test("holds only so many errors", () => {
  const log = new OddityLog();
  for (let n = 0; n < 103; n++) log.fail(`Error ${n}`);
  const errors = log.errors();
  assert.is(errors.length, 101);
  assert.equal([errors[0], errors.at(-1)], ["Error 0", "3 more errors like these"]);
});

test.run();
