import process from "node:process";
import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";

setFlagsFromString("--expose-gc");
/** Collects what nothing refers to. */
export const collectGarbage = runInNewContext("gc") as () => void;

/** Bytes that are in use, buffers included, without what is only waiting to be collected. */
export function heapBytes(): number {
  collectGarbage();
  const { heapUsed, external } = process.memoryUsage();
  return heapUsed + external;
}
