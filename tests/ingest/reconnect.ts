import { suite } from "uvu";
import * as assert from "uvu/assert";
import { InputError } from "../../lib/errors.ts";
import { accept, answer, type BadRequest, BadServer } from "../helpers/bad_server.ts";
import {
  bodiesOf,
  finish,
  ingestFailure,
  range,
  STREAM_PATH,
  unionOf,
  withBadServer,
} from "../helpers/bad_upload.ts";
import { failure } from "../helpers/parts.ts";
import { settle } from "../helpers/settle.ts";
import { END, HEADER, HEADER_TEXT, namesIn, textFragment } from "../helpers/text_parts.ts";
import { watchUnhandled } from "../helpers/unhandled.ts";
import { until } from "../helpers/until.ts";

const test = suite("Uploader that reconnects");
const endWatch = watchUnhandled(test);

// ---- what a new connection begins with

test("begins with a probe, the same header and the last two fragments of each track", () =>
  withBadServer(undefined, async ({ server, uploader, arrive, told, clock }) => {
    const upload = uploader({ resendWindowBytes: 0 });
    await upload.probe();
    await upload.write(HEADER);
    const tracks = [0, 1, 2, 3, 4].flatMap((n) => [
      textFragment(n, { trackId: 1 }),
      textFragment(n, { trackId: 2 }),
    ]);
    await arrive(upload, ...tracks, textFragment(5, { trackId: 1 }));
    server.posts[0]!.reset();
    await until(() => server.posts.length === 2 && told("recovered").length === 1);
    await arrive(upload, textFragment(5, { trackId: 2 }), textFragment(6, { trackId: 1 }));
    await finish(upload);
    assert.equal(server.requests.map(({ isProbe }) => isProbe), [true, false, true, false]);
    assert.ok(server.requests.every(({ url, method }) => url === STREAM_PATH && method === "POST"));
    const [first, second] = server.posts.map((post) => post.text());
    assert.ok(first!.startsWith(HEADER_TEXT) && second!.startsWith(HEADER_TEXT));
    assert.is(namesIn(second!, true), "2:3 1:4 2:4 1:5 2:5 1:6");
    assert.match(second!, /<mfra>$/);
    assert.equal(told("resending").map(({ fragments }) => fragments), [4]);
    assert.is(told("recovered")[0]!.outageSeconds, 0);
    assert.is(upload.reconnects, 1);
    assert.is(upload.resent, 4);
    assert.is(upload.status, 200);
    await settle();
    assert.is(clock.pending, 0);
  }));

const windows = [
  { options: {}, resent: "0 1 2 3 4 5 6 7 8 9" },
  { options: { resendWindowBytes: 0 }, resent: "8 9" },
  { options: { resendWindowBytes: 40 }, resent: "7 8 9" },
  { options: { resend: 4, resendWindowBytes: 0 }, resent: "6 7 8 9" },
  { options: { resend: 0, resendWindowBytes: 0 }, resent: "" },
];
for (const { options, resent } of windows) {
  test(`sends ${resent || "nothing"} again with ${JSON.stringify(options)}`, () =>
    withBadServer(undefined, async ({ server, uploader, arrive, told }) => {
      const upload = uploader(options);
      await upload.write(HEADER);
      await arrive(upload, ...range(0, 9));
      server.posts[0]!.reset();
      await until(() => told("recovered").length === 1);
      await arrive(upload, ...range(10, 11));
      await finish(upload);
      assert.equal(bodiesOf(server), ["0 1 2 3 4 5 6 7 8 9", `${resent} 10 11`.trim()]);
    }));
}

test("sends a fragment again from its start that was cut in two, and only once", () =>
  withBadServer(undefined, async ({ server, uploader, arrive }) => {
    const upload = uploader({ resendWindowBytes: 0 });
    const reads: number[] = [];
    server.script = async (request) => {
      if (request.isProbe || request.number > 0) return await accept(request);
      await request.takeUntil(/\{1:3\}/);
      await request.take(100_000);
      request.reset();
    };
    await upload.write(HEADER);
    await arrive(upload, ...range(0, 2));
    const big = textFragment(3, { size: 10_000_000, onRead: (index) => reads.push(index) });
    await upload.write(big);
    await finish(upload);
    assert.is(namesIn(server.posts[1]!.text()), "1 2 3");
    assert.is(server.posts[1]!.text().length, HEADER_TEXT.length + 2 * 21 + 5 + 8 + 10_000_000 + 6);
    assert.equal(reads, [3, 3]);
  }));

