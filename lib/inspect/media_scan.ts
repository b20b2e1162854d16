import type { IndexInspection, MediaInspection, RequestInspection } from "./inspection.ts";
import type { NoteOddity } from "./media_checks.ts";
import type { OddityLog } from "./oddity_log.ts";
import type { TailIndex } from "./tail_index.ts";
import type { RowBudget } from "./row_budget.ts";
import type { FoundMdat } from "./track_log.ts";
import type { ReadHeader } from "./media_header.ts";
import type { MoofReading } from "./fragment_reader.ts";
import type { FragmentTime } from "../manifest/fragment_times.ts";
import type { FragmentPlace } from "../mp4/moof.ts";
import type { Track } from "../mp4/moov.ts";
import type { TopBox } from "../source/box_window.ts";
import type { RandomAccess } from "../source/random_access.ts";
import { InputError, Mp4SyntaxError } from "../errors.ts";
import { printable, viewOf } from "../mp4/box.ts";
import { checkOpenEnd, readFragment } from "../mp4/fragment.ts";
import { readFtyp } from "../mp4/ftyp.ts";
import { DEFAULT_MAX_FRAGMENT_BYTES } from "../mp4/limits.ts";
import { readMfra } from "../mp4/mfra.ts";
import { BoxWindow } from "../source/box_window.ts";
import { BoxTally, isTopLevelBox, shownType } from "./box_tally.ts";
import { readMoofBox } from "./fragment_reader.ts";
import { checkBoxes, checkEnd, checkHeader, checkIndex, isProgressiveMp4 } from "./media_checks.ts";
import { headerRole, MediaHeader } from "./media_header.ts";
import { readTailIndex } from "./tail_index.ts";
import { TrackLog, unknownTrack } from "./track_log.ts";

/** What manifests say of a track of a file. */
export interface ListedTrack {
  /** The fragments of the client manifest, in ticks of `timescale`. */
  readonly fragments?: readonly FragmentTime[] | undefined;
  /** Ticks per second. */
  readonly timescale?: number | undefined;
  /** Whether it has fragments only now and then. */
  readonly isSparse: boolean;
}

/** Options for {@linkcode scanMedia}. */
export interface MediaScanOptions {
  readonly oddities: OddityLog;
  readonly rows: RowBudget;
  /** What manifests say of a track. */
  readonly listed?: ((trackId: number) => ListedTrack | undefined) | undefined;
  /** @default {268435456} */
  readonly maxFragmentBytes?: number | undefined;
  /** Is told how far the reading is, in bytes. */
  readonly onProgress?: ((offset: number, size: number) => void) | undefined;
  readonly signal?: AbortSignal | undefined;
}

/** A file that has been read through. */
export interface ScannedMedia {
  readonly inspection: MediaInspection;
  /** In the order of `inspection.tracks`. */
  readonly logs: readonly TrackLog[];
  /** Whether it holds media without fragments. */
  readonly isProgressive: boolean;
}

const MAX_REQUESTS = 100;
const MAX_HEADERS = 200;
const MAX_TRACKS = 1000;

/** More boxes than this that are no fragments, one behind the other, are no media file. */
const MAX_PASSED_BOXES = 100_000;

/** Sound and picture go on without a hole; text and metadata come now and then. */
const DENSE_HANDLERS = ["vide", "soun"];

interface OpenRequest {
  readonly offset: number;
  readonly boxes: MediaHeader;
  /** Known once something follows the header boxes. */
  header: number | undefined;
  isHeaderRead: boolean;
  fragments: number;
  endOfStream: RequestInspection["endOfStream"];
}

/** A `moof` whose `mdat` is still to come. */
interface HeldMoof {
  readonly box: TopBox;
  readonly bytes: Uint8Array;
  readonly reading: MoofReading;
}

const NO_HEADER = { inspection: undefined, tracks: [], liveTracks: [] };

/** One pass over the boxes of a file. */
class MediaScan {
  readonly #access: RandomAccess;
  readonly #window: BoxWindow;
  readonly #options: MediaScanOptions;
  readonly #maxFragmentBytes: number;
  readonly #boxes = new BoxTally();
  readonly #headers: ReadHeader[] = [];
  readonly #digests = new Map<string, number>();
  readonly #requests: RequestInspection[] = [];
  readonly #logs = new Map<string, TrackLog>();
  #request: OpenRequest;
  #requestCount = 0;
  #fragmentCount = 0;
  #passed = 0;
  #isBroken = false;
  #tail: TailIndex | undefined;
  #index: IndexInspection | undefined;
  #moof: HeldMoof | undefined;

