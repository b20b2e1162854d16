import { suite } from "uvu";
import * as assert from "uvu/assert";
import { noCounts } from "../../lib/load/meter.ts";
import { missedGoals, parseSlo } from "../../lib/load/slo.ts";
import { Tally } from "../../lib/load/tally.ts";

const test = suite("parseSlo");

test("reads percentiles of several metrics, largest values and counts", () => {
  const text = "p99<50ms, watch.p99.9<=2.5s,max<1s,errors=0,reconnects<5,first.p50<800us";
  const goals = parseSlo(text).map((goal) =>
    goal.type === "time" ? [goal.metric, goal.percent, goal.limitMs] : [goal.what, goal.limit]
  );
  assert.equal(goals, [
    ["last", 99, 50],
    ["watch", 99.9, 2500],
    ["last", 100, 1000],
    ["errors", 0],
    ["reconnects", 4],
    ["first", 50, 0.8],
  ]);
});

for (
  const text of [
    "",
    "p99",
    "p99<50",
    "p99>50ms",
    "p100<1s",
    "p0<1s",
    "nothing.p99<1s",
    "errors<0",
    "errors=0ms",
    "p99<50ms,,errors=0",
    "p99<-1ms",
  ]
) {
  test(`says no to ${JSON.stringify(text)}`, () => {
    assert.throws(() => parseSlo(text), /^.*Cannot read an objective as it must be goals such as/);
  });
}

test("says what was missed and by how much", () => {
  const tally = new Tally();
  for (let ms = 1; ms <= 100; ms++) tally.histogram("last").record(ms);
  tally.add({ counts: { ...noCounts(), stalls: 3 }, errors: { "HTTP 503": 2 }, histograms: {} });
  const goals = parseSlo("p50<60ms,p99<50ms,errors=0,stalls<4,watch.p50<1s");
  assert.equal(missedGoals(goals, tally).map(({ text }) => text), [
    "p99<50ms was asked for: 99.0 ms",
    "errors=0 was asked for: 2 errors (HTTP 503: 2)",
    "watch.p50<1s was asked for: nothing was measured (can be fetched)",
  ]);
});

test.run();
