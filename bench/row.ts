import type { Client } from "./clients.ts";
import type { Figure } from "./figure.ts";
import type { Runtime } from "./runtimes.ts";
import type { PlotOptions } from "../lib/report/plot.ts";

/** What all rows are measured with. */
export interface Conditions {
  /** Fewer rounds and shorter ones. */
  readonly isQuick: boolean;
  /** Rounds that count. */
  readonly runs: number;
  /** Size of the file that is pushed unpaced. */
  readonly bytes: number;
  /** This Node and those that were asked for. */
  readonly nodes: readonly Runtime[];
  readonly deno: Runtime;
  readonly curl: Client;
  readonly ffmpeg: Client;
}

/** A question, and what answers it. */
export interface Row {
  /** For `--only`. */
  readonly id: string;
  readonly question: string;
  /** Whether a quick run leaves it out. */
  readonly isLong?: boolean;
  /** Measures. */
  run(conditions: Conditions): Promise<Answer>;
}

/** What a row found. */
export interface Answer {
  readonly figures: readonly Figure[];
  /** How something grows. */
  readonly plots?: readonly PlotOptions[];
  /** All that was measured, for the file of results. */
  readonly raw?: unknown;
}

/** The runtimes on which a paced row runs: the newest Node and Deno. */
export function pacedRuntimes({ nodes, deno }: Conditions): Runtime[] {
  const present = nodes.filter(({ missing }) => missing === undefined);
  const newest = present.reduce((best, node) => node.major > best.major ? node : best);
  return [newest, ...(deno.missing === undefined ? [deno] : [])];
}
