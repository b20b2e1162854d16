import type { Row } from "../row.ts";
import { pushClient } from "../clients.ts";
import { makeInput } from "../make_input.ts";
import { pacedRuntimes } from "../row.ts";
import { growthOfPushes } from "./pushes.ts";

/** Above this a push takes seconds. */
const LONG_BYTES = 1e9;

const SIZES = [10e6, 100e6, 1e9, 10e9];

/** What does a larger file cost? Its payloads are holes, so that reading it does not depend on the disk. */
export const growingFile: Row = {
  id: "growth-size",
  question: "What does a larger file cost?",
  isLong: true,
  async run(conditions) {
    const clients = [conditions.curl, ...pacedRuntimes(conditions).map(pushClient)];
    const steps = [];
    for (const bytes of SIZES) {
      const input = await makeInput({ bytes, isSparse: true });
      steps.push({ value: bytes, input, clients, isLong: bytes > LONG_BYTES });
    }
    const x = { label: "bytes of the file", scale: "log" } as const;
    return { figures: [], ...await growthOfPushes(x, steps) };
  },
};
