import type { ClientManifest, StreamIndex } from "../manifest/client_manifest.ts";
import type { LiveTrack } from "../manifest/live_track.ts";
import type { ServerManifest, ServerTrack } from "../manifest/server_manifest.ts";
import type { Track } from "../mp4/moov.ts";
import type { Rational, Timeline } from "../time.ts";
import type { FragmentCache } from "./fragment_cache.ts";
import { InputError } from "../errors.ts";
import { findLevel, findStream, parseClientManifest } from "../manifest/client_manifest.ts";
import { liveTrack } from "../manifest/live_track.ts";
import { mediaFacts } from "../manifest/media_facts.ts";
import { parseServerManifest } from "../manifest/server_manifest.ts";
import { add, compare, fromTicks, subtract, toSeconds, ZERO } from "../time.ts";
import { fileName, isSameLocation, locate, shown } from "./location.ts";
import { MediaFile } from "./media_file.ts";
import { openInput } from "./open.ts";
import { readManifest } from "./text_input.ts";

/** Options for {@linkcode Presentation.open}. */
export interface PresentationOptions {
  /** The one media file that is wanted; a file that is not wanted may be missing. By default all are. */
  mediaFile?: string | undefined;
  /** The source is an archived live stream: times come from the media files alone, never from the client manifest. */
  liveArchive?: boolean | undefined;
  /**
   * Most bytes that `moof` and `mdat` of one fragment may have together.
   *
   * @default {268435456}
   */
  maxFragmentBytes?: number | undefined;
  /** Keeps what is read of the media files, where many streams read the same. */
  cache?: FragmentCache | undefined;
  /** Used in place of the runtime's own for presentations behind a URL. */
  fetch?: typeof fetch | undefined;
  /** Is told what is odd, once for each kind. */
  onWarning?: ((message: string) => void) | undefined;
  signal?: AbortSignal | undefined;
}

/** One track of a presentation. */
export interface PresentationTrack {
  /** What the server manifest says. */
  readonly server: ServerTrack;
  /** What goes into the Live Server Manifest. */
  readonly live: LiveTrack;
  /** Path or URL of the media file. */
  readonly location: string;
  /** `undefined` if the file is not wanted and cannot be read. */
  readonly file: MediaFile | undefined;
  /** What the file says; `undefined` as `file` is. */
  readonly track: Track | undefined;
  /** Whether it has fragments only now and then, beside a parent track. */
  readonly isSparse: boolean;
  /** What the client manifest says. */
  readonly stream: StreamIndex | undefined;
}

/** A track whose file is at hand. */
export type ReadableTrack = PresentationTrack & {
  readonly file: MediaFile;
  readonly track: Track;
};

/** Where a track begins and ends. */
interface Span {
  readonly start: Rational;
  readonly end: Rational;
}

/** An on-demand Smooth Streaming presentation: its manifests and its media files, open for reading. */
export class Presentation {
  /** Path or URL of the server manifest. */
  readonly location: string;
  readonly server: ServerManifest;
  readonly client: ClientManifest | undefined;
  /** In the order of the server manifest. */
  readonly tracks: readonly PresentationTrack[];
  readonly #files: readonly MediaFile[];
  readonly #options: PresentationOptions;

  private constructor(
    location: string,
    server: ServerManifest,
    client: ClientManifest | undefined,
    tracks: readonly PresentationTrack[],
    options: PresentationOptions,
  ) {
    this.location = location;
    this.server = server;
    this.client = client;
    this.tracks = tracks;
    this.#files = [...new Set(tracks.flatMap(({ file }) => file ?? []))];
    this.#options = options;
  }

  /**
   * Opens a server manifest (`.ism`) and what it names.
   *
   * @param location Path or `http:` or `https:` URL.
   * @throws {InputError} If something that is wanted is missing or not what it claims to be.
   */
  static async open(location: string, options: PresentationOptions = {}): Promise<Presentation> {
    const server = await readManifest(location, parseServerManifest, options);
    const wanted = wantedFiles(location, server, options.mediaFile);
    const client = await openClientManifest(location, server, options);
    const files = await openFiles(location, server, client, wanted, options);
    try {
      const tracks = server.tracks.map((track) =>
        joinTrack(location, track, client, files, options)
      );
      checkSparse(location, tracks, options);
      return new Presentation(location, server, client, tracks, options);
    } catch (error) {
      await closeAll(files.values());
      throw error;
    }
  }

