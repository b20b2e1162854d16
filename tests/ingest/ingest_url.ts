import { suite } from "uvu";
import * as assert from "uvu/assert";
import { ingestUrl } from "../../lib/ingest/ingest_url.ts";

const test = suite("ingestUrl");

const cases: [string, [string, string, string?]][] = [
  ["http://h/x.isml/Streams(1-stream0)", ["http://h/x.isml", "1-stream0"]],
  ["http://h/a/x.isml/Streams(1-stream0)", ["http://h/a/x.isml/", "1-stream0"]],
  ["https://h:8/x.isml/Events(e1)/Streams(s)", ["https://h:8/x.isml", "s", "e1"]],
  ["http://h/x.isml/Streams(s)?token=a%2Fb", ["http://h/x.isml?token=a%2Fb", "s"]],
];
for (const [url, [point, stream, event]] of cases) {
  test(`makes ${url}`, () => {
    assert.is(ingestUrl(point, stream, event), url);
  });
}

test.run();
