import type { OpenUrlOptions } from "./http_access.ts";
import type { RandomAccess } from "./random_access.ts";
import { openFile } from "./file_access.ts";
import { openUrl } from "./http_access.ts";

/** Whether an input is a URL and not a path. */
export function isUrl(input: string): boolean {
  return /^https?:\/\//i.test(input);
}

/**
 * Opens a path or an `http:` or `https:` URL for reading from anywhere.
 *
 * @throws {InputError} If it is missing or cannot be read.
 */
export function openInput(input: string, options: OpenUrlOptions = {}): Promise<RandomAccess> {
  return isUrl(input) ? openUrl(input, options) : openFile(input);
}
