import { suite } from "uvu";
import * as assert from "uvu/assert";
import type { Payload, PayloadReading } from "../../lib/part.ts";
import type { Transport } from "../../lib/ingest/transport.ts";
import { Uploader } from "../../lib/ingest/uploader.ts";
import { BufferPool } from "../../lib/source/buffer_pool.ts";
import { concat, join, writeMdatHeader } from "../../lib/mp4/box.ts";
import { pattern } from "../helpers/boxes.ts";
import { fragment, header, TestPayload } from "../helpers/parts.ts";
import { sameBytes } from "../helpers/same_bytes.ts";

/** A way to nowhere that notes the pieces of bodies. */
function recording(onPiece: () => void = () => {}): { transport: Transport; pieces: Uint8Array[] } {
  const pieces: Uint8Array[] = [];
  const transport: Transport = {
    async request({ body }) {
      if (body && !(body instanceof Uint8Array)) {
        for await (const piece of body) {
          pieces.push(piece.slice());
          onPiece();
        }
      }
      return { status: 200, statusText: "OK", header: () => undefined };
    },
    single: () => Promise.resolve(transport),
    close: () => Promise.resolve(),
  };
  return { transport, pieces };
}

/** A payload of two pieces, with so much room in front. */
class RoomyPayload implements Payload {
  readonly size: number;
  readonly #bytes: Uint8Array;
  readonly #room: number;

  constructor(bytes: Uint8Array, room: number) {
    this.#bytes = bytes;
    this.size = bytes.length;
    this.#room = room;
  }

  read(): PayloadReading {
    const pieces: Uint8Array[] = [this.#bytes.slice(0, 40), this.#bytes.slice(40)];
    return {
      putInFront: (...head) => {
        const whole = join(head);
        if (whole.length > this.#room) return false;
        pieces[0] = concat(whole, pieces[0]!);
        return true;
      },
      async *[Symbol.asyncIterator]() {
        await Promise.resolve();
        yield* pieces;
      },
    };
  }
}

/** A payload that is at hand. */
class ReadyPayload implements Payload {
  readonly size = 100;

  read(): PayloadReading & AsyncIterator<Uint8Array> {
    const left = [pattern(this.size)];
    const reading = {
      nextNow: () => left.shift(),
      get isAtEnd() {
        return left.length === 0;
      },
      next: () => Promise.resolve({ done: true as const, value: undefined }),
      [Symbol.asyncIterator]: () => reading,
    };
    return reading;
  }
}

const test = suite("Uploader, the pieces of a fragment");

const BYTES = pattern(100);
const MOOF = fragment().moof;

const cases = [
  {
    name: "in one piece with moof where there is room",
    room: 10_000,
    sizes: [MOOF.length + 48, 60],
  },
  {
    name: "behind moof where there is too little",
    room: MOOF.length,
    sizes: [MOOF.length + 8, 40, 60],
  },
];
for (const { name, room, sizes } of cases) {
  test(`sends a payload ${name}`, async () => {
    const { transport, pieces } = recording();
    const uploader = new Uploader({ url: "http://localhost/x.isml/Streams(a)", transport });
    const { boxes } = header();
    await uploader.write(header());
    await uploader.write(fragment({ payload: new RoomyPayload(BYTES, room) }));
    await uploader.close();
    const sent = pieces.slice(boxes.length);
    assert.equal(sent.map(({ length }) => length), sizes);
    sameBytes(join(sent), concat(MOOF, writeMdatHeader(BYTES.length), BYTES));
  });
}

test("puts small fragments together in the memory it is given", async () => {
  const bufferPool = new BufferPool();
  const lent: number[] = [];
  const { transport } = recording(() => lent.push(bufferPool.lentBytes));
  const options = { transport: { ...transport, isPrompt: true }, bufferPool };
  const uploader = new Uploader({ url: "http://localhost/x.isml/Streams(a)", ...options });
  const left = [1, 2].map((index) => fragment({ index, payload: new ReadyPayload() }));
  await uploader.write(header());
  await uploader.write(fragment({ payload: new ReadyPayload() }), () => left.shift());
  await uploader.close();
  assert.equal(lent.filter((bytes) => bytes > 0).length, 1);
  assert.is(bufferPool.lentBytes, 0);
});

test("sends a payload behind moof that knows nothing of room", async () => {
  const { transport, pieces } = recording();
  const uploader = new Uploader({ url: "http://localhost/x.isml/Streams(a)", transport });
  await uploader.write(header());
  await uploader.write(fragment({ payload: new TestPayload(BYTES) }));
  await uploader.close();
  sameBytes(join(pieces.slice(-2)), concat(MOOF, writeMdatHeader(BYTES.length), BYTES));
});

test.run();