// ---- in how many ways a connection dies

const deaths: { name: string; kill: (request: BadRequest) => void }[] = [
  { name: "a reset", kill: (request) => request.reset() },
  { name: "a FIN", kill: (request) => request.close() },
  { name: "a half-close", kill: (request) => request.halfClose() },
  { name: "garbage", kill: (request) => request.say("garbage in, garbage out\r\n\r\n") },
  {
    name: "a piece of an answer and a FIN",
    kill: (request) => {
      request.say("HTTP/1.1 20");
      request.close();
    },
  },
  { name: "503 and silence", kill: (request) => request.say(answer(503)) },
  {
    name: "500 and a FIN",
    kill: (request) => {
      request.say(answer(500, { Connection: "close" }));
      request.close();
    },
  },
  { name: "408", kill: (request) => request.say(answer(408)) },
  { name: "429", kill: (request) => request.say(answer(429)) },
  { name: "200 too early", kill: (request) => request.say(answer(200)) },
  { name: "202 too early", kill: (request) => request.say(answer(202)) },
  {
    name: "200 of HTTP/1.0 too early",
    kill: (request) => {
      request.say("HTTP/1.0 200 OK\r\n\r\n");
      request.close();
    },
  },
];
for (const { name, kill } of deaths) {
  test(`replaces an idle connection at once that dies by ${name}`, () =>
    withBadServer(undefined, async ({ server, uploader, arrive, told }) => {
      const upload = uploader({ resendWindowBytes: 0 });
      await upload.write(HEADER);
      await arrive(upload, ...range(0, 3));
      kill(server.posts[0]!);
      // Nothing is written meanwhile.
      await until(() => told("recovered").length === 1, "the recovery");
      await arrive(upload, ...range(4, 5));
      await finish(upload);
      assert.equal(bodiesOf(server), ["0 1 2 3", "2 3 4 5"]);
      assert.is(told("retrying").length, 1);
      assert.is(server.probes.length, 1);
    }));

  test(`replaces a connection in the middle of a fragment that dies by ${name}`, () =>
    withBadServer(async (request) => {
      if (request.number > 0) return await accept(request);
      await request.take(50_000);
      kill(request);
    }, async ({ server, uploader, told }) => {
      const upload = uploader();
      await upload.write(HEADER);
      await upload.write(textFragment(0, { size: 12_000_000 }));
      await finish(upload);
      const last = server.posts.at(-1)!.text();
      assert.is(last.length, HEADER_TEXT.length + 13 + 12_000_000 + 6);
      assert.is(told("retrying").length, 1);
    }));
}

test("replaces a connection that is closed behind its header, again and again", () =>
  withBadServer((request) => {
    if (request.number > 8) return accept(request);
    request.say("");
    request.reset();
  }, async ({ server, uploader, told }) => {
    const upload = uploader();
    await upload.write(HEADER);
    await upload.write(textFragment(0));
    await finish(upload);
    assert.ok(told("retrying").length >= 4);
    assert.is(namesIn(server.posts.at(-1)!.text()), "0");
  }));

test("does not forget a connection that died while a fragment was just done", () =>
  withBadServer(undefined, async ({ server, uploader, arrive, told }) => {
    const upload = uploader({ resendWindowBytes: 0 });
    await upload.write(HEADER);
    for (let n = 0; n < 30; n++) {
      // The reset and the end of the writing come together in all orders.
      const writing = arrive(upload, textFragment(n));
      if (n % 3 === 2) server.posts.at(-1)!.reset();
      await writing;
    }
    await until(() => told("recovered").length >= 10, "all recoveries");
    await finish(upload);
    assert.is(unionOf(server), range(0, 29).map(({ index }) => index).join(" "));
  }));

// ---- the window

