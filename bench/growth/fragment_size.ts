import type { Row } from "../row.ts";
import { pushClient } from "../clients.ts";
import { makeInput } from "../make_input.ts";
import { pacedRuntimes } from "../row.ts";
import { growthOfPushes } from "./pushes.ts";

const SIZES = [10e3, 30e3, 100e3, 300e3, 1e6, 3e6, 10e6];

const BYTES = 300e6;

/** What do larger fragments cost? The file stays as large. */
export const growingFragments: Row = {
  id: "growth-fragment",
  question: "What do larger fragments cost?",
  isLong: true,
  async run(conditions) {
    const clients = pacedRuntimes(conditions).map(pushClient);
    const steps = [];
    for (const value of SIZES) {
      const sizes = { videoFragmentBytes: value, audioFragmentBytes: 0 };
      steps.push({ value, input: await makeInput({ bytes: BYTES, ...sizes }), clients });
    }
    const x = { label: "bytes of a fragment", scale: "log" } as const;
    return { figures: [], ...await growthOfPushes(x, steps) };
  },
};
