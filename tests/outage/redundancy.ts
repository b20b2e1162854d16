import { suite } from "uvu";
import * as assert from "uvu/assert";
import { BadServer } from "../helpers/bad_server.ts";
import { checking, checkWhole, COMPLETE, DENSE, OutageRun } from "../helpers/outage_run.ts";
import { SampleUnion } from "../helpers/union.ts";
import { watchUnhandled } from "../helpers/unhandled.ts";
import { until } from "../helpers/until.ts";
import { readBody, wholePart } from "../helpers/wire.ts";

const test = suite("several points and several processes");
const endWatch = watchUnhandled(test);

test("leaves a point alone when another one dies", async () => {
  const unions = [await SampleUnion.open(), await SampleUnion.open()];
  const [dying, living] = await Promise.all(
    unions.map((union) => BadServer.start(checking(union))),
  ) as [BadServer, BadServer];
  const run = new OutageRun([dying, living], { recovery: { giveUpAfterMs: 20_000 } });
  const union = unions[1]!;
  try {
    await run.start();
    for (let n = 0; n < 3; n++) await run.step(union, DENSE, 1);
    await dying.close();
    await until(() => run.told("retrying").length === 4, "the loss to be noticed");
    await run.stepTo(20_000, union, DENSE, 1);
    await until(() => run.told("ended").filter(({ state }) => state === "complete").length === 5);
    await run.passUntil(() => run.told("ended").length === 10, "the dead point to be given up");
    const { streams } = await run.report;
    const of = (server: BadServer) => streams.filter(({ point }) => point.startsWith(server.url));
    assert.equal(of(dying).map(({ state }) => state), Array(5).fill("lost"));
    assert.equal(of(living).map(({ state }) => state), Array(5).fill("complete"));
    assert.equal(of(living).map(({ reconnects }) => reconnects), [0, 0, 0, 0, 0]);
    checkWhole(union, 1);
  } finally {
    await living.close();
  }
});

/** Each fragment of each stream as it stands on the wire; the same one twice must be the same bytes. */
function fragmentsOf({ posts }: BadServer): Map<string, string> {
  const found = new Map<string, string>();
  for (const post of posts) {
    const { boxes, fragments } = readBody(wholePart(post.body()));
    const starts = boxes.flatMap(({ type }, n) => type === "moof" ? [n] : []);
    fragments.forEach(({ sequenceNumber }, n) => {
      const key = `${post.url} ${sequenceNumber}`;
      const [moof, mdat] = boxes.slice(starts[n]!, starts[n]! + 2);
      const bytes = [moof!.bytes, mdat!.bytes].map((it) => new TextDecoder("latin1").decode(it));
      const whole = bytes.join("");
      if (found.has(key) && found.get(key) !== whole) throw new Error(`${key} is another one`);
      found.set(key, whole);
    });
  }
  return found;
}

/** What stands in front of the fragments, by stream. */
function headersOf({ posts }: BadServer): Map<string, Set<string>> {
  const found = new Map<string, Set<string>>();
  for (const post of posts) {
    const boxes = readBody(wholePart(post.body())).boxes
      .filter(({ type }) => !["moof", "mdat", "mfra"].includes(type));
    const header = boxes.map(({ bytes }) => new TextDecoder("latin1").decode(bytes)).join("");
    found.set(post.url, (found.get(post.url) ?? new Set()).add(header));
  }
  return found;
}

/** The same start for two processes. */
const BASE = { numerator: 17_000_000_000_000_000n, denominator: 10_000_000n };

/** Goes on step by step until each dense stream has handed so many fragments over. */
async function handOver(run: OutageRun, count: number): Promise<void> {
  await run.start();
  for (let n = 1; n <= count; n++) {
    await run.passTo(2000 * n + 100);
    const isThere = (stream: number) => run.told("fragment", stream).length >= n;
    await until(() => DENSE.every(isThere), `fragment ${n} of all`);
  }
}

test("sends the same bytes from two processes of the same id and start", async () => {
  const [first, second] = [await BadServer.start(), await BadServer.start()];
  try {
    const one = new OutageRun(first, { base: BASE, loop: 3 });
    const other = new OutageRun(second, { base: BASE, loop: 3, rate: "max" });
    await handOver(one, 30);
    assert.is(await one.states(), COMPLETE);
    assert.is(await other.states(), COMPLETE);
    assert.equal(headersOf(first), headersOf(second));
    const [a, b] = [fragmentsOf(first), fragmentsOf(second)];
    assert.is(a.size, 4 * 30 + 9);
    assert.equal([...a.keys()].sort(), [...b.keys()].sort());
    for (const [key, bytes] of a) assert.ok(bytes === b.get(key), key);
  } finally {
    await Promise.all([first.close(), second.close()]);
  }
});

test("can be replaced in mid-push by another process of the same id and start", async () => {
  const server = await BadServer.start();
  try {
    const first = new OutageRun(server, { base: BASE, loop: 3 });
    await handOver(first, 12);
    first.abort.abort(new Error("killed"));
    await first.report;
    const ends = () => server.posts.filter((post) => post.text().includes("mfra")).length;
    assert.is(ends(), 0);
    const second = new OutageRun(server, { base: BASE, loop: 3, rate: "max" });
    assert.is(await second.states(), COMPLETE);
    assert.is(ends(), 5);
    // Whatever came twice is the same, and nothing is missing.
    assert.is(fragmentsOf(server).size, 4 * 30 + 9);
    for (const [url, headers] of headersOf(server)) assert.is(headers.size, 1, url);
  } finally {
    await server.close();
  }
});

endWatch();
test.run();