  /** The tracks of the wanted files. */
  get wantedTracks(): readonly ReadableTrack[] {
    const wanted = wantedFiles(this.location, this.server, this.#options.mediaFile);
    return this.tracks.filter((track): track is ReadableTrack => wanted.has(track.location));
  }

  /**
   * Finds where the presentation begins and how long one pass over it is: from the earliest start to the latest end of
   * all tracks that are not sparse, wanted or not, so that processes that push single files of it agree.
   *
   * @param base Start of the live stream.
   * @throws {InputError} If nothing in it has a fragment, or its length is 0.
   */
  async timeline(base: Rational = ZERO): Promise<Timeline> {
    const dense = this.tracks.filter(({ isSparse }) => !isSparse);
    const spans = await this.#spans(dense);
    if (spans.length === 0) spans.push(...await this.#spans(this.tracks));
    if (spans.length === 0) {
      throw new InputError(
        "Cannot push it as its files must have fragments: current value is none",
        shown(this.location),
      );
    }
    const origin = spans.map(({ start }) => start).reduce((a, b) => compare(a, b) <= 0 ? a : b);
    const end = spans.map((span) => span.end).reduce((a, b) => compare(a, b) >= 0 ? a : b);
    const period = subtract(end, origin);
    if (compare(period, ZERO) <= 0) {
      throw new InputError(
        `Cannot push it as it must last longer than nothing: current value is ${
          toSeconds(period)
        } s`,
        shown(this.location),
      );
    }
    return { origin, base, period };
  }

  async #spans(tracks: readonly PresentationTrack[]): Promise<Span[]> {
    const spans = await Promise.all(tracks.map((track) => this.#span(track)));
    return spans.filter((span) => span !== undefined);
  }

  async #span(track: PresentationTrack): Promise<Span | undefined> {
    if (!track.file || !track.track) return this.#listedSpan(track);
    const { file } = track;
    const { trackId, timescale } = track.track;
    const { signal } = this.#options;
    const first = await file.fragment(trackId, 0, signal);
    if (!first) return undefined;
    const last = await file.lastFragment(trackId, signal) ?? first;
    return {
      start: fromTicks(first.start, timescale),
      end: fromTicks(last.start + last.duration, timescale),
    };
  }

  /** A file that cannot be read counts by the client manifest. */
  #listedSpan({ stream, location }: PresentationTrack): Span | undefined {
    const first = stream?.fragments[0];
    const last = stream?.fragments.at(-1);
    if (!stream || !first || !last) {
      this.#options.onWarning?.(
        `${
          fileName(location)
        } cannot be read and does not count for the length of the presentation`,
      );
      return undefined;
    }
    const start = fromTicks(first.start, stream.timescale);
    const end = fromTicks(last.start + last.duration, stream.timescale);
    return { start, end: add(end, ZERO) };
  }

