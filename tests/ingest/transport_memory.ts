import { createHash } from "node:crypto";
import { setImmediate } from "node:timers/promises";
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { openTransport } from "../../lib/ingest/transport.ts";
import { BufferLane, BufferPool, MIN_POOLED_BYTES } from "../../lib/source/buffer_pool.ts";
import { Random } from "../helpers/random.ts";
import { startRecorder } from "../helpers/recorder.ts";

/** What comes back is as good as used again. */
class HastyPool extends BufferPool {
  override give(buffer: Uint8Array): void {
    buffer.fill(0xee);
    super.give(buffer);
  }
}

const HEAD_ROOM = 4096;
const BODY_BYTES = 40_000_000;

/** The server looks away whenever so many bytes have come: the sockets hold a few millions. */
const BYTES_PER_STALL = 2_000_000;

/** Sizes of pieces, for ever. */
type Sizes = (random: Random, lane: BufferLane) => Generator<number>;

function endlessly(size: (random: Random) => number): Sizes {
  return function* (random) {
    for (;;) yield size(random);
  };
}

const mixes: readonly { readonly name: string; readonly sizes: Sizes }[] = [
  { name: "pieces at the limit", sizes: endlessly((random) => MIN_POOLED_BYTES + random.below(2)) },
  {
    name: "pieces of every size",
    sizes: endlessly((random) => Math.ceil(5e5 ** random.fraction())),
  },
  {
    name: "payloads of every size",
    *sizes(random, lane) {
      for (;;) {
        const size = random.between(60_000, 1_500_000);
        for (let from = 0, piece = 0; from < size; from += piece) {
          yield piece = lane.nextSize(size, from, HEAD_ROOM);
        }
      }
    },
  },
];

/** Waits until a number does not change any more. */
async function standsStill(value: () => number): Promise<void> {
  let last = NaN;
  for (let looks = 0; looks < 500; looks++) {
    await setImmediate();
    if (value() !== last) looks = 0;
    last = value();
  }
}

const test = suite("Transport and BufferLane");

for (const { name, sizes } of mixes) {
  test(`are done with ${name} when their memory is free, whenever the server reads`, async () => {
    const random = new Random(5);
    let sentBytes = 0;
    const recorder = await startRecorder((_request, _answer, incoming) => {
      let bytes = 0;
      incoming.on("data", (chunk: Uint8Array) => {
        const stalls = Math.floor(bytes / BYTES_PER_STALL);
        bytes += chunk.length;
        if (Math.floor(bytes / BYTES_PER_STALL) === stalls) return;
        incoming.pause();
        standsStill(() => sentBytes).then(() => incoming.resume());
      });
    });
    const transport = await openTransport();
    const lane = new BufferLane(new HastyPool(), { isPrompt: transport.isPrompt ?? false });
    const sent = createHash("sha256");
    async function* body() {
      for (const size of sizes(random, lane)) {
        lane.settle();
        const piece = lane.take(size);
        piece.bytes.fill(random.below(256));
        piece.bytes[0] = sentBytes & 0xff;
        sent.update(piece.bytes);
        sentBytes += size;
        lane.hand(piece);
        yield piece.bytes;
        if (sentBytes > BODY_BYTES) return;
      }
    }
    try {
      const signal = new AbortController().signal;
      const url = `${recorder.url}/live.isml/Streams(1)`;
      await transport.request({ method: "POST", url, headers: [], body: body(), signal });
      const [request] = recorder.requests;
      assert.ok(request!.isWhole);
      const received = createHash("sha256").update(request!.body()).digest("hex");
      assert.is(received, sent.digest("hex"));
    } finally {
      await transport.close();
      await recorder.close();
    }
  });
}

test.run();
