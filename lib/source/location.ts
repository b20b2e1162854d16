import { resolve, sep } from "node:path";
import { InputError } from "../errors.ts";
import { isUrl } from "./open.ts";

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
      shownUrl(manifest),
    );
  }
  target.username = new URL(manifest).username;
  target.password = new URL(manifest).password;
  return target.href;
}

function shownUrl(url: string): string {
  const parsed = new URL(url);
  parsed.username = "";
  parsed.password = "";
  return parsed.href;
}

/** The last part of a path or URL. */
export function fileName(path: string): string {
  const name = withSlashes(path.replace(/[?#].*$/, ""));
  return name.slice(name.lastIndexOf("/") + 1);
}

/** Whether two paths or URLs name the same file. */
export function isSameLocation(a: string, b: string): boolean {
  const normal = (path: string) => isUrl(path) ? new URL(path).href : resolve(withSlashes(path));
  return normal(a) === normal(b);
}

/** A path of this machine as it is written here. */
export function nativePath(path: string): string {
  return sep === "\\" ? path : withSlashes(path);
}