test("narrows the window after connections that died before anything new", () =>
  withBadServer(async (request) => {
    if (request.number === 0) return await accept(request);
    await request.takeUntil(/\{1:29\}/);
    request.reset();
  }, async ({ server, uploader, arrive, told }) => {
    const upload = uploader({ resendWindowBytes: 16 * 14 });
    await upload.write(HEADER);
    await arrive(upload, ...range(20, 29));
    server.posts[0]!.reset();
    await until(() => told("resending").length >= 16, "sixteen tries");
    const counts = told("resending").slice(0, 16).map(({ fragments }) => fragments);
    assert.equal(counts, [10, 8, 8, 8, 8, 4, 4, 4, 4, 4, 4, 4, 2, 2, 2, 2]);
    const attempts = told("retrying").map(({ attempt }) => attempt);
    assert.equal(attempts, attempts.map((_, n) => n + 1));
  }));

test("does not narrow the window while there is no server at all", () =>
  withBadServer(undefined, async ({ server, uploader, arrive, told, clock }) => {
    const upload = uploader({ probeUrl: false, retryDelayMs: 1000 });
    await upload.write(HEADER);
    await arrive(upload, ...range(0, 9));
    await server.close();
    for (let tries = 1; tries <= 30; tries++) {
      await until(() => told("retrying").length === tries, `try ${tries}`);
      if (tries < 30) await clock.advance(told("retrying").at(-1)!.delayMs);
    }
    const second = await BadServer.start(accept, server.port);
    try {
      await clock.advance(10_000);
      await until(() => second.posts.length === 1, "the recovery");
      await upload.write(textFragment(10));
      await finish(upload);
      assert.equal(bodiesOf(second), ["0 1 2 3 4 5 6 7 8 9 10"]);
    } finally {
      await second.close();
    }
  }));

test("gets ahead at a point that always cuts after some fragments", () =>
  withBadServer(async (request) => {
    if (await request.takeUntil(/\{1:\d+\}/, 6)) request.reset();
    else if (request.isWhole) request.say(answer(200));
  }, async ({ server, uploader, arrive }) => {
    const upload = uploader({ resendWindowBytes: 20 * 21 });
    await upload.write(HEADER);
    await arrive(upload, ...range(0, 15));
    await finish(upload);
    assert.is(unionOf(server), range(0, 15).map(({ index }) => index).join(" "));
    assert.ok(server.posts.at(-1)!.isWhole);
  }));

// ---- how long it waits, and how often it tries

test("waits half a second, then twice as long each time, until something new was sent", () =>
  withBadServer(undefined, async ({ server, uploader, arrive, told, clock }) => {
    const upload = uploader({ retryDelayMs: undefined });
    await upload.write(HEADER);
    await arrive(upload, ...range(0, 2));
    // A point that takes the probe, the header and the old fragments makes no progress.
    for (const delay of [500, 1000, 2000, 4000, 5000, 5000]) {
      server.posts.at(-1)!.reset();
      const attempt = told("retrying").length + 1;
      await until(() => told("retrying").length === attempt, `try ${attempt}`);
      assert.is(told("retrying").at(-1)!.attempt, attempt);
      assert.is(told("retrying").at(-1)!.delayMs, delay);
      await clock.advance(delay - 1);
      assert.is(server.posts.length, attempt, "not too early");
      await clock.advance(1);
      await until(() => told("recovered").length === attempt, `recovery ${attempt}`);
      await until(() => server.posts[attempt]?.text().includes("{1:2}") ?? false);
      assert.is(told("recovered").at(-1)!.outageSeconds, delay / 1000);
    }
    await arrive(upload, textFragment(3));
    server.posts.at(-1)!.reset();
    await until(() => told("retrying").length === 7);
    assert.is(told("retrying").at(-1)!.attempt, 1);
    assert.is(told("retrying").at(-1)!.delayMs, 500);
  }));

for (const retries of [0, 1, 3]) {
  test(`gives up after ${retries} new tries without progress`, () =>
    withBadServer((request) => request.reset(), async ({ server, uploader, told }) => {
      const upload = uploader({ retries });
      const error = await ingestFailure((async () => {
        await upload.write(HEADER);
        await new Promise((resolve) => upload.failed.addEventListener("abort", resolve));
        await upload.write(textFragment(0));
      })());
      assert.is(error.kind, "lost");
      assert.is(error.url, server.url + STREAM_PATH);
      assert.is(told("retrying").length, retries);
      assert.is(server.posts.length, retries + 1);
      assert.is(upload.failed.reason, error);
    }));
}

