import type { FileHandle } from "node:fs/promises";
import { mkdir, open, rename, writeFile } from "node:fs/promises";
import { join } from "node:path";

/** Characters of a name, so that it stays below 255 bytes with what is put behind it. */
const MAX_NAME_CHARACTERS = 50;

/** Names that mean a device on Windows, whatever extension follows. */
const DEVICE = /^(?:con|prn|aux|nul|com\d|lpt\d)(?:\.|$)/i;

/**
 * Makes a name that every file system takes for one file or folder, and that stands for itself in a URL: it leads
 * nowhere else. Different names may become the same.
 */
export function safeName(name: string): string {
  const clean = [...name.normalize("NFC")].slice(0, MAX_NAME_CHARACTERS).join("")
    .replace(/[^\p{L}\p{M}\p{N}._~-]/gu, "_")
    .replace(/^\.+|\.+$/g, (dots) => "_".repeat(dots.length));
  if (clean === "") return "_";
  return DEVICE.test(clean) ? `_${clean}` : clean;
}

/** The folders that a path of a URL stands for, each with a name that is safe. */
export function safeNames(path: string): string[] {
  return path.split("/").filter((name) => name !== "").map(safeName);
}

function isTaken(error: unknown): boolean {
  return (error as { code?: string } | undefined)?.code === "EEXIST";
}

/** The first name that `make` does not find taken. */
async function claim<T>(
  nameOf: (n: number) => string,
  make: (name: string) => Promise<T>,
): Promise<T> {
  for (let n = 1;; n++) {
    try {
      return await make(nameOf(n));
    } catch (error) {
      if (!isTaken(error)) throw error;
    }
  }
}

/** `name`, `name-2`, `name-3` and so on. */
function numbered(name: string): (n: number) => string {
  return (n) => n === 1 ? name : `${name}-${n}`;
}

/**
 * Makes a folder that was not there, under a name or the name with a number.
 *
 * @param parent Made if it does not exist.
 * @returns Its path.
 */
export async function claimFolder(parent: string, name: string): Promise<string> {
  await mkdir(parent, { recursive: true });
  return await claim(numbered(name), async (free) => {
    const path = join(parent, free);
    await mkdir(path);
    return path;
  });
}

/** Writes a file whole: who reads it meanwhile, or after a crash, finds the old text or the new one. */
export async function replaceFile(folder: string, name: string, text: string): Promise<void> {
  const temporary = join(folder, `${name}.tmp`);
  await writeFile(temporary, text);
  await rename(temporary, join(folder, name));
}

const LINE_END = 0x0a;

/** A file that grows at its end: what was appended is there whole or not at all, but for the end of a crash. */
export class GrowingFile {
  /** Without its folder. */
  readonly name: string;
  readonly #path: string;
  #handle: FileHandle | undefined;
  #size: number;

  private constructor(path: string, name: string, handle: FileHandle, size: number) {
    this.#path = path;
    this.name = name;
    this.#handle = handle;
    this.#size = size;
  }

  /**
   * Makes a file that was not there, under a name or the name with a number.
   *
   * @param folder Made if it does not exist.
   * @param extension With its dot.
   */
  static create(folder: string, name: string, extension: string): Promise<GrowingFile> {
    return GrowingFile.#claim(folder, numbered(name), extension);
  }

  /** Makes a file that was not there, under a name with the first number from `first` on that is free. */
  static createNumbered(
    folder: string,
    name: string,
    extension: string,
    first: number,
  ): Promise<GrowingFile> {
    return GrowingFile.#claim(folder, (n) => `${name}-${first + n - 1}`, extension);
  }

  static async #claim(
    folder: string,
    nameOf: (n: number) => string,
    extension: string,
  ): Promise<GrowingFile> {
    await mkdir(folder, { recursive: true });
    return await claim(nameOf, async (free) => {
      const name = `${free}${extension}`;
      const path = join(folder, name);
      return new GrowingFile(path, name, await open(path, "wx"), 0);
    });
  }

  /** Opens a file of lines to go on with it, a new one if there is none. A line that a crash has left open is ended. */
  static async openLines(folder: string, name: string): Promise<GrowingFile> {
    await mkdir(folder, { recursive: true });
    const path = join(folder, name);
    const handle = await open(path, "r+").catch(() => open(path, "wx+"));
    const { size } = await handle.stat();
    const file = new GrowingFile(path, name, handle, size);
    const last = new Uint8Array([LINE_END]);
    if (size > 0) await handle.read(last, 0, 1, size - 1);
    if (last[0] !== LINE_END) await file.append(new Uint8Array([LINE_END]));
    return file;
  }

  /** In bytes. */
  get size(): number {
    return this.#size;
  }

  /** Writes at the end; one call at a time. Where that fails, what was written of it is cut off again. */
  async append(bytes: Uint8Array): Promise<void> {
    const handle = await this.#open();
    let from = 0;
    try {
      while (from < bytes.length) {
        const { bytesWritten } = await handle.write(
          bytes,
          from,
          bytes.length - from,
          this.#size + from,
        );
        from += bytesWritten;
      }
    } catch (error) {
      if (from > 0) await handle.truncate(this.#size).catch(() => {});
      throw error;
    }
    this.#size += bytes.length;
  }

  /** Cuts off what lies behind `size`. */
  async cut(size: number): Promise<void> {
    const handle = await this.#open();
    await handle.truncate(size);
    this.#size = size;
  }

  /** Lets go of the file; whoever appends opens it again. */
  async close(): Promise<void> {
    const handle = this.#handle;
    this.#handle = undefined;
    await handle?.close();
  }

  async #open(): Promise<FileHandle> {
    this.#handle ??= await open(this.#path, "r+");
    return this.#handle;
  }
}
