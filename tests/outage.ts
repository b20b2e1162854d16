import process from "node:process";
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { push, type PushReport } from "../lib/push.ts";
import type { PushEvent } from "../lib/push_event.ts";
import type { PushOptions } from "../lib/push_options.ts";
import { accept, answer, type BadRequest, BadServer, type Script } from "./helpers/bad_server.ts";
import { FakeClock } from "./helpers/fake_clock.ts";
import { Random } from "./helpers/random.ts";
import { SAMPLE_ISM } from "./helpers/sample.ts";
import { SampleUnion } from "./helpers/union.ts";
import { watchUnhandled } from "./helpers/unhandled.ts";
import { until } from "./helpers/until.ts";

const test = suite("push through outages");
const noneUnhandled = watchUnhandled(test);

/** What a push did, and what arrived of the sample. */
interface Pushed {
  readonly report: PushReport;
  readonly events: readonly PushEvent[];
  readonly union: SampleUnion;
}

/** Pushes the sample to a server that checks all it takes, whatever else it does. */
async function pushTo(
  script: (request: BadRequest, server: BadServer) => ReturnType<Script>,
  options: Partial<PushOptions>,
  meanwhile: (server: BadServer, events: PushEvent[]) => Promise<void> = () => Promise.resolve(),
): Promise<Pushed> {
  const union = await SampleUnion.open();
  const events: PushEvent[] = [];
  const server = await BadServer.start();
  server.script = (request) => {
    if (!request.isProbe) request.sink = union.of(request.url).connection();
    return script(request, server);
  };
  try {
    const pushing = push({
      points: [{ url: `${server.url}/live.isml` }],
      presentation: SAMPLE_ISM,
      id: "9",
      rate: "max",
      onEvent: (event) => events.push(event),
      ...options,
      recovery: { retryDelayMs: 0, ...options.recovery },
    });
    const [report] = await Promise.all([pushing, meanwhile(server, events)]);
    return { report, events, union };
  } finally {
    await server.close();
  }
}

const COMPLETE = Array(5).fill("complete");

function checkWhole({ report, union }: Pushed, passes: number): void {
  const errors = report.streams.map(({ error }) => error?.message).join("\n");
  assert.equal(report.streams.map(({ state }) => state), COMPLETE, errors);
  assert.equal(union.streams.map(({ holes }) => holes), [[], [], [], [], []]);
  assert.equal(union.streams.map(({ last }) => last), [10, 10, 10, 10, 3].map((n) => n * passes));
}

/**
 * Connections that are cut at random places. A cut throws away what lies in the buffers of both systems: where each
 * connection holds for longer than the window, the window covers it, and nothing may be missing. Where connections die
 * within the window it is halved, so that the stream gets ahead at all; then something may be missing, but never wrong.
 */
const FACTOR = Number(process.env["CUT_FACTOR"] ?? 1);
const cuts = [
  { count: 20 * FACTOR, seed: 1, first: 4_500_000, last: 6_000_000, window: 4 << 20, by: "reset" },
  { count: 8 * FACTOR, seed: 2, first: 4_500_000, last: 6_000_000, window: 4 << 20, by: "close" },
  { count: 1000, seed: 3, first: 1, last: 400_000, window: 128 << 10, by: "reset" },
] as const;
for (const { count, seed, first, last, window, by } of cuts) {
  const isCovered = first > window;
  test(`gets over ${count} cuts by ${by} behind ${first} to ${last} bytes`, async () => {
    const random = new Random(seed);
    let left: number = count;
    const pushed = await pushTo(async (request) => {
      if (request.isProbe || left === 0) return await accept(request);
      await request.take(random.between(first, last));
      if (request.isWhole) return request.say(answer(200));
      left--;
      request[by]();
    }, {
      loop: Infinity,
      duration: isCovered ? 25 * count : 20 * 60,
      recovery: { resendWindowBytes: window },
    });
    const { streams } = pushed.report;
    const errors = streams.map(({ error }) => error?.message).join("\n");
    assert.ok(streams.every(({ state }) => state === "complete"), errors);
    assert.ok(left < count / 2, `${left}`);
    for (const { holes, maxAgainBytes } of pushed.union.streams) {
      if (isCovered) assert.equal(holes, []);
      // Two fragments go out again whatever their size.
      assert.ok(maxAgainBytes <= window + 400_000, `${maxAgainBytes}`);
    }
  });
}

