import type { Document } from "./documents.ts";
import type { Inspection, ServerInspection } from "./inspection.ts";
import type { ListedTrack, ScannedMedia } from "./media_scan.ts";
import type { StreamIndex } from "../manifest/client_manifest.ts";
import type { ServerTrack } from "../manifest/server_manifest.ts";
import type { Smil } from "../manifest/smil.ts";
import type { SmilTrack } from "../manifest/smil_track.ts";
import type { RandomAccess } from "../source/random_access.ts";
import { InputError, Mp4SyntaxError } from "../errors.ts";
import { findStream } from "../manifest/client_manifest.ts";
import { parseLiveServerManifest } from "../manifest/live_server_manifest.ts";
import { parsePublishingPointFile } from "../manifest/publishing_point_file.ts";
import { quoted } from "../manifest/quoted.ts";
import { parseServerManifest } from "../manifest/server_manifest.ts";
import { metaContent, parseSmil } from "../manifest/smil.ts";
import { paramValue, readSmilTracks } from "../manifest/smil_track.ts";
import { parseStreamManifest } from "../manifest/stream_manifest.ts";
import { findElements, isNamed, parseXml } from "../manifest/xml.ts";
import { MAX_BOX_HEADER_SIZE, readBoxHeader } from "../mp4/box.ts";
import { locate, shown } from "../source/location.ts";
import { openInput } from "../source/open.ts";
import { readWhole } from "../source/text_input.ts";
import { checkAgreement } from "./agreement.ts";
import { checkClient } from "./client_checks.ts";
import { clientFacts, parseNamed, toDocument } from "./documents.ts";
import { isTopLevelBox } from "./box_tally.ts";
import { scanMedia } from "./media_scan.ts";
import { OddityLog } from "./oddity_log.ts";
import { RowBudget } from "./row_budget.ts";

/** How far the reading of a file is. */
export interface InspectProgress {
  /** Path or URL. */
  readonly location: string;
  /** In bytes. */
  readonly offset: number;
  /** In bytes. */
  readonly size: number;
}

/** Options for {@linkcode inspect}. */
export interface InspectOptions {
  /**
   * Most bytes that `moof` and `mdat` of one fragment should have together.
   *
   * @default {268435456}
   */
  maxFragmentBytes?: number | undefined;
  /**
   * Most fragments of each track that are listed one by one; all of them count in the sums. No more than 200000 are
   * listed in all.
   *
   * @default {100000}
   */
  maxFragments?: number | undefined;
  /** Is called often. */
  onProgress?: ((progress: InspectProgress) => void) | undefined;
  /** Used in place of the runtime's own for URLs. */
  fetch?: typeof fetch | undefined;
  signal?: AbortSignal | undefined;
}

/** What all parts of one inspection share. */
interface Context {
  readonly input: string;
  readonly options: InspectOptions;
  readonly oddities: OddityLog;
  readonly rows: RowBudget;
}

const HEAD_BYTES = 1024;

/**
 * Finds out what an input is and what is in it: a presentation with its manifests and media files, a manifest alone, a
 * media file, a captured body. What it is is told by its content, not by its name. Payloads are not read.
 *
 * @param input Path, or `http:` or `https:` URL.
 * @throws {InputError} If nothing of it can be read. What can be read in part is told with its `errors`.
 *
 * @example
 * ```ts
 * const { kind, oddities } = await inspect("movie.ism");
 * ```
 */
export async function inspect(input: string, options: InspectOptions = {}): Promise<Inspection> {
  const oddities = new OddityLog();
  const rows = new RowBudget(options.maxFragments ?? 100_000);
  const context: Context = { input, options, oddities, rows };
  const access = await open(input, context);
  let found: Partial<Inspection> & Pick<Inspection, "kind">;
  try {
    const head = await access.read(0, HEAD_BYTES, options.signal);
    found = isText(head) ? await inspectText(context) : await inspectBoxes(access, head, context);
  } finally {
    await access.close();
  }
  const { kind, files = [], ...manifests } = found;
  return {
    input: access.name,
    kind,
    ...manifests,
    files,
    oddities: oddities.oddities(access.name),
    errors: oddities.errors(),
  };
}

function open(location: string, { options, oddities }: Context): Promise<RandomAccess> {
  return openInput(location, {
    ...options,
    onWarning: (message) => {
      const text = message.slice(message.indexOf(": ") + 2);
      const sentence = `${text[0]?.toUpperCase()}${text.slice(1)}`;
      oddities.note("ranges", { file: shown(location) }, sentence);
    },
  });
}

