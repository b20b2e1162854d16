/**
 * Pushes a presentation, as fast as it can unless it is told otherwise, and prints how each stream ended: `push.ts <json>`.
 */
import process from "node:process";
import { push } from "../../mod.ts";

/** What the program is told. */
export interface PushArgument {
  readonly presentation: string;
  /** Of the publishing point. */
  readonly url: string;
  /** @default {1} */
  readonly loop?: number;
  /** @default {"max"} */
  readonly rate?: number;
}

const { presentation, url, loop = 1, rate = "max" } = JSON.parse(process.argv[2]!) as PushArgument;
const { streams } = await push({ points: [{ url }], presentation, id: "1", rate, loop });
const outcomes = streams.map(({ state, bytes, fragments }) => ({ state, bytes, fragments }));
process.stdout.write(`${JSON.stringify(outcomes)}\n`);
