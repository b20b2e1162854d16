/** What V8 has from version 12 on. */
const TIERING_BUDGET = 13_000_000;

/**
 * The flag with which WebAssembly is optimized as late as by later versions of V8: that of Node 20 begins with it after a few
 * answers of a server, as undici parses them by WebAssembly. It takes a quarter of a second of CPU time and 30 MB of
 * memory, and the process does not end before it is done.
 *
 * @param versions Of the runtime.
 * @returns Nothing where there is no need.
 */
export function lateOptimization(
  { v8 = "", deno }: { readonly v8?: string; readonly deno?: string },
): string | undefined {
  const isEarly = deno === undefined && Number.parseInt(v8) < 12;
  return isEarly ? `--wasm-tiering-budget=${TIERING_BUDGET}` : undefined;
}

/** Sets the flag, for the whole process: not for a library to do. Others do without the module that it takes. */
export async function optimizeLate(
  versions: { readonly v8?: string; readonly deno?: string },
): Promise<void> {
  const flag = lateOptimization(versions);
  if (flag) (await import("node:v8")).setFlagsFromString(flag);
}
