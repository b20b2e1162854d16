import { suite } from "uvu";
import * as assert from "uvu/assert";
import { InputError } from "../../lib/errors.ts";
import { join } from "../../lib/mp4/box.ts";
import { BufferLane } from "../../lib/source/buffer_pool.ts";
import { openUrl, type OpenUrlOptions } from "../../lib/source/http_access.ts";
import type { RandomAccess } from "../../lib/source/random_access.ts";
import { pattern } from "../helpers/boxes.ts";
import { FileServer, type FileServerOptions } from "../helpers/file_server.ts";
import { failure } from "../helpers/parts.ts";
import { Random } from "../helpers/random.ts";
import { sameBytes } from "../helpers/same_bytes.ts";

const SIZE = 300_000;
const BYTES = pattern(SIZE);
const FILES = new Map([["file.bin", BYTES], ["empty.bin", new Uint8Array(0)]]);

/** Works with a server, and ends it. */
function withServer(
  options: FileServerOptions,
  work: (server: FileServer) => Promise<void>,
): () => Promise<void> {
  return async () => {
    const server = await FileServer.start(FILES, options);
    try {
      await work(server);
    } finally {
      await server.close();
    }
  };
}

async function all(reading: AsyncIterable<Uint8Array>): Promise<Uint8Array> {
  const pieces: Uint8Array[] = [];
  for await (const piece of reading) pieces.push(piece.slice());
  return join(pieces);
}

const lane = new BufferLane();

for (const mode of ["ranges", "plain"] as const) {
  const test = suite(`openUrl, ${mode}`);

  test(
    "tells name and size",
    withServer({ mode }, async (server) => {
      const access = await openUrl(`${server.url}file.bin`);
      assert.is(access.name, `${server.url}file.bin`);
      assert.is(access.size, SIZE);
      assert.not(access.isLocal);
      await access.close();
    }),
  );

  test(
    "opens an empty file",
    withServer({ mode }, async (server) => {
      const access = await openUrl(`${server.url}empty.bin`);
      assert.is(access.size, 0);
      assert.is((await access.read(0, 10)).length, 0);
      assert.is((await all(access.stream(0, 0, lane))).length, 0);
      await access.close();
    }),
  );

  test(
    "reads from anywhere, in any order and at the same time",
    withServer({ mode }, async (server) => {
      const access = await openUrl(`${server.url}file.bin`);
      const random = new Random(5);
      const reads = Array.from({ length: 12 }, () => {
        const offset = random.below(SIZE);
        return { offset, size: random.below(SIZE - offset) };
      });
      const check = async ({ offset, size }: { offset: number; size: number }) => {
        const expected = BYTES.subarray(offset, offset + size);
        sameBytes(await access.read(offset, size), expected);
        sameBytes(await all(access.stream(offset, size, lane)), expected);
      };
      for (const read of reads.slice(0, 6)) await check(read);
      await Promise.all(reads.map(check));
      await access.close();
    }),
  );

  test(
    "reads no more than the file has",
    withServer({ mode }, async (server) => {
      const access = await openUrl(`${server.url}file.bin`);
      sameBytes(await access.read(SIZE - 10, 2 ** 40), BYTES.subarray(-10));
      assert.is((await all(access.stream(5, 0, lane))).length, 0);
      assert.is((await access.read(SIZE, 10)).length, 0);
      assert.is((await access.read(2 ** 50, 10)).length, 0);
      await access.close();
    }),
  );

  test(
    "takes user and password out of the URL and into a header",
    withServer({ mode }, async (server) => {
      const encoded = [
        { user: "us%20er:p%C3%A4ss", value: "us er:p\xc3\xa4ss" },
        { user: "user:100%", value: "user:100%" },
      ];
      for (const { user, value } of encoded) {
        const url = server.url.replace("//", `//${user}@`);
        server.requests.length = 0;
        const access = await openUrl(`${url}file.bin`);
        assert.is(access.name, `${server.url}file.bin`);
        await access.read(0, 10);
        await access.close();
        assert.equal(
          server.requests.map(({ authorization }) => authorization),
          [`Basic ${btoa(value)}`, `Basic ${btoa(value)}`],
        );
        const missing = await failure(openUrl(`${url}missing.bin`));
        assert.ok(missing.message.startsWith(`${server.url}missing.bin: `));
      }
    }),
  );

  test(
    "lets go of a reading that is left",
    withServer({ mode }, async (server) => {
      const access = await openUrl(`${server.url}file.bin`);
      for (const pieces of [0, 1]) {
        const reading = access.stream(0, SIZE, lane)[Symbol.asyncIterator]();
        for (let n = 0; n < pieces; n++) await reading.next();
        await reading.return!();
        assert.ok((await reading.next()).done);
      }
      sameBytes(await access.read(1000, 10), BYTES.subarray(1000, 1010));
      await access.close();
    }),
  );

  test(
    "ends a reading with the reason of its signal",
    withServer({ mode }, async (server) => {
      const access = await openUrl(`${server.url}file.bin`);
      const reason = new Error("enough");
      const aborted = AbortSignal.abort(reason);
      assert.is(await failure(access.read(0, 10, aborted)), reason);
      const abort = new AbortController();
      const reading = access.stream(0, SIZE, lane, abort.signal)[Symbol.asyncIterator]();
      await reading.next();
      abort.abort(reason);
      const rest = failure(async () => {
        while (!(await reading.next()).done);
      });
      assert.is(await rest, reason);
      sameBytes(await access.read(0, 100), BYTES.subarray(0, 100));
      await access.close();
    }),
  );

  test(
    "says why it cannot open a file",
    withServer({
      mode,
      statuses: { "shut.bin": 403, "broken.bin": 500 },
    }, async (server) => {
      const cases = [
        ["missing.bin", "404 Not Found"],
        ["shut.bin", "403 Forbidden"],
        ["broken.bin", "500 Internal Server Error"],
      ] as const;
      for (const [name, status] of cases) {
        const error = await failure(openUrl(`${server.url}${name}`));
        assert.instance(error, InputError);
        assert.is((error as InputError).input, `${server.url}${name}`);
        assert.is(
          error.message,
          `${server.url}${name}: Cannot read it as the server must answer with its bytes: current value is ${status}`,
        );
      }
    }),
  );

  test.run();
}

