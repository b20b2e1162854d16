import type { FoundMoof } from "../../lib/source/found_moofs.ts";
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { readFragment } from "../../lib/mp4/fragment.ts";
import { readMoov } from "../../lib/mp4/moov.ts";
import { FoundMoofs } from "../../lib/source/found_moofs.ts";
import { makeMoof, makeMoov } from "../helpers/boxes.ts";

const test = suite("FoundMoofs");

function found(): FoundMoof {
  const bytes = makeMoof({});
  const place = { moofOffset: 0, payloadOffset: 1000, payloadSize: 1000 };
  return { bytes, facts: readFragment(bytes, place, readMoov(makeMoov(), 0).tracks) };
}

test("hands out what was kept, once", () => {
  const moofs = new FoundMoofs();
  const moof = found();
  moofs.keep(100, moof);
  assert.is(moofs.take(200), undefined);
  assert.is(moofs.take(100), moof);
  assert.is(moofs.take(100), undefined);
});

test("lets go of the oldest where nobody asks for them", () => {
  const moofs = new FoundMoofs();
  for (let n = 0; n < 1000; n++) moofs.keep(n, found());
  const kept = Array.from({ length: 1000 }, (_, n) => n).filter((n) => moofs.take(n));
  assert.equal(kept, Array.from({ length: 64 }, (_, n) => 936 + n));
});

test.run();