test("counts tries from the last progress on", () =>
  withBadServer(undefined, async ({ server, uploader, arrive, told }) => {
    const upload = uploader({ retries: 1 });
    await upload.write(HEADER);
    for (let n = 0; n < 5; n++) {
      await arrive(upload, textFragment(n));
      server.posts.at(-1)!.reset();
      await until(() => told("recovered").length === n + 1);
    }
    assert.equal(told("retrying").map(({ attempt }) => attempt), [1, 1, 1, 1, 1]);
  }));

test("gives up when tries have gone on for too long without progress", () =>
  withBadServer(
    (request) => {
      request.say(answer(503, { Connection: "close" }));
      request.close();
    },
    async ({ server, uploader, told, clock }) => {
      const upload = uploader({ retryDelayMs: 1000, giveUpAfterMs: 10_000 });
      const failed = ingestFailure(upload.write(HEADER).then(() => upload.close()));
      // 1, 2 and 4 seconds are 7; the next 8 would be too many.
      for (let tries = 1; tries <= 3; tries++) {
        await until(() => told("retrying").length === tries, `try ${tries}`);
        await clock.advance(told("retrying").at(-1)!.delayMs);
      }
      const error = await failed;
      assert.is(error.status, 503);
      assert.is(server.posts.length, 4);
    },
  ));

test("tries again when the probe of a new connection fails", () =>
  withBadServer(undefined, async ({ server, uploader, arrive, told }) => {
    const upload = uploader({ resendWindowBytes: 0 });
    await upload.write(HEADER);
    await arrive(upload, ...range(0, 3));
    const until503 = server.requests.length + 5;
    server.script = (request) => {
      if (request.number < until503) request.say(answer(503));
      else return accept(request);
    };
    server.posts[0]!.reset();
    await until(() => told("recovered").length === 1);
    assert.is(server.probes.length, 6);
    await arrive(upload, textFragment(4));
    await finish(upload);
    assert.equal(bodiesOf(server), ["0 1 2 3", "2 3 4"]);
    assert.equal(told("retrying").map(({ attempt }) => attempt), [1, 2, 3, 4, 5, 6]);
  }));

test("tries the first probe again too, which is no recovery", () =>
  withBadServer(undefined, async ({ server, uploader, told }) => {
    server.script = (request) => {
      if (request.number < 3) request.say(answer(503));
      else return accept(request);
    };
    const upload = uploader();
    await upload.probe();
    await upload.write(HEADER);
    await upload.write(textFragment(0));
    await finish(upload);
    assert.is(told("retrying").length, 3);
    assert.equal([told("resending"), told("recovered")], [[], []]);
    assert.is(upload.reconnects, 0);
    assert.equal(server.requests.map(({ isProbe }) => isProbe), [true, true, true, true, false]);
  }));

// ---- a server that stops reading

const stalls = [
  { seconds: 2, options: {}, timeoutMs: 4000 },
  { seconds: 10, options: {}, timeoutMs: 20_000 },
  { seconds: 0.5, options: {}, timeoutMs: 2000 },
  { seconds: 10, options: { sendTimeoutMs: 700 }, timeoutMs: 700 },
];
for (const { seconds, options, timeoutMs } of stalls) {
  const how = `${seconds} s of media and ${JSON.stringify(options)}`;
  test(`waits ${timeoutMs} ms for a server that stops reading, with ${how}`, () =>
    withBadServer(async (request) => {
      if (request.number === 0) await request.take(1000);
      else await accept(request);
    }, async ({ server, uploader, told, clock }) => {
      const upload = uploader({ resendWindowBytes: 0, ...options });
      await upload.write(HEADER);
      let written = 0;
      let reads = 0;
      const onRead = () => reads++;
      const size = 200_000;
      const writing = (async () => {
        while (told("retrying").length === 0) {
          await upload.write(textFragment(written++, { seconds, size, onRead }));
        }
      })();
      let taken = -1;
      let still = 0;
      await until(() => {
        still = upload.bytes === taken ? still + 1 : 0;
        taken = upload.bytes;
        return still > 300;
      }, "the buffers to be full");
      // What the systems hold was read, and one fragment more.
      assert.is(reads, Math.ceil((upload.bytes - HEADER_TEXT.length) / (size + 20)));
      await clock.advance(timeoutMs - 1);
      assert.is(told("retrying").length, 0);
      await clock.advance(1);
      await until(() => told("retrying").length === 1, "the time-out");
      assert.match(told("retrying")[0]!.message, `no byte taken within ${timeoutMs / 1000} s`);
      await writing;
      await finish(upload);
      const first = Number(namesIn(server.posts[1]!.text()).split(" ")[0]);
      assert.is(
        namesIn(server.posts[1]!.text()),
        range(first, written - 1).map((it) => it.index).join(" "),
      );
    }));
}