const rangeTest = suite("openUrl, ranges alone");

rangeTest(
  "asks for the bytes that are wanted",
  withServer({}, async (server) => {
    const access = await openUrl(`${server.url}file.bin`);
    await access.read(100, 50);
    await all(access.stream(200, 1000, lane));
    assert.equal(server.requests.map(({ range }) => range), [
      "bytes=0-0",
      "bytes=100-149",
      "bytes=200-1199",
    ]);
  }),
);

rangeTest(
  "begins to read before it is asked",
  withServer({}, async (server) => {
    const access = await openUrl(`${server.url}file.bin`);
    const reading = access.stream(0, 10, lane);
    while (server.requests.length < 2) await access.read(0, 1);
    sameBytes(await all(reading), BYTES.subarray(0, 10));
  }),
);

rangeTest(
  "says that a body is too short",
  withServer({ mode: "short" }, async (server) => {
    const access = await openUrl(`${server.url}file.bin`);
    for (const reading of [access.read(0, 1000), all(access.stream(0, 1000, lane))]) {
      const error = await failure(reading);
      assert.instance(error, InputError);
      assert.ok(error.message.startsWith(`${server.url}file.bin: Cannot read it`), error.message);
    }
  }),
);

const fakeTest = suite("openUrl, fetch of the caller");

/** A server in the process itself. */
function answers(...responses: (() => Response)[]): OpenUrlOptions {
  return { fetch: () => Promise.resolve(responses.shift()!()) };
}

const part = (body: string, total = "100") => () =>
  new Response(body, { status: 206, headers: { "content-range": `bytes 0-0/${total}` } });

