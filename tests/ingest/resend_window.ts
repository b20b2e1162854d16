import { suite } from "uvu";
import * as assert from "uvu/assert";
import { type ResendOptions, ResendWindow } from "../../lib/ingest/resend_window.ts";
import { textFragment } from "../helpers/text_parts.ts";

const MOOF = textFragment(0).moof.length;

/** Fragments of 100 bytes with their moof. */
const small = (index: number, trackId = 1) => textFragment(index, { trackId, size: 100 - MOOF });

function filled(count: number, options: ResendOptions): ResendWindow {
  const window = new ResendWindow(options);
  for (let n = 0; n < count; n++) window.add(small(n % 10));
  return window;
}

const names = (window: ResendWindow) =>
  window.fragments().map(({ trackId, index }) => `${trackId}:${index}`).join(" ");

const test = suite("ResendWindow");

test("is empty at first", () => {
  assert.equal(new ResendWindow().fragments(), []);
});

const cases = [
  { resend: 2, resendWindowBytes: 0, kept: "1:8 1:9" },
  { resend: 2, resendWindowBytes: 350, kept: "1:7 1:8 1:9" },
  { resend: 2, resendWindowBytes: 400, kept: "1:6 1:7 1:8 1:9" },
  { resend: 0, resendWindowBytes: 0, kept: "" },
  { resend: 0, resendWindowBytes: 100, kept: "1:9" },
  { resend: 3, resendWindowBytes: 100, kept: "1:7 1:8 1:9" },
];
for (const { resend, resendWindowBytes, kept } of cases) {
  test(`sends ${kept || "nothing"} again with ${resend} and ${resendWindowBytes} bytes`, () => {
    assert.is(names(filled(10, { resend, resendWindowBytes })), kept);
  });
}

test("takes the last 16 MiB by default", () => {
  const window = new ResendWindow();
  const big = 1024 * 1024;
  for (let n = 0; n < 40; n++) window.add(textFragment(n, { size: big - MOOF - 1 }));
  assert.is(window.fragments().length, 16);
});

test("counts the last ones by track, and keeps the order", () => {
  const window = new ResendWindow({ resend: 2, resendWindowBytes: 0 });
  for (const [track, index] of [[1, 0], [2, 0], [1, 1], [1, 2], [2, 1], [1, 3], [1, 4]] as const) {
    window.add(small(index, track));
  }
  assert.is(names(window), "2:0 2:1 1:3 1:4");
});

test("halves, but not below the last fragments of each track", () => {
  const window = filled(9, { resend: 2, resendWindowBytes: 800 });
  const counts = [];
  for (let n = 0; n < 5; n++) {
    counts.push(window.fragments().length);
    window.halve();
  }
  assert.equal(counts, [8, 4, 2, 2, 2]);
});

test("is as large as before once something new was sent", () => {
  const window = filled(9, { resend: 2, resendWindowBytes: 800 });
  for (let n = 0; n < 20; n++) window.halve();
  assert.is(window.fragments().length, 2);
  window.add(small(9));
  assert.is(window.fragments().length, 8);
});

test("holds on to no more than it needs, whatever the size of the fragments", () => {
  for (const size of [1, 100, 5000]) {
    const window = new ResendWindow({ resend: 2, resendWindowBytes: 10_000 });
    let looks = 0;
    for (let n = 0; n < 20_000; n++) {
      const fragment = textFragment(0, { size });
      Object.defineProperty(fragment, "trackId", {
        get() {
          looks++;
          return 1;
        },
      });
      window.add(fragment);
    }
    // A look at all that it holds each time would be thousands for each fragment.
    assert.ok(looks < 20_000 * 4, `${looks} looks at fragments of ${size} bytes`);
    assert.ok(window.fragments().length <= Math.max(2, 10_000 / (size + MOOF)));
  }
});

test.run();
