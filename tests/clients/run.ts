/**
 * Runs the suites that need other programs, on Node: `tsx tests/clients/run.ts [part of a name ...]`; those whose names have
 * a part that is given behind a minus sign are left out.
 */
import { readdirSync } from "node:fs";
import process from "node:process";
import { runSuites } from "../helpers/run_suites.ts";

const ROOT = new URL("./", import.meta.url);

const isUnwanted = (part: string) => part.startsWith("-");
const wanted = process.argv.slice(2).filter((part) => !isUnwanted(part));
const unwanted = process.argv.slice(2).filter(isUnwanted).map((part) => part.slice(1));
const names = readdirSync(ROOT)
  .filter((name) => name.endsWith(".ts") && name !== "run.ts")
  .filter((name) => wanted.length === 0 || wanted.some((part) => name.includes(part)))
  .filter((name) => !unwanted.some((part) => name.includes(part)))
  .sort();
await runSuites(ROOT, names);
