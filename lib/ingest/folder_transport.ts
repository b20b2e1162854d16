import type { FileHandle } from "node:fs/promises";
import type { Transport, TransportAnswer, TransportRequest } from "./transport.ts";
import { mkdir, open } from "node:fs/promises";
import { join } from "node:path";

/**
 * Writes the bodies of requests into files instead of sending them: those to the same URL one behind the other, under the
 * stream ID of the URL.
 */
export class FolderTransport implements Transport {
  readonly isPrompt = true;
  readonly #folder: string;
  readonly #files = new Map<string, FileHandle>();

  /** @param folder Made if it does not exist. */
  constructor(folder: string) {
    this.#folder = folder;
  }

  async request({ url, body, signal }: TransportRequest): Promise<TransportAnswer> {
    if (body instanceof Uint8Array) {
      if (body.length > 0) await write(await this.#file(url), body);
    } else if (body) {
      const file = await this.#file(url);
      for await (const piece of body) {
        signal.throwIfAborted();
        await write(file, piece);
      }
    }
    return { status: 200, statusText: "OK", header: () => undefined };
  }

  async #file(url: string): Promise<FileHandle> {
    const id = /Streams\((.*)\)$/.exec(url)?.[1] ?? "stream";
    let file = this.#files.get(id);
    if (!file) {
      await mkdir(this.#folder, { recursive: true });
      file = await open(join(this.#folder, `${id}.ismv`), "w");
      this.#files.set(id, file);
    }
    return file;
  }

  single(): Promise<Transport> {
    return Promise.resolve(this);
  }

  async close(): Promise<void> {
    await Promise.all([...this.#files.values()].map((file) => file.close()));
    this.#files.clear();
  }
}

async function write(file: FileHandle, bytes: Uint8Array): Promise<void> {
  let from = 0;
  while (from < bytes.length) from += (await file.write(bytes, from)).bytesWritten;
}
