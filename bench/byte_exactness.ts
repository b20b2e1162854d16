import type { Client } from "./clients.ts";
import type { Input } from "./make_input.ts";
import { createHash } from "node:crypto";
import { openFile } from "../lib/source/file_access.ts";
import { MediaFile } from "../lib/source/media_file.ts";
import { measure } from "./measure.ts";
import { startSink } from "./start_sink.ts";

/** What came of one client. */
export interface ByteExactnessRow {
  readonly client: string;
  /** Why it was not tried. */
  readonly missing?: string | undefined;
  /** Whether every stream had the payloads of its track, all of them and in order. */
  readonly isExact?: boolean | undefined;
}

/**
 * Does each payload arrive as it is in the file? Buffers are used again while the kernel may still be sending from them,
 * so the sink stalls at random, which makes bytes wait in all places where they can.
 */
export async function byteExactness(
  input: Input,
  clients: readonly Client[],
): Promise<ByteExactnessRow[]> {
  const expected = await payloadHashes(input);
  const sink = await startSink({ isStalling: true });
  const rows: ByteExactnessRow[] = [];
  try {
    for (const client of clients) {
      const { name, missing } = client;
      if (missing !== undefined) {
        rows.push({ client: name, missing });
        continue;
      }
      await measure(client.command(input, sink.origin));
      const bodies = (await sink.records()).filter(({ bytes }) => bytes > 0);
      const isExact = bodies.length === expected.length && expected.every((hash, stream) => {
        const body = bodies.find(({ path }) => path.endsWith(`-stream${stream})`));
        return body?.payloadHash === hash;
      });
      rows.push({ client: name, isExact });
    }
  } finally {
    sink.close();
  }
  return rows;
}

/** Of each track in the order of the file, as {@linkcode PayloadHash} has it, read without the buffers of a push. */
async function payloadHashes({ mediaFile }: Input): Promise<string[]> {
  const access = await openFile(mediaFile);
  try {
    const file = await MediaFile.open(access);
    await file.complete();
    const hashes: string[] = [];
    for (const { trackId } of file.tracks) {
      const hash = createHash("sha256");
      for (let n = 0; n < file.count(trackId); n++) {
        const { payloadOffset, payloadSize } = (await file.fragment(trackId, n))!;
        hash.update(await access.read(payloadOffset, payloadSize));
      }
      hashes.push(hash.digest("hex"));
    }
    return hashes;
  } finally {
    await access.close();
  }
}
