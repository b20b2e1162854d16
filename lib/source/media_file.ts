import type { Payload } from "../part.ts";
import type { Mfra } from "../mp4/mfra.ts";
import type { FragmentFacts } from "../mp4/fragment.ts";
import type { FragmentPlace } from "../mp4/moof.ts";
import type { Track } from "../mp4/moov.ts";
import type { TrackTimesOptions } from "../mp4/track_times.ts";
import type { BufferLane } from "./buffer_pool.ts";
import type { TopBox } from "./box_window.ts";
import type { FragmentRow } from "./fragment_table.ts";
import type { RandomAccess } from "./random_access.ts";
import { InputError, Mp4SyntaxError } from "../errors.ts";
import { printable } from "../mp4/box.ts";
import { checkOpenEnd, readFragment, streamableMoof } from "../mp4/fragment.ts";
import { DEFAULT_MAX_FRAGMENT_BYTES, MAX_HEADER_BYTES } from "../mp4/limits.ts";
import { MFRO_SIZE, readMfra, readMfro } from "../mp4/mfra.ts";
import { MoofForms } from "../mp4/moof_form.ts";
import { readMoov } from "../mp4/moov.ts";
import { TrackTimes } from "../mp4/track_times.ts";
import { LIVE_SERVER_MANIFEST, STREAM_MANIFESTS } from "../mp4/uuid.ts";
import { BoxWindow } from "./box_window.ts";
import { FragmentTable } from "./fragment_table.ts";

/** Options for {@linkcode MediaFile.open}. */
export interface MediaFileOptions {
  /**
   * Most bytes that `moof` and `mdat` of one fragment may have together.
   *
   * @default {268435456}
   */
  maxFragmentBytes?: number | undefined;
  /** What the client manifest says of the times of a track. */
  times?:
    | ((trackId: number) => Pick<TrackTimesOptions, "manifest" | "manifestTimescale">)
    | undefined;
  /** Is told what does not fit together, once for each kind. */
  onWarning?: ((message: string) => void) | undefined;
  signal?: AbortSignal | undefined;
}

/** Something at the top level of a file that a live stream does not take over. */
export interface FileBoxes {
  readonly ftyp: Uint8Array | undefined;
  readonly moov: Uint8Array;
  /** A Live Server Manifest box, as archives and captured bodies have one. */
  readonly liveServerManifest: Uint8Array | undefined;
  /** A Stream Manifest box. */
  readonly streamManifest: Uint8Array | undefined;
}

/**
 * A file of fragmented MP4, read by its box headers and `moof` boxes alone: an index of its fragments that grows as far
 * as it is asked for, shared by all streams that read from the file.
 */
export class MediaFile {
  readonly boxes: FileBoxes;
  readonly tracks: readonly Track[];
  /** The index at the end of the file, if there is one. */
  readonly mfra: Mfra | undefined;
  /** What is known of `moof` boxes that many streams share. */
  readonly forms: MoofForms | undefined;
  readonly #access: RandomAccess;
  readonly #window: BoxWindow;
  readonly #maxFragmentBytes: number;
  readonly #tables = new Map<number, FragmentTable>();
  readonly #times = new Map<number, TrackTimes>();
  #scanOffset: number;
  #scanning: Promise<void> | undefined;
  #isComplete = false;
  #error: InputError | undefined;

