import { resolve } from "node:path";
import { InputError } from "../errors.ts";

/** Whether an input is a URL and not a path. */
export function isUrl(input: string): boolean {
  return /^https?:\/\//i.test(input);
}

/** Writers on Windows put backslashes into their manifests. */
function withSlashes(path: string): string {
  return path.replaceAll("\\", "/");
}

/**
 * Where a path lies that a manifest names.
 *
 * @param manifest Path or URL of the manifest.
 * @throws {InputError} If the manifest came over HTTP and the path leads out of its folder.
 */
export function locate(manifest: string, path: string): string {
  if (!isUrl(manifest)) return resolve(manifest, "..", withSlashes(path));
  const base = new URL(".", manifest);
  let target: URL | undefined;
  try {
    target = new URL(withSlashes(path), manifest);
  } catch {
    // not a URL at all: the message is the same
  }
  // A backslash or dot that is percent-encoded would be decoded by the server behind our back.
  const isHidden = /%2e|%2f|%5c/i.test(path);
  if (!target || isHidden || !target.href.startsWith(base.href)) {
    throw new InputError(
      `Cannot read the files it names as they must lie in its own folder: current value is "${path}"`,
      shown(manifest),
    );
  }
  target.username = new URL(manifest).username;
  target.password = new URL(manifest).password;
  return target.href;
}

/** A path or URL as it may be shown: without user and password. */
export function shown(location: string): string {
  return location.replace(/^(https?:\/\/)[^/?#\\]*@/i, "$1");
}

/** The last part of a path or URL. */
export function fileName(path: string): string {
  const name = withSlashes(path.replace(/[?#].*$/, ""));
  return name.slice(name.lastIndexOf("/") + 1);
}

/** Whether two paths or URLs name the same file. */
export function isSameLocation(a: string, b: string): boolean {
  const normal = (path: string) =>
    isUrl(path) && URL.canParse(path) ? new URL(path).href : resolve(withSlashes(path));
  return normal(a) === normal(b);
}