test("does not wait for a point that never answers a probe", () =>
  withBadServer(undefined, async ({ server, uploader, told, clock }) => {
    server.script = (request) => request.number === 0 ? undefined : accept(request);
    const upload = uploader();
    const probing = upload.probe();
    await until(() => server.requests.length === 1);
    await clock.advance(29_999);
    assert.is(told("retrying").length, 0);
    await clock.advance(1);
    await probing;
    assert.match(told("retrying")[0]!.message, "no answer within 30 s");
    assert.is(upload.status, 200);
  }));

// ---- the end

test("takes no answer at the end for a lost connection", () =>
  withBadServer(async (request) => {
    await request.toEnd();
    if (request.number > 0) request.say(answer(200));
  }, async ({ server, uploader, told, clock }) => {
    const upload = uploader({ resendWindowBytes: 0 });
    await upload.write(HEADER);
    for (const fragment of range(0, 4)) await upload.write(fragment);
    const finished = finish(upload);
    await until(() => server.posts[0]?.isWhole ?? false);
    await clock.advance(29_999);
    assert.is(told("retrying").length, 0);
    await clock.advance(1);
    await finished;
    assert.match(told("retrying")[0]!.message, "no answer within 30 s");
    assert.is(namesIn(server.posts[1]!.text()), "3 4");
    assert.match(server.posts[1]!.text(), /<mfra>$/);
    assert.is(upload.status, 200);
  }));

const badEnds: { name: string; end: (request: BadRequest) => void }[] = [
  { name: "500", end: (request) => request.say(answer(500)) },
  {
    name: "503 and a FIN",
    end: (request) => {
      request.say(answer(503, { Connection: "close" }));
      request.close();
    },
  },
  { name: "a reset", end: (request) => request.reset() },
  { name: "a FIN without a word", end: (request) => request.close() },
  { name: "garbage", end: (request) => request.say("\0\0\0\0") },
];
for (const { name, end } of badEnds) {
  test(`sends the end again that is met with ${name}, and the window with it`, () =>
    withBadServer(async (request) => {
      await request.toEnd();
      if (request.number < 6) end(request);
      else request.say(answer(200));
    }, async ({ server, uploader, told }) => {
      const upload = uploader({ resendWindowBytes: 0, resend: 3 });
      await upload.write(HEADER);
      for (const fragment of range(0, 4)) await upload.write(fragment);
      await finish(upload);
      assert.is(server.posts.length, told("retrying").length + 1);
      for (const [n, post] of server.posts.entries()) {
        assert.is(namesIn(post.text()), n === 0 ? "0 1 2 3 4" : "2 3 4");
        assert.match(post.text(), /<mfra>$/);
      }
      assert.is(upload.status, 200);
    }));
}

test("does not narrow the window for a point that takes it all and fails in the end", () =>
  withBadServer(async (request) => {
    await request.toEnd();
    request.say(answer(request.number < 10 ? 500 : 200));
  }, async ({ server, uploader }) => {
    const upload = uploader();
    await upload.write(HEADER);
    for (const fragment of range(0, 9)) await upload.write(fragment);
    await finish(upload);
    assert.equal(new Set(bodiesOf(server)), new Set(["0 1 2 3 4 5 6 7 8 9"]));
  }));

const goodEnds = [
  { name: "202", text: answer(202) },
  { name: "204", text: "HTTP/1.1 204 No Content\r\n\r\n" },
  { name: "200 of HTTP/1.0 and a FIN", text: "HTTP/1.0 200 OK\r\n\r\n" },
  { name: "200 with a body", text: answer(200, { "Content-Length": "5" }) + "thank" },
  { name: "102 before 200", text: `HTTP/1.1 102 Processing\r\n\r\n${answer(200)}` },
];
for (const { name, text } of goodEnds) {
  test(`takes ${name} for a success`, () =>
    withBadServer(async (request) => {
      await request.toEnd();
      request.say(text);
      if (text.startsWith("HTTP/1.0")) request.close();
    }, async ({ server, uploader, told }) => {
      const upload = uploader();
      await upload.write(HEADER);
      await upload.write(textFragment(0));
      await finish(upload);
      assert.equal(told("retrying"), []);
      assert.is(server.posts.length, 1);
    }));
}

