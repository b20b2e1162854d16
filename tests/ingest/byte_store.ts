import { suite } from "uvu";
import * as assert from "uvu/assert";
import { ByteStore } from "../../lib/ingest/byte_store.ts";
import { pattern } from "../helpers/boxes.ts";
import { Random } from "../helpers/random.ts";
import { sameBytes } from "../helpers/same_bytes.ts";

const test = suite("ByteStore");

test("gives copies of copies", () => {
  const store = new ByteStore();
  const bytes = pattern(10);
  const stored = store.add(bytes);
  bytes.fill(0);
  store.get(stored).fill(1);
  sameBytes(store.get(stored), pattern(10));
});

test("gives back what it keeps, whatever it lets go of in between", () => {
  const random = new Random(7);
  const store = new ByteStore();
  let all: { readonly stored: ReturnType<ByteStore["add"]>; readonly bytes: Uint8Array }[] = [];
  for (let n = 0; n < 2000; n++) {
    const bytes = pattern(random.below(900), n);
    all.push({ stored: store.add(bytes), bytes });
    if (random.below(10) > 0) continue;
    all = all.filter(() => random.below(3) > 0);
    store.keep(all.map(({ stored }) => stored));
    for (const { stored, bytes } of all) sameBytes(store.get(stored), bytes);
  }
});

test("keeps nothing where there is nothing to keep", () => {
  const store = new ByteStore();
  store.add(pattern(5000));
  store.keep([]);
  assert.is(store.add(pattern(5)).at, 0);
});

test.run();
