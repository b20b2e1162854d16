/** What the URL of a request to a publishing point means (MS-SSTR 2.2.7). */
export interface IngestTarget {
  /** Decoded path of the point, such as `/live/a.isml`. */
  readonly point: string;
  readonly eventId?: string | undefined;
  /** The bare point is meant where there is none. */
  readonly streamId?: string | undefined;
}

const PATH = /^(\/(?:[^/]+\/)*?[^/]+\.isml)(?:\/(.*?))?\/?$/i;
const NOUNS = /^(?:Events\(([^()/]+)\))?(?:^|\/|$)(?:Streams\(([^()/]+)\))?$/i;
const NOUN = /^(?:Events|Streams)\(/i;

/**
 * Takes a URL apart: `<path>.isml[/Events(<event>)][/Streams(<stream>)]`, also with the nouns behind a question mark, as
 * one old sender is said to have them. Letter case of `.isml` and of the nouns does not matter.
 *
 * @returns `undefined` if it is no URL of a publishing point.
 */
export function parseIngestTarget({ pathname, search }: URL): IngestTarget | undefined {
  const path = decoded(pathname);
  const query = search.slice(1).split("&").map(decoded).find((it) => it && NOUN.test(it));
  const [, point, rest] = PATH.exec(path ?? "") ?? [];
  if (point === undefined || !isSafePath(point)) return undefined;
  const nouns = NOUNS.exec([rest, query].filter(Boolean).join("/"));
  if (!nouns || ![nouns[1], nouns[2]].every(isSafeName)) return undefined;
  return { point, eventId: nouns[1], streamId: nouns[2] };
}

/** Longest path of a point, and longest name in it, in characters. */
const MAX_PATH_LENGTH = 1000;
const MAX_NAME_LENGTH = 200;

/** Whether the decoded path of a point stays where it is in every file system, and names no device. */
export function isSafePath(path: string): boolean {
  return path.length <= MAX_PATH_LENGTH && path.slice(1).split("/").every(isSafeName);
}

// deno-lint-ignore no-control-regex -- what must not be in a name
const UNSAFE = /[\0-\x1f\x7f\\/:*?"<>|]|^\.{1,2}$|[. ]$/;

function isSafeName(name: string | undefined): boolean {
  return name === undefined || (name.length <= MAX_NAME_LENGTH && !UNSAFE.test(name));
}

function decoded(text: string): string | undefined {
  try {
    return decodeURIComponent(text);
  } catch {
    return undefined;
  }
}