test("passes over 100 Continue that nobody asked for, also in the middle of a body", () =>
  withBadServer(async (request) => {
    request.say("HTTP/1.1 100 Continue\r\n\r\n");
    await request.takeUntil(/\{1:1\}/);
    request.say("HTTP/1.1 100 Continue\r\nServer: x\r\n\r\n");
    await request.toEnd();
    request.say(`HTTP/1.1 100 Continue\r\n\r\n${answer(200)}`);
  }, async ({ server, uploader, arrive, told }) => {
    const upload = uploader();
    await upload.write(HEADER);
    await arrive(upload, ...range(0, 3));
    await finish(upload);
    assert.equal(told("retrying"), []);
    assert.equal(bodiesOf(server), ["0 1 2 3"]);
  }));

test("sends to a server that reads one byte at a time", () =>
  withBadServer(async (request) => {
    while (!request.isWhole && await request.take(1));
    request.say(answer(200));
  }, async ({ server, uploader, told }) => {
    const upload = uploader();
    await upload.write(HEADER);
    for (const fragment of range(0, 99)) await upload.write(fragment);
    await finish(upload);
    assert.equal(told("retrying"), []);
    assert.is(unionOf(server), range(0, 99).map(({ index }) => index).join(" "));
  }));

test("waits for an answer that comes late", () =>
  withBadServer(async (request) => {
    await request.toEnd();
  }, async ({ server, uploader, told, clock }) => {
    const upload = uploader();
    await upload.write(HEADER);
    await upload.write(textFragment(0));
    const finished = finish(upload);
    await until(() => server.posts[0]?.isWhole ?? false);
    await clock.advance(29_000);
    server.posts[0]!.say(answer(200));
    await finished;
    assert.equal(told("retrying"), []);
  }));

// ---- the live edge

test("leaves out what has come too late after an outage, where it is told to", () =>
  withBadServer(undefined, async ({ server, uploader, arrive, told, clock }) => {
    const upload = uploader({ afterOutage: "live-edge", resendWindowBytes: 0, retryDelayMs: 500 });
    const due = (index: number) => textFragment(index, { dueMs: (index + 1) * 2000 });
    await upload.write(HEADER);
    await clock.advance(2000);
    await arrive(upload, due(0));
    await clock.advance(2000);
    await arrive(upload, due(1));
    server.posts[0]!.reset();
    await until(() => told("retrying").length === 1);
    // Without a server for twenty seconds.
    server.script = (request) => clock.now() < 24_000 ? request.reset() : accept(request);
    const writing = (async () => {
      for (let n = 2; n < 15; n++) await upload.write(due(n));
    })();
    for (let tries = 1; clock.now() < 24_000; tries++) {
      await until(() => told("retrying").length === tries);
      await clock.advance(told("retrying").at(-1)!.delayMs);
    }
    await writing;
    await finish(upload);
    assert.is(clock.now(), 26_500);
    // What ended by 24.5 s was due two seconds before that.
    assert.is(told("dropped").map(({ index }) => index).join(" "), "2 3 4 5 6 7 8 9 10 11");
    assert.equal(bodiesOf(server).filter((names) => names !== ""), ["0 1", "0 1 12 13 14"]);
    assert.is(told("recovered")[0]!.outageSeconds, 22.5);
  }));

test("leaves out what lasts no longer at the rate of the stream", () =>
  withBadServer(undefined, async ({ server, uploader, arrive, told, clock }) => {
    const options = { afterOutage: "live-edge", resendWindowBytes: 0, retryDelayMs: 500 } as const;
    const upload = uploader({ rate: 4, ...options });
    const due = (index: number) => textFragment(index, { dueMs: (index + 1) * 500 });
    await upload.write(HEADER);
    await clock.advance(500);
    await arrive(upload, due(0));
    server.script = (request) => clock.now() < 5000 ? request.reset() : accept(request);
    server.posts[0]!.reset();
    await until(() => told("retrying").length === 1);
    for (let tries = 1; clock.now() < 5000; tries++) {
      await until(() => told("retrying").length === tries);
      await clock.advance(told("retrying").at(-1)!.delayMs);
    }
    await until(() => told("recovered").length === 1);
    const nowMs = clock.now();
    for (let n = 1; n < 20; n++) await upload.write(due(n));
    await finish(upload);
    // Each lasts two seconds of media, half a second of the clock.
    const late = range(1, 19).filter(({ index }) => nowMs > (index + 2) * 500).length;
    assert.ok(late > 5 && late < 18, `${late}`);
    assert.is(told("dropped").length, late);
  }));

