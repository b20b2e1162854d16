import type { Row } from "../row.ts";
import { loopClient } from "../clients.ts";
import { makeInput } from "../make_input.ts";
import { pacedRuntimes } from "../row.ts";
import { growthOfPushes } from "./pushes.ts";

const LOOPS = [1, 3, 10, 30, 100];

const BYTES = 100e6;

/** Above this a push takes seconds. */
const LONG_BYTES = 1e9;

/** What do more passes over the same file cost? */
export const growingLoops: Row = {
  id: "growth-loops",
  question: "What do more passes over the same file cost?",
  isLong: true,
  async run(conditions) {
    const input = await makeInput({ bytes: BYTES });
    const runtimes = pacedRuntimes(conditions);
    const steps = LOOPS.map((value) => ({
      value,
      input,
      clients: runtimes.map((runtime) => loopClient(runtime, value)),
      isLong: value * BYTES > LONG_BYTES,
    }));
    const x = { label: `passes over ${BYTES / 1e6} MB`, scale: "log" } as const;
    return { figures: [], ...await growthOfPushes(x, steps) };
  },
};