  constructor(access: RandomAccess, options: MediaScanOptions) {
    this.#access = access;
    this.#window = new BoxWindow(access);
    this.#options = options;
    this.#maxFragmentBytes = options.maxFragmentBytes ?? DEFAULT_MAX_FRAGMENT_BYTES;
    this.#request = this.#newRequest(0);
  }

  async run(): Promise<ScannedMedia> {
    this.#tail = await readTailIndex(this.#access, this.#note, this.#options.signal);
    try {
      await this.#readBoxes();
    } catch (error) {
      this.#isBroken = true;
      this.#fail(error);
    }
    await this.#closeRequest();
    const logs = [...this.#logs.values()];
    const inspection: MediaInspection = {
      location: this.#access.name,
      size: this.#access.size,
      boxes: this.#boxes.summaries,
      headers: this.#headers.map(({ inspection }) => inspection),
      requests: this.#requests,
      requestCount: this.#requestCount,
      index: this.#index,
      tracks: logs.map((log) => log.inspection()),
    };
    const isProgressive = isProgressiveMp4(inspection);
    checkBoxes(inspection, this.#note);
    if (!this.#isBroken && !isProgressive) {
      checkEnd(inspection, this.#request.endOfStream !== undefined, this.#note);
    }
    if (this.#index) checkIndex(this.#index, logs, this.#tail?.mfra, this.#note);
    return { inspection, logs, isProgressive };
  }

  async #readBoxes(): Promise<void> {
    const { signal, onProgress } = this.#options;
    let box = await this.#window.header(0, signal);
    while (box) {
      signal?.throwIfAborted();
      onProgress?.(box.offset, this.#access.size);
      if (!this.#boxes.add(box)) {
        this.#note("box-limit", box.offset, "There are more types of boxes than are counted");
      }
      await this.#readBox(box);
      box = await this.#window.header(box.end, signal);
    }
    this.#dropMoof("the end of the file");
  }

  async #readBox(box: TopBox): Promise<void> {
    const { type, size, offset } = box;
    if (size === 0 && type !== "mdat") {
      throw new Mp4SyntaxError(
        `Cannot read box "${
          printable(type)
        }" as only the last mdat may go on to the end of the file: current value is size 0`,
        offset,
      );
    }
    if (type === "moof" || type === "mdat") this.#passed = 0;
    else if (++this.#passed > MAX_PASSED_BOXES) {
      throw new Mp4SyntaxError(
        `Cannot read on as a fragment must come within ${MAX_PASSED_BOXES} boxes: current value is none`,
        offset,
      );
    }
    const role = headerRole(box);
    try {
      if (role) {
        this.#dropMoof(`"${shownType(box)}"`);
        if (this.#startsRequest(this.#request, box)) await this.#nextRequest(offset);
        const bytes = await this.#window.box(box, undefined, this.#options.signal);
        this.#request.boxes.add(role, box, bytes);
      } else if (type === "moof") await this.#readMoof(box);
      else if (type === "mdat") this.#readMdat(box);
      else if (type === "mfra") await this.#readMfra(box);
      else if (type === "styp") await this.#readStyp(box);
      else if (!isTopLevelBox(box)) {
        const text = `The box "${shownType(box)}" is not known`;
        this.#note("unknown-box", offset, text, shownType(box));
      }
    } catch (error) {
      // One box that is damaged within its bounds does not keep the others from being read.
      if (!(error instanceof Mp4SyntaxError)) throw error;
      this.#fail(error);
    }
  }

  /** Header boxes behind fragments, or one that is there already, belong to the next request. */
  #startsRequest({ boxes, fragments, endOfStream }: OpenRequest, box: TopBox): boolean {
    return fragments > 0 || endOfStream !== undefined || boxes.has(headerRole(box)!);
  }

  #newRequest(offset: number): OpenRequest {
    const boxes = new MediaHeader(this.#access.name, this.#options.oddities);
    return {
      offset,
      boxes,
      header: undefined,
      isHeaderRead: false,
      fragments: 0,
      endOfStream: undefined,
    };
  }

  async #nextRequest(offset: number): Promise<void> {
    await this.#closeRequest();
    this.#request = this.#newRequest(offset);
  }

  async #closeRequest(): Promise<void> {
    await this.#readHeader();
    const { offset, header, fragments, endOfStream } = this.#request;
    const index = this.#requestCount++;
    this.#requests[Math.min(index, MAX_REQUESTS)] = {
      index,
      offset,
      header,
      fragments,
      ...(endOfStream && { endOfStream }),
    };
  }

