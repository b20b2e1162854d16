import { suite } from "uvu";
import * as assert from "uvu/assert";
import { parseIngestTarget } from "../../../lib/point/ingest/ingest_target.ts";

const test = suite("parseIngestTarget");

const point = "/live/a.isml";
const cases = [
  { url: "/live/a.isml", target: { point } },
  { url: "/live/a.isml/", target: { point } },
  { url: "/live/a.isml/Streams(1-stream0)", target: { point, streamId: "1-stream0" } },
  { url: "/live/a.isml/streams(720p)", target: { point, streamId: "720p" } },
  { url: "/live/a.isml/STREAMS(720p)/", target: { point, streamId: "720p" } },
  {
    url: "/live/a.isml/Events(e1)/Streams(s)",
    target: { point, eventId: "e1", streamId: "s" },
  },
  {
    url: "/live/a.isml/events(e1)/streams(s)?token=1",
    target: { point, eventId: "e1", streamId: "s" },
  },
  { url: "/live/a.isml/Events(e1)", target: { point, eventId: "e1" } },
  { url: "/live/a.isml?streams(9092-stream0)", target: { point, streamId: "9092-stream0" } },
  { url: "/live/a.isml?token=1&Streams(s)", target: { point, streamId: "s" } },
  {
    url: "/live/a.isml?Events(e)/Streams(s)",
    target: { point, eventId: "e", streamId: "s" },
  },
  {
    url: "/live/a.isml/Events(e)?streams(s)",
    target: { point, eventId: "e", streamId: "s" },
  },
  { url: "/live/a.isml/Streams%28s%29", target: { point, streamId: "s" } },
  { url: "/live/a.isml/Streams(a%20b)", target: { point, streamId: "a b" } },
  { url: "/A.ISML/Streams(s)", target: { point: "/A.ISML", streamId: "s" } },
  { url: "/a%20b.isml", target: { point: "/a b.isml" } },
  { url: "/a.isml/b.isml/Streams(s)", target: undefined },
  { url: "/", target: undefined },
  { url: "/live/a.ism", target: undefined },
  { url: "/live/.isml", target: undefined },
  { url: "/live/a.isml/Manifest", target: undefined },
  { url: "/live/a.isml/Streams()", target: undefined },
  { url: "/live/a.isml/Streams(a/b)", target: undefined },
  { url: "/live/a.isml/Streams(a%2Fb)", target: undefined },
  { url: "/live/a.isml/Streams(a)(b)", target: undefined },
  { url: "/live/a.isml/Streams(a)Events(b)", target: undefined },
  { url: "/live/a.isml/Events(e)Streams(a)", target: undefined },
  { url: "/live/a.isml/Streams(a%ZZ)", target: undefined },
];
for (const { url, target } of cases) {
  test(`${target ? "takes apart" : "knows nothing of"} ${url}`, () => {
    const found = parseIngestTarget(new URL(url, "http://server"));
    assert.equal(found && JSON.parse(JSON.stringify(found)), target);
  });
}

test.run();