/** XML starts with `<`, after a byte order mark or white space, in one or two bytes a character. */
function isText(head: Uint8Array): boolean {
  // The size of a box may have any byte in it, that of "<" too.
  if (isTopLevelBox({ type: String.fromCharCode(...head.subarray(4, 8)), userType: undefined })) {
    return false;
  }
  const start = head.findIndex((byte) => ![0, 0x09, 0x0a, 0x0d, 0x20].includes(byte));
  const [first, second, third] = head.subarray(Math.max(0, start));
  const isMarked = (first === 0xff && second === 0xfe) || (first === 0xfe && second === 0xff) ||
    (first === 0xef && second === 0xbb && third === 0xbf);
  return isMarked || first === 0x3c;
}

async function inspectBoxes(
  access: RandomAccess,
  head: Uint8Array,
  { options, oddities, rows }: Context,
): Promise<Pick<Inspection, "kind" | "files">> {
  checkHead(access, head);
  const { maxFragmentBytes, signal, onProgress } = options;
  const { inspection } = await scanMedia(access, {
    oddities,
    rows,
    maxFragmentBytes,
    onProgress: (offset, size) => onProgress?.({ location: access.name, offset, size }),
    signal,
  });
  return { kind: "media", files: [inspection] };
}

/** Says no to what does not start with a box. */
function checkHead({ name, size }: RandomAccess, head: Uint8Array): void {
  const wanted = 'it must be XML or start with a box, such as "ftyp"';
  if (size === 0) {
    throw new InputError(
      `Cannot inspect it as ${wanted}: current value is an empty file`,
      name,
    );
  }
  try {
    const header = readBoxHeader(head.subarray(0, MAX_BOX_HEADER_SIZE), 0);
    if (header && header.size <= size && /^[\x20-\x7e\xa9]{4}$/.test(header.type)) return;
    if (header && isTopLevelBox(header)) {
      const { type } = header;
      throw new Mp4SyntaxError(
        `Cannot read box "${type}" as its ${header.size} bytes must be in the file: current value is ${size}`,
        0,
      );
    }
  } catch (error) {
    if (!(error instanceof Mp4SyntaxError)) throw error;
    throw new InputError(error.message, name, { cause: error });
  }
  const start = quoted(String.fromCharCode(...head.subarray(0, 16)));
  throw new InputError(`Cannot inspect it as ${wanted}: current value is ${start}`, name);
}

async function readDocument(location: string, { options }: Context): Promise<Document> {
  const bytes = await readWhole(location, options);
  const name = shown(location);
  return parseNamed(name, () => toDocument(name, bytes));
}

async function inspectText(
  context: Context,
): Promise<Partial<Inspection> & Pick<Inspection, "kind">> {
  const { rows, oddities } = context;
  const document = await readDocument(context.input, context);
  const { text, facts, location: input } = document;
  const kind = parseNamed(input, () => documentKind(text, input));
  switch (kind) {
    case "client-manifest": {
      const { inspection } = parseNamed(input, () => clientFacts(document, rows));
      checkClient(inspection, oddities);
      return { kind, client: inspection };
    }
    case "live-manifest":
      return {
        kind,
        live: { document: facts, ...parseNamed(input, () => parseLiveServerManifest(text)) },
      };
    case "stream-manifest":
      return { kind, streams: parseNamed(input, () => parseStreamManifest(text)) };
    case "publishing-point":
      return {
        kind,
        point: { document: facts, ...parseNamed(input, () => parsePublishingPointFile(text)) },
      };
    default:
      return { kind, ...await inspectPresentation(document, context) };
  }
}

/** The settings of a publishing point that make it one. */
const POINT_METAS = [
  ...["sourceType", "publishing", "startOnFirstRequest", "lookaheadChunks"],
  ...["manifestWindowLength", "restartOnEncoderReconnect", "archiveSegmentLength"],
];

function documentKind(text: string, location: string): Exclude<Inspection["kind"], "media"> {
  const root = parseXml(text);
  if (isNamed(root, "SmoothStreamingMedia")) return "client-manifest";
  if (!isNamed(root, "smil")) {
    throw new InputError(
      `Cannot inspect it as its root element must be "smil" or "SmoothStreamingMedia": current value is ${
        quoted(root.name)
      }`,
      location,
    );
  }
  const smil = parseSmil(text, "manifest");
  if (findElements(smil.body, ["video", "audio", "textstream"]).length > 0) {
    return isLive(smil) ? "live-manifest" : "presentation";
  }
  if (POINT_METAS.some((name) => metaContent(smil.metas, name) !== undefined)) {
    return "publishing-point";
  }
  if (findElements(smil.body, ["ref"]).length > 0) return "stream-manifest";
  throw new InputError(
    "Cannot inspect it as a manifest must list tracks or streams, or have settings of a publishing point: current value is neither",
    location,
  );
}