  /** Reads the header boxes of the request, unless the same have been read before. */
  async #readHeader(): Promise<void> {
    const request = this.#request;
    if (request.isHeaderRead || request.boxes.isEmpty) return;
    request.isHeaderRead = true;
    const digest = await request.boxes.digest();
    const known = this.#digests.get(digest);
    if (known !== undefined) {
      request.header = known;
      return;
    }
    if (this.#headers.length === MAX_HEADERS) {
      this.#note("box-limit", request.offset, `There are more than ${MAX_HEADERS} headers`);
      return;
    }
    const header = request.boxes.read();
    if (this.#headers.length > 0) {
      const text = "The header boxes of a request differ from those of the first";
      this.#note("header-changed", request.offset, text);
    }
    request.header = this.#headers.length;
    this.#digests.set(digest, request.header);
    this.#headers.push(header);
    for (const { trackId } of header.tracks) this.#log(trackId);
    checkHeader(header, this.#note);
  }

  /** The log of a track under the header of the request. */
  #log(trackId: number): TrackLog | undefined {
    const { header } = this.#request;
    const key = `${header} ${trackId}`;
    const known = this.#logs.get(key);
    if (known || this.#logs.size === MAX_TRACKS) return known;
    const { tracks, liveTracks } = this.#headers[header ?? -1] ?? NO_HEADER;
    const track = tracks.find((it) => it.trackId === trackId);
    const live = liveTracks.find((it) => it.trackId === trackId);
    const listed = this.#options.listed?.(trackId);
    const entries = this.#tail?.mfra.tracks.find((it) => it.trackId === trackId)?.entries;
    const isSparse = listed?.isSparse ?? (live?.parentTrackName !== undefined ||
      (track !== undefined && !DENSE_HANDLERS.includes(track.handler)));
    const log = new TrackLog({
      file: this.#access.name,
      header,
      trackId,
      track,
      timescale: live?.timescale ?? listed?.timescale,
      isSparse,
      times: {
        manifest: listed?.fragments,
        manifestTimescale: listed?.timescale,
        tfra: entries && { get: (moofOffset) => entries.timeOf(moofOffset) },
      },
      rows: this.#options.rows,
      oddities: this.#options.oddities,
    });
    this.#logs.set(key, log);
    return log;
  }

