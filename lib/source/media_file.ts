import type { Payload, PayloadReading } from "../part.ts";
import type { MfraIndex } from "../mp4/mfra.ts";
import type { FragmentFacts } from "../mp4/fragment.ts";
import type { FragmentPlace } from "../mp4/moof.ts";
import type { Track } from "../mp4/moov.ts";
import type { TfraTable } from "../mp4/tfra_table.ts";
import type { TrackTimesOptions } from "../mp4/track_times.ts";
import type { BufferLane } from "./buffer_pool.ts";
import type { TopBox } from "./box_window.ts";
import type { FileBoxes } from "./file_head.ts";
import type { FragmentRow } from "./fragment_table.ts";
import type { RandomAccess } from "./random_access.ts";
import { InputError, Mp4SyntaxError } from "../errors.ts";
import { MAX_BOX_HEADER_SIZE, readBoxHeader } from "../mp4/box.ts";
import { checkOpenEnd, readFragment, streamableMoof } from "../mp4/fragment.ts";
import { DEFAULT_MAX_FRAGMENT_BYTES } from "../mp4/limits.ts";
import { MoofForms, ParsedMoofs } from "../mp4/moof_form.ts";
import { TrackTimes } from "../mp4/track_times.ts";
import { nextOf } from "./box_walk.ts";
import { BoxWindow } from "./box_window.ts";
import { readHead } from "./file_head.ts";
import { readIndex } from "./file_index.ts";
import { FoundMoofs } from "./found_moofs.ts";
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

/**
 * A file of fragmented MP4, read by its box headers and `moof` boxes alone: an index of its fragments that grows as far
 * as it is asked for, shared by all streams that read from the file.
 */
export class MediaFile {
  readonly boxes: FileBoxes;
  readonly tracks: readonly Track[];
  /** The index at the end of the file, if there is one. */
  readonly mfra: MfraIndex | undefined;
  /** What is known of `moof` boxes that many streams share. */
  readonly forms: MoofForms | undefined;
  /** What is known of those that were read last. */
  readonly parsed: ParsedMoofs = new ParsedMoofs();
  readonly #access: RandomAccess;
  readonly #window: BoxWindow;
  readonly #maxFragmentBytes: number;
  readonly #onWarning: ((message: string) => void) | undefined;
  readonly #tables = new Map<number, FragmentTable>();
  readonly #times = new Map<number, TrackTimes>();
  /** What the scan found shortly before it is asked for. */
  readonly #foundMoofs = new FoundMoofs();
  #scanOffset: number;
  #scanning: Promise<void> | undefined;
  #isComplete = false;
  #error: InputError | undefined;

