import type { LiveTrack } from "../../manifest/live_track.ts";
import type { StreamHeader } from "../../part.ts";
import type { ArchivableFragment, ArchivedTrack } from "./archive_file.ts";
import type { PartContext, PointExtension, StreamContext } from "../extension.ts";
import type { PointEvent } from "../point_event.ts";
import { join } from "node:path";
import { ArchiveFile } from "./archive_file.ts";
import { claimFolder, replaceFile, safeName, safeNames } from "./archive_folder.ts";
import { formatArchiveManifests } from "./archive_manifests.ts";

/** Options for {@linkcode createArchive}. */
export interface ArchiveOptions {
  /** Made if it does not exist. */
  folder: string;
  /**
   * How often the manifests are written again while a broadcast goes on.
   *
   * @default {10}
   */
  renewSeconds?: number | undefined;
  /** Milliseconds that only grow. @default {() => performance.now()} */
  now?: (() => number) | undefined;
  /**
   * Is told what cannot be written, once in a row for each file: the broadcast goes on without it. By default the request
   * whose fragment it is fails.
   */
  onError?: ((error: Error) => void) | undefined;
}

/** Name of the folder of a broadcast that has no event ID. */
const NO_EVENT = "broadcast";

/**
 * Makes an extension that writes what comes in into files, while it comes, so that a server that is killed leaves all but
 * the last fragment: for each broadcast a folder `<folder>/<path of the point>/<event>`, with a number if it is not the
 * first of that name, that holds one media file for each stream (`.ismv`, `.isma`, `.ismt`) and an on-demand presentation
 * of them (`.ism`, `.ismc`), which can be pushed again. Duplicates and late fragments are left out. A stream that begins
 * anew with other header boxes, or goes back in time, begins another file.
 *
 * @throws {RangeError} If the interval is not a number from 0 on.
 *
 * @example
 * ```ts
 * const extensions = [createArchive({ folder: "archive" })];
 * const server = createPointServer({ autoCreate: true, extensions });
 * ```
 */
export function createArchive(options: ArchiveOptions): PointExtension {
  const { renewSeconds = 10, now = () => performance.now() } = options;
  if (!(renewSeconds >= 0)) {
    throw new RangeError(
      `Cannot write the manifests again as the interval must be a number of seconds from 0 on: current value is ${renewSeconds}`,
    );
  }
  return new Archive({ ...options, renewSeconds, now });
}

type CompleteOptions = ArchiveOptions & {
  readonly renewSeconds: number;
  readonly now: () => number;
};

class Archive implements PointExtension {
  readonly archivePath: string;
  readonly #options: CompleteOptions;
  readonly #recordings = new Map<string, Recording>();
  /** Ends that nobody waits for before the server is closed. */
  readonly #finishing = new Set<Promise<void>>();
  #failure: { readonly error: unknown } | undefined;
  #isClosed = false;

  constructor(options: CompleteOptions) {
    this.#options = options;
    this.archivePath = options.folder;
  }

  archiveFileName(context: StreamContext): string | undefined {
    return this.#recordings.get(keyOf(context))?.fileName(context.stream);
  }

