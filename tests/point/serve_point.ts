import { connect, type Socket } from "node:net";
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { join } from "../../lib/mp4/box.ts";
import {
  type AnswerMoment,
  createPointServer,
  type PointServerOptions,
} from "../../lib/point/point_server.ts";
import type { PointEvent } from "../../lib/point/point_event.ts";
import { faultsOf } from "../../lib/point/report.ts";
import {
  type ServedPoint,
  servePoint,
  type ServePointOptions,
} from "../../lib/point/serve_point.ts";
import { push } from "../../lib/push.ts";
import { bytesOf, fragmentsOf } from "../helpers/parts.ts";
import { parseParts } from "../helpers/pieces.ts";
import { sameBytes } from "../helpers/same_bytes.ts";
import { readSample, SAMPLE_ISM } from "../helpers/sample.ts";

const test = suite("servePoint");

/** Serves a point while `use` runs. */
async function withPoint<T>(
  options: PointServerOptions,
  use: (served: ServedPoint, server: ReturnType<typeof createPointServer>) => Promise<T>,
): Promise<T> {
  const server = createPointServer({ autoCreate: true, ...options });
  const served = await servePoint(server.fetch);
  try {
    return await use(served, server);
  } finally {
    await served.close();
  }
}

/** A connection over which bytes go as they are. */
class RawClient {
  readonly #socket: Socket;
  readonly #closed: Promise<void>;
  #received = "";
  #onData = () => {};

  constructor(port: number) {
    this.#socket = connect(port, "127.0.0.1");
    this.#closed = new Promise((resolve) => this.#socket.on("close", () => resolve()));
    this.#socket.on("error", () => {}); // its end is what counts
    this.#socket.on("data", (bytes) => {
      this.#received += bytes.toString();
      this.#onData();
    });
  }

  /** What came so far. */
  get received(): string {
    return this.#received;
  }

  /** Settles when the connection is closed. */
  get closed(): Promise<void> {
    return this.#closed;
  }

  /** Sends text as it is. */
  write(text: string): void {
    this.#socket.write(text);
  }

  post(path: string): void {
    this.#socket.write(`POST ${path} HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n`);
  }

  /** Sends a chunk; one without bytes is the last. */
  send(bytes: Uint8Array): void {
    this.#socket.write(`${bytes.length.toString(16)}\r\n`);
    this.#socket.write(bytes);
    this.#socket.write("\r\n");
  }

  /** The status line of the answer, once it is there. */
  async status(): Promise<string> {
    while (!this.#received.includes("\r\n")) {
      await new Promise<void>((resolve) => this.#onData = resolve);
    }
    return this.#received.slice(0, this.#received.indexOf("\r\n"));
  }

  /** Says that nothing more comes, and goes on reading. */
  end(): void {
    this.#socket.end();
  }

  close(): void {
    this.#socket.destroy();
  }
}

/** Waits for events. */
class Events {
  readonly #came = new Map<PointEvent["event"], () => void>();

  readonly onEvent = ({ event }: PointEvent): void => this.#came.get(event)?.();

