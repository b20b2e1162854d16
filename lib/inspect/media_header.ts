import type { HeaderInspection } from "./inspection.ts";
import type { OddityLog } from "./oddity_log.ts";
import type { LiveTrack } from "../manifest/live_track.ts";
import type { Box } from "../mp4/box.ts";
import type { Track } from "../mp4/moov.ts";
import type { TopBox } from "../source/box_window.ts";
import { ManifestSyntaxError, Mp4SyntaxError } from "../errors.ts";
import { parseLiveServerManifest } from "../manifest/live_server_manifest.ts";
import { parseStreamManifest } from "../manifest/stream_manifest.ts";
import { childBoxes, concat, readBox, readFullBoxHeader, toHex, viewOf } from "../mp4/box.ts";
import { readFtyp } from "../mp4/ftyp.ts";
import { readManifestBox } from "../mp4/manifest_box.ts";
import { readMoov } from "../mp4/moov.ts";
import { LIVE_SERVER_MANIFEST, PIFF_PROTECTION_HEADER, STREAM_MANIFESTS } from "../mp4/uuid.ts";
import { toDocument } from "./documents.ts";
import { shownType } from "./box_tally.ts";

/** What kind of header box it is; `undefined` if it is none. */
export type HeaderRole = "ftyp" | "moov" | "liveManifest" | "streamManifest";

/** Tells a header box by its type. */
export function headerRole({ type, userType }: TopBox): HeaderRole | undefined {
  if (type === "ftyp" || type === "moov") return type;
  if (userType === LIVE_SERVER_MANIFEST) return "liveManifest";
  return userType && STREAM_MANIFESTS.includes(userType) ? "streamManifest" : undefined;
}

/** A header taken apart. */
export interface ReadHeader {
  readonly inspection: HeaderInspection;
  readonly tracks: readonly Track[];
  /** What the Live Server Manifest says. */
  readonly liveTracks: readonly LiveTrack[];
}

interface HeldBox {
  readonly box: TopBox;
  readonly bytes: Uint8Array;
}

const MOOV_CHILDREN = new Set([
  ...["mvhd", "trak", "mvex", "udta", "meta", "iods", "pssh", "free", "skip"],
]);

/** Gathers the boxes in front of fragments, and reads them once they are all there. */
export class MediaHeader {
  readonly #file: string;
  readonly #oddities: OddityLog;
  readonly #boxes = new Map<HeaderRole, HeldBox>();

  constructor(file: string, oddities: OddityLog) {
    this.#file = file;
    this.#oddities = oddities;
  }

  get isEmpty(): boolean {
    return this.#boxes.size === 0;
  }

  has(role: HeaderRole): boolean {
    return this.#boxes.has(role);
  }

  /** Takes a whole box. */
  add(role: HeaderRole, box: TopBox, bytes: Uint8Array): void {
    this.#boxes.set(role, { box, bytes });
  }

  /** The same for two headers only if all their boxes are the same. */
  async digest(): Promise<string> {
    const bytes = concat(...[...this.#boxes.values()].map((held) => held.bytes));
    return toHex(
      new Uint8Array(await crypto.subtle.digest("SHA-256", bytes.buffer as ArrayBuffer)),
    );
  }

  /** Takes the boxes apart. What is wrong in one is noted, and the others are read. */
  read(): ReadHeader {
    const held = [...this.#boxes.values()];
    const ftyp = this.#read("ftyp", (bytes, box, at) => readBox(bytes, box, at, readFtyp));
    const live = this.#read("liveManifest", (bytes) => {
      const { facts, text } = toDocument(this.#file, readManifestBox(viewOf(bytes)));
      return { document: facts, ...parseLiveServerManifest(text) };
    });
    const streams = this.#read("streamManifest", (bytes) => {
      const { facts, text } = toDocument(this.#file, readManifestBox(viewOf(bytes)));
      return { document: facts, streams: parseStreamManifest(text) };
    });
    const moov = this.#read("moov", (bytes, _, at) => readMoov(bytes, at));
    if (moov) this.#checkMoov();
    return {
      inspection: {
        offset: held[0]?.box.offset ?? 0,
        size: held.reduce((sum, { bytes }) => sum + bytes.length, 0),
        ftyp: ftyp && { ...this.#place("ftyp"), ...ftyp },
        liveManifest: live &&
          { ...this.#place("liveManifest"), version: this.#version("liveManifest"), ...live },
        streamManifest: streams && {
          ...this.#place("streamManifest"),
          userType: this.#boxes.get("streamManifest")!.box.userType!,
          version: this.#version("streamManifest"),
          ...streams,
        },
        moov: moov && { ...this.#place("moov"), isFragmented: moov.isFragmented },
      },
      tracks: moov?.tracks ?? [],
      liveTracks: live?.tracks ?? [],
    };
  }

  #read<T>(
    role: HeaderRole,
    read: (bytes: Uint8Array, box: Box, fileOffset: number) => T,
  ): T | undefined {
    const held = this.#boxes.get(role);
    if (!held) return undefined;
    const { box, bytes } = held;
    const { type, userType, offset, headerSize } = box;
    const whole = { type, userType, start: 0, bodyStart: headerSize, end: bytes.length };
    try {
      return read(bytes, { ...whole, path: shownType(box) }, offset);
    } catch (error) {
      this.#fail(role, box, error);
      return undefined;
    }
  }

  #fail(role: HeaderRole, { offset }: TopBox, error: unknown): void {
    const isWrong = error instanceof Mp4SyntaxError || error instanceof ManifestSyntaxError ||
      error instanceof RangeError;
    if (!isWrong) throw error;
    if (role === "moov" || role === "ftyp") {
      this.#oddities.fail(`${this.#file}: ${error.message}`);
      return;
    }
    const isLive = role === "liveManifest";
    const name = isLive ? "Live Server Manifest" : "Stream Manifest";
    const kind = isLive ? "live-manifest" : "stream-manifest";
    const text = `The ${name} box cannot be read: ${error.message}`;
    this.#oddities.note(kind, { file: this.#file, offset }, text);
  }

  #checkMoov(): void {
    const { box, bytes } = this.#boxes.get("moov")!;
    const { headerSize, offset } = box;
    for (const child of childBoxes(bytes, headerSize, bytes.length, "moov", offset)) {
      const { type, userType, start } = child;
      if (MOOV_CHILDREN.has(type) || userType === PIFF_PROTECTION_HEADER) continue;
      const scope = shownType(child);
      const place = { file: this.#file, offset: offset + start, scope };
      this.#oddities.note("unknown-box", place, `The box "moov/${scope}" is not known`);
    }
  }

  #place(role: HeaderRole): { offset: number; size: number } {
    const { box, bytes } = this.#boxes.get(role)!;
    return { offset: box.offset, size: bytes.length };
  }

  #version(role: HeaderRole): number {
    return readFullBoxHeader(viewOf(this.#boxes.get(role)!.bytes)).version;
  }
}
