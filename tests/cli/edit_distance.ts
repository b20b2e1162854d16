import { suite } from "uvu";
import * as assert from "uvu/assert";
import { editDistance } from "../../lib/cli/edit_distance.ts";

const test = suite("editDistance");

const cases = [
  { from: "", to: "", distance: 0 },
  { from: "loop", to: "loop", distance: 0 },
  { from: "", to: "loop", distance: 4 },
  { from: "loop", to: "", distance: 4 },
  { from: "lopp", to: "loop", distance: 1 },
  { from: "looop", to: "loop", distance: 1 },
  { from: "lop", to: "loop", distance: 1 },
  { from: "kitten", to: "sitting", distance: 3 },
];
for (const { from, to, distance } of cases) {
  test(`is ${distance} from "${from}" to "${to}"`, () => {
    assert.is(editDistance(from, to), distance);
  });
}

test.run();
