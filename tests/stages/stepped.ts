import type { PartStep, StreamPart } from "../../lib/part.ts";
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { Stepped } from "../../lib/stages/stepped.ts";
import { end, failure, fragments, header } from "../helpers/parts.ts";

const test = suite("stepped");

/** Notes what it lets pass. */
function noting(notes: string[], what: string): PartStep {
  return (part) => {
    notes.push(`${what} ${part.type === "fragment" ? part.index : part.type}`);
    return part;
  };
}

/** What leaves, one by one. */
async function* left(parts: Stepped): AsyncGenerator<StreamPart> {
  for (let part = await parts.next(); part; part = await parts.next()) yield part;
}

async function* sourceOf(parts: readonly StreamPart[], error?: Error): AsyncGenerator<StreamPart> {
  yield* parts;
  if (error) throw error;
}

test("makes a few fragments ready before the first of them leaves, but no header and no end", async () => {
  const notes: string[] = [];
  const parts = [header(), ...fragments(5), end()];
  for await (const part of left(new Stepped(sourceOf(parts), [noting(notes, "ready")], 2))) {
    noting(notes, "left")(part);
  }
  assert.equal(notes, [
    ...["ready header", "left header"],
    ...["ready 0", "ready 1", "left 0", "left 1"],
    ...["ready 2", "ready 3", "left 2", "left 3"],
    ...["ready 4", "ready end", "left 4", "left end"],
  ]);
});

test("leaves out what a step leaves out, and asks the next one no more", async () => {
  const notes: string[] = [];
  const isEven: PartStep = (part) => part.type === "fragment" && part.index % 2 ? undefined : part;
  const steps = [isEven, noting(notes, "ready")];
  const kept: StreamPart[] = [];
  for await (const part of left(new Stepped(sourceOf(fragments(5)), steps, 8))) kept.push(part);
  assert.equal(kept.map((part) => part.type === "fragment" && part.index), [0, 2, 4]);
  assert.equal(notes, ["ready 0", "ready 2", "ready 4"]);
});

test("lets what was ready leave before it fails", async () => {
  const defect = new TypeError("no");
  const failing: PartStep = (part) => {
    if (part.type === "fragment" && part.index === 3) throw defect;
    return part;
  };
  const cases = [
    new Stepped(sourceOf(fragments(3), defect), [], 8),
    new Stepped(sourceOf(fragments(5)), [failing], 8),
  ];
  for (const parts of cases) {
    const kept: StreamPart[] = [];
    for (let n = 0; n < 3; n++) kept.push((await parts.next())!);
    assert.is(kept.length, 3);
    assert.is(await failure(parts.next()), defect);
  }
});

test("lets go of its source", async () => {
  let isClosed = false;
  const source = (async function* () {
    try {
      yield* fragments(3);
    } finally {
      isClosed = true;
    }
  })();
  const parts = new Stepped(source, [], 2);
  await parts.next();
  await parts.close();
  assert.ok(isClosed);
});

test.run();