  private constructor(
    access: RandomAccess,
    window: BoxWindow,
    head: { boxes: FileBoxes; tracks: readonly Track[]; mfra: Mfra | undefined; end: number },
    options: MediaFileOptions,
  ) {
    this.#access = access;
    this.forms = access.once && new MoofForms();
    this.#window = window;
    this.boxes = head.boxes;
    this.tracks = head.tracks;
    this.mfra = head.mfra;
    this.#scanOffset = head.end;
    this.#maxFragmentBytes = options.maxFragmentBytes ?? DEFAULT_MAX_FRAGMENT_BYTES;
    for (const { trackId } of head.tracks) {
      this.#tables.set(trackId, new FragmentTable(trackId));
      const entries = head.mfra?.tracks.find((it) => it.trackId === trackId)?.entries ?? [];
      const tfra = new Map(entries.map(({ moofOffset, time }) => [moofOffset, time]));
      const onWarning = (message: string) => options.onWarning?.(`${access.name}: ${message}`);
      this.#times.set(
        trackId,
        new TrackTimes({ ...options.times?.(trackId), tfra, onWarning }),
      );
    }
  }

  /**
   * Reads what stands before the first fragment, and the index at the end.
   *
   * @param access Closed by {@linkcode close}.
   * @throws {InputError} If the file is no fragmented MP4.
   */
  static async open(access: RandomAccess, options: MediaFileOptions = {}): Promise<MediaFile> {
    const window = new BoxWindow(access);
    try {
      if (access.size === 0) {
        throw new InputError(
          "Cannot read it as it must be a fragmented MP4: current value is an empty file",
          access.name,
        );
      }
      const mfra = await readIndex(access, options.signal);
      const head = await readHead(window, options.signal);
      return new MediaFile(access, window, { ...head, mfra }, options);
    } catch (error) {
      throw asInputError(error, access.name);
    }
  }

  /** Path or URL, without credentials. */
  get name(): string {
    return this.#access.name;
  }

  /** In bytes. */
  get size(): number {
    return this.#access.size;
  }

  /** Whether a look at every fragment in advance costs little. */
  get isLocal(): boolean {
    return this.#access.isLocal;
  }

  /** Why the index ends before the file does: what follows the last fragment of it cannot be read. */
  get error(): InputError | undefined {
    return this.#error;
  }

  /**
   * The fragment of a track at a position, from 0; the index grows up to there.
   *
   * @returns `undefined` past the last one that can be read; see {@linkcode error}.
   */
  async fragment(
    trackId: number,
    index: number,
    signal?: AbortSignal,
  ): Promise<FragmentRow | undefined> {
    const table = this.#tables.get(trackId)!;
    while (index >= table.length && !this.#isComplete) await this.#scanNext(signal);
    return table.at(index);
  }

  /** Makes the index complete. */
  async complete(signal?: AbortSignal): Promise<void> {
    while (!this.#isComplete) await this.#scanNext(signal);
  }

  /** How many fragments of a track the index has so far. */
  count(trackId: number): number {
    return this.#tables.get(trackId)!.length;
  }

  /**
   * The last fragment of a track. A file that is far away is not read through for it where its own index has an entry for
   * each fragment.
   */
  async lastFragment(trackId: number, signal?: AbortSignal): Promise<FragmentRow | undefined> {
    const isCheap = this.isLocal || this.#isComplete;
    const indexed = isCheap ? undefined : await this.#lastIndexed(trackId, signal);
    if (indexed) return indexed;
    await this.complete(signal);
    return this.#tables.get(trackId)!.at(this.count(trackId) - 1);
  }

  /** The last fragment by the index at the end of the file; nothing where it turns out not to be the last one. */
  async #lastIndexed(
    trackId: number,
    signal: AbortSignal | undefined,
  ): Promise<FragmentRow | undefined> {
    const entries = this.mfra?.tracks.find((it) => it.trackId === trackId)?.entries ?? [];
    const last = entries.at(-1);
    if (!last) return undefined;
    try {
      const window = new BoxWindow(this.#access);
      const found = await this.#readAt(window, last.moofOffset, signal);
      if (found?.facts.track.trackId !== trackId) return undefined;
      let behind = await this.#readAt(window, found.end, signal);
      while (behind && behind.facts.track.trackId !== trackId) {
        behind = await this.#readAt(window, behind.end, signal);
      }
      if (behind) return undefined;
      const index = entries.length - 1;
      const times = this.#times.get(trackId)!.at(found.facts, last.moofOffset, index);
      return { trackId, ...found.place, moofSize: found.moof.length, ...times };
    } catch (error) {
      if (error instanceof Mp4SyntaxError) return undefined; // the index points at something else
      throw asInputError(error, this.name);
    }
  }

  /** The `moof` box of a fragment, fit for a stream; it may be that of others too, so that it is not to be changed. */
  async readMoof(row: FragmentRow, signal?: AbortSignal): Promise<Uint8Array> {
    try {
      const shared = this.#access.once?.(
        row.moofOffset,
        row.moofSize,
        (bytes) => streamableMoof(bytes, readFragment(bytes, row, this.tracks), row),
      );
      if (shared) return await shared;
      const bytes = this.#readMoofNow(row) ??
        await this.#access.read(row.moofOffset, row.moofSize, signal);
      if (bytes.length < row.moofSize) {
        throw new InputError(
          `Cannot read ${row.moofSize} bytes at byte ${row.moofOffset} as the file has become shorter: current value is ${bytes.length} bytes`,
          this.name,
        );
      }
      return streamableMoof(bytes, readFragment(bytes, row, this.tracks), row);
    } catch (error) {
      throw asInputError(error, this.name);
    }
  }

  /** It was looked at before, so that it is most likely in memory still. */
  #readMoofNow({ moofOffset, moofSize }: FragmentRow): Uint8Array | undefined {
    if (moofSize > MAX_MOOF_NOW_BYTES) return undefined;
    const bytes = new Uint8Array(moofSize);
    const filled = this.#access.readNow?.(bytes, moofOffset);
    return filled === undefined ? undefined : bytes.subarray(0, filled);
  }

  /** The payload of a fragment, read when it is asked for. */
  payload({ payloadOffset, payloadSize }: FragmentRow, lane: BufferLane): Payload {
    return {
      size: payloadSize,
      read: (signal) => this.#access.stream(payloadOffset, payloadSize, lane, signal),
    };
  }

  /** Lets go of the file. */
  async close(): Promise<void> {
    await this.#access.close();
  }

  /** One step of the scan at a time, whoever asks for it. */
  async #scanNext(signal: AbortSignal | undefined): Promise<void> {
    // The step is shared: one who stops waiting must not stop it for the others.
    this.#scanning ??= this.#scanStep().finally(() => this.#scanning = undefined);
    await this.#scanning;
    signal?.throwIfAborted();
  }

  async #scanStep(): Promise<void> {
    try {
      const found = await this.#readAt(this.#window, this.#scanOffset);
      if (!found) {
        this.#isComplete = true;
        return;
      }
      const { facts, place, moof, end } = found;
      const { trackId } = facts.track;
      const times = this.#times.get(trackId)!.next(facts, place.moofOffset);
      this.#tables.get(trackId)!.push({ ...place, moofSize: moof.length, ...times });
      this.#scanOffset = end;
    } catch (error) {
      this.#isComplete = true;
      this.#error = asInputError(error, this.name);
    }
  }

  /** The fragment at or behind `offset`. */
  async #readAt(window: BoxWindow, offset: number, signal?: AbortSignal): Promise<
    { facts: FragmentFacts; place: FragmentPlace; moof: Uint8Array; end: number } | undefined
  > {
    // A payload without a moof belongs to nobody and is passed over.
    const box = await nextOf(["moof", "mfra"], window, offset, signal);
    if (!box || box.type === "mfra") return undefined;
    this.#checkSize(box, box.end - box.offset);
    const moof = await window.box(box, this.#maxFragmentBytes, signal);
    const mdat = await nextOf(["moof", "mdat", "mfra"], window, box.end, signal);
    if (mdat?.type !== "mdat") {
      throw new Mp4SyntaxError(
        `Cannot read box "moof" as it must be followed by its "mdat": current value is ${
          mdat ? `"${mdat.type}"` : "the end of the file"
        }`,
        box.offset,
      );
    }
    this.#checkSize(mdat, moof.length + mdat.end - mdat.offset);
    const payloadOffset = mdat.offset + mdat.headerSize;
    const place = {
      moofOffset: box.offset,
      payloadOffset,
      payloadSize: mdat.end - payloadOffset,
    };
    const facts = readFragment(moof, place, this.tracks);
    if (mdat.size === 0) checkOpenEnd(facts, place, mdat.offset);
    return { facts, place, moof, end: mdat.end };
  }

  #checkSize({ type, offset }: TopBox, size: number): void {
    if (size <= this.#maxFragmentBytes) return;
    throw new Mp4SyntaxError(
      `Cannot read box "${type}" as a fragment must have at most ${this.#maxFragmentBytes} bytes: current value is ${size}`,
      offset,
    );
  }
}

