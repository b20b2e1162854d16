/**
 * Pushes a presentation as fast as it can, and prints how each stream ended: `push.ts <json>`.
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
}

const { presentation, url, loop = 1 } = JSON.parse(process.argv[2]!) as PushArgument;
const { streams } = await push({ points: [{ url }], presentation, id: "1", rate: "max", loop });
const outcomes = streams.map(({ state, bytes, fragments }) => ({ state, bytes, fragments }));
process.stdout.write(`${JSON.stringify(outcomes)}\n`);
