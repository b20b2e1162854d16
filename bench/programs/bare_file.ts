/**
 * Sends a file in one POST by the HTTP client of the runtime alone, in pieces as a push has them: what a process of this
 * runtime can do before it has looked at a box. `bare_file.ts <json>` prints how it ended, as a push does.
 */
import { closeSync, openSync, readSync } from "node:fs";
import { createRequire } from "node:module";
import process from "node:process";
import { fetchPieces } from "./fetch_pieces.ts";

/** What the program is told. */
export interface BareFileArgument {
  readonly mediaFile: string;
  /** Where the file goes. */
  readonly url: string;
}

const { mediaFile, url } = JSON.parse(process.argv[2]!) as BareFileArgument;
const isDeno = "Deno" in globalThis;

/** Fragments of 1.25 MB are sent in two pieces on Node, and in three on Deno, whose client keeps the last ones. */
const [PIECE_BYTES, BUFFERS] = isDeno ? [416_667, 4] : [625_000, 1];

let bytes = 0;

function* pieces(): Generator<Uint8Array<ArrayBuffer>> {
  const file = openSync(mediaFile, "r");
  const buffers = Array.from({ length: BUFFERS }, () => new Uint8Array(PIECE_BYTES));
  for (let n = 0;; n++) {
    const buffer = buffers[n % BUFFERS]!;
    const size = readSync(file, buffer, 0, PIECE_BYTES, bytes);
    if (size === 0) break;
    bytes += size;
    yield buffer.subarray(0, size);
  }
  closeSync(file);
}

async function sendByUndici(): Promise<number> {
  const require = createRequire(import.meta.url);
  // All of it would take three times as long to load.
  const Client: typeof import("undici").Client = require("undici/lib/dispatcher/client.js");
  const request: typeof Client.prototype.request = require("undici/lib/api/api-request.js");
  const client = new Client(new URL(url).origin);
  async function* body() {
    yield* pieces();
  }
  const answer = await request.call(client, {
    path: new URL(url).pathname,
    method: "POST",
    // It takes them, though its types do not say so.
    body: body() as unknown as Uint8Array,
  });
  await answer.body.text();
  await client.close();
  return answer.statusCode;
}

const status = await (isDeno ? fetchPieces(url, pieces()) : sendByUndici());
process.stdout.write(JSON.stringify([{ state: status === 200 ? "complete" : status, bytes }]));
