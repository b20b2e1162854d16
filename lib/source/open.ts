import type { OpenUrlOptions } from "./http_access.ts";
import type { RandomAccess } from "./random_access.ts";
import { openFile } from "./file_access.ts";
import { openUrl } from "./http_access.ts";
import { isUrl } from "./location.ts";

/**
 * Opens a path or an `http:` or `https:` URL for reading from anywhere.
 *
 * @throws {InputError} If it is missing or cannot be read.
 */
export function openInput(input: string, options: OpenUrlOptions = {}): Promise<RandomAccess> {
  return isUrl(input) ? openUrl(input, options) : openFile(input);
}
