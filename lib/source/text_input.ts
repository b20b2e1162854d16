import type { OpenUrlOptions } from "./http_access.ts";
import { InputError, ManifestSyntaxError } from "../errors.ts";
import { decodeXml, MAX_MANIFEST_BYTES } from "../manifest/xml.ts";
import { shown } from "./location.ts";
import { openInput } from "./open.ts";

/**
 * Reads a file or URL whole.
 *
 * @param maxBytes Anything larger is refused before it is read.
 * @throws {InputError} If it is missing, cannot be read or is larger.
 */
export async function readWhole(
  input: string,
  options: OpenUrlOptions = {},
  maxBytes: number = MAX_MANIFEST_BYTES,
): Promise<Uint8Array> {
  // A manifest is read once, from its start: a server without ranges is none the slower for it.
  const access = await openInput(input, { ...options, onWarning: undefined });
  try {
    if (access.size > maxBytes) {
      throw new InputError(
        `Cannot read it as it must have at most ${maxBytes} bytes: current value is ${access.size}`,
        access.name,
      );
    }
    return await access.read(0, access.size, options.signal);
  } finally {
    await access.close();
  }
}

/**
 * Reads a manifest and hands its text to a parser.
 *
 * @throws {InputError} If it is missing, or the parser says no.
 */
export async function readManifest<T>(
  input: string,
  parse: (text: string) => T,
  options: OpenUrlOptions = {},
): Promise<T> {
  const bytes = await readWhole(input, options);
  try {
    if (bytes.length === 0) {
      throw new ManifestSyntaxError(
        "Cannot read it as a manifest as it must be an XML document: current value is an empty file",
      );
    }
    return parse(decodeXml(bytes));
  } catch (error) {
    if (!(error instanceof ManifestSyntaxError)) throw error;
    throw new InputError(error.message, shown(input), { cause: error });
  }
}
