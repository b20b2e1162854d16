import { suite } from "uvu";
import * as assert from "uvu/assert";
import { readMoov } from "../../lib/mp4/moov.ts";
import { TrackFilterStream } from "../../lib/stages/track_filter_stream.ts";
import { makeMoov } from "../helpers/boxes.ts";
import { end, fragment, fragmentsOf, header, TestPayload, through } from "../helpers/parts.ts";
import { sameBytes } from "../helpers/same_bytes.ts";

const test = suite("TrackFilterStream");

const TRACKS = [{ trackId: 1 }, { trackId: 2, handler: "vide" }, { trackId: 7 }];
const parts = [
  header({ tracks: TRACKS }),
  ...[1, 2, 7, 1, 2].map((trackId) => fragment({ trackId })),
  end(),
];

const cases = [
  { trackIds: [1], kept: [1, 1], tracks: [1] },
  { trackIds: [2], kept: [2, 2], tracks: [2] },
  { trackIds: [7, 1], kept: [1, 7, 1], tracks: [1, 7] },
  { trackIds: [1, 2, 7], kept: [1, 2, 7, 1, 2], tracks: [1, 2, 7] },
  { trackIds: [5], kept: [], tracks: [] },
];
for (const { trackIds, kept, tracks } of cases) {
  test(`lets tracks ${trackIds} pass`, async () => {
    const out = await through(parts, new TrackFilterStream({ trackIds }));
    assert.equal(fragmentsOf(out).map(({ trackId }) => trackId), kept);
    const [first] = out;
    if (first!.type !== "header") return assert.unreachable();
    assert.equal(first!.tracks.map(({ trackId }) => trackId), tracks);
    const [ftyp, moov] = first!.boxes;
    const [before] = parts;
    if (before!.type === "header") sameBytes(ftyp!, before!.boxes[0]!);
    assert.equal(readMoov(moov!, 0).tracks.map(({ trackId }) => trackId), tracks);
    assert.is(out.at(-1), parts.at(-1));
  });
}

test("reads no payload", async () => {
  const payload = new TestPayload(new Uint8Array(5));
  const all = [1, 2].map((trackId) => fragment({ trackId, payload }));
  await through(all, new TrackFilterStream({ trackIds: [2] }));
  assert.is(payload.begun, 0);
});

test("leaves the header that comes in as it is", async () => {
  const before = makeMoov({ tracks: TRACKS });
  await through(parts, new TrackFilterStream({ trackIds: [1] }));
  const [first] = parts;
  if (first!.type === "header") sameBytes(first!.boxes[1]!, before);
});

test("fails over an empty list", () => {
  assert.throws(
    () => new TrackFilterStream({ trackIds: [] }),
    /^Cannot filter tracks as at least one must pass: current value is an empty list$/,
  );
});

test.run();
