import { suite } from "uvu";
import * as assert from "uvu/assert";
import { IngestError } from "../../lib/errors.ts";
import { Authorization } from "../../lib/ingest/authorization.ts";
import { openTransport, type Transport } from "../../lib/ingest/transport.ts";
import { Uploader } from "../../lib/ingest/uploader.ts";
import type { UploaderOptions } from "../../lib/ingest/uploader_options.ts";
import { UploadStream } from "../../lib/ingest/upload_stream.ts";
import type { Fragment, StreamHeader, StreamPart } from "../../lib/part.ts";
import { FakeClock } from "../helpers/fake_clock.ts";
import { type Behaviour, type Recorder, startRecorder } from "../helpers/recorder.ts";

const text = (value: string) => new TextEncoder().encode(value);
const shown = (bytes: Uint8Array) => new TextDecoder("latin1").decode(bytes);

const HEADER: StreamHeader = { type: "header", boxes: [text("HEAD"), text("MOOV")], tracks: [] };

function fragment(index: number, payload = [text(`payload${index}`)]): Fragment {
  return {
    type: "fragment",
    trackId: 1,
    timescale: 10,
    decodeTime: BigInt(index * 20),
    duration: 20n,
    index,
    pass: 0,
    sequence: index + 1,
    moof: text(`moof${index}`),
    payload: {
      size: payload.reduce((size, piece) => size + piece.length, 0),
      async *read() {
        yield* payload;
      },
    },
  };
}

const END: StreamPart = { type: "end", boxes: [text("\0\0\0\x08mfra")] };
const mdat = (size: number) => `${String.fromCharCode(0, 0, 0, size + 8)}mdat`;

/** Runs `use` with an uploader to a server that behaves in some way. */
async function withServer(
  behaviour: Behaviour | undefined,
  use: (context: {
    uploader(options?: Partial<UploaderOptions>): Uploader;
    recorder: Recorder;
    transport: Transport;
    url: string;
  }) => Promise<void>,
): Promise<void> {
  const recorder = await startRecorder(behaviour);
  const transport = await openTransport();
  const url = `${recorder.url}/live.isml/Streams(1-stream0)`;
  try {
    const uploader = (options: Partial<UploaderOptions> = {}) =>
      new Uploader({ url, transport, retries: 0, ...options });
    await use({ uploader, recorder, transport, url });
  } finally {
    await transport.close();
    await recorder.close();
  }
}

async function errorOf(action: () => Promise<unknown>): Promise<IngestError> {
  try {
    await action();
  } catch (error) {
    assert.instance(error, IngestError);
    return error as IngestError;
  }
  throw new Error("Nothing was thrown");
}

const test = suite("Uploader");

test("sends one chunked POST and reads the answer", () =>
  withServer(undefined, async ({ uploader, recorder }) => {
    const fragments: [number, number][] = [];
    const upload = uploader({ onFragment: ({ index }, bytes) => fragments.push([index, bytes]) });
    await upload.probe();
    for (const part of [HEADER, fragment(0), fragment(1), END]) await upload.write(part);
    await upload.close();
    const [probe, post] = recorder.requests;
    assert.is(recorder.requests.length, 2);
    assert.is(probe!.method, "POST");
    assert.is(probe!.url, "/live.isml/Streams(1-stream0)");
    assert.is(probe!.headers["content-length"], "0");
    assert.is(post!.headers["transfer-encoding"], "chunked");
    assert.is(post!.headers["content-length"], undefined);
    assert.is(post!.headers["user-agent"], "NSPlayer/7.0 IIS-LiveStream/7.0");
    assert.is(
      shown(post!.body()),
      `HEADMOOVmoof0${mdat(8)}payload0moof1${mdat(8)}payload1\0\0\0\x08mfra`,
    );
    assert.is(upload.bytes, post!.body().length);
    assert.is(upload.status, 200);
    assert.equal(fragments, [[0, 21], [1, 21]]);
  }));