const odd = [
  {
    name: "a range of unknown length",
    options: answers(part("x", "*")),
    message: "Cannot read it as the server must tell its length: current value is none",
  },
  {
    name: "no length at all",
    options: answers(() => new Response(new ReadableStream())),
    message: "Cannot read it as the server must tell its length: current value is none",
  },
  {
    name: "nothing",
    options: {
      fetch: () => Promise.reject(new TypeError("fetch failed", { cause: new Error("refused") })),
    },
    message: "Cannot read it: refused",
  },
];
for (const { name, options, message } of odd) {
  fakeTest(`says what is wrong with a server that tells ${name}`, async () => {
    const error = await failure(openUrl("http://host/a.bin", options));
    assert.instance(error, InputError);
    assert.is(error.message, `http://host/a.bin: ${message}`);
  });
}

const reads = [
  {
    name: "a body that ends early",
    next: part("12345"),
    message: "Cannot read it as the server must send 10 bytes: current value is 5",
  },
  {
    name: "the whole file in place of a range",
    next: () => new Response("x".repeat(100)),
    message: "Cannot read bytes 20 to 29 as the server must answer with 206: current value is 200",
  },
];
for (const { name, next, message } of reads) {
  fakeTest(`says what is wrong with a server that sends ${name}`, async () => {
    const access = await openUrl("http://host/a.bin", answers(part("x"), next));
    assert.is((await failure(access.read(20, 10))).message, `http://host/a.bin: ${message}`);
  });
}

fakeTest("reads no more of a body than was asked for", async () => {
  const access = await openUrl("http://host/a.bin", answers(part("x"), part("0123456789abc")));
  assert.is(new TextDecoder().decode(await access.read(0, 10)), "0123456789");
});

fakeTest("does not take anything for a URL", async () => {
  const error = await failure(openUrl("http://user:secret@[/a.bin"));
  assert.instance(error, InputError);
  assert.is(
    error.message,
    "http://[/a.bin: Cannot read it as it must be a URL: current value is none",
  );
});

const plainTest = suite("openUrl, plain alone");

plainTest(
  "warns once that a server knows no ranges",
  withServer({ mode: "plain" }, async (server) => {
    const told: string[] = [];
    const access = await openUrl(`${server.url}file.bin`, { onWarning: (it) => told.push(it) });
    await access.read(0, 10);
    assert.is(told.length, 1);
    assert.ok(
      told[0]!.startsWith(`${server.url}file.bin: the server does not answer requests for ranges`),
    );
    await access.close();
  }),
);

plainTest(
  "reads on in a response that is open already",
  withServer({ mode: "plain" }, async (server) => {
    const access = await openUrl(`${server.url}file.bin`);
    for (let offset = 0; offset < SIZE; offset += 50_000) {
      sameBytes(await access.read(offset, 10_000), BYTES.subarray(offset, offset + 10_000));
    }
    assert.is(server.requests.length, 2);
    await access.read(0, 10);
    assert.is(server.requests.length, 3, "from the start again");
    await access.close();
  }),
);

plainTest(
  "reads on behind one whose signal aborted later",
  withServer({ mode: "plain" }, async (server) => {
    const access = await openUrl(`${server.url}file.bin`);
    const abort = new AbortController();
    await access.read(0, 10, abort.signal);
    abort.abort(new Error("enough"));
    sameBytes(await access.read(10, 20), BYTES.subarray(10, 30));
    assert.is(server.requests.length, 2);
    await access.close();
  }),
);

plainTest("says that a body is shorter than it was", async () => {
  const whole = () => new Response("x".repeat(100), { headers: { "content-length": "100" } });
  const cut = () => new Response("x".repeat(30));
  const access = await openUrl("http://host/a.bin", answers(whole, cut));
  const error: Error = await failure((access as RandomAccess).read(20, 20));
  assert.is(error.message, "http://host/a.bin: Cannot read it as it ends before its length");
});

rangeTest.run();
fakeTest.run();
plainTest.run();