/** Of a fragment with thousands of samples. */
const MAX_MOOF_NOW_BYTES = 64 * 1024;

/** More boxes than this that mean nothing, one behind the other, are no media file. */
const MAX_PASSED_BOXES = 100_000;

function tooManyBoxes(offset: number): Mp4SyntaxError {
  return new Mp4SyntaxError(
    `Cannot read it as a fragment must come within ${MAX_PASSED_BOXES} boxes: current value is none`,
    offset,
  );
}

/** The next box at the top level that has one of some types. */
async function nextOf(
  types: readonly string[],
  window: BoxWindow,
  offset: number,
  signal: AbortSignal | undefined,
): Promise<TopBox | undefined> {
  let box = await window.header(offset, signal);
  for (let passed = 0; box && !types.includes(box.type); passed++) {
    if (box.size === 0 && box.type !== "mdat") throw openEnd(box);
    if (passed > MAX_PASSED_BOXES) throw tooManyBoxes(box.offset);
    box = await window.header(box.end, signal);
  }
  if (box?.size === 0 && box.type !== "mdat") throw openEnd(box);
  return box;
}

function openEnd({ type, offset }: TopBox): Mp4SyntaxError {
  return new Mp4SyntaxError(
    `Cannot read box "${
      printable(type)
    }" as only the last mdat may go on to the end of the file: current value is size 0`,
    offset,
  );
}

