import type { Arrival } from "./helpers/arrivals.ts";
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { startTimedRecorder } from "./helpers/arrivals.ts";
import { runCli, type Runtime, runtimes, SAMPLE } from "./helpers/command_line.ts";
import { readJsonLines } from "./helpers/read_json_lines.ts";

const test = suite("one clock for all streams");

const TICKS_PER_MS = 10_000;
const SPARSE = "9-stream4";
/** How late a fragment may come: the machine does other things as well. */
const TOLERANCE_MS = 300;
/** A machine that is busy at one time is not busy every time; a wrong clock is wrong every time. */
const TRIES = 3;
/** Dates are in whole milliseconds. */
const ROUNDING_MS = 1;

/** How long after the start of the push a fragment is due: when its last sample is. */
function dueMs({ fragment: { tfxds: [tfxd] } }: Arrival, rate: number): number {
  return Number(tfxd!.time + tfxd!.duration) / TICKS_PER_MS / rate;
}

async function pushPaced(runtime: Runtime, rate: number, args: readonly string[]) {
  const recorder = await startTimedRecorder();
  try {
    const url = `${recorder.url}/x.isml`;
    const options = [`--rate=${rate}`, "--id=9", "--json", ...args];
    const { code, stdout, stderr } = await runCli(runtime, [...options, url, SAMPLE]);
    assert.is(code, 0, stderr);
    const planned = readJsonLines(stdout).find(({ event }) => event === "planned");
    return { arrivals: recorder.arrivals(), startMs: Date.parse(String(planned!["time"])) };
  } finally {
    await recorder.close();
  }
}

/** How late the latest of the fragments is, by the clock of the one that is least late. */
function worstLateness(arrivals: readonly Arrival[], rate: number): number {
  const offsets = arrivals.map((arrival) => arrival.atMs - dueMs(arrival, rate));
  return Math.max(...offsets) - Math.min(...offsets);
}

const cases = [
  { rate: 4, args: [], counts: [10, 10, 10, 10, 3] },
  { rate: 1, args: ["--duration=6"], counts: [3, 3, 3, 3, 1] },
];

for (const runtime of runtimes) {
  for (const { rate, args, counts } of cases) {
    test(`${runtime.name}: at rate ${rate} each fragment comes when it is due`, async () => {
      const found: number[] = [];
      while (found.length < TRIES && found.every((lateness) => lateness > TOLERANCE_MS)) {
        const { arrivals, startMs } = await pushPaced(runtime, rate, args);
        assert.equal(
          counts.map((_, n) => arrivals.filter(({ stream }) => stream === `9-stream${n}`).length),
          counts,
        );
        // A fragment of a sparse stream comes with that of its parent.
        const paced = arrivals.filter(({ stream }) => stream !== SPARSE);
        for (const arrival of paced) {
          const early = startMs + dueMs(arrival, rate) - arrival.atMs;
          assert.ok(early <= ROUNDING_MS, `${early} ms early`);
        }
        checkSparse(arrivals);
        found.push(worstLateness(paced, rate));
      }
      assert.ok(found.at(-1)! <= TOLERANCE_MS, `late by ${found.join(", ")} ms`);
    });
  }
}

/** A sparse fragment is there before the fragment of its parent that goes beyond its start. */
function checkSparse(arrivals: readonly Arrival[]): void {
  for (const { fragment, atMs } of arrivals.filter(({ stream }) => stream === SPARSE)) {
    const { time } = fragment.tfxds[0]!;
    const parents = arrivals.filter(({ stream, fragment: { tfxds: [tfxd] } }) =>
      /9-stream[012]/.test(stream) && tfxd!.time <= time && time < tfxd!.time + tfxd!.duration
    );
    assert.is(parents.length, 3);
    for (const parent of parents) assert.ok(atMs <= parent.atMs, "sparse after its parent");
  }
}

test.run();