// ---- short requests

test("makes a short request again by the same rules", () =>
  withBadServer(undefined, async ({ server, uploader, told }) => {
    const upload = uploader({ mode: "short" });
    await upload.write(HEADER);
    for (const fragment of range(0, 2)) await upload.write(fragment);
    const failures: ((request: BadRequest) => void)[] = [
      (request) => request.reset(),
      (request) => request.say(answer(503)),
      (request) => request.close(),
      (request) => request.say(answer(500)),
    ];
    server.script = async (request) => {
      await request.toEnd();
      if (request.isProbe || failures.length === 0) request.say(answer(200));
      else failures.shift()!(request);
    };
    await upload.write(textFragment(3));
    await finish(upload);
    assert.equal(bodiesOf(server), [
      "",
      "0",
      "1",
      "2",
      "3",
      "1 2 3",
      "1 2 3",
      "1 2 3",
      "1 2 3",
      "",
    ]);
    assert.ok(server.posts.every((post) => post.text().startsWith(HEADER_TEXT)));
    assert.match(server.posts.at(-1)!.text(), /<mfra>$/);
    assert.is(server.probes.length, 4);
    assert.equal(told("retrying").map(({ attempt }) => attempt), [1, 2, 3, 4]);
    assert.is(told("recovered").length, 1);
    assert.is(upload.reconnects, 1);
  }));

test("makes a short request again that is not answered", () =>
  withBadServer(async (request) => {
    await request.toEnd();
    if (request.number > 0) request.say(answer(200));
  }, async ({ server, uploader, told, clock }) => {
    const upload = uploader({ mode: "short" });
    const writing = upload.write(HEADER);
    await until(() => server.posts[0]?.isWhole ?? false);
    await clock.advance(30_000);
    await writing;
    assert.match(told("retrying")[0]!.message, "no answer within 30 s");
    assert.equal(server.posts.map((post) => post.text()), [HEADER_TEXT, HEADER_TEXT]);
  }));

test("counts a short request that was answered as progress", () =>
  withBadServer(async (request) => {
    await request.toEnd();
    if (request.number % 3 === 0) request.reset();
    else request.say(answer(200));
  }, async ({ uploader, told }) => {
    const upload = uploader({ mode: "short", retries: 1 });
    await upload.write(HEADER);
    for (const fragment of range(0, 9)) await upload.write(fragment);
    await finish(upload);
    assert.ok(told("retrying").length > 4);
    assert.ok(told("retrying").every(({ attempt }) => attempt === 1));
  }));

// ---- an end before the end

test("gives a fragment under way as long as it lasts, after the stop, and the answer its time", () =>
  withBadServer(async (request) => {
    await request.take(1000);
  }, async ({ uploader, clock }) => {
    const stop = new AbortController();
    const upload = uploader({ stop: stop.signal, sendTimeoutMs: 3_600_000 });
    await upload.write(HEADER);
    const writing = ingestFailure(upload.write(textFragment(0, { seconds: 6, size: 100_000_000 })));
    await clock.advance(10_000);
    stop.abort();
    await clock.advance(35_999);
    assert.not.ok(upload.failed.aborted);
    await clock.advance(1);
    const error = await writing;
    assert.is(error.kind, "lost");
    assert.match(error.message, "stopped before it was done");
  }));

test("gives all that follows the stop no more time than that, however slow each step is", () =>
  withBadServer(async (request) => {
    await request.takeUntil(/<mfra>/);
  }, async ({ server, uploader, clock }) => {
    const stop = new AbortController();
    const upload = uploader({ stop: stop.signal });
    await upload.write(HEADER);
    const slow = textFragment(0);
    let go!: () => void;
    const gate = new Promise<void>((resolve) => go = resolve);
    const payload = {
      size: 8,
      read: async function* () {
        await gate;
        yield new Uint8Array(8);
      },
    };
    const writing = upload.write({ ...slow, payload });
    await settle();
    stop.abort();
    await clock.advance(20_000);
    go();
    await writing;
    const finished = ingestFailure(finish(upload));
    await until(() => server.posts[0]?.text().endsWith("<mfra>") ?? false);
    await clock.advance(11_999);
    assert.not.ok(upload.failed.aborted);
    await clock.advance(1);
    assert.match((await finished).message, "stopped before it was done");
  }));

