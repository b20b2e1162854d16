import { suite } from "uvu";
import * as assert from "uvu/assert";
import { exitCodeOf, exitCodeOfError, StopReason } from "../../lib/cli/exit_code.ts";
import { UsageError } from "../../lib/cli/usage_error.ts";
import { IngestError, InputError } from "../../lib/errors.ts";
import type { StreamState } from "../../lib/push_event.ts";

const test = suite("exitCodeOf");

const cases: [StreamState[], number][] = [
  [["complete", "complete"], 0],
  [["stopped"], 0],
  [["complete", "lost"], 5],
  [["lost", "refused"], 4],
  [["refused", "broken", "lost"], 3],
  [["refused", "broken", "failed"], 1],
];
for (const [states, code] of cases) {
  test(`is ${code} for ${states.join(", ")}`, () => {
    assert.is(exitCodeOf(states.map((state) => ({ state }))), code);
  });
}

test.run();

const errorTest = suite("exitCodeOfError");

const url = "http://h/x.isml";
const errors: [Error, number][] = [
  [new UsageError("no"), 2],
  [new InputError("no", "movie.ism"), 3],
  [new IngestError("no", { kind: "refused", url }), 4],
  [new IngestError("no", { kind: "lost", url }), 5],
  [new TypeError("no"), 1],
];
for (const [error, code] of errors) {
  errorTest(`is ${code} for ${error.name} ${(error as IngestError).kind ?? ""}`, () => {
    assert.is(exitCodeOfError(error), code);
  });
}

errorTest("knows what a shell expects for a signal", () => {
  assert.is(new StopReason("SIGINT").exitCode, 130);
  assert.is(new StopReason("SIGTERM").exitCode, 143);
});

errorTest.run();
