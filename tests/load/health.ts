import { suite } from "uvu";
import * as assert from "uvu/assert";
import { judgeHealth } from "../../lib/load/health.ts";
import { Tally } from "../../lib/load/tally.ts";

const test = suite("judgeHealth");

const cases = [
  { name: "one that is punctual", last: 2, problems: [] },
  { name: "one that is a little late", last: 5, own: 19, loop: 19, calibrated: 19, problems: [] },
  { name: "one that is late", last: 50, own: 21, problems: ["its own lateness of 21."] },
  { name: "one that is late against much", last: 400, own: 90, problems: [] },
  { name: "one that is late against more", last: 400, own: 110, problems: ["its own lateness"] },
  { name: "one that is very late against all", last: 9000, own: 210, problems: ["above 200.0 ms"] },
  { name: "an event loop that stands still", last: 5, loop: 40, problems: ["event loop delay"] },
  { name: "a bad calibration", last: 5, calibrated: 30, problems: ["against a null sink"] },
  { name: "a thread without time", last: 5, busy: 0.97, problems: ["busy for 97 % of the time"] },
];
for (const { name, last, own = 1, loop = 1, calibrated = 1, busy = 0.5, problems } of cases) {
  test(`judges ${name}`, () => {
    const tally = new Tally();
    tally.histogram("last").record(last);
    tally.histogram("own").record(own);
    tally.histogram("loop").record(loop);
    const health = judgeHealth(tally, {
      calibratedP99Ms: calibrated,
      busiest: busy,
      cpuCores: 1,
      residentBytes: 1,
    });
    assert.is(health.problems.length, problems.length, health.problems.join());
    for (const [n, text] of problems.entries()) assert.match(health.problems[n]!, text);
  });
}

test.run();
