import { suite } from "uvu";
import * as assert from "uvu/assert";
import { type Behaviour, type Recorder, startRecorder } from "../helpers/recorder.ts";
import { readBody } from "../helpers/wire.ts";
import { type Runtime, runtimes, SAMPLE, startCli } from "./helpers/command_line.ts";
import { until } from "./helpers/until.ts";

const test = suite("signals");

const STREAMS = [0, 1, 2, 3];
const SPARSE = "(9-stream4)";
const isProbe = (headers: Readonly<Record<string, unknown>>) => headers["content-length"] === "0";

/** The long request of a stream, once it has come. */
const longRequest = ({ requests }: Recorder, number: number) =>
  requests.find(({ url, headers }) => url.endsWith(`(9-stream${number})`) && !isProbe(headers));

const END_OF_STREAM = [0, 0, 0, 8, ...new TextEncoder().encode("mfra")];

function hasEnded(recorder: Recorder, number: number): boolean {
  const end = longRequest(recorder, number)?.body().slice(-END_OF_STREAM.length);
  return end !== undefined && END_OF_STREAM.every((byte, n) => end[n] === byte);
}

/** Whether a fragment of the second pass was sent, as `--json` tells. */
function isInSecondPass(stdout: string, number: number): boolean {
  return new RegExp(`"event":"fragment".*"stream":"9-stream${number}".*"pass":1\\b`).test(stdout);
}

/** Starts a push that does not end by itself, and waits until each stream is in its second pass. */
async function startEndlessPush(runtime: Runtime, behaviour?: Behaviour) {
  const recorder = await startRecorder(behaviour);
  const args = ["--loop", "--rate=40", "--id=9", "--json", `${recorder.url}/x.isml`, SAMPLE];
  const cli = startCli(runtime, args);
  await until("second pass", () => STREAMS.every((n) => isInSecondPass(cli.stdout(), n)));
  return { recorder, cli };
}

const cases = [{ signal: "SIGINT", code: 130 }, { signal: "SIGTERM", code: 143 }] as const;

for (const runtime of runtimes) {
  for (const { signal, code } of cases) {
    test(`${runtime.name}: ${signal} ends a push in order, with ${code}`, async () => {
      const { recorder, cli } = await startEndlessPush(runtime);
      try {
        cli.kill(signal);
        const exit = await cli.exited;
        assert.is(exit.signal, null);
        assert.is(exit.code, code, exit.stderr);
        for (const number of STREAMS) {
          const request = longRequest(recorder, number)!;
          assert.ok(request.isWhole, `request of stream ${number} ends`);
          const { types, fragments } = readBody(request.body());
          assert.equal(types.slice(-2), ["mdat", "mfra"]);
          const numbers = fragments.map(({ sequenceNumber }) => sequenceNumber);
          assert.equal(numbers, numbers.map((_, n) => n + 1));
        }
        const sparse = recorder.requests.filter(({ url }) => url.endsWith(SPARSE));
        assert.is(readBody(sparse.at(-1)!.body()).types.at(-1), "mfra");
        const lines = exit.stdout.trim().split("\n").map((line) => JSON.parse(line));
        const ended = lines.filter(({ event }) => event === "ended");
        assert.equal(ended.map(({ state }) => state), Array(5).fill("stopped"));
      } finally {
        await recorder.close();
      }
    });
  }

  test(`${runtime.name}: a second SIGINT stops at once`, async () => {
    // It never gives the answer that the first SIGINT makes the push wait for.
    const { recorder, cli } = await startEndlessPush(
      runtime,
      ({ url, headers }) => isProbe(headers) || url.endsWith(SPARSE) ? undefined : "handled",
    );
    try {
      cli.kill("SIGINT");
      await until("end of stream", () => STREAMS.every((n) => hasEnded(recorder, n)));
      const startMs = performance.now();
      cli.kill("SIGINT");
      const { code, stderr } = await cli.exited;
      assert.is(code, 130, stderr);
      const tookMs = performance.now() - startMs;
      assert.ok(tookMs < 5000, `${tookMs} ms`); // an answer is awaited for 30 s
    } finally {
      await recorder.close();
    }
  });
}

test.run();
