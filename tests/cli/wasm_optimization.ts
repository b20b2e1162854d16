import { suite } from "uvu";
import * as assert from "uvu/assert";
import { lateOptimization } from "../../lib/cli/wasm_optimization.ts";

const test = suite("lateOptimization");

test("is for the V8 of Node 20 and 22 alone", () => {
  for (const v8 of ["11.3.244.8-node.38", "12.4.254.21-node.33"]) {
    assert.is(lateOptimization({ v8 }), "--wasm-tiering-budget=1000000000");
  }
  for (const v8 of ["13.6.233.17-node.37", "14.1.0", undefined]) {
    assert.is(lateOptimization({ v8 }), undefined);
  }
  assert.is(lateOptimization({ v8: "11.3.244.8", deno: "1.40.0" }), undefined);
});

test.run();