  async #readMoof(box: TopBox): Promise<void> {
    this.#dropMoof('"moof"');
    await this.#readHeader();
    if (this.#request.endOfStream?.by === "mfra") {
      const text = "There are fragments behind the end of stream, without header boxes between";
      this.#note("after-end", box.offset, text);
    }
    const bytes = await this.#window.box(box, this.#maxFragmentBytes, this.#options.signal);
    const reading = readMoofBox(bytes, box.offset);
    const { trafs, unknown } = reading;
    this.#moof = { box, bytes, reading };
    for (const { path, offset } of unknown) {
      this.#note("unknown-box", offset, `The box "${path}" is not known`, path);
    }
    if (trafs.length > 1) {
      const text =
        `A moof holds ${trafs.length} traf boxes; Smooth Streaming has one (MS-SSTR 2.2.4.1)`;
      this.#note("several-trafs", box.offset, text);
    }
  }

  #readMdat(box: TopBox): void {
    const { offset, end, headerSize, size } = box;
    if (size !== 0 && headerSize > 8) {
      this.#note("mdat-64-bit", offset, "An mdat has a 64-bit size");
    }
    const moof = this.#moof;
    this.#moof = undefined;
    if (!moof) {
      if (this.#fragmentCount > 0) {
        this.#note("mdat-without-moof", offset, "An mdat does not follow a moof");
      }
      return;
    }
    const bytes = end - offset + moof.box.end - moof.box.offset;
    if (bytes > this.#maxFragmentBytes) {
      this.#fail(
        new Mp4SyntaxError(
          `Cannot read box "mdat" as a fragment must have at most ${this.#maxFragmentBytes} bytes: current value is ${bytes}`,
          offset,
        ),
      );
    }
    this.#checkFragment(moof, box);
    this.#add(moof, { offset, end, payloadOffset: offset + headerSize });
  }

  /** What keeps a fragment from being pushed. */
  #checkFragment({ box, bytes, reading }: HeldMoof, mdat: TopBox): void {
    const { trafs } = reading;
    const payloadOffset = mdat.offset + mdat.headerSize;
    const place: FragmentPlace = {
      moofOffset: box.offset,
      payloadOffset,
      payloadSize: mdat.end - payloadOffset,
    };
    try {
      const facts = trafs.length === 1
        ? readFragment(bytes, place, this.#tracks(trafs[0]!.moof.tfhd.value.trackId))
        : undefined;
      if (mdat.size !== 0) return;
      if (facts) checkOpenEnd(facts, place, mdat.offset);
      const text = "The last mdat has size 0: it goes on to the end of the file";
      this.#note("mdat-open", mdat.offset, text);
    } catch (error) {
      if (mdat.size === 0) this.#isBroken = true;
      this.#fail(error);
    }
  }

  /** The tracks of the header; without one every track is as good as described. */
  #tracks(trackId: number): readonly Track[] {
    const { inspection, tracks } = this.#headers[this.#request.header ?? -1] ?? NO_HEADER;
    return inspection?.moov ? tracks : [unknownTrack(trackId)];
  }

  #add({ box, reading }: HeldMoof, mdat: FoundMdat): void {
    const { trafs } = reading;
    for (const traf of trafs) {
      const log = this.#log(traf.moof.tfhd.value.trackId);
      if (!log) {
        this.#note("box-limit", box.offset, `There are more than ${MAX_TRACKS} tracks`);
        continue;
      }
      this.#fragmentCount++;
      this.#request.fragments++;
      log.add(traf, {
        request: this.#requestCount,
        moofOffset: box.offset,
        moofSize: box.end - box.offset,
        mdat,
        isShared: trafs.length > 1,
      });
    }
  }

  /** A moof that no mdat follows. */
  #dropMoof(found: string): void {
    const moof = this.#moof;
    if (!moof) return;
    this.#moof = undefined;
    this.#fail(
      new Mp4SyntaxError(
        `Cannot read box "moof" as it must be followed by its "mdat": current value is ${found}`,
        moof.box.offset,
      ),
    );
  }

  async #readMfra(box: TopBox): Promise<void> {
    this.#dropMoof('"mfra"');
    await this.#readHeader();
    const { offset, end } = box;
    const size = end - offset;
    const tail = this.#tail?.offset === offset ? this.#tail.mfra : undefined;
    const mfra = tail ??
      readMfra(await this.#window.box(box, undefined, this.#options.signal), offset);
    if (mfra.tracks.every(({ entries }) => entries.length === 0)) {
      this.#request.endOfStream = { offset, size, by: "mfra" };
      return;
    }
    const tracks = mfra.tracks.map(({ trackId, entries }) => ({
      trackId,
      entries: entries.length,
    }));
    this.#index = { offset, size, tracks };
  }

  /** In CMAF the brand of a segment says that it is the last. */
  async #readStyp(box: TopBox): Promise<void> {
    const { offset, end } = box;
    const { compatibleBrands, majorBrand } = readFtyp(
      viewOf(await this.#window.box(box, undefined, this.#options.signal)),
    );
    if ([majorBrand, ...compatibleBrands].includes("lmsg")) {
      this.#request.endOfStream = { offset, size: end - offset, by: "lmsg" };
    }
  }

  readonly #note: NoteOddity = (kind, offset, text, scope) => {
    this.#options.oddities.note(kind, { file: this.#access.name, offset, scope }, text);
  };

  #fail(error: unknown): void {
    if (error instanceof Mp4SyntaxError) {
      this.#options.oddities.fail(`${this.#access.name}: ${error.message}`);
    } else if (error instanceof InputError) this.#options.oddities.fail(error.message);
    else throw error;
  }
}

/**
 * Reads a file by its box headers and `moof` boxes. What is wrong in it is noted, and everything that can still be read
 * is read: a damaged box ends the reading only where nothing tells where the next one begins.
 *
 * @param access Stays open.
 * @throws {InputError} If the end of the file cannot be read.
 */
export function scanMedia(access: RandomAccess, options: MediaScanOptions): Promise<ScannedMedia> {
  return new MediaScan(access, options).run();
}
