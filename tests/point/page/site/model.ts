import { suite } from "uvu";
import * as assert from "uvu/assert";

// What runs in the browser has no types, and this part of it needs no browser.
const { PointModel } = await import(
  new URL("../../../../lib/point/page/site/model.js", import.meta.url).href
);

const test = suite("PointModel");

const TRACK = { trackId: 1, name: "video", kind: "video", bitrate: 500_000, isSparse: false };
const COUNTS = { fragments: 0, bytes: 0, duplicates: 0, late: 0, gaps: 0 };

/** A model with one stream of one track, as a snapshot has it. */
function open(track: object = {}) {
  const model = new PointModel();
  const tracks = [{ ...TRACK, counts: { ...COUNTS }, recent: [], gaps: [], ...track }];
  model.reset({
    ...{ now: Date.now(), point: "/a.isml", state: "Started", sinceMs: 5, hasConformance: true },
    streams: [{ id: "s", activity: "receiving", tracks }],
    ...{ log: [], rules: [], verdicts: [] },
  });
  return model;
}

const fragment = (n: number, outcome = "new", arrivalMs = 2000 * (n + 1)) => ({
  ...{ kind: "fragment", stream: "s", track: 1 },
  fragment: [arrivalMs, 2 * n, 2, 1000, outcome],
});
const take = (model: typeof PointModel, ...increments: object[]) =>
  model.take({ now: Date.now(), increments });
const trackOf = (model: typeof PointModel) => model.streams.get("s").tracks.get(1);

test("is a point that is not there", () => {
  const model = new PointModel();
  model.reset({ now: 1, point: "/a.isml", state: null, hasConformance: false });
  assert.equal([model.state, model.streams.size, model.totals.fragments], [null, 0, 0]);
});

test("counts what comes after the snapshot", () => {
  const model = open({ counts: { ...COUNTS, fragments: 7, bytes: 70 } });
  take(model, fragment(0), fragment(1), fragment(1, "duplicate"), fragment(0, "late"));
  take(model, { kind: "gap", stream: "s", track: 1, gap: [4, 2, 1] });
  assert.equal(trackOf(model).counts, {
    ...{ fragments: 9, bytes: 2070, duplicates: 1, late: 1, gaps: 1 },
  });
  assert.is(trackOf(model).recent.length, 4);
  assert.equal(trackOf(model).gaps, [[4, 2, 1]]);
});

test("keeps no more than can be drawn", () => {
  const model = open();
  for (let n = 0; n < 400; n++) take(model, fragment(n));
  assert.is(trackOf(model).recent.length, 300);
  assert.is(trackOf(model).recent.at(-1)[1], 798);
});

test("takes in streams and tracks that come later, and leaves out what it does not know", () => {
  const model = open();
  take(
    model,
    { kind: "stream", stream: "t", activity: "receiving" },
    { kind: "tracks", stream: "t", tracks: [{ ...TRACK, trackId: 2 }] },
    { ...fragment(0), stream: "t", track: 2 },
    { ...fragment(0), stream: "t", track: 3 },
  );
  assert.is(model.streams.get("t").tracks.get(2).counts.fragments, 1);
  assert.is(model.totals.fragments, 1);
});

test("begins anew with a new broadcast", () => {
  const model = open();
  take(model, fragment(0), { kind: "stream", stream: "old", activity: "ended" });
  const state = { kind: "state", state: "Starting", sinceMs: 9, isNew: true, streams: ["s"] };
  assert.is(take(model, state), true);
  assert.equal([model.state, model.sinceMs, [...model.streams.keys()]], ["Starting", 9, ["s"]]);
  assert.equal(trackOf(model).recent, []);
  assert.is(take(model, { ...state, isNew: false }), false);
});

test("says how many fragments a player finds", () => {
  const model = open();
  assert.is(model.arrived, 0);
  take(model, fragment(0), fragment(1), fragment(1, "duplicate"));
  take(
    model,
    { kind: "tracks", stream: "t", tracks: [{ ...TRACK, trackId: 2, kind: "audio" }] },
    { ...fragment(0), stream: "t", track: 2 },
    { kind: "tracks", stream: "u", tracks: [{ ...TRACK, trackId: 3, isSparse: true }] },
  );
  assert.is(model.arrived, 2);
});

test("says when the encoder had a picture", () => {
  const model = open();
  take(model, fragment(0), fragment(1, "new", 4100), fragment(1, "duplicate", 9000));
  assert.is(model.encodedMs(3), 3100);
  assert.is(model.encodedMs(4), undefined);
});

test("adds up what came lately", () => {
  const model = open();
  const now = Date.now();
  take(model, fragment(0, "new", now - 60_000), fragment(1, "new", now), fragment(2, "new", now));
  const { fragments, bytes, bitsPerSecond } = model.totals;
  assert.equal([fragments, bytes, bitsPerSecond], [3, 3000, 1600]);
});

test.run();
