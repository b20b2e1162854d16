import * as assert from "uvu/assert";

/** One line of what `--json` writes. */
export type JsonLine = Readonly<Record<string, unknown>>;

/** Reads standard output of `--json`, where each line must be an object. */
export function readJsonLines(stdout: string): JsonLine[] {
  if (stdout === "") return [];
  assert.ok(stdout.endsWith("\n"), "the last line is whole");
  return stdout.slice(0, -1).split("\n").map((line) => {
    const value = JSON.parse(line);
    assert.ok(typeof value === "object" && value !== null && !Array.isArray(value), line);
    return value;
  });
}