  private constructor(
    access: RandomAccess,
    window: BoxWindow,
    head: { boxes: FileBoxes; tracks: readonly Track[]; mfra: MfraIndex | undefined; end: number },
    options: MediaFileOptions,
  ) {
    this.#access = access;
    this.forms = access.once && new MoofForms();
    this.#window = window;
    this.boxes = head.boxes;
    this.tracks = head.tracks;
    this.mfra = head.mfra;
    this.#scanOffset = head.end;
    this.#onWarning = options.onWarning;
    this.#maxFragmentBytes = options.maxFragmentBytes ?? DEFAULT_MAX_FRAGMENT_BYTES;
    for (const { trackId } of head.tracks) {
      this.#tables.set(trackId, new FragmentTable(trackId));
      const entries = this.#indexOf(trackId);
      const tfra = entries && { get: (moofOffset: number) => entries.timeOf(moofOffset) };
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

  /** The entries of a track in the index at the end of the file. */
  #indexOf(trackId: number): TfraTable | undefined {
    return this.mfra?.tracks.find((it) => it.trackId === trackId)?.entries;
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

  /** Whether the index has all fragments. */
  get isComplete(): boolean {
    return this.#isComplete;
  }

  /**
   * The same as {@linkcode fragment} without a wait.
   *
   * @param isNext Its `moof` is about to be asked for, so that it is kept until then.
   * @returns `undefined` where it has to be waited for, or there is none.
   */
  fragmentNow(trackId: number, index: number, isNext = false): FragmentRow | undefined {
    const table = this.#tables.get(trackId)!;
    while (index >= table.length && !this.#isComplete) {
      if (!this.#scanNow(isNext && !this.#access.once)) return undefined;
    }
    return table.at(index);
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
    while (index >= table.length && !this.#isComplete) {
      if (!this.#scanNow()) await this.#scanNext(signal);
    }
    return table.at(index);
  }

  /** Makes the index complete. */
  async complete(signal?: AbortSignal): Promise<void> {
    while (!this.#isComplete) {
      if (!this.#scanNow()) await this.#scanNext(signal);
    }
  }

  /** How many fragments of a track the index has so far. */
  count(trackId: number): number {
    return this.#tables.get(trackId)!.length;
  }

  /** How many fragments of a track there are by the index at the end of the file. */
  listed(trackId: number): number | undefined {
    return this.#indexOf(trackId)?.length;
  }

  /**
   * The last fragment of a track. The file is not read through for it where its own index has an entry for each fragment.
   */
  async lastFragment(trackId: number, signal?: AbortSignal): Promise<FragmentRow | undefined> {
    const indexed = this.#isComplete ? undefined : await this.#lastIndexed(trackId, signal);
    if (indexed) return indexed;
    await this.complete(signal);
    return this.#tables.get(trackId)!.at(this.count(trackId) - 1);
  }

  /** The last fragment by the index at the end of the file; nothing where it turns out not to be the last one. */
  async #lastIndexed(
    trackId: number,
    signal: AbortSignal | undefined,
  ): Promise<FragmentRow | undefined> {
    const entries = this.#indexOf(trackId);
    const last = entries?.at(-1);
    if (!entries || !last) return undefined;
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
      return { trackId, ...found.place, moofSize: found.moofSize, ...times };
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
        (bytes) => this.#streamable(bytes, row),
      );
      if (shared) return await shared;
      return this.#streamable(await this.#access.read(row.moofOffset, row.moofSize, signal), row);
    } catch (error) {
      throw asInputError(error, this.name);
    }
  }

  /**
   * The same without a wait: it was looked at before, so that it is most likely in memory still.
   *
   * @returns `undefined` where it may take a while.
   */
  moofNow(row: FragmentRow): Uint8Array | undefined {
    try {
      const found = this.#foundMoofs.take(row.moofOffset);
      if (found) return this.#streamable(found.bytes, row, found.facts);
      if (row.moofSize > MAX_MOOF_NOW_BYTES || this.#access.once) return undefined;
      const bytes = new Uint8Array(row.moofSize);
      const filled = this.#access.readNow?.(bytes, row.moofOffset);
      if (filled === undefined) return undefined;
      return this.#streamable(bytes.subarray(0, filled), row);
    } catch (error) {
      throw asInputError(error, this.name);
    }
  }

  /** @param known What it says, where it was read before. */
  #streamable(bytes: Uint8Array, row: FragmentRow, known?: FragmentFacts): Uint8Array {
    const { moofOffset, moofSize } = row;
    if (bytes.length < moofSize) {
      throw new InputError(
        `Cannot read ${moofSize} bytes at byte ${moofOffset} as the file has become shorter: current value is ${bytes.length} bytes`,
        this.name,
      );
    }
    const facts = known ?? readFragment(bytes, row, this.tracks);
    const streamable = streamableMoof(bytes, facts, row);
    if (streamable === bytes && !this.forms) this.parsed.keep(bytes, facts.moof);
    return streamable;
  }

  /** The payload of a fragment, read when it is asked for. */
  payload({ payloadOffset, payloadSize }: FragmentRow, lane: BufferLane): Payload {
    return new FilePayload(this.#access, payloadOffset, payloadSize, lane);
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
      this.#add(await this.#readAt(this.#window, this.#scanOffset));
    } catch (error) {
      this.#end();
      this.#error = asInputError(error, this.name);
    }
  }

  /**
   * One step of the scan without a wait, for fragments that stand one behind the other, each with a `moof` of a few hundred
   * samples: a file may have a million of them.
   *
   * @returns Whether there was such a one; whatever is not as usual takes the step that waits.
   */
  #scanNow(isKept = false): boolean {
    const found = this.#scanning ? undefined : this.#usualAt(this.#scanOffset, isKept);
    if (found) this.#add(found);
    return found !== undefined;
  }

  #usualAt(offset: number, isKept: boolean): FoundFragment | undefined {
    try {
      const bytes = this.#window.bytesNow(offset);
      const moof = bytes && headerNow(bytes, offset, "moof");
      const mdat = moof && headerNow(bytes.subarray(moof.size), offset + moof.size, "mdat");
      if (!mdat || mdat.end > this.size) return undefined;
      if (mdat.end - offset > this.#maxFragmentBytes) return undefined;
      const whole = bytes.subarray(0, moof.size);
      // The window is read anew for the next box.
      const own = isKept ? whole.slice() : whole;
      const found = this.#fragmentOf(own, offset, mdat);
      if (isKept) this.#foundMoofs.keep(offset, { bytes: own, facts: found.facts });
      return found;
    } catch {
      return undefined; // the other way finds the same, and says so
    }
  }

  /** Takes a fragment into the index, or nothing, as there are no more. */
  #add(found: FoundFragment | undefined): void {
    if (!found) return this.#end();
    const { facts, place, moofSize, end } = found;
    const { trackId } = facts.track;
    const times = this.#times.get(trackId)!.next(facts, place.moofOffset);
    this.#tables.get(trackId)!.push({ ...place, moofSize, ...times });
    this.#scanOffset = end;
  }