test("counts that time from the stop on, whatever is done when it comes", () =>
  withBadServer((request) => void request.toEnd(), async ({ server, uploader, arrive, clock }) => {
    const stop = new AbortController();
    const upload = uploader({ stop: stop.signal });
    await upload.write(HEADER);
    await arrive(upload, textFragment(0));
    stop.abort();
    // The end takes a long way through the pipeline.
    await clock.advance(25_000);
    const finished = ingestFailure(finish(upload));
    await until(() => server.posts[0]!.text().endsWith("<mfra>"));
    await clock.advance(6999);
    assert.not.ok(upload.failed.aborted);
    await clock.advance(1);
    assert.match((await finished).message, "stopped before it was done");
    assert.is(clock.pending, 0);
  }));

test("waits for nothing any more once it is closed after the stop", () =>
  withBadServer(undefined, async ({ uploader, arrive, clock }) => {
    const stop = new AbortController();
    const upload = uploader({ stop: stop.signal });
    await upload.write(HEADER);
    await arrive(upload, textFragment(0));
    stop.abort();
    await finish(upload);
    await settle();
    assert.is(clock.pending, 0);
  }));

test("ends at once when it is stopped between two tries", () =>
  withBadServer((request) => request.reset(), async ({ uploader, told, clock }) => {
    const stop = new AbortController();
    const upload = uploader({ stop: stop.signal, retryDelayMs: 5000 });
    await upload.write(HEADER);
    await until(() => told("retrying").length === 1);
    const writing = ingestFailure(upload.write(textFragment(0)));
    stop.abort();
    assert.is((await writing).kind, "lost");
    await settle();
    assert.is(clock.pending, 0);
  }));

test("tries nothing again after a stop", () =>
  withBadServer(undefined, async ({ server, uploader, arrive, told }) => {
    const stop = new AbortController();
    const upload = uploader({ stop: stop.signal });
    await upload.write(HEADER);
    await arrive(upload, textFragment(0));
    stop.abort();
    server.posts[0]!.reset();
    await until(() => upload.failed.aborted);
    assert.is((await ingestFailure(finish(upload))).kind, "lost");
    assert.equal(told("retrying"), []);
  }));

test("ends at once when it is aborted, wherever it is", () =>
  withBadServer(async (request) => {
    await request.take(1000);
  }, async ({ server, uploader, told, clock }) => {
    const reason = new Error("enough");
    const stalled = uploader();
    await stalled.write(HEADER);
    const writing = failure(stalled.write(textFragment(0, { size: 100_000_000 })));
    await until(() => server.posts.length === 1);
    stalled.abort(reason);
    assert.is(await writing, reason);
    server.script = (request) => request.reset();
    const waiting = uploader({ retryDelayMs: 5000 });
    const probing = failure(waiting.probe());
    await until(() => told("retrying").length === 1);
    waiting.abort(reason);
    assert.is(await probing, reason);
    const gone = new AbortController();
    gone.abort(reason);
    assert.is(await failure(uploader().probe(gone.signal)), reason);
    await settle();
    assert.is(clock.pending, 0);
  }));

test("can still end a stream in order whose input broke off in a fragment", () =>
  withBadServer(undefined, async ({ server, uploader, arrive, told }) => {
    const upload = uploader({ resendWindowBytes: 0 });
    await upload.write(HEADER);
    await arrive(upload, ...range(0, 3));
    const reason = new InputError("Cannot read it", "movie.ismv");
    const payload = {
      size: 100,
      read: async function* () {
        yield new Uint8Array(50);
        throw reason;
      },
    };
    assert.is(await failure(upload.write({ ...textFragment(4), payload })), reason);
    assert.ok(upload.isBrokenOff);
    assert.not.ok(upload.failed.aborted);
    await upload.write(END);
    await upload.close();
    assert.is(namesIn(server.posts[1]!.text()), "2 3");
    assert.match(server.posts[1]!.text(), /<mfra>$/);
    assert.equal(told("retrying"), []);
  }));

endWatch();
test.run();