test("sends the header boxes before the first fragment is there", async () => {
  let seen!: () => void;
  const headerSeen = new Promise<void>((resolve) => seen = resolve);
  await withServer((_, __, incoming) => {
    incoming.once("data", () => seen());
  }, async ({ uploader }) => {
    const upload = uploader();
    await upload.write(HEADER);
    await headerSeen;
    await upload.close();
  });
});

test("makes each part of a sparse stream a request of its own, with the header boxes", () =>
  withServer(undefined, async ({ uploader, recorder }) => {
    const upload = uploader({ mode: "short" });
    for (const part of [HEADER, fragment(0), fragment(1), END]) await upload.write(part);
    await upload.close();
    assert.equal(recorder.requests.map((request) => shown(request.body())), [
      "HEADMOOV",
      `HEADMOOVmoof0${mdat(8)}payload0`,
      `HEADMOOVmoof1${mdat(8)}payload1`,
      "HEADMOOV\0\0\0\x08mfra",
    ]);
  }));

test("leaves the last request of a sparse stream out that would have no end of stream in it", () =>
  withServer(undefined, async ({ uploader, recorder }) => {
    const upload = uploader({ mode: "short" });
    for (const part of [HEADER, { type: "end", boxes: [] } as const]) await upload.write(part);
    await upload.close();
    assert.is(recorder.requests.length, 1);
  }));

test("replaces the User-Agent and adds headers", () =>
  withServer(undefined, async ({ uploader, recorder }) => {
    await uploader({ headers: [["user-agent", "mine"], ["X-One", "1"]] }).probe();
    assert.is(recorder.requests[0]!.headers["user-agent"], "mine");
    assert.is(recorder.requests[0]!.headers["x-one"], "1");
  }));

const probeAnswers = [
  { status: 403, kind: "refused" },
  { status: 404, kind: "refused" },
  { status: 405, kind: "refused" },
  { status: 302, kind: "refused" },
  { status: 500, kind: "lost" },
  { status: 503, kind: "lost" },
  { status: 429, kind: "lost" },
] as const;
for (const { status, kind } of probeAnswers) {
  test(`calls a probe that is answered with ${status} ${kind}`, () =>
    withServer((_, answer) => {
      answer.writeHead(status).end();
      return "handled";
    }, async ({ uploader, url }) => {
      const error = await errorOf(() => uploader().probe());
      assert.is(error.kind, kind);
      assert.is(error.status, status);
      assert.is(error.url, url);
      assert.match(error.message, String(status));
    }));
}

test("calls a server that is not there lost", async () => {
  const recorder = await startRecorder();
  await recorder.close();
  const transport = await openTransport();
  const uploader = new Uploader({
    url: `${recorder.url}/x.isml/Streams(a)`,
    transport,
    retries: 0,
  });
  const error = await errorOf(() => uploader.probe());
  assert.is(error.kind, "lost");
  assert.is(error.status, undefined);
  await transport.close();
});

const earlyAnswers = [
  { status: 403, kind: "refused" },
  { status: 500, kind: "lost" },
  { status: 200, kind: "lost" },
] as const;
for (const { status, kind } of earlyAnswers) {
  for (const close of [true, false]) {
    const how = close ? "closes" : "keeps the connection";
    test(`ends at once when ${status} comes while nothing is sent and the server ${how}`, () =>
      withServer((_, answer, incoming) => {
        incoming.once("data", () => {
          answer.writeHead(status, close ? { connection: "close" } : {}).end();
        });
        return "handled";
      }, async ({ uploader }) => {
        const upload = uploader();
        await upload.write(HEADER);
        await new Promise((resolve) => upload.failed.addEventListener("abort", resolve));
        const error = await errorOf(() => upload.write(fragment(0)));
        assert.is(error.kind, kind);
        assert.is(error.status, status);
      }));
  }
}

