import type { Figure } from "../figure.ts";
import type { Row } from "../row.ts";
import { commandLineClient } from "../clients.ts";
import { makeInput } from "../make_input.ts";
import { startSink } from "../start_sink.ts";
import { bytesOfPush, transferOnce } from "../transfers.ts";

/**
 * The payloads of a large file are holes: it takes no room on the disk, yet its index is as long as that of any file of
 * its size, which a small file that is pushed again and again would not show.
 */
const BYTES = 10e9;

/** Does the memory of a push stay the same when the file is ten times as large? */
export const peakMemory: Row = {
  id: "memory",
  question: "Does the memory of a push stay the same when the file is ten times as large?",
  isLong: true,
  async run({ nodes, deno }) {
    const input = await makeInput({ bytes: BYTES, isSparse: true });
    const runtimes = [...nodes, deno];
    const bytes = await bytesOfPush(input, runtimes);
    const sink = await startSink();
    const figures: Figure[] = [];
    try {
      for (const runtime of runtimes) {
        const client = commandLineClient(runtime, bytes);
        const { name, missing } = client;
        const peakBytes = missing === undefined
          ? (await transferOnce(client, input, sink)).peakBytes
          : undefined;
        figures.push({
          name: `Peak memory of a push of ${BYTES / 1e9} GB, ${name}`,
          unit: "MB",
          target: { atMost: runtime.kind === "deno" ? 80 : 120 },
          measured: peakBytes && peakBytes / 1e6,
          digits: 0,
          detail: missing ?? "one run; payloads are holes in the file",
        });
      }
    } finally {
      sink.close();
    }
    return { figures };
  },
};
