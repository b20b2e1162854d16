import type { Command } from "./measure.ts";
import { spawnSync } from "node:child_process";
import { availableParallelism } from "node:os";

/** Cores that processes can be bound to: none where the system cannot do it. */
export const CORES: number = spawnSync("taskset", ["--version"]).status === 0
  ? availableParallelism()
  : 0;

/** The core of what is measured, if there are at least two. */
export const CLIENT_CORE: number | undefined = CORES >= 2 ? 0 : undefined;

/** The core of what measures. */
export const SINK_CORE: number | undefined = CORES >= 2 ? 1 : undefined;

/** A command that runs on one core, all its threads. */
export function pinned(command: Command, core: number | undefined): Command {
  return core === undefined ? command : {
    program: "taskset",
    args: ["-c", String(core), command.program, ...command.args],
  };
}