test("ends when an early answer comes in the middle of a long payload", () =>
  withServer((_, answer, incoming) => {
    incoming.once("data", () => answer.writeHead(403, { connection: "close" }).end());
    return "handled";
  }, async ({ uploader }) => {
    const upload = uploader();
    const pieces = Array.from({ length: 400 }, () => new Uint8Array(256 * 1024));
    const error = await errorOf(async () => {
      await upload.write(HEADER);
      await upload.write(fragment(0, pieces));
      await upload.close();
    });
    assert.is(error.status, 403);
  }));

const finalAnswers = [{ status: 500, kind: "lost" }, { status: 400, kind: "refused" }] as const;
for (const { status, kind } of finalAnswers) {
  test(`does not call a final ${status} a success`, () =>
    withServer((_, answer, incoming) => {
      incoming.on("end", () => answer.writeHead(status).end());
      return "handled";
    }, async ({ uploader }) => {
      const upload = uploader();
      for (const part of [HEADER, fragment(0), END]) await upload.write(part);
      const error = await errorOf(() => upload.close());
      assert.is(error.kind, kind);
      assert.is(error.status, status);
    }));
}

test("calls a connection that is cut lost", () =>
  withServer((_, __, incoming) => {
    incoming.once("data", () => incoming.socket.destroy());
    return "handled";
  }, async ({ uploader }) => {
    const upload = uploader();
    const error = await errorOf(async () => {
      await upload.write(HEADER);
      for (let n = 0; n < 1000; n++) await upload.write(fragment(n));
      await upload.close();
    });
    assert.is(error.kind, "lost");
  }));

test("does not wait for ever for the final answer", () =>
  withServer(() => "handled", async ({ transport, url }) => {
    const clock = new FakeClock();
    const upload = new Uploader({ url, transport, clock, retries: 0 });
    await upload.write(HEADER);
    const closing = errorOf(() => upload.close());
    await clock.advance(30_000);
    const error = await closing;
    assert.is(error.kind, "lost");
    assert.match(error.message, "no answer within 30 s");
  }));

test("passes on why a payload could not be read, and cuts the connection", () =>
  withServer(() => "handled", async ({ uploader }) => {
    const upload = uploader();
    const broken: Fragment = {
      ...fragment(0),
      payload: {
        size: 10,
        // deno-lint-ignore require-yield -- it fails before the first piece
        async *read() {
          throw new RangeError("the disk is gone");
        },
      },
    };
    await upload.write(HEADER);
    try {
      await upload.write(broken);
      assert.unreachable();
    } catch (error) {
      assert.match((error as Error).message, "the disk is gone");
    }
  }));

test("gives Basic credentials when they are asked for, and from then on", () =>
  withServer((request, answer) => {
    if (request.headers.authorization) return;
    answer.writeHead(401, { "www-authenticate": 'Basic realm="x"' }).end();
    return "handled";
  }, async ({ uploader, recorder }) => {
    const credentials = { user: "joe", password: "grün:1" };
    const upload = uploader({ authorization: new Authorization({ credentials }) });
    await upload.probe();
    for (const part of [HEADER, END]) await upload.write(part);
    await upload.close();
    const value = `Basic ${btoa(shown(new TextEncoder().encode("joe:grün:1")))}`;
    assert.equal(recorder.requests.map(({ headers }) => headers.authorization), [
      undefined,
      value,
      value,
    ]);
  }));

test("refuses when the point wants other credentials", () =>
  withServer((_, answer) => {
    answer.writeHead(401, { "www-authenticate": 'Basic realm="x"' }).end();
    return "handled";
  }, async ({ uploader, recorder }) => {
    const credentials = { user: "joe", password: "secret-word" };
    const upload = uploader({ authorization: new Authorization({ credentials }) });
    const error = await errorOf(() => upload.probe());
    assert.is(error.kind, "refused");
    assert.not.match(error.message, "secret-word");
    assert.is(recorder.requests.length, 2);
  }));

