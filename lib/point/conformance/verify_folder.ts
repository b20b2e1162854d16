import type { RecordedRequest } from "../archive/record.ts";
import { readdir, readFile, stat } from "node:fs/promises";
import { join } from "node:path";
import { InputError } from "../../errors.ts";
import { fileName, isUrl } from "../../source/location.ts";
import { RECORD_LIST } from "../archive/record.ts";

/** One file that holds the bodies of a stream, or one of them. */
export interface BodyFile {
  /** Path or URL. */
  readonly location: string;
  /** The request that it was the body of, if that is known; otherwise it may be several bodies, joined. */
  readonly request?: RecordedRequest | undefined;
  /** Whether the recording broke off in it: a body that is not in the list of a recording. */
  readonly isCut?: boolean | undefined;
}

/** The bodies of one stream, in order. */
export interface RecordedStream {
  readonly stream: string;
  readonly event?: string | undefined;
  /** Path of the publishing point; empty if it is not known. */
  readonly point: string;
  /** Whether it was probed; nothing if that is not known. */
  readonly isProbed?: boolean | undefined;
  readonly files: readonly BodyFile[];
}

/** Files that may be bodies. */
const BODY = /\.(?:ismv|isma|ismt|bin|mp4)$/i;

/** Folders deeper than this are not looked into. */
const MAX_DEPTH = 16;

/**
 * Finds the bodies of a recording, of a folder of files, or the one file there is.
 *
 * @param input Path, or `http:` or `https:` URL of a file.
 * @throws {InputError} If there is none, or it cannot be read.
 */
export async function findBodies(input: string): Promise<RecordedStream[]> {
  if (isUrl(input) || !await isFolder(input)) {
    return [{ stream: nameOf(input), point: "", files: [{ location: input }] }];
  }
  const requests = await readList(input);
  const loose = await looseStreams(input);
  const streams = requests ? withCut(recordedStreams(input, requests), loose) : loose;
  if (streams.length > 0) return streams;
  throw new InputError("Cannot find a body in it: there is no file of one", input);
}

async function isFolder(path: string): Promise<boolean> {
  try {
    return (await stat(path)).isDirectory();
  } catch {
    return false; // whoever opens it says why
  }
}

function nameOf(location: string): string {
  return fileName(location).replace(BODY, "");
}

/** The list of a recording; a line that a crash has cut is passed over. */
async function readList(folder: string): Promise<RecordedRequest[] | undefined> {
  let text: string;
  try {
    text = await readFile(join(folder, RECORD_LIST), "utf8");
  } catch {
    return undefined;
  }
  return text.split("\n").flatMap((line) => {
    try {
      const value: unknown = JSON.parse(line);
      return isRequest(value) ? [value] : [];
    } catch {
      return [];
    }
  });
}

function isRequest(value: unknown): value is RecordedRequest {
  if (typeof value !== "object" || value === null) return false;
  const { point, stream, file, isWhole, started } = value as Partial<RecordedRequest>;
  return [point, stream, started].every((it) => typeof it === "string") &&
    typeof isWhole === "boolean" && (file === undefined || isInside(file));
}

/** Whether a name of the list stays in the folder of the recording. */
function isInside(file: unknown): boolean {
  return typeof file === "string" && !/^[/\\]|^[a-z]:|\\/i.test(file) &&
    !file.split("/").includes("..");
}

function recordedStreams(folder: string, requests: readonly RecordedRequest[]): RecordedStream[] {
  const streams = new Map<string, RecordedRequest[]>();
  for (const request of requests) {
    if (request.file === undefined) continue;
    const key = JSON.stringify([request.point, request.event ?? null, request.stream]);
    streams.set(key, [...streams.get(key) ?? [], request]);
  }
  return [...streams.values()].map((bodies) => {
    const { point, stream, event, started } = bodies[0]!;
    const probes = requests.filter((request) =>
      request.file === undefined && request.point === point &&
      (request.stream === stream || request.stream === "")
    );
    return {
      point,
      stream,
      event,
      isProbed: probes.some((probe) => probe.started <= started),
      files: [...bodies].sort(compareStarts)
        .map((request) => ({ location: join(folder, request.file!), request })),
    };
  });
}

/** In the order in which they began; the list has them in that in which they ended. */
function compareStarts(a: RecordedRequest, b: RecordedRequest): number {
  return a.started < b.started ? -1 : a.started > b.started ? 1 : 0;
}

/**
 * Adds the bodies that are not in the list: a server that was killed leaves those that were under way, each behind the
 * others of its stream.
 */
function withCut(
  recorded: readonly RecordedStream[],
  loose: readonly RecordedStream[],
): RecordedStream[] {
  const listed = new Set(recorded.flatMap(({ files }) => files.map(({ location }) => location)));
  const streams = [...recorded];
  for (const { files, ...stream } of loose) {
    const cut = files.filter(({ location }) => !listed.has(location))
      .map(({ location }) => ({ location, isCut: true }));
    if (cut.length === 0) continue;
    const known = streams.findIndex((it) =>
      files.some(({ location }) => it.files.some((file) => file.location === location))
    );
    if (known < 0) streams.push({ ...stream, files: cut });
    else streams[known] = { ...streams[known]!, files: [...streams[known]!.files, ...cut] };
  }
  return streams;
}

/** Files that nothing is known of: numbered ones are bodies of one stream. */
async function looseStreams(folder: string): Promise<RecordedStream[]> {
  const streams = new Map<string, { readonly number: number; readonly location: string }[]>();
  for (const path of await filesOf(folder)) {
    const [, name, number] = /^(.+)-(\d+)\.bin$/i.exec(path) ?? [];
    const key = name ?? path.replace(BODY, "");
    const file = { number: Number(number ?? 0), location: join(folder, path) };
    streams.set(key, [...streams.get(key) ?? [], file]);
  }
  return [...streams].map(([stream, files]) => ({
    stream,
    point: "",
    files: files.sort((a, b) => a.number - b.number).map(({ location }) => ({ location })),
  }));
}

/** The files that may be bodies, with `/` between the names. */
async function filesOf(folder: string, prefix = "", depth = 0): Promise<string[]> {
  const entries = await readdir(join(folder, prefix), { withFileTypes: true });
  entries.sort((a, b) => a.name < b.name ? -1 : 1);
  const found: string[] = [];
  for (const entry of entries) {
    const path = prefix ? `${prefix}/${entry.name}` : entry.name;
    if (entry.isFile() && BODY.test(entry.name)) found.push(path);
    if (entry.isDirectory() && depth < MAX_DEPTH) {
      found.push(...await filesOf(folder, path, depth + 1));
    }
  }
  return found;
}
