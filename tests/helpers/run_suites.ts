import process from "node:process";

/** What uvu keeps in globals when it does not start by itself; it looks when it is loaded. */
interface UvuGlobals {
  UVU_DEFER: number;
  UVU_QUEUE: unknown[][];
  UVU_INDEX: number;
}

/**
 * Runs test files in one process and ends it: with 1 if a test failed, a file runs no suite, or there is no test at all.
 * The last line on stdout is "N passed, N failed[, N skipped]".
 *
 * @param files Paths from `folder`.
 */
export async function runSuites(folder: URL, files: readonly string[]): Promise<never> {
  const uvu = globalThis as unknown as UvuGlobals;
  uvu.UVU_DEFER = 1;
  uvu.UVU_QUEUE = [];
  const { exec } = await import("uvu");
  for (const [index, path] of files.entries()) {
    uvu.UVU_INDEX = index;
    uvu.UVU_QUEUE.push([path]);
    await import(new URL(path, folder).href);
  }
  const idle = uvu.UVU_QUEUE.filter((group) => group.length === 1).map(([path]) => path);
  if (idle.length > 0) {
    process.stderr.write(`No suite runs in ${idle.join(", ")}: is test.run() missing?\n`);
    process.exit(1);
  }
  const printed = await printedBy(exec);
  const count = (name: string) => Number(new RegExp(`${name}:\\s+(\\d+)`).exec(printed)?.[1] ?? 0);
  const [total, passed, skipped] = [count("Total"), count("Passed"), count("Skipped")];
  const more = skipped > 0 ? `, ${skipped} skipped` : "";
  process.stdout.write(`${passed} passed, ${total - passed} failed${more}\n`);
  process.exit(passed < total || total + skipped === 0 ? 1 : 0);
}

/** What an action writes to stdout, without colours; it is written all the same. */
async function printedBy(action: () => Promise<void>): Promise<string> {
  const write = process.stdout.write.bind(process.stdout);
  let printed = "";
  process.stdout.write = ((text: string) => {
    printed += text;
    return write(text);
  }) as typeof process.stdout.write;
  await action();
  process.stdout.write = write;
  // deno-lint-ignore no-control-regex -- uvu colours its summary
  return printed.replace(/\x1b\[\d+m/g, "");
}
