import { existsSync } from "node:fs";
import { readFile } from "node:fs/promises";

const FOLDER = new URL("../../../shared/vectors/", import.meta.url);

/** Whether the folder with the test vectors is there; tests that need it are left out without it. */
export const hasVectors: boolean = existsSync(FOLDER);

/** Where a test vector lies. */
export function vector(path: string): URL {
  return new URL(path, FOLDER);
}

/** The bytes of a test vector. */
export async function readVector(path: string): Promise<Uint8Array> {
  return new Uint8Array(await readFile(vector(path)));
}
