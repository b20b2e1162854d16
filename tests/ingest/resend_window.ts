import { suite } from "uvu";
import * as assert from "uvu/assert";
import { type ResendOptions, ResendWindow } from "../../lib/ingest/resend_window.ts";
import { Random } from "../helpers/random.ts";
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

/** What a connection that dies before anything new takes, again and again, until the window stays as it is. */
function narrowed(window: ResendWindow, taken: (count: number) => number, tries: number): string[] {
  return Array.from({ length: tries }, () => {
    window.narrow(taken(window.fragments().length));
    return names(window).replace(/1:/g, "");
  });
}

test("begins with half as much, and with less each third try", () => {
  const window = filled(8, { resend: 2, resendWindowBytes: 800 });
  assert.equal(narrowed(window, (count) => count, 9), [
    "4 5 6 7", // at most 4 of 8 were lost
    "4 5 6 7", // at most 4 of 4
    "4 5 6 7",
    "4 5 6 7",
    "6 7", // at most 2 of 4
    "6 7", // at most 4 of 2
    "6 7",
    "6 7",
    "6 7",
  ]);
});

test("keeps what no connection took", () => {
  const window = filled(10, { resend: 2, resendWindowBytes: 1000 });
  // Each takes three, at most two of which were lost once enough tries were in vain.
  const kept = narrowed(window, () => 3, 14);
  assert.is(kept[5], "0 1 2 3 4 5 6 7 8 9");
  assert.is(kept[6], "1 2 3 4 5 6 7 8 9");
  assert.is(kept[12], "1 2 3 4 5 6 7 8 9");
  assert.is(kept[13], "2 3 4 5 6 7 8 9");
});

test("gets over a large fragment that comes with little behind it", () => {
  const window = new ResendWindow({ resend: 1, resendWindowBytes: 1000 });
  window.add(textFragment(0, { size: 600 }));
  for (let n = 1; n < 4; n++) window.add(small(n));
  assert.is(narrowed(window, () => 2, 12).at(-1), "1 2 3");
});

test("is as large as before once something new was sent", () => {
  const window = filled(9, { resend: 2, resendWindowBytes: 800 });
  narrowed(window, (count) => count, 30);
  assert.is(window.fragments().length, 2);
  window.add(small(9));
  assert.is(window.fragments().length, 8);
});

// ---- what is promised of a stream whose connections are cut

/** How a connection goes: how much it takes, and how much of that is lost at its end. */
interface Cut {
  readonly taken: number;
  readonly lost: number;
}

/**
 * Sends fragments over connections that are cut, and then everything that is left over a last one.
 *
 * @returns The fragments that never arrived, and how many there were.
 */
function sendThroughCuts(
  cuts: number,
  resendWindowBytes: number,
  next: (tries: number) => Cut,
): { missing: number[]; count: number } {
  const window = new ResendWindow({ resend: 2, resendWindowBytes });
  const arrived = new Set<number>();
  let count = 0;
  let tries = 0; // connections in a row that died before anything new
  for (let n = 0; n <= cuts; n++) {
    const resent = window.fragments().map(({ index }) => index);
    const isLast = n === cuts;
    const { taken, lost } = isLast ? { taken: Infinity, lost: 0 } : next(tries);
    const wanted = isLast ? resent.length : taken;
    const sent = resent.slice(0, wanted);
    const isAhead = wanted > sent.length;
    while (sent.length < wanted) {
      window.add(small(count));
      sent.push(count++);
    }
    for (const index of sent.slice(0, Math.max(0, sent.length - lost))) arrived.add(index);
    tries = isAhead ? 0 : tries + 1;
    if (!isAhead && sent.length > 0 && !isLast) window.narrow(sent.length);
  }
  const all = Array.from({ length: count }, (_, index) => index);
  return { missing: all.filter((index) => !arrived.has(index)), count };
}

const promises: { name: string; next: (random: Random, tries: number) => Cut }[] = [
  {
    name: "each loses at most half of what it took, wherever it is cut",
    next: (random) => {
      const taken = random.below(300);
      return { taken, lost: random.below(Math.floor(taken / 2) + 1) };
    },
  },
  {
    name: "each is cut in the first tenth of the window, and loses at most half",
    next: (random) => {
      const taken = random.below(16);
      return { taken, lost: random.below(Math.floor(taken / 2) + 1) };
    },
  },
  {
    name: "three in a row die within the window, and each loses up to half of it",
    next: (random, tries) => ({
      taken: tries < 3 ? random.below(300) : random.between(200, 300),
      lost: random.below(81),
    }),
  },
];
for (const { name, next } of promises) {
  test(`leaves nothing out where ${name}`, () => {
    for (let seed = 1; seed <= 10; seed++) {
      const random = new Random(seed);
      const { missing, count } = sendThroughCuts(300, 160 * 100, (tries) => next(random, tries));
      assert.equal(missing, [], `missing with seed ${seed}`);
      assert.ok(count > 20, `${count} fragments with seed ${seed}`);
    }
  });
}

test("leaves nothing out in nine thousand cuts anywhere that lose up to a third of the window", () => {
  let missing = 0;
  let count = 0;
  for (let seed = 1; seed <= 30; seed++) {
    const random = new Random(seed);
    const held = () => random.below(54);
    const sent = sendThroughCuts(
      300,
      160 * 100,
      () => ({ taken: random.below(320), lost: held() }),
    );
    missing += sent.missing.length;
    count += sent.count;
  }
  assert.ok(count > 30_000, `${count} fragments`);
  assert.is(missing, 0);
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
