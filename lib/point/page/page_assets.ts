import { readFile } from "node:fs/promises";

/** A file of the page. */
export interface PageAsset {
  readonly bytes: Uint8Array<ArrayBuffer>;
  readonly contentType: string;
  /** For `ETag`, with its quotes. */
  readonly tag: string;
}

/** Where the page is: beside this file, in the source tree as in the compiled one. */
const FOLDER = new URL("./site/", import.meta.url);

/** Where the player is: copied beside the page when it is built, else where it was installed for development. */
const PLAYER_FOLDERS = [
  new URL("./vendor/", FOLDER),
  new URL("../../../node_modules/dashjs/dist/modern/umd/", import.meta.url),
];

const HTML = "text/html; charset=utf-8";
const SCRIPT = "text/javascript; charset=utf-8";

/** All there is to be had. What is not in this list is not looked for, whatever its name is. */
const CONTENT_TYPES: ReadonlyMap<string, string> = new Map([
  ["points.html", HTML],
  ["point.html", HTML],
  ["style.css", "text/css; charset=utf-8"],
  ["icon.svg", "image/svg+xml"],
  ["points.js", SCRIPT],
  ["point.js", SCRIPT],
  ["feed.js", SCRIPT],
  ["model.js", SCRIPT],
  ["words.js", SCRIPT],
  ["elements.js", SCRIPT],
  ["streams.js", SCRIPT],
  ["rules.js", SCRIPT],
  ["chart.js", SCRIPT],
  ["player.js", SCRIPT],
  ["player_view.js", SCRIPT],
]);

/** The player and its plugin for Smooth Streaming. */
const PLAYER_NAMES = ["dash.all.min.js", "dash.mss.min.js"];

const kept = new Map<string, Promise<PageAsset | undefined>>();

/**
 * Reads a file of the page, once.
 *
 * @returns Nothing if there is no such file, or if it was left out of the installation.
 */
export function readPageAsset(name: string): Promise<PageAsset | undefined> {
  const isPlayer = PLAYER_NAMES.includes(name);
  const contentType = isPlayer ? SCRIPT : CONTENT_TYPES.get(name);
  if (contentType === undefined) return Promise.resolve(undefined);
  let asset = kept.get(name);
  if (!asset) {
    asset = read(name, contentType, isPlayer ? PLAYER_FOLDERS : [FOLDER]);
    kept.set(name, asset);
    asset.then((found) => found ?? kept.delete(name), () => kept.delete(name));
  }
  return asset;
}

async function read(
  name: string,
  contentType: string,
  folders: readonly URL[],
): Promise<PageAsset | undefined> {
  for (const folder of folders) {
    const bytes = await readUrl(new URL(name, folder));
    if (!bytes) continue;
    const hash = new Uint8Array(await crypto.subtle.digest("SHA-256", bytes));
    const digits = [...hash.subarray(0, 12)].map((byte) => byte.toString(16).padStart(2, "0"));
    return { bytes, contentType, tag: `"${digits.join("")}"` };
  }
  return undefined;
}

async function readUrl(url: URL): Promise<Uint8Array<ArrayBuffer> | undefined> {
  if (url.protocol !== "file:") {
    const response = await fetch(url);
    if (response.ok) return new Uint8Array(await response.arrayBuffer());
    await response.body?.cancel();
    return undefined;
  }
  try {
    return new Uint8Array(await readFile(url));
  } catch (error) {
    if ((error as { code?: string }).code === "ENOENT") return undefined;
    throw error;
  }
}