  /** Nothing comes behind what has been found. */
  #end(): void {
    this.#isComplete = true;
    for (const [trackId, table] of this.#tables) {
      table.trim();
      const listed = this.#indexOf(trackId)?.countMoofs() ?? 0;
      if (listed <= table.length) continue;
      this.#onWarning?.(
        `${this.name}: track ${trackId} has ${table.length} fragments, the index at its end lists ${listed}; the former count`,
      );
    }
  }

  /** The fragment at or behind `offset`. */
  async #readAt(
    window: BoxWindow,
    offset: number,
    signal?: AbortSignal,
  ): Promise<FoundFragment | undefined> {
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
    return this.#fragmentOf(moof, box.offset, mdat);
  }

  #fragmentOf(moof: Uint8Array, moofOffset: number, mdat: TopBox): FoundFragment {
    const payloadOffset = mdat.offset + mdat.headerSize;
    const place = { moofOffset, payloadOffset, payloadSize: mdat.end - payloadOffset };
    const facts = readFragment(moof, place, this.tracks);
    if (mdat.size === 0) checkOpenEnd(facts, place, mdat.offset);
    return { facts, place, moofSize: moof.length, end: mdat.end };
  }

  #checkSize({ type, offset }: TopBox, size: number): void {
    if (size <= this.#maxFragmentBytes) return;
    throw new Mp4SyntaxError(
      `Cannot read box "${type}" as a fragment must have at most ${this.#maxFragmentBytes} bytes: current value is ${size}`,
      offset,
    );
  }
}

/** A stream keeps those of what it sent last. */
class FilePayload implements Payload {
  readonly size: number;
  readonly #access: RandomAccess;
  readonly #offset: number;
  readonly #lane: BufferLane;

  constructor(access: RandomAccess, offset: number, size: number, lane: BufferLane) {
    this.#access = access;
    this.#offset = offset;
    this.size = size;
    this.#lane = lane;
  }

  read(signal?: AbortSignal): PayloadReading {
    return this.#access.stream(this.#offset, this.size, this.#lane, signal);
  }
}

/** A fragment that the scan has come to. */
interface FoundFragment {
  readonly facts: FragmentFacts;
  readonly place: FragmentPlace;
  /** In bytes. */
  readonly moofSize: number;
  /** First byte behind it. */
  readonly end: number;
}

/** The header of a box that starts with `bytes`, at `offset` in the file; nothing where it has another type or no size. */
function headerNow(bytes: Uint8Array, offset: number, type: string): TopBox | undefined {
  const header = bytes.length < MAX_BOX_HEADER_SIZE ? undefined : readBoxHeader(bytes, offset);
  if (header?.type !== type || header.size === 0) return undefined;
  return { ...header, offset, end: offset + header.size };
}

/** Of a fragment with thousands of samples. */
const MAX_MOOF_NOW_BYTES = 64 * 1024;

/** Puts the name of the file to what is wrong in it. */
function asInputError(error: unknown, name: string): InputError {
  if (error instanceof InputError) return error;
  if (error instanceof Mp4SyntaxError) return new InputError(error.message, name, { cause: error });
  throw error;
}