test("answers a question that comes after the stop: the end is still to be sent", async () => {
  let asked = 0;
  const challenge = () => `Digest realm="x", nonce="n${asked++}", qop="auth", algorithm=SHA-256`;
  const behaviour: Behaviour = (request, answer, incoming) => {
    const current = `nonce="n${asked - 1}"`;
    if (request.headers.authorization?.includes(current)) return;
    incoming.resume();
    incoming.on("end", () => {
      answer.writeHead(401, { "www-authenticate": challenge() }).end();
    });
    return "handled";
  };
  await withServer(behaviour, async ({ uploader, recorder }) => {
    const stop = new AbortController();
    const credentials = { user: "joe", password: "pw" };
    const authorization = new Authorization({ credentials });
    const upload = uploader({ mode: "short", stop: stop.signal, authorization });
    await upload.probe();
    await upload.write(HEADER);
    await upload.write(fragment(0));
    asked++; // the nonce has grown old
    stop.abort();
    await upload.write(END);
    await upload.close();
    assert.match(shown(recorder.requests.at(-1)!.body()), "mfra");
    assert.is(upload.status, 200);
    assert.is(upload.reconnects, 0, "nothing was lost");
    assert.is(upload.resent, 0);
  });
});

test.run();

const streamTest = suite("UploadStream");

const partsOf = (...parts: StreamPart[]) =>
  new ReadableStream<StreamPart>({
    start(controller) {
      for (const part of parts) controller.enqueue(part);
      controller.close();
    },
  });

streamTest(
  "is the end of a pipeline: probe, body, answer",
  () =>
    withServer(undefined, async ({ transport, url, recorder }) => {
      await partsOf(HEADER, fragment(0), END).pipeTo(new UploadStream({ url, transport }));
      assert.is(recorder.requests.length, 2);
      assert.ok(recorder.requests[1]!.isWhole);
    }),
);

streamTest(
  "fails with the answer of the probe, before anything is sent",
  () =>
    withServer((_, answer) => {
      answer.writeHead(404).end();
      return "handled";
    }, async ({ transport, url, recorder }) => {
      const upload = new UploadStream({ url, transport });
      const error = await errorOf(() => partsOf(HEADER, END).pipeTo(upload));
      assert.is(error.status, 404);
      assert.is(recorder.requests.length, 1);
    }),
);

streamTest(
  "cancels its source when the point says no while the source is quiet",
  () =>
    withServer((request, answer, incoming) => {
      if (request.headers["content-length"] === "0") return;
      incoming.once("data", () => answer.writeHead(403).end());
      return "handled";
    }, async ({ transport, url }) => {
      let cancelled: unknown;
      const source = new ReadableStream<StreamPart>({
        start: (controller) => controller.enqueue(HEADER),
        cancel: (reason) => {
          cancelled = reason;
        },
      });
      const error = await errorOf(() => source.pipeTo(new UploadStream({ url, transport })));
      assert.is(error.status, 403);
      assert.is(cancelled, error);
    }),
);

streamTest(
  "sends what is whole and then fails with the error of the end",
  () =>
    withServer(undefined, async ({ transport, url, recorder }) => {
      const broken = new Error("the file ends here");
      const end = { ...END, error: broken } as StreamPart;
      try {
        await partsOf(HEADER, fragment(0), end).pipeTo(new UploadStream({ url, transport }));
        assert.unreachable();
      } catch (error) {
        assert.is(error, broken);
      }
      assert.match(shown(recorder.requests[1]!.body()), /mfra$/);
      assert.ok(recorder.requests[1]!.isWhole);
    }),
);

streamTest(
  "cuts the connection when it is aborted",
  () =>
    withServer(() => "handled", async ({ transport, url }) => {
      const stop = new AbortController();
      const source = new ReadableStream<StreamPart>({
        start: (controller) => controller.enqueue(HEADER),
      });
      const upload = new UploadStream({ url, transport }, { probe: false, signal: stop.signal });
      const reason = new Error("enough");
      const piped = source.pipeTo(upload);
      stop.abort(reason);
      try {
        await piped;
        assert.unreachable();
      } catch (error) {
        assert.is(error, reason);
      }
    }),
);

streamTest.run();