  async onPart(context: PartContext): Promise<void> {
    const { part, position, header, tracks } = context;
    if (this.#isClosed) return;
    if (part.type === "fragment" && position?.outcome === "new" && header) {
      const fragment = { part, time: position.time, duration: position.duration };
      await this.#recording(context)
        .take(context.stream, { header, tracks }, fragment, position.arrivalMs);
    } else if (part.type === "end" && part.boxes.length > 0) {
      await this.#recordings.get(keyOf(context))?.end(context.stream);
    }
  }

  #recording(context: StreamContext): Recording {
    const key = keyOf(context);
    let recording = this.#recordings.get(key);
    if (!recording) {
      recording = new Recording(context, this.#options);
      this.#recordings.set(key, recording);
    }
    return recording;
  }

  onEvent(event: PointEvent): void {
    if (event.event === "deleted") this.#finish(event.point, { isKept: () => false });
    if (event.event !== "state") return;
    const { point, state, broadcast } = event;
    // After a stop the last words of a sparse stream may still come.
    if (state === "Stopped") this.#finish(point, { isKept: () => true });
    else if (state === "Idle") this.#finish(point, { isKept: () => false });
    else if (state === "Starting") {
      this.#finish(point, { isKept: (recording) => recording.broadcast >= broadcast });
    }
  }

  #finish(point: string, { isKept }: { isKept: (recording: Recording) => boolean }): void {
    for (const [key, recording] of this.#recordings) {
      if (recording.point.toLowerCase() !== point.toLowerCase()) continue;
      if (!isKept(recording)) this.#recordings.delete(key);
      const finished = recording.finish()
        .catch((error) => {
          this.#failure ??= { error };
        })
        .finally(() => this.#finishing.delete(finished));
      this.#finishing.add(finished);
    }
  }

  async close(): Promise<void> {
    this.#isClosed = true;
    await Promise.all([...this.#recordings.values()].map((it) => it.finish()));
    await Promise.all(this.#finishing);
    this.#recordings.clear();
    if (this.#failure) throw this.#failure.error;
  }
}

function keyOf({ point, event, broadcast }: StreamContext): string {
  return JSON.stringify([point.toLowerCase(), event ?? null, broadcast]);
}

/** The header boxes that a file begins with, and what they say. */
interface FileHeader {
  readonly header: StreamHeader;
  readonly tracks: readonly LiveTrack[];
}

/** Writing the manifests again takes one part in so many of the time, unless it is quick. */
const RENEWAL_SHARE = 200;
const QUICK_RENEWAL_MS = 50;

/** Whether header boxes are the same, byte for byte. */
function isEqual(a: StreamHeader, b: StreamHeader): boolean {
  return a === b || a.boxes.length === b.boxes.length &&
      a.boxes.every((box, n) => isSameBytes(box, b.boxes[n]!));
}

function isSameBytes(a: Uint8Array, b: Uint8Array): boolean {
  return a.length === b.length && a.every((byte, n) => byte === b[n]);
}

/** What is written of one stream: one file as a rule. */
interface StreamFiles {
  readonly files: ArchiveFile[];
  /** The header of the last file. */
  header: StreamHeader | undefined;
  hasFailed: boolean;
}

/** One broadcast on its way into a folder. All that it writes is written in turn. */
class Recording {
  readonly point: string;
  readonly broadcast: number;
  readonly #event: string | undefined;
  readonly #options: CompleteOptions;
  readonly #streams = new Map<string, StreamFiles>();
  #folder: Promise<string> | undefined;
  #queue: Promise<void> = Promise.resolve();
  #listed = 0;
  #renewalMs = -Infinity;

  constructor({ point, event, broadcast }: StreamContext, options: CompleteOptions) {
    this.point = point;
    this.broadcast = broadcast;
    this.#event = event;
    this.#options = options;
  }

  /** Writes a new fragment of a stream. */
  take(
    id: string,
    header: FileHeader,
    fragment: ArchivableFragment,
    arrivalMs: number,
  ): Promise<void> {
    const stream = this.#stream(id);
    return this.#inTurn(stream, async () => {
      await this.#write(id, stream, header, fragment);
      const isDue = arrivalMs >= this.#renewalMs;
      // A track is listed once its first fragment is there, so that there is one in what the manifests name.
      if (!isDue && this.#readableTracks().length === this.#listed) return;
      const { now, renewSeconds } = this.#options;
      const startMs = now();
      await this.#renew();
      // After days it takes a while: it must not become all that is done.
      const tookMs = now() - startMs;
      const pauseMs = tookMs > QUICK_RENEWAL_MS ? RENEWAL_SHARE * tookMs : 0;
      this.#renewalMs = arrivalMs + Math.max(1000 * renewSeconds, pauseMs);
    });
  }

  /** A stream has come to its end. */
  end(id: string): Promise<void> {
    const stream = this.#stream(id);
    return this.#inTurn(stream, async () => {
      await stream.files.at(-1)?.finish();
      await this.#renew();
    });
  }

  /** Name of the last file of a stream. */
  fileName(id: string): string | undefined {
    return this.#streams.get(id)?.files.at(-1)?.name;
  }

  /** Ends all files; what comes after that goes on with them. */
  async finish(): Promise<void> {
    for (const stream of this.#streams.values()) {
      await this.#inTurn(stream, async () => await stream.files.at(-1)?.finish());
    }
    const [stream] = this.#streams.values();
    if (stream) await this.#inTurn(stream, () => this.#renew());
  }

  #stream(id: string): StreamFiles {
    let stream = this.#streams.get(id);
    if (!stream) {
      stream = { files: [], header: undefined, hasFailed: false };
      this.#streams.set(id, stream);
    }
    return stream;
  }

  async #write(
    id: string,
    stream: StreamFiles,
    { header, tracks }: FileHeader,
    fragment: ArchivableFragment,
  ): Promise<void> {
    const last = stream.files.at(-1);
    const isSame = stream.header !== undefined && isEqual(stream.header, header);
    let file = isSame && last?.canTake(fragment) ? last : undefined;
    if (!file) {
      await last?.finish();
      file = await ArchiveFile.create(await this.#open(), id, header, tracks);
      stream.files.push(file);
      stream.header = header;
    }
    await file.take(fragment);
  }

  /** The folder of the recording, made when there is something for it. */
  #open(): Promise<string> {
    if (this.#folder) return this.#folder;
    const parent = join(this.#options.folder, ...safeNames(this.point));
    const folder = claimFolder(parent, safeName(this.#event ?? NO_EVENT));
    this.#folder = folder;
    folder.catch(() => this.#folder = undefined);
    return folder;
  }

  #readableTracks(): ArchivedTrack[] {
    return [...this.#streams.values()].flatMap(({ files }) => files)
      .flatMap(({ tracks }) => tracks).filter(({ fragments }) => fragments.length > 0);
  }

  /** Writes the manifests of what is there now; the `.ism` last, as it names the rest. */
  async #renew(): Promise<void> {
    const tracks = this.#readableTracks();
    const name = safeNames(this.point).at(-1)!.replace(/\.isml$/i, "");
    const manifests = formatArchiveManifests(tracks, `${name}.ismc`);
    if (!manifests) return;
    const folder = await this.#open();
    await replaceFile(folder, `${name}.ismc`, manifests.client);
    await replaceFile(folder, `${name}.ism`, manifests.server);
    this.#listed = tracks.length;
  }

  #inTurn(stream: StreamFiles, work: () => Promise<void>): Promise<void> {
    const done = this.#queue.then(work).then(
      () => {
        stream.hasFailed = false;
      },
      (error) => this.#fail(stream, error),
    );
    this.#queue = done.catch(() => {});
    return done;
  }

  #fail(stream: StreamFiles, cause: unknown): void {
    const { onError } = this.#options;
    const reason = cause instanceof Error ? cause.message : String(cause);
    const error = new Error(`Cannot write the archive of ${this.point}: ${reason}`, { cause });
    if (!onError) throw error;
    if (!stream.hasFailed) onError(error);
    stream.hasFailed = true;
  }
}