  /** Settles with the next event of a kind. */
  next(event: PointEvent["event"]): Promise<void> {
    return new Promise((resolve) => this.#came.set(event, resolve));
  }
}

const NOTHING = new Uint8Array(0);

/** A file of the sample up to the end of some fragments: a body, though one without a manifest. */
async function sampleBody(fragments: number): Promise<Uint8Array> {
  const parts = parseParts(await readSample("sample_110.ismv"));
  const [header] = parts;
  if (header?.type !== "header") throw new Error("no header");
  const all = fragmentsOf(parts).slice(0, fragments).map(async ({ moof, payload }) => {
    const bytes = await bytesOf(payload);
    const head = new Uint8Array(8);
    new DataView(head.buffer).setUint32(0, bytes.length + 8);
    head.set(new TextEncoder().encode("mdat"), 4);
    return [moof, head, bytes];
  });
  return join([...header.boxes, ...(await Promise.all(all)).flat()]);
}

test("takes a push of the sample in a loop: nothing is wrong, and every payload is whole", async () => {
  const payloads = new Map<string, Uint8Array[]>();
  const onPart: PointServerOptions["onPart"] = async (streamId, part) => {
    if (part.type !== "fragment") return;
    const pieces = payloads.get(streamId) ?? [];
    payloads.set(streamId, [...pieces, await bytesOf(part.payload)]);
  };
  await withPoint({ onPart }, async ({ url }, server) => {
    const points = [{ url: `${url}/live/sample.isml` }];
    const pushed = await push({ points, presentation: SAMPLE_ISM, rate: "max", loop: 3, id: "1" });
    assert.equal(new Set(pushed.streams.map(({ state }) => state)), new Set(["complete"]));
    const [{ point, streams }] = server.report() as [ReturnType<typeof server.report>[0]];
    assert.is(point, "/live/sample.isml");
    assert.equal(streams.flatMap((stream) => faultsOf(stream)), []);
    const found = pushed.streams.map(({ stream }) => {
      const { probes, hasEnded, tracks, bytes } = streams.find(({ id }) => id === stream)!;
      const [track] = tracks;
      return [probes, hasEnded, bytes, track?.fragments, track?.seams, track?.smallHoles];
    });
    const counts = [30, 30, 30, 30, 9];
    const expected = pushed.streams.map(({ bytes }, n) => [1, true, bytes, counts[n], 0, 0]);
    assert.equal(found, expected);
  });
  const sources = [
    ["sample_560.ismv", 1],
    ["sample_250.ismv", 1],
    ["sample_110.ismv", 1],
    ["sample_560.ismv", 2],
    ["sample_text.ismt", 3],
  ] as const;
  for (const [n, [file, trackId]] of sources.entries()) {
    const fragments = fragmentsOf(parseParts(await readSample(file)))
      .filter((fragment) => fragment.trackId === trackId);
    const pass = join(await Promise.all(fragments.map(({ payload }) => bytesOf(payload))));
    sameBytes(join(payloads.get(`1-stream${n}`)!), join([pass, pass, pass]), file);
  }
});

test("makes a point that is put", async () => {
  await withPoint({ autoCreate: false }, async ({ url }, server) => {
    const how = { presentation: SAMPLE_ISM, rate: "max", duration: 4 } as const;
    const points = [{ url: `${url}/live.isml` }];
    const refused = await push({ ...how, points });
    assert.equal(new Set(refused.streams.map(({ status }) => status)), new Set([404]));
    const taken = await push({ ...how, points, create: true });
    assert.equal(new Set(taken.streams.map(({ state }) => state)), new Set(["complete"]));
    assert.is(server.report()[0]?.streams.length, 5);
  });
});

test("gets a body as it comes", async () => {
  const events = new Events();
  await withPoint(events, async ({ port }, server) => {
    const first = events.next("fragment");
    const client = new RawClient(port);
    client.post("/live.isml/Streams(s)");
    client.send(await sampleBody(1));
    await first; // the body goes on
    assert.is(server.report()[0]?.streams[0]?.openBodies, 1);
    client.send(NOTHING);
    assert.is(await client.status(), "HTTP/1.1 200 OK");
    client.close();
  });
});

const early: readonly {
  name: string;
  isTime: (moment: AnswerMoment) => boolean;
  fragments: number;
}[] = [
  { name: "before its first byte", isTime: ({ stage }) => stage === "start", fragments: 0 },
  { name: "in its middle", isTime: ({ stage }) => stage === "fragment", fragments: 1 },
];
for (const { name, isTime, fragments } of early) {
  test(`answers while the body is still coming: ${name}`, async () => {
    const answer = (moment: AnswerMoment) =>
      isTime(moment) ? new Response("no", { status: 403 }) : undefined;
    await withPoint({ answer }, async ({ port }) => {
      const client = new RawClient(port);
      client.post("/live.isml/Streams(s)");
      if (fragments > 0) client.send(await sampleBody(fragments));
      assert.is(await client.status(), "HTTP/1.1 403 Forbidden");
      client.close();
    });
  });
}

test("answers while a body comes as fast as it can", async () => {
  const answer = ({ stage, fragments }: AnswerMoment) =>
    stage === "fragment" && fragments === 20 ? new Response("no", { status: 403 }) : undefined;
  await withPoint({ answer }, async ({ url }) => {
    const points = [{ url: `${url}/live.isml` }];
    const how = {
      rate: "max",
      loop: Infinity,
      mediaFile: SAMPLE_ISM.replace(".ism", "_250.ismv"),
    } as const;
    const { streams: [stream] } = await push({ points, presentation: SAMPLE_ISM, ...how });
    assert.equal([stream?.state, stream?.status ?? 403], ["refused", 403]);
    assert.match(stream?.error?.message ?? "", /403/);
  });
});

test("tells a body that is cut from one that has ended", async () => {
  const events = new Events();
  await withPoint(events, async ({ port }, server) => {
    const first = events.next("fragment");
    const lost = events.next("lost");
    const client = new RawClient(port);
    client.post("/live.isml/Streams(s)");
    client.send(await sampleBody(1));
    await first;
    client.close();
    await lost;
    const rules = server.report()[0]?.streams[0]?.breaches.map(({ rule }) => rule);
    assert.ok(rules?.includes("body-ends"));
  });
});

test("takes all of a body whose sender closes behind the last byte", async () => {
  await withPoint({}, async ({ port }, server) => {
    const client = new RawClient(port);
    client.post("/live.isml/Streams(s)");
    client.send(await sampleBody(10));
    client.send(NOTHING);
    client.end();
    assert.is(await client.status(), "HTTP/1.1 200 OK");
    await client.closed;
    assert.is(server.report()[0]?.streams[0]?.fragments, 10);
  });
});

test("sees that a sender closes in the middle of a body", async () => {
  const events = new Events();
  await withPoint(events, async ({ port }) => {
    const first = events.next("fragment");
    const lost = events.next("lost");
    const client = new RawClient(port);
    client.post("/live.isml/Streams(s)");
    client.send(await sampleBody(1));
    await first;
    client.end();
    await lost;
    await client.closed;
  });
});

test("cuts what is open when it closes", async () => {
  const events = new Events();
  const began = events.next("began");
  const server = createPointServer({ autoCreate: true, onEvent: events.onEvent });
  const served = await servePoint(server.fetch);
  const client = new RawClient(served.port);
  client.post("/live.isml/Streams(s)");
  client.send(await sampleBody(0));
  await began;
  await served.close();
  await client.closed;
});

/** Serves while `use` runs, and gathers what is refused before it is a request. */
async function withGuard(
  options: ServePointOptions,
  use: (served: ServedPoint, told: string[]) => Promise<void>,
): Promise<void> {
  const told: string[] = [];
  const onEvent = (event: PointEvent) => {
    if (event.event === "refused") told.push(`${event.status} ${event.message}`);
  };
  const served = await servePoint(() => new Response("here"), { ...options, onEvent });
  try {
    await use(served, told);
  } finally {
    await served.close();
  }
}

/** Asks on new connections until one of them is served. */
async function untilServed(port: number, request: string): Promise<void> {
  for (let status = ""; status !== "HTTP/1.1 200 OK";) {
    const next = new RawClient(port);
    next.write(request);
    status = await Promise.race([next.status(), next.closed.then(() => "")]);
    next.close();
  }
}

test("closes connections that are too many, and takes new ones when others are gone", async () => {
  await withGuard({ maxConnections: 2 }, async ({ port }, told) => {
    const [first, second] = [new RawClient(port), new RawClient(port)];
    const get = "GET / HTTP/1.1\r\nHost: x\r\n\r\n";
    for (const client of [first, second]) {
      client.write(get);
      assert.is(await client.status(), "HTTP/1.1 200 OK");
    }
    const third = new RawClient(port);
    await third.closed;
    assert.match(third.received, /^(?:|HTTP\/1\.1 503 [^]*at most 2 connections\n)$/);
    assert.equal(told, ["503 there may be at most 2 connections, from 127.0.0.1"]);
    first.close();
    await first.closed;
    await untilServed(port, get);
    second.close();
  });
});

test("refuses a head that does not come, and what is no request", async () => {
  await withGuard({ headTimeoutMs: 50 }, async ({ port }, told) => {
    const slow = new RawClient(port);
    slow.write("GET / HTTP/1.1\r\nHos");
    assert.is(await slow.status(), "HTTP/1.1 408 Request Timeout");
    await slow.closed;
    const stranger = new RawClient(port);
    stranger.write("\x16\x03\x01\x02\r\n\r\n");
    assert.is(await stranger.status(), "HTTP/1.1 400 Bad Request");
    await stranger.closed;
    const large = new RawClient(port);
    large.write(`GET / HTTP/1.1\r\nx: ${"y".repeat(100_000)}\r\n\r\n`);
    await large.closed;
    assert.is(told[0], "408 the head of a request did not come within 0.05 s, from 127.0.0.1");
    assert.match(told[1]!, /^400 this is no request: .*, from 127\.0\.0\.1$/);
    assert.match(told[2]!, /^431 /);
  });
});

test("lets go of a client that takes nothing of its answer, and of no other", async () => {
  const large = new Uint8Array(64 * 2 ** 20);
  const handler = async (request: Request) => {
    if (request.method === "GET") return new Response(large);
    for await (const _ of request.body!); // as long as the sender likes
    return new Response("taken");
  };
  const served = await servePoint(handler, { stallTimeoutMs: 100, maxConnections: 2 });
  try {
    const sender = new RawClient(served.port);
    sender.post("/");
    sender.send(new Uint8Array(1));
    const deaf = connect(served.port, "127.0.0.1").pause();
    deaf.on("error", () => {});
    deaf.write("GET / HTTP/1.1\r\nHost: x\r\n\r\n");
    await untilServed(served.port, "POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 1\r\n\r\nx");
    deaf.destroy();
    sender.send(NOTHING);
    assert.is(await sender.status(), "HTTP/1.1 200 OK");
    sender.close();
  } finally {
    await served.close();
  }
});

test("refuses a limit of connections that is none", async () => {
  for (const maxConnections of [0, -1, 1.5, NaN]) {
    try {
      await servePoint(() => new Response(null), { maxConnections });
      assert.unreachable();
    } catch (error) {
      assert.instance(error, RangeError);
    }
  }
});

test("tells the handler where a request comes from", async () => {
  let from: string | undefined;
  const served = await servePoint((_request, { remoteAddr }) => {
    from = remoteAddr?.hostname;
    return new Response(null);
  });
  await fetch(served.url);
  await served.close();
  assert.is(from, "127.0.0.1");
});

test("listens on the port that is asked for, and says so where it cannot", async () => {
  await withPoint({}, async ({ url, port }, server) => {
    assert.is(url, `http://127.0.0.1:${port}`);
    try {
      await servePoint(server.fetch, { port });
      assert.unreachable();
    } catch (error) {
      assert.is((error as { code?: string }).code, "EADDRINUSE");
    }
  });
});

test.run();
