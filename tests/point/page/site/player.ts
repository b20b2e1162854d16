import { suite } from "uvu";
import * as assert from "uvu/assert";

const { rateFor } = await import(
  new URL("../../../../lib/point/page/site/player.js", import.meta.url).href
);

const test = suite("rateFor");

const cases: readonly (readonly [why: string, drift: number, rate: number, next: number])[] = [
  ["is as late as it began", 0, 1, 1],
  ["is a little late", 1.9, 1, 1],
  ["is late", 2.1, 1, 1.05],
  ["is still late", 0.6, 1.05, 1.05],
  ["has caught up", 0.4, 1.05, 1],
  ["was put far back by somebody", 8, 1, 1],
  ["was put far back while it caught up", 20, 1.05, 1],
  ["has a rate that somebody chose", 5, 1.5, 1.5],
  ["is played slowly", 5, 0.5, 0.5],
];
for (const [why, drift, rate, next] of cases) {
  test(`is ${next} for a picture that ${why}`, () => {
    assert.is(rateFor(drift, rate), next);
  });
}

test.run();
