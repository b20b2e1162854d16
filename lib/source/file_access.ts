import type { FileHandle } from "node:fs/promises";
import type { BufferLane } from "./buffer_pool.ts";
import type { PayloadReading } from "../part.ts";
import type { RandomAccess } from "./random_access.ts";
import { read, readSync } from "node:fs";
import { open } from "node:fs/promises";
import { InputError } from "../errors.ts";
import { MIN_POOLED_BYTES } from "./buffer_pool.ts";
import { LateReader } from "./late_reader.ts";
import { PieceReader } from "./piece_reader.ts";

/** A `moof` of many samples and the header behind it. */
const WINDOW_BYTES = 4096;

/** A read of a few hundred kilobytes that takes longer than this came from a disk. */
const SLOW_MS = 2;

/** The same where others are waiting meanwhile for their time to come. */
const SLOW_WHEN_PACED_MS = 0.5;

/** How many reads after a slow one do not hold up the others: a single one may have been held up by something else. */
const FIRST_READS_WHEN_SLOW = 8;

/** The same where one after the other is slow. */
const MOST_READS_WHEN_SLOW = 256;

const REASONS: Readonly<Record<string, string>> = {
  ENOENT: "Cannot find it: there is no such file",
  EACCES: "Cannot read it: permission is denied",
  EPERM: "Cannot read it: permission is denied",
  EISDIR: "Cannot read it as it must be a file: current value is a folder",
  ENOTDIR: "Cannot find it: part of its path is no folder",
  ENAMETOOLONG: "Cannot find it: its path is too long",
};

function inputError(path: string, cause: unknown): InputError {
  const code = (cause as { code?: string } | undefined)?.code ?? "";
  const message = cause instanceof Error ? cause.message : String(cause);
  return new InputError(REASONS[code] ?? `Cannot read it: ${message}`, path, { cause });
}

/**
 * Opens a file of this machine.
 *
 * @throws {InputError} If it is missing, a folder or cannot be read.
 */
export async function openFile(path: string): Promise<RandomAccess> {
  let handle: FileHandle | undefined;
  try {
    handle = await open(path, "r");
    const stats = await handle.stat();
    if (stats.isDirectory()) throw Object.assign(new Error("is a folder"), { code: "EISDIR" });
    return new FileAccess(path, handle, stats.size);
  } catch (error) {
    await handle?.close();
    throw inputError(path, error);
  }
}

class FileAccess implements RandomAccess {
  readonly name: string;
  readonly size: number;
  readonly windowBytes = WINDOW_BYTES;
  readonly isLocal = true;
  readonly #handle: FileHandle;
  /** How many reads are still to be waited for in turn. */
  #slowReads = 0;
  /** How many follow when one is slow. */
  #readsWhenSlow = FIRST_READS_WHEN_SLOW;

  constructor(name: string, handle: FileHandle, size: number) {
    this.name = name;
    this.#handle = handle;
    this.size = size;
  }

  async read(offset: number, size: number, signal?: AbortSignal): Promise<Uint8Array> {
    signal?.throwIfAborted();
    const bytes = this.#memory(offset, size);
    const filled = await this.#fill(bytes, offset);
    return bytes.subarray(0, filled);
  }

  readNow(bytes: Uint8Array, offset: number): number | undefined {
    return this.#readNow(bytes, offset, SLOW_MS);
  }

  #readNow(bytes: Uint8Array, offset: number, slowMs: number): number | undefined {
    if (this.#slowReads > 0) {
      this.#slowReads--;
      return undefined;
    }
    const startMs = performance.now();
    try {
      let filled = 0;
      while (filled < bytes.length) {
        const { fd } = this.#handle;
        const count = readSync(fd, bytes, filled, bytes.length - filled, offset + filled);
        if (count === 0) break;
        filled += count;
      }
      return filled;
    } catch (error) {
      throw inputError(this.name, error);
    } finally {
      this.#noteRead(performance.now() - startMs > slowMs);
    }
  }

  #noteRead(isSlow: boolean): void {
    const reads = this.#readsWhenSlow;
    if (isSlow) this.#slowReads = reads;
    this.#readsWhenSlow = isSlow
      ? Math.min(4 * reads, MOST_READS_WHEN_SLOW)
      : Math.max(reads / 2, FIRST_READS_WHEN_SLOW);
  }

  /** Never more than the file has: a size that comes from a damaged file must not become memory. */
  #memory(offset: number, size: number): Uint8Array {
    return new Uint8Array(Math.max(0, Math.min(size, this.size - offset)));
  }

  stream(offset: number, size: number, lane: BufferLane, signal?: AbortSignal): PayloadReading {
    const isWhole = (bytes: Uint8Array, from: number, filled: number) => {
      if (filled < bytes.length) throw this.#shorter(bytes.length, offset + from, filled);
    };
    const slowMs = lane.isLate ? SLOW_MS : SLOW_WHEN_PACED_MS;
    const isOneByOne = lane.isLate && lane.isPrompt && lane.hasRoom && size >= MIN_POOLED_BYTES;
    return new (isOneByOne ? LateReader : PieceReader)({
      size,
      lane,
      fill: async (bytes, from) => isWhole(bytes, from, await this.#fill(bytes, offset + from)),
      fillNow: (bytes, from) => {
        const filled = this.#readNow(bytes, offset + from, slowMs);
        if (filled !== undefined) isWhole(bytes, from, filled);
        return filled !== undefined;
      },
      signal,
    });
  }

  #shorter(wanted: number, offset: number, found: number): InputError {
    return new InputError(
      `Cannot read ${wanted} bytes at byte ${offset} as the file has become shorter: current value is ${found} bytes`,
      this.name,
    );
  }

  async #fill(bytes: Uint8Array, offset: number): Promise<number> {
    try {
      let filled = 0;
      while (filled < bytes.length) {
        const count = await this.#readSome(bytes, filled, offset + filled);
        if (count === 0) break;
        filled += count;
      }
      return filled;
    } catch (error) {
      throw inputError(this.name, error);
    }
  }

  /** By a callback, which costs half of what the method of the handle does. */
  #readSome(bytes: Uint8Array, from: number, offset: number): Promise<number> {
    return new Promise((resolve, reject) => {
      read(this.#handle.fd, bytes, from, bytes.length - from, offset, (error, count) => {
        if (error) reject(error);
        else resolve(count);
      });
    });
  }

  async close(): Promise<void> {
    await this.#handle.close();
  }
}
