import type { SteadyPushArgument, SteadyPushResult } from "../programs/steady_push.ts";
import type { Figure } from "../figure.ts";
import type { Row } from "../row.ts";
import { makeInput } from "../make_input.ts";
import { measure } from "../measure.ts";
import { median } from "../median.ts";
import { startSink } from "../start_sink.ts";

/** The first passes of a process, in which its code is compiled, do not count. */
const WARM_UP = 2;

/** How close does a process that has run for a while come to its HTTP client alone? */
export const steadyState: Row = {
  id: "steady",
  question: "How close does a process that has run for a while come to its HTTP client alone?",
  async run({ nodes, deno, bytes, runs }) {
    const { presentation } = await makeInput({ bytes });
    const sink = await startSink();
    const figures: Figure[] = [];
    const raw: Record<string, SteadyPushResult> = {};
    try {
      for (const runtime of [...nodes, deno]) {
        const { name, kind, missing } = runtime;
        const bare = kind === "deno" ? "fetch" : "undici.request";
        const figure = {
          name: `Steady state in one process, ${name}: speed against bare ${bare} from memory`,
          unit: "×",
          target: { atLeast: kind === "deno" ? 0.8 : 0.9 },
          digits: 2,
        };
        if (missing !== undefined) {
          figures.push({ ...figure, measured: undefined, detail: missing });
          continue;
        }
        const argument: SteadyPushArgument = {
          ...{ presentation, origin: sink.origin, passes: runs + WARM_UP },
        };
        const { output } = await measure(runtime.command("steady_push", argument));
        const result = raw[name] = JSON.parse(output) as SteadyPushResult;
        const [own, other] = [result.pushSeconds, result.bareSeconds].map((all) =>
          all.slice(WARM_UP)
        ) as [number[], number[]];
        const speed = (all: number[]) => (result.bytes / median(all)! / 1e9).toFixed(2);
        figures.push({
          ...figure,
          measured: median(own.map((seconds, n) => other[n]! / seconds)),
          detail: `push ${speed(own)} GB/s, ${bare} ${speed(other)} GB/s, pieces of the same sizes`,
        });
      }
    } finally {
      sink.close();
    }
    return { figures, raw };
  },
};
