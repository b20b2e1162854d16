import type { Test } from "uvu";
import process from "node:process";
import { suite } from "uvu";
import { programPath } from "./program_path.ts";

/** A suite that needs other programs: all its tests are skipped, with a notice, where one is not installed. */
export function suiteWith(programs: readonly string[], name: string): Test {
  const test = suite(name);
  const missing = programs.filter((program) => programPath(program) === undefined);
  if (missing.length === 0) return test;
  process.stdout.write(`${name}: skipped, as ${missing.join(" and ")} cannot be found\n`);
  const noHook = Object.assign(() => {}, { each: () => {} });
  const skip = (name: string, handler: () => void) => test.skip(name, handler);
  return Object.assign(skip, test, { before: noHook, after: noHook }) as unknown as Test;
}
