import process from "node:process";
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { nodeRuntimes } from "../../bench/runtimes.ts";

const test = suite("nodeRuntimes");

test("has each version once, this one first", () => {
  const [own, other, ...more] = nodeRuntimes([process.execPath, "no-such", "no-such"]);
  assert.is.not(own!.name, "Node no-such");
  assert.is(other!.name, "Node no-such");
  assert.ok(other!.missing);
  assert.equal(more, []);
});

test.run();
