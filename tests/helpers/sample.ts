import { readFile } from "node:fs/promises";
import { fileURLToPath } from "node:url";

const FOLDER = new URL("../../testdata/", import.meta.url);

/** Path of a file of the bundled sample presentation. */
export function samplePath(name: string): string {
  return fileURLToPath(new URL(name, FOLDER));
}

/** The server manifest of the sample. */
export const SAMPLE_ISM: string = samplePath("sample.ism");

/** The media files of the sample, those of video in the order of the manifest. */
export const SAMPLE_FILES = [
  "sample_560.ismv",
  "sample_250.ismv",
  "sample_110.ismv",
  "sample_text.ismt",
] as const;

/** The bytes of a file of the sample. */
export async function readSample(name: string): Promise<Uint8Array> {
  return new Uint8Array(await readFile(samplePath(name)));
}
