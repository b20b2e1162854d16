import { suite } from "uvu";
import * as assert from "uvu/assert";
import { readBenchReport } from "../../lib/load/bench_report_json.ts";
import { LEAST_REPORT } from "../helpers/least_report.ts";

const LINE = JSON.stringify(LEAST_REPORT);

const test = suite("readBenchReport");

const texts: readonly (readonly [what: string, text: string])[] = [
  ["a line", `${LINE}\n`],
  ["a line with what a program said before", `added 12 packages\n{"level":"info"}\n${LINE}\n`],
  ["a line with what a program said after it", `${LINE}\nnpm notice New version\n`],
  ["many lines", JSON.stringify(LEAST_REPORT, null, 2)],
];
for (const [what, text] of texts) {
  test(`reads a report of ${what}`, () => {
    assert.equal(readBenchReport(text), LEAST_REPORT as unknown);
  });
}

const wrong: readonly (readonly [text: string, message: RegExp])[] = [
  ["", /must be JSON.*starts with ""$/],
  ["hello", /must be JSON.*starts with "hello"$/],
  [LINE.slice(0, -5), /must be JSON.*: it breaks off after \d+ characters$/],
  [`{x${LINE}`, /must be JSON.*starts with "\{x\{/],
  ["[1]", /must be a report of a load test of format 1: current value is type undefined/],
  ["null", /must be a report/],
  [LINE.replace('"format":1', '"format":0'), /current value is type "pushencoder-bench", format 0/],
  [LINE.replace('"series":[]', '"series":[1]'), /must be a report/],
  [LINE.replace('"options":{}', '"options":null'), /must be a report/],
  [LINE.replace('"worst":[]', '"worst":[null]'), /must be a report/],
  [LINE.replace('"health":[]', '"health":[{}]'), /must be a report/],
  [LINE.replace('"counts":{}', '"counts":{"bytes":"1"}'), /must be a report/],
];
for (const [text, message] of wrong) {
  test(`refuses ${JSON.stringify(text.slice(0, 12))} with ${message}`, () => {
    assert.throws(() => readBenchReport(text), message);
  });
}

test.run();
