import type { Figure } from "../figure.ts";
import type { Input, InputOptions } from "../make_input.ts";
import type { Row } from "../row.ts";
import { createHash } from "node:crypto";
import { openFile } from "../../lib/source/file_access.ts";
import { MediaFile } from "../../lib/source/media_file.ts";
import { lateClient, pushClient } from "../clients.ts";
import { makeInput } from "../make_input.ts";
import { measure } from "../measure.ts";
import { startStallingSink } from "../start_sink.ts";

/**
 * Large enough to go round every pool of buffers many times, small enough for a sink that stalls; and fragments about as
 * large as what clients and sockets hold back.
 */
const INPUTS: readonly InputOptions[] = [
  { bytes: 100e6 },
  { bytes: 20e6, videoFragmentBytes: 64_000, audioFragmentBytes: 9_000 },
  { bytes: 20e6, videoFragmentBytes: 65_536, audioFragmentBytes: 32_000 },
];

/** Of each track in the order of the file, as the sink has it, read without the buffers of a push. */
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

/**
 * Does each payload arrive as it is in the file? Buffers are used again while the kernel may still be sending from them,
 * so the sink stalls at random, which makes bytes wait in all places where they can.
 */
export const byteExactness: Row = {
  id: "bytes",
  question: "Does each payload arrive as it is in the file when the receiver stalls?",
  async run({ nodes, deno }) {
    const inputs = await Promise.all(INPUTS.map(makeInput));
    const hashes = await Promise.all(inputs.map(payloadHashes));
    const sink = await startStallingSink();
    const figures: Figure[] = [];
    try {
      for (const runtime of [...nodes, deno]) {
        const figure = {
          name: `Streams with a wrong byte at a sink that stalls at random, ${runtime.name}`,
          unit: "",
          target: { atMost: 0 },
        };
        if (runtime.missing !== undefined) {
          figures.push({ ...figure, measured: undefined, detail: runtime.missing });
          continue;
        }
        let wrong = 0;
        for (const client of [pushClient(runtime), lateClient(runtime)]) {
          for (const [n, input] of inputs.entries()) {
            await measure(client.command(input, sink.origin));
            const bodies = (await sink.records()).filter(({ bytes }) => bytes > 0);
            wrong += hashes[n]!.filter((hash, stream) => {
              const body = bodies.find(({ path }) => path.endsWith(`-stream${stream})`));
              return body?.payloadHash !== hash;
            }).length;
          }
        }
        const streams = hashes.flat().length;
        const detail = `hashes of the payloads of ${streams} streams, without a pace and with one`;
        figures.push({ ...figure, measured: wrong, detail });
      }
    } finally {
      sink.close();
    }
    return { figures };
  },
};
