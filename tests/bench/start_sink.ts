import { suite } from "uvu";
import * as assert from "uvu/assert";
import { nextOf } from "../../bench/start_sink.ts";

const test = suite("nextOf");

async function* linesOf(...lines: string[]): AsyncGenerator<string> {
  yield* lines;
}

test("gives line by line what a sink writes", async () => {
  const lines = linesOf("port 1", ".");
  assert.equal([await nextOf(lines), await nextOf(lines)], ["port 1", "."]);
});

test("fails where the output has ended, also when it is asked again", async () => {
  const lines = linesOf("1 /a");
  await nextOf(lines);
  for (let n = 0; n < 2; n++) {
    try {
      await nextOf(lines);
      assert.unreachable();
    } catch (error) {
      assert.match((error as Error).message, "its output has ended");
    }
  }
});

test.run();
