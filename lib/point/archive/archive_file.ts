import type { LiveTrack } from "../../manifest/live_track.ts";
import type { Fragment, StreamHeader } from "../../part.ts";
import type { FragmentRow } from "../../source/fragment_table.ts";
import { boxType, join, mdatHeaderSize, readBoxHeader, writeMdatHeader } from "../../mp4/box.ts";
import { LIVE_FTYP, writeFtyp } from "../../mp4/ftyp.ts";
import { writeMfra } from "../../mp4/mfra.ts";
import { readMoof, rewriteMoof } from "../../mp4/moof.ts";
import { LIVE_SERVER_MANIFEST } from "../../mp4/uuid.ts";
import { FragmentTable } from "../../source/fragment_table.ts";
import { GrowingFile, safeName } from "./archive_folder.ts";

/** One track of an archive, as far as it has been written. */
export interface ArchivedTrack {
  /** What the header says of it. */
  readonly facts: LiveTrack;
  /** Name of its file. */
  readonly src: string;
  readonly fragments: FragmentTable;
  /** Base64 of each payload, where the track goes into the client manifest (`manifestOutput`). */
  readonly data: readonly string[] | undefined;
}

/** A fragment that is to be written. */
export interface ArchivableFragment {
  readonly part: Fragment;
  /** In ticks. */
  readonly time: bigint;
  /** In ticks. */
  readonly duration: bigint;
}

type WritableTrack = ArchivedTrack & { readonly data: string[] | undefined };

/**
 * A media file that a stream is written to while it comes: header boxes, then each fragment in one write, and an index at
 * the end. It keeps the Live Server Manifest box, by which archives are known.
 */
export class ArchiveFile {
  readonly #file: GrowingFile;
  readonly #tracks: readonly WritableTrack[];
  /** Where the fragments end; an index may stand behind. */
  #end: number;
  #isIndexed = false;

  private constructor(file: GrowingFile, tracks: readonly LiveTrack[]) {
    this.#file = file;
    this.#end = file.size;
    this.#tracks = tracks.map((facts) => ({
      facts,
      src: file.name,
      fragments: new FragmentTable(facts.trackId),
      data: facts.manifestOutput ? [] : undefined,
    }));
  }

  /**
   * Makes a file and writes the header boxes.
   *
   * @param stream ID of the stream, which the name is made of.
   */
  static async create(
    folder: string,
    stream: string,
    header: StreamHeader,
    tracks: readonly LiveTrack[],
  ): Promise<ArchiveFile> {
    const file = await GrowingFile.create(folder, safeName(stream), extensionOf(tracks));
    await file.append(headerBytes(header));
    return new ArchiveFile(file, tracks);
  }

  /** Without its folder. */
  get name(): string {
    return this.#file.name;
  }

  get tracks(): readonly ArchivedTrack[] {
    return this.#tracks;
  }

  /** Whether a fragment can follow those that are there: a file does not go back in time. */
  canTake({ part, time }: ArchivableFragment): boolean {
    const fragments = this.#track(part.trackId)?.fragments;
    const last = fragments?.at(fragments.length - 1);
    return fragments !== undefined && (last === undefined || time > last.start);
  }

  #track(trackId: number): WritableTrack | undefined {
    return this.#tracks.find(({ facts }) => facts.trackId === trackId);
  }

  /** Writes a fragment of one of its tracks; an index that stands in the way goes. */
  async take(fragment: ArchivableFragment): Promise<void> {
    if (this.#isIndexed) {
      await this.#file.cut(this.#end);
      this.#isIndexed = false;
    }
    const { part: { trackId, payload }, time, duration } = fragment;
    const moof = timedMoof(fragment);
    const boxes = [moof, writeMdatHeader(payload.size)];
    for await (const piece of payload.read()) boxes.push(piece);
    await this.#file.append(join(boxes));
    const track = this.#track(trackId)!;
    track.fragments.push({
      moofOffset: this.#end,
      moofSize: moof.length,
      payloadOffset: this.#end + moof.length + mdatHeaderSize(payload.size),
      payloadSize: payload.size,
      start: time,
      duration,
    });
    track.data?.push(base64(join(boxes.slice(2))));
    this.#end = this.#file.size;
  }

  /** Writes the index, if there is none, and lets go of the file. */
  async finish(): Promise<void> {
    if (!this.#isIndexed) {
      const tracks = this.#tracks.map(({ facts: { trackId }, fragments }) => ({
        trackId,
        entries: [...rowsOf(fragments)]
          .map(({ start, moofOffset }) => ({ time: start < 0n ? 0n : start, moofOffset })),
      }));
      await this.#file.append(writeMfra({ tracks }));
      this.#isIndexed = true;
    }
    await this.close();
  }

  /** Lets go of the file as it is. */
  async close(): Promise<void> {
    await this.#file.close();
  }
}

/** The rows of a table, in order. */
export function* rowsOf(fragments: FragmentTable): Generator<FragmentRow> {
  for (let n = 0; n < fragments.length; n++) yield fragments.at(n)!;
}

function extensionOf(tracks: readonly LiveTrack[]): string {
  const has = (wanted: LiveTrack["kind"]) => tracks.some(({ kind }) => kind === wanted);
  if (has("video")) return ".ismv";
  return has("audio") ? ".isma" : ".ismt";
}

/** The header boxes of a file: a Stream Manifest box, which is about the broadcast, is left out. */
function headerBytes({ boxes }: StreamHeader): Uint8Array {
  const ftyp = boxes.find((box) => boxType(box) === "ftyp") ?? writeFtyp(LIVE_FTYP);
  const manifest = boxes.find((box) => readBoxHeader(box, 0)?.userType === LIVE_SERVER_MANIFEST);
  return join([ftyp, ...(manifest ? [manifest] : []), boxes.at(-1)!]);
}

/** The `moof` box with its time in it, also where the sender left that out. */
function timedMoof({ part, time, duration }: ArchivableFragment): Uint8Array {
  const moof = readMoof(part.moof, 0);
  return moof.tfxd ? part.moof : rewriteMoof(part.moof, moof, { tfxd: { time, duration } });
}

function base64(bytes: Uint8Array): string {
  let text = "";
  for (const byte of bytes) text += String.fromCharCode(byte);
  return btoa(text);
}
