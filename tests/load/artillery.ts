import { setTimeout as sleep } from "node:timers/promises";
import { suite } from "uvu";
import * as assert from "uvu/assert";
import PushencoderEngine, {
  type ArtilleryEngineOptions,
  type ArtilleryEvents,
  type ArtilleryScenario,
} from "../../lib/load/artillery.ts";
import { FakeClock } from "../helpers/fake_clock.ts";
import { FakeSink, type FakeSinkOptions } from "../helpers/fake_sink.ts";
import { SAMPLE_ISM } from "../helpers/sample.ts";
import { settle } from "../helpers/settle.ts";

const test = suite("PushencoderEngine");

const FLOW: ArtilleryScenario = { flow: [{ push: { seconds: 1 } }] };

/** Runs virtual users as Artillery does, in no time. */
async function run(
  { users = 1, scenario = FLOW, options = {}, target = "http://point/live.isml" }: {
    users?: number;
    scenario?: ArtilleryScenario;
    options?: ArtilleryEngineOptions;
    target?: string;
  },
  sinkOptions: Omit<FakeSinkOptions, "clock"> = {},
) {
  const clock = new FakeClock();
  const sink = new FakeSink({ clock, ...sinkOptions });
  const events: unknown[][] = [];
  const emitter: ArtilleryEvents = { emit: (...event: unknown[]) => events.push(event) };
  const helpers = { template: (text: string) => text.replace("{{ name }}", "mine") };
  const script = {
    config: {
      target,
      engines: { pushencoder: { presentation: SAMPLE_ISM, rate: 10, ...options } },
    },
  };
  const engine = new PushencoderEngine(script, undefined, helpers, { clock, transport: sink });
  const runUser = engine.createScenario(scenario, emitter);
  const errors: (string | undefined)[] = [];
  for (let n = 0; n < users; n++) {
    runUser({ vars: {}, _uid: `${n}1234567-89ab` }, (error) => errors.push(error?.message));
  }
  while (errors.length < users) {
    if (clock.pending > 0) await clock.advance(10);
    else await settle();
    await sleep(1); // files are read meanwhile
  }
  await new Promise<void>((resolve) => engine.cleanup(resolve));
  const sum = (name: string) =>
    events.filter((event) => event[0] === "counter" && event[1] === name)
      .reduce((total, [, , value]) => total + (value as number), 0);
  const values = (name: string) =>
    events.filter((event) => event[0] === "histogram" && event[1] === name).map((it) => it[2]);
  return { sink, events, errors, sum, values };
}

test("makes each virtual user a channel, and tells what it measured", async () => {
  const { sink, events, errors, sum, values } = await run({ users: 2 });
  assert.equal(errors, [undefined, undefined]);
  assert.is(events.filter(([name]) => name === "started").length, 2);
  assert.equal([...sink.channels].sort(), [
    "http://point/live-01234567.isml",
    "http://point/live-11234567.isml",
  ]);
  const sent = values("pushencoder.last_byte").length;
  // Four streams with fragments of 200 ms at this rate, for a second.
  assert.ok(sent >= 2 * 4 * 3 && sent <= 2 * 4 * 5, `${sent}`);
  const sparse = values("pushencoder.sparse_answer").length;
  assert.is(sum("pushencoder.fragments") + sum("pushencoder.unsent"), sent + sparse);
  assert.ok(sum("pushencoder.fragments") > 0);
  assert.is(values("pushencoder.probe").length, 2 * 5);
  assert.ok(values("pushencoder.final_answer").length >= 2 * 4);
  assert.ok(sum("pushencoder.bytes") > 0);
});

test("runs several pushes of a flow one after the other, under names of their own", async () => {
  const scenario = {
    flow: [{ push: { seconds: 0.5, channel: "{{ name }}" } }, { push: { seconds: 0.5 } }],
  };
  const { sink, errors } = await run({ scenario, target: "http://point/{channel}.isml" });
  assert.equal(errors, [undefined]);
  assert.equal([...sink.channels], ["http://point/mine.isml", "http://point/01234567-1.isml"]);
});

test("fails a virtual user whose streams are refused, and counts why", async () => {
  const { events, errors, sum } = await run({}, { refuse: () => 404 });
  assert.match(errors[0]!, "404");
  assert.is(events.filter(([name, kind]) => name === "error" && kind === "HTTP 404").length, 5);
  assert.is(sum("pushencoder.failed_streams"), 5);
});

test("counts what was due and never taken", async () => {
  const { sum, values } = await run({ scenario: { flow: [{ push: { seconds: 2 } }] } }, {
    stall: [3, 1e9],
  });
  assert.ok(sum("pushencoder.unsent") >= 4 * 7, `${sum("pushencoder.unsent")}`);
  assert.ok((values("pushencoder.last_byte") as number[]).some((ms) => ms > 1500));
});

test("fails where it is not told what to push", async () => {
  const { errors, events } = await run({ options: { presentation: "missing.ism" } });
  assert.match(errors[0]!, "missing.ism: Cannot find it");
  assert.ok(events.some(([name, text]) => name === "error" && `${text}`.includes("missing.ism")));
});

for (
  const flow of [[], [{ push: { seconds: 0 } }], [{
    get: { url: "/" },
  }]] as unknown as readonly ArtilleryScenario["flow"][]
) {
  test(`says no to a flow of ${JSON.stringify(flow)}`, () => {
    const engine = new PushencoderEngine({ config: {} });
    const emit = () => undefined;
    assert.throws(
      () => engine.createScenario({ flow }, { emit }),
      /^.*(?:must be|must have a) push/,
    );
  });
}

test.run();
