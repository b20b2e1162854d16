import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { readFile } from "node:fs/promises";

/** How a {@linkcode FileServer} answers. */
export interface FileServerOptions {
  /**
   * `"ranges"` answers requests for ranges, `"plain"` sends the whole file each time, `"short"` promises more bytes than
   * it sends, `"unsized"` tells no length.
   *
   * @default {"ranges"}
   */
  mode?: "ranges" | "plain" | "short" | "unsized";
  /** Names whose answer has another status and no file. */
  statuses?: Readonly<Record<string, number>>;
}

/** What the server was asked for. */
export interface ServedRequest {
  readonly path: string;
  readonly range: string | undefined;
  readonly authorization: string | undefined;
}

/** Serves the files of one folder, or some in memory, on a free port of this machine. */
export class FileServer {
  readonly requests: ServedRequest[] = [];
  /** The folder, with a slash at its end. */
  readonly url: string;
  readonly #server: ReturnType<typeof createServer>;

  private constructor(server: ReturnType<typeof createServer>) {
    this.#server = server;
    this.url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/media/`;
  }

  static async start(
    files: URL | ReadonlyMap<string, Uint8Array>,
    { mode = "ranges", statuses = {} }: FileServerOptions = {},
  ): Promise<FileServer> {
    const find = files instanceof URL ? reader(files) : (name: string) => files.get(name);
    const server = createServer(async (request, response) => {
      const path = request.url ?? "";
      const { range, authorization } = request.headers;
      it.requests.push({ path, range, authorization });
      const name = decodeURIComponent(path.replace(/^\/media\//, ""));
      const file = path.startsWith("/media/") ? await find(name) : undefined;
      const status = statuses[name] ?? (file ? 200 : 404);
      if (status !== 200) response.writeHead(status).end("no");
      else answer(request, response, file!, mode);
    });
    await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
    const it = new FileServer(server);
    return it;
  }

  async close(): Promise<void> {
    this.#server.closeAllConnections();
    await new Promise((resolve) => this.#server.close(resolve));
  }
}

/** Reads each file of a folder once. */
function reader(folder: URL): (name: string) => Promise<Uint8Array | undefined> {
  const read = new Map<string, Promise<Uint8Array | undefined>>();
  return (name) => {
    const file = read.get(name) ?? readFile(new URL(name, folder)).catch(() => undefined);
    read.set(name, file);
    return file;
  };
}

function answer(
  request: IncomingMessage,
  response: ServerResponse,
  file: Uint8Array,
  mode: FileServerOptions["mode"],
): void {
  const [, first, last] = /^bytes=(\d+)-(\d+)$/.exec(request.headers.range ?? "") ?? [];
  if (mode === "unsized") {
    response.writeHead(200);
    response.write(file.subarray(0, 10));
    response.end(file.subarray(10));
  } else if (first === undefined || mode === "plain") {
    response.writeHead(200, { "content-length": file.length }).end(file);
  } else if (Number(first) >= file.length) {
    response.writeHead(416, { "content-range": `bytes */${file.length}` }).end();
  } else {
    const end = Math.min(Number(last) + 1, file.length);
    const body = file.subarray(Number(first), end);
    response.writeHead(206, {
      "content-length": body.length,
      "content-range": `bytes ${first}-${end - 1}/${file.length}`,
    });
    if (mode === "short" && body.length > 1) {
      response.write(body.subarray(0, body.length >> 1), () => response.destroy());
    } else response.end(body);
  }
}