for (const afterOutage of ["catch-up", "live-edge"] as const) {
  test(`goes on after a point was down for 60 s of media: ${afterOutage}`, async () => {
    const clock = new FakeClock();
    let isDown = false;
    const script: Script = async (request) => {
      // What is left out on purpose is no hole that the union should find.
      if (afterOutage === "live-edge") request.sink = undefined;
      if (isDown) return request.reset();
      while (!request.isWhole && await request.take(1)) {
        if (isDown && request.url.includes("stream0")) return request.reset();
      }
      if (request.isWhole) request.say(answer(200));
    };
    const how = {
      clock,
      rate: 1,
      loop: 6,
      recovery: { afterOutage, retryDelayMs: 500 },
    } as const;
    const pushed = await pushTo(script, how, async (_, events) => {
      const fragments = () => events.filter(({ event }) => event === "fragment").length;
      const isOver = () => events.filter(({ event }) => event === "ended").length === 5;
      let down = 0;
      for (let seconds = 0; !isOver(); seconds++) {
        if (seconds > 300) throw new Error("it does not end");
        if (!isDown && down === 0 && fragments() >= 40) isDown = true;
        if (isDown && ++down === 60) isDown = false;
        await clock.advance(1000);
        await new Promise((resolve) => setTimeout(resolve));
      }
    });
    const [stream] = pushed.report.streams;
    assert.is(stream!.state, "complete", stream!.error?.message);
    const dropped = pushed.events.filter(({ event, stream: id }) =>
      event === "dropped" && id === "9-stream0"
    )
      .length;
    assert.ok(pushed.events.some(({ event }) => event === "recovered"));
    if (afterOutage === "catch-up") checkWhole(pushed, 6);
    else {
      assert.is(stream!.fragments + dropped, 60);
      assert.ok(dropped >= 20 && dropped <= 32, `${dropped}`);
    }
  });
}

test("lets the other streams go on while one is down", async () => {
  let tries = 0;
  const pushed = await pushTo(async (request) => {
    if (request.url.includes("stream1") && !request.isProbe && tries++ < 3) {
      await request.take(5000);
      return request.reset();
    }
    await accept(request);
  }, { loop: 2 });
  checkWhole(pushed, 2);
  const reconnects = pushed.report.streams.map((stream) => stream.reconnects);
  assert.equal([reconnects[0], reconnects[2], reconnects[3], reconnects[4]], [0, 0, 0, 0]);
  assert.ok(reconnects[1]! > 0);
});

test("gives one of two points up and does not touch the other", async () => {
  const dead = await BadServer.start((request) => request.reset());
  const union = await SampleUnion.open();
  const alive = await BadServer.start(async (request) => {
    if (!request.isProbe) request.sink = union.of(request.url).connection();
    await accept(request);
  });
  try {
    const points = [dead, alive].map(({ url }) => ({ url: `${url}/live.isml` }));
    const recovery = { retries: 2, retryDelayMs: 0 };
    const how = { points, presentation: SAMPLE_ISM, id: "9", rate: "max", recovery } as const;
    const { streams } = await push(how);
    assert.equal(streams.map(({ state }) => state), [...Array(5).fill("lost"), ...COMPLETE]);
    assert.equal(union.streams.map(({ last }) => last), [10, 10, 10, 10, 3]);
  } finally {
    await dead.close();
    await alive.close();
  }
});

test("can be taken over by a second process that began with the same start", async () => {
  const base = { numerator: 1_700_000_000n, denominator: 1n };
  const bodies = async (how: Partial<PushOptions>) => {
    const server = await BadServer.start();
    const end = new AbortController();
    let count = 0;
    await push({
      points: [{ url: `${server.url}/live.isml` }],
      presentation: SAMPLE_ISM,
      id: "9",
      rate: "max",
      base,
      signal: end.signal,
      recovery: { retries: 0 },
      onEvent: ({ event }) => {
        // The first one is killed in the middle of the second pass.
        if (event === "fragment" && ++count === 60 && how.loop === 2) {
          end.abort(new Error("killed"));
        }
      },
      ...how,
    });
    const found = new Map(
      server.posts.filter(({ url }) => !url.includes("stream4")).map((it) => [it.url, it.body()]),
    );
    await server.close();
    return found;
  };
  const killed = await bodies({ loop: 2 });
  const whole = await bodies({ loop: 3 });
  assert.is(killed.size, 4);
  for (const [url, body] of killed) {
    assert.ok(body.length > 0);
    assert.equal(whole.get(url)!.subarray(0, body.length), body, url);
  }
});

test("ends within a fragment and the time for an answer when it is stopped while the point stalls", async () => {
  const clock = new FakeClock();
  const stop = new AbortController();
  const pushed = await pushTo(
    async (request) => {
      if (request.isProbe) await accept(request); // and nothing else is ever read
    },
    { clock, rate: "max", loop: Infinity, stop: stop.signal },
    async (_, events) => {
      await until(() => events.some(({ event }) => event === "fragment"));
      stop.abort();
      for (let seconds = 0; seconds < 35; seconds++) await clock.advance(1000);
    },
  );
  assert.equal(
    pushed.report.streams.map(({ state }) => state === "complete"),
    Array(5).fill(false),
  );
});

noneUnhandled();
test.run();
