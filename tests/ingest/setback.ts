import { suite } from "uvu";
import * as assert from "uvu/assert";
import { IngestError } from "../../lib/errors.ts";
import { retryAfterMs, Setback } from "../../lib/ingest/setback.ts";

const answer = (value?: string) => ({
  status: 503,
  statusText: "",
  header: (name: string) => name === "retry-after" ? value : undefined,
});

const test = suite("retryAfterMs");

const NOW = Date.parse("2026-03-01T12:00:00Z");
const cases = [
  { value: undefined, expected: undefined },
  { value: "", expected: undefined },
  { value: "0", expected: 0 },
  { value: "3", expected: 3000 },
  { value: " 120 ", expected: 120_000 },
  { value: "Sun, 01 Mar 2026 12:00:30 GMT", expected: 30_000 },
  { value: "Sun, 01 Mar 2026 11:59:00 GMT", expected: 0 },
  { value: "soon", expected: undefined },
  { value: "-5 minutes", expected: undefined },
];
for (const { value, expected } of cases) {
  test(`reads ${JSON.stringify(value)} as ${expected} ms`, () => {
    assert.is(retryAfterMs(answer(value), NOW), expected);
  });
}

test.run();

const setbackTest = suite("Setback");

setbackTest("tells what its error tells", () => {
  const error = new IngestError("Cannot", { kind: "lost", url: "http://a/x" });
  const setback = new Setback(error, "later", 5);
  assert.is(setback.message, "Cannot");
  assert.is(setback.cause, error);
  assert.is(setback.retryAfterMs, 5);
});

setbackTest.run();