  /** Lets go of all files. */
  async close(): Promise<void> {
    await closeAll(this.#files);
  }
}

/** Where the files of tracks are, in their order. */
function locationsOf(location: string, tracks: readonly ServerTrack[]): string[] {
  return [...new Set(tracks.map(({ src }) => locate(location, src)))];
}

/** Locations of the files that are pushed. */
function wantedFiles(
  location: string,
  { tracks }: ServerManifest,
  mediaFile: string | undefined,
): Set<string> {
  const all = locationsOf(location, tracks);
  if (mediaFile === undefined) return new Set(all);
  const found = all.find((it) => isSameLocation(it, mediaFile)) ??
    all.find((it) => fileName(it) === fileName(mediaFile));
  if (found) return new Set([found]);
  const names = all.map((it) => `"${fileName(it)}"`).join(", ");
  throw new InputError(
    `Cannot push a file of it as it must be one that it lists (${names}): current value is "${
      shown(mediaFile)
    }"`,
    shown(location),
  );
}

/** The client manifest, where there is one; nothing depends on it alone. */
async function openClientManifest(
  location: string,
  { clientManifestPath }: ServerManifest,
  options: PresentationOptions,
): Promise<ClientManifest | undefined> {
  if (!clientManifestPath) return undefined;
  const path = locate(location, clientManifestPath);
  try {
    return await readManifest(path, parseClientManifest, options);
  } catch (error) {
    const isMissing = error instanceof InputError && !(error.cause instanceof SyntaxError);
    if (!isMissing) throw error;
    options.onWarning?.(
      `${error.message}; codecs and times come from the media files alone`,
    );
    return undefined;
  }
}

/** What the client manifest says of a track. */
function listedStream(
  client: ClientManifest | undefined,
  track: ServerTrack,
): StreamIndex | undefined {
  return client && findStream(client, track.trackName, track.kind);
}

/** Files that are opened at the same time. */
const OPENED_TOGETHER = 16;

/**
 * Opens each file once, by its location; many at the same time, as they may be far away.
 *
 * @throws {InputError} That of the first one that cannot be opened.
 */
async function openFiles(
  location: string,
  { tracks }: ServerManifest,
  client: ClientManifest | undefined,
  wanted: ReadonlySet<string>,
  options: PresentationOptions,
): Promise<Map<string, MediaFile | undefined>> {
  const open = (path: string) => {
    const tracksOf = tracks.filter(({ src }) => locate(location, src) === path);
    return openMedia(path, tracksOf, client, wanted.has(path), options);
  };
  const paths = locationsOf(location, tracks);
  const files = new Map<string, MediaFile | undefined>();
  for (let n = 0; n < paths.length; n += OPENED_TOGETHER) {
    const some = paths.slice(n, n + OPENED_TOGETHER);
    const results = await Promise.allSettled(some.map(open));
    for (const [at, result] of results.entries()) {
      if (result.status === "fulfilled") files.set(some[at]!, result.value);
    }
    const failed = results.find((result) => result.status === "rejected");
    if (!failed) continue;
    await closeAll(files.values());
    throw failed.reason;
  }
  return files;
}

async function closeAll(files: Iterable<MediaFile | undefined>): Promise<void> {
  await Promise.all(Array.from(files, (file) => file?.close()));
}

async function openMedia(
  path: string,
  tracks: readonly ServerTrack[],
  client: ClientManifest | undefined,
  isWanted: boolean,
  options: PresentationOptions,
): Promise<MediaFile | undefined> {
  try {
    const opened = await openInput(path, options);
    const access = options.cache?.wrap(opened) ?? opened;
    const times = (trackId: number) => {
      const track = tracks.find((it) => it.trackId === trackId);
      const stream = options.liveArchive || !track ? undefined : listedStream(client, track);
      return { manifest: stream?.fragments, manifestTimescale: stream?.timescale };
    };
    let file: MediaFile | undefined;
    try {
      file = await MediaFile.open(access, { ...options, times });
      await checkMedia(file, tracks, options);
      // A file whose own index agrees with the client manifest is read as it is sent, others beforehand where it costs little.
      const isKnown = !options.liveArchive && isAsListed(file, tracks, client);
      if (file.isLocal && !isKnown) await file.complete(options.signal);
      return file;
    } catch (error) {
      await access.close();
      throw error;
    }
  } catch (error) {
    if (isWanted || !(error instanceof InputError)) throw error;
    options.onWarning?.(
      `${error.message}; it is not pushed, its times come from the client manifest`,
    );
    return undefined;
  }
}

/** Whether the index at the end of a file has as many fragments of each track as the client manifest. */
function isAsListed(
  file: MediaFile,
  tracks: readonly ServerTrack[],
  client: ClientManifest | undefined,
): boolean {
  return tracks.every((track) => {
    const count = file.listed(track.trackId);
    return count !== undefined && count === listedStream(client, track)?.fragments.length;
  });
}

/** Says no to a file before anything is sent of it. */
async function checkMedia(
  file: MediaFile,
  tracks: readonly ServerTrack[],
  { signal, onWarning }: PresentationOptions,
): Promise<void> {
  for (const { trackId } of tracks) {
    if (!file.tracks.some((it) => it.trackId === trackId)) {
      const known = file.tracks.map((it) => it.trackId).join(", ");
      throw new InputError(
        `Cannot find the track that the manifest names as its ID must be one of the file's (${known}): current value is ${trackId}`,
        file.name,
      );
    }
    const first = await file.fragment(trackId, 0, signal);
    if (first) continue;
    if (file.error) throw file.error;
    onWarning?.(`${file.name}: track ${trackId} has no fragments`);
  }
}

function joinTrack(
  location: string,
  server: ServerTrack,
  client: ClientManifest | undefined,
  files: ReadonlyMap<string, MediaFile | undefined>,
  { onWarning, liveArchive }: PresentationOptions,
): PresentationTrack {
  const path = locate(location, server.src);
  const file = files.get(path);
  const track = file?.tracks.find((it) => it.trackId === server.trackId);
  const stream = listedStream(client, server);
  const level = stream && findLevel(stream, server.systemBitrate);
  const live = liveTrack({
    server,
    ...(stream && { stream }),
    ...(level && { level }),
    ...(track && { media: mediaFacts(track) }),
  });
  if (track && server.timescale && server.timescale !== track.timescale) {
    onWarning?.(
      `${
        fileName(path)
      }: track ${server.trackId} counts ${track.timescale} ticks per second, the manifest says ${server.timescale}; the former counts`,
    );
  }
  const count = track && file?.isComplete ? file.count(track.trackId) : undefined;
  const listed = stream?.fragments.length ?? 0;
  if (!liveArchive && count !== undefined && listed > 0 && count !== listed) {
    onWarning?.(
      `${
        fileName(path)
      }: track ${server.trackId} has ${count} fragments, the client manifest lists ${listed}; the former count`,
    );
  }
  const timescale = track?.timescale ?? live.timescale;
  const isSparse = live.parentTrackName !== undefined;
  return { server, live: { ...live, timescale }, location: path, file, track, isSparse, stream };
}

/** A sparse track whose parent does not exist would wait for it for ever. */
function checkSparse(
  location: string,
  tracks: readonly PresentationTrack[],
  { onWarning }: PresentationOptions,
): void {
  for (const { live } of tracks) {
    if (live.parentTrackName === undefined) continue;
    const parent = tracks.find((it) => it.live.trackName === live.parentTrackName && !it.isSparse);
    if (parent) continue;
    onWarning?.(
      `${
        shown(location)
      }: the parent "${live.parentTrackName}" of the sparse track "${live.trackName}" is not in the presentation`,
    );
  }
}
