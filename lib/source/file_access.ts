import type { FileHandle } from "node:fs/promises";
import type { BufferLane, Piece } from "./buffer_pool.ts";
import type { RandomAccess } from "./random_access.ts";
import { open } from "node:fs/promises";
import { InputError } from "../errors.ts";
import { PIECE_BYTES } from "./buffer_pool.ts";

/** As much as reaches over the fragment of an audio track to the one behind it: fewer reads cost less than fewer bytes. */
const WINDOW_BYTES = 40 * 1024;

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

  constructor(name: string, handle: FileHandle, size: number) {
    this.name = name;
    this.#handle = handle;
    this.size = size;
  }

  async read(offset: number, size: number, signal?: AbortSignal): Promise<Uint8Array> {
    signal?.throwIfAborted();
    // Never more than the file has: a size that comes from a damaged file must not become memory.
    const wanted = Math.max(0, Math.min(size, this.size - offset));
    const bytes = new Uint8Array(wanted);
    const filled = await this.#fill(bytes, offset);
    return bytes.subarray(0, filled);
  }

  stream(
    offset: number,
    size: number,
    lane: BufferLane,
    signal?: AbortSignal,
  ): AsyncIterableIterator<Uint8Array> {
    const fill = (piece: Piece, from: number) => this.#fillWhole(piece, offset + from);
    return new PieceReader(size, lane, fill, signal);
  }

  async #fillWhole({ bytes }: Piece, offset: number): Promise<void> {
    const filled = await this.#fill(bytes, offset);
    if (filled === bytes.length) return;
    throw new InputError(
      `Cannot read ${bytes.length} bytes at byte ${offset} as the file has become shorter: current value is ${filled} bytes`,
      this.name,
    );
  }

  async #fill(bytes: Uint8Array, offset: number): Promise<number> {
    try {
      let filled = 0;
      while (filled < bytes.length) {
        const { bytesRead } = await this.#handle.read(
          bytes,
          filled,
          bytes.length - filled,
          offset + filled,
        );
        if (bytesRead === 0) break;
        filled += bytesRead;
      }
      return filled;
    } catch (error) {
      throw inputError(this.name, error);
    }
  }

  async close(): Promise<void> {
    await this.#handle.close();
  }
}

/** A piece whose bytes are on the way. */
interface Filling {
  readonly piece: Piece;
  readonly filled: Promise<void>;
}

/** Reads pieces in order, one ahead of the reader; the first one at once, before it is asked for. */
class PieceReader implements AsyncIterableIterator<Uint8Array> {
  readonly #size: number;
  readonly #pieceBytes: number;
  readonly #lane: BufferLane;
  readonly #fill: (piece: Piece, from: number) => Promise<void>;
  readonly #signal: AbortSignal | undefined;
  #from = 0;
  #next: Filling | undefined;

  constructor(
    size: number,
    lane: BufferLane,
    fill: (piece: Piece, from: number) => Promise<void>,
    signal: AbortSignal | undefined,
  ) {
    this.#size = size;
    this.#pieceBytes = Math.ceil(size / Math.max(1, Math.ceil(size / PIECE_BYTES)));
    this.#lane = lane;
    this.#fill = fill;
    this.#signal = signal;
    this.#next = this.#start();
  }

  #start(): Filling | undefined {
    const size = Math.min(this.#pieceBytes, this.#size - this.#from);
    if (size <= 0) return undefined;
    const piece = this.#lane.take(size);
    const filled = this.#fill(piece, this.#from);
    filled.catch(() => {}); // it counts when its turn comes, if it ever does
    this.#from += size;
    return { piece, filled };
  }

  async next(): Promise<IteratorResult<Uint8Array>> {
    const current = this.#next;
    if (!current) return { done: true, value: undefined };
    await current.filled;
    if (this.#signal?.aborted) {
      await this.return();
      throw this.#signal.reason;
    }
    this.#lane.hand(current.piece);
    this.#next = this.#start();
    return { done: false, value: current.piece.bytes };
  }

  return(): Promise<IteratorResult<Uint8Array>> {
    const left = this.#next;
    this.#next = undefined;
    this.#from = this.#size;
    // A buffer that is still being filled must not go back to the pool before.
    left?.filled.then(() => this.#lane.drop(left.piece), () => {});
    return Promise.resolve({ done: true, value: undefined });
  }

  [Symbol.asyncIterator](): this {
    return this;
  }
}
