import type { SteadyPushArgument, SteadyPushResult } from "../programs/steady_push.ts";
import type { Figure } from "../figure.ts";
import type { Row } from "../row.ts";
import { makeInput } from "../make_input.ts";
import { measure } from "../measure.ts";
import { median } from "../median.ts";
import { CLIENT_CORE, pinned, SINK_CORE } from "../pin.ts";
import { startSink } from "../start_sink.ts";

const FRAGMENT_BYTES = 32_000;

/** In which code is compiled; they do not count. */
const WARM_UP = 2;

/** What does a fragment cost beyond its bytes? */
export const smallFragments: Row = {
  id: "fragments",
  question: "What does a fragment cost beyond its bytes?",
  async run({ nodes, deno, isQuick, runs }) {
    const { presentation } = await makeInput({
      bytes: isQuick ? 30e6 : 300e6,
      videoFragmentBytes: FRAGMENT_BYTES,
      audioFragmentBytes: FRAGMENT_BYTES,
    });
    const sink = await startSink(SINK_CORE);
    const figures: Figure[] = [];
    try {
      for (const runtime of [...nodes, deno]) {
        const { name, missing } = runtime;
        const figure = {
          name: `Fragments of ${FRAGMENT_BYTES / 1000} kB, on one core, ${name}`,
          unit: "fragments/s",
          target: { atLeast: 10_000 },
          digits: 0,
        };
        if (missing !== undefined) {
          figures.push({ ...figure, measured: undefined, detail: missing });
          continue;
        }
        const argument: SteadyPushArgument = {
          ...{ presentation, origin: sink.origin, passes: runs + WARM_UP, isAlone: true },
        };
        const command = pinned(runtime.command("steady_push", argument), CLIENT_CORE);
        const result = JSON.parse((await measure(command)).output) as SteadyPushResult;
        const microseconds = (of: number) => (of / result.fragments * 1e6).toFixed(0);
        const seconds = median(result.pushSeconds.slice(WARM_UP))!;
        figures.push({
          ...figure,
          measured: result.fragments / seconds,
          detail:
            `${microseconds(seconds)} µs each, of which ${
              microseconds(median(result.pushCpuSeconds.slice(WARM_UP)) ?? NaN)
            } µs CPU time; two streams at a time` +
            (CLIENT_CORE === undefined ? "; not bound to one core" : ""),
        });
      }
    } finally {
      sink.close();
    }
    return { figures };
  },
};