/** A Live Server Manifest names no client manifest; and either no files, or codecs, which an `.ism` leaves to others. */
function isLive(smil: Smil): boolean {
  if (metaContent(smil.metas, "clientManifestRelativePath") !== undefined) return false;
  const tracks = readSmilTracks(smil, "manifest");
  const hasCodec = ({ params }: SmilTrack) => paramValue(params, "CodecPrivateData", "FourCC");
  return tracks.some(({ src }) => src === undefined || /^streams?$/i.test(src)) ||
    tracks.every(hasCodec);
}

async function inspectPresentation(
  { location, facts, text }: Document,
  context: Context,
): Promise<Pick<Inspection, "server" | "client" | "files">> {
  const { input, oddities } = context;
  const { tracks, clientManifestPath } = parseNamed(location, () => parseServerManifest(text));
  const { metas } = parseSmil(text, "server manifest (.ism)");
  const server: ServerInspection = { document: facts, metas, clientManifestPath, tracks };
  const client = await inspectClient(location, clientManifestPath, context);
  const streams = tracks.map(({ trackName, kind }) =>
    client && findStream({ ...client.inspection, streams: client.streams }, trackName, kind)
  );
  const files = new Map<string, ScannedMedia | undefined>();
  for (const { src } of tracks) {
    if (files.has(src)) continue;
    const listed = (trackId: number) => {
      const n = tracks.findIndex((it) => it.src === src && it.trackId === trackId);
      return n < 0 ? undefined : listedTrack(tracks[n]!, streams[n]);
    };
    files.set(src, await inspectFile(input, src, listed, context));
  }
  for (const { src, trackId } of tracks) checkTrack(files.get(src), trackId, oddities);
  const scanned = [...files.values()].filter((file) => file !== undefined);
  checkAgreement({
    location,
    client: client?.inspection,
    tracks: tracks.map((server, n) => ({
      server,
      stream: streams[n],
      media: files.get(server.src),
    })),
    files: scanned,
    oddities,
  });
  return {
    server,
    client: client?.inspection,
    files: scanned.map(({ inspection }) => inspection),
  };
}

function listedTrack(server: ServerTrack, stream: StreamIndex | undefined): ListedTrack {
  return {
    fragments: stream?.fragments,
    timescale: stream?.timescale ?? server.timescale,
    isSparse: (server.parentTrackName ?? stream?.parentStreamIndex) !== undefined,
  };
}

/** Nothing depends on the client manifest alone: a presentation without one is odd, one that is damaged is wrong. */
async function inspectClient(
  location: string,
  path: string | undefined,
  context: Context,
): Promise<ReturnType<typeof clientFacts> | undefined> {
  const { input, oddities, rows } = context;
  if (path === undefined) {
    const text = "The server manifest names no client manifest (.ismc)";
    oddities.note("client-manifest-missing", { file: location }, text);
    return undefined;
  }
  try {
    const document = await readDocument(locate(input, path), context);
    const client = parseNamed(document.location, () => clientFacts(document, rows));
    checkClient(client.inspection, oddities);
    return client;
  } catch (error) {
    if (!(error instanceof InputError)) throw error;
    const isDamaged = error.cause instanceof SyntaxError;
    if (isDamaged) oddities.fail(error.message);
    else oddities.note("client-manifest-missing", { file: location }, error.message);
    return undefined;
  }
}

async function inspectFile(
  manifest: string,
  src: string,
  listed: (trackId: number) => ListedTrack | undefined,
  context: Context,
): Promise<ScannedMedia | undefined> {
  const { oddities, rows, options } = context;
  try {
    const access = await open(locate(manifest, src), context);
    try {
      checkHead(access, await access.read(0, HEAD_BYTES, options.signal));
      return await scanMedia(access, {
        oddities,
        rows,
        listed,
        maxFragmentBytes: options.maxFragmentBytes,
        onProgress: (offset, size) => options.onProgress?.({ location: access.name, offset, size }),
        signal: options.signal,
      });
    } finally {
      await access.close();
    }
  } catch (error) {
    if (!(error instanceof InputError)) throw error;
    oddities.fail(error.message);
    return undefined;
  }
}

/** What keeps a track from being pushed. */
function checkTrack(
  media: ScannedMedia | undefined,
  wanted: number,
  oddities: OddityLog,
): void {
  if (!media) return;
  const { inspection, isProgressive } = media;
  const { location, tracks } = inspection;
  if (isProgressive) {
    oddities.fail(
      `${location}: Cannot push it as it must have fragments ("moof" boxes): current value is a progressive MP4, which has none`,
    );
    return;
  }
  const described = tracks.filter(({ handler }) => handler !== undefined);
  if (described.some(({ trackId }) => trackId === wanted)) return;
  const known = described.map(({ trackId }) => trackId).join(", ");
  oddities.fail(
    `${location}: Cannot find the track that the manifest names as its ID must be one of the file's (${known}): current value is ${wanted}`,
  );
}
