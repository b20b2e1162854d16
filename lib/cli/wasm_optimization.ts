/** Executed bytes, by the rough count of V8: those of some hundred answers. */
const TIERING_BUDGET = 1_000_000_000;

/**
 * The flag with which WebAssembly is optimized late: undici parses the answers of servers by it, and V8 up to version 12
 * (Node 20 and 22) begins with it after four to ten of them. That takes up to a quarter of a second of CPU time and 30 MB
 * of memory, and the process does not end before it is done.
 *
 * @param versions Of the runtime.
 * @returns Nothing where there is no need.
 */
export function lateOptimization(
  { v8 = "", deno }: { readonly v8?: string; readonly deno?: string },
): string | undefined {
  const isEarly = deno === undefined && Number.parseInt(v8) < 13;
  return isEarly ? `--wasm-tiering-budget=${TIERING_BUDGET}` : undefined;
}

/** Sets the flag, for the whole process: not for a library to do. Others do without the module that it takes. */
export async function optimizeLate(
  versions: { readonly v8?: string; readonly deno?: string },
): Promise<void> {
  const flag = lateOptimization(versions);
  if (flag) (await import("node:v8")).setFlagsFromString(flag);
}
