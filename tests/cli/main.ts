import { EventEmitter } from "node:events";
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { forgiveLostReader } from "../../lib/cli/main.ts";

const test = suite("forgiveLostReader");

const errorOf = (code: string) => Object.assign(new Error("it failed"), { code });

test("lets nothing happen where a reader is lost, however often it is written to", () => {
  const output = new EventEmitter();
  forgiveLostReader(output as NodeJS.WriteStream);
  assert.ok(output.emit("error", errorOf("EPIPE")));
  assert.ok(output.emit("error", errorOf("EPIPE")));
});

test("lets through whatever else goes wrong", () => {
  const output = new EventEmitter();
  forgiveLostReader(output as NodeJS.WriteStream);
  assert.throws(() => output.emit("error", errorOf("ENOSPC")), "it failed");
});

test.run();