/** The index at the end of the file; one that cannot be read counts as none, as nothing depends on it alone. */
async function readIndex(
  access: RandomAccess,
  signal: AbortSignal | undefined,
): Promise<Mfra | undefined> {
  const tail = await access.read(Math.max(0, access.size - MFRO_SIZE), MFRO_SIZE, signal);
  const size = readMfro(tail);
  if (size === undefined || size > access.size || size > MAX_HEADER_BYTES || size < MFRO_SIZE) {
    return undefined;
  }
  const offset = access.size - size;
  const bytes = await access.read(offset, size, signal);
  try {
    return readMfra(bytes, offset);
  } catch (error) {
    if (error instanceof Mp4SyntaxError) return undefined;
    throw error;
  }
}

/** Everything up to the first fragment. */
async function readHead(
  window: BoxWindow,
  signal: AbortSignal | undefined,
): Promise<{ boxes: FileBoxes; tracks: readonly Track[]; end: number }> {
  const found: { -readonly [K in keyof FileBoxes]?: FileBoxes[K] } = {};
  let moovOffset = 0;
  let box = await window.header(0, signal);
  if (box && !/^[\x20-\x7e\xa9]{4}$/.test(box.type)) throw notMp4(box);
  let hasPayload = false;
  let passed = 0;
  for (; box && !isPastHead(box); box = await window.header(box.end, signal)) {
    if (++passed > MAX_PASSED_BOXES) throw tooManyBoxes(box.offset);
    if (box.size === 0 && box.type !== "mdat") throw openEnd(box);
    if (box.type === "ftyp") found.ftyp = await window.box(box, undefined, signal);
    else if (box.type === "moov" && !found.moov) {
      found.moov = await window.box(box, undefined, signal);
      moovOffset = box.offset;
    } else if (box.userType === LIVE_SERVER_MANIFEST) {
      found.liveServerManifest = await window.box(box, undefined, signal);
    } else if (box.userType && STREAM_MANIFESTS.includes(box.userType)) {
      found.streamManifest = await window.box(box, undefined, signal);
    } else if (box.type === "mdat") hasPayload = true;
  }
  const { moov } = found;
  if (!moov) throw noMoov(box, hasPayload);
  const { tracks, isFragmented } = readMoov(moov, moovOffset);
  const hasFragments = box?.type === "moof";
  if (!hasFragments && (hasPayload || !isFragmented)) throw progressive(moovOffset);
  return {
    boxes: {
      ftyp: found.ftyp,
      moov,
      liveServerManifest: found.liveServerManifest,
      streamManifest: found.streamManifest,
    },
    tracks,
    end: box?.offset ?? Infinity,
  };
}

function isPastHead({ type }: TopBox): boolean {
  return type === "moof" || type === "mfra";
}

function notMp4({ type, offset }: TopBox): Mp4SyntaxError {
  return new Mp4SyntaxError(
    `Cannot read it as a fragmented MP4 must start with a box, such as "ftyp": current value is "${
      printable(type)
    }"`,
    offset,
  );
}

function noMoov(box: TopBox | undefined, hasPayload: boolean): Mp4SyntaxError {
  const found = box
    ? `a "${box.type}" box`
    : hasPayload
    ? 'an "mdat" box alone'
    : "the end of the file";
  return new Mp4SyntaxError(
    `Cannot read it as a fragmented MP4 must have "moov" in front of its fragments: current value is ${found}`,
    box?.offset ?? 0,
  );
}

function progressive(moovOffset: number): Mp4SyntaxError {
  return new Mp4SyntaxError(
    'Cannot push it as it must have fragments ("moof" boxes): current value is a progressive MP4, which has none; make it a fragmented one first',
    moovOffset,
  );
}

/** Puts the name of the file to what is wrong in it. */
function asInputError(error: unknown, name: string): InputError {
  if (error instanceof InputError) return error;
  if (error instanceof Mp4SyntaxError) return new InputError(error.message, name, { cause: error });
  throw error;
}
