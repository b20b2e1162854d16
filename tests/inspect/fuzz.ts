import { suite } from "uvu";
import * as assert from "uvu/assert";
import { InputError } from "../../lib/errors.ts";
import { formatInspection } from "../../lib/cli/inspect_report.ts";
import { formatJson } from "../../lib/inspect/inspection_json.ts";
import { join, uint32 } from "../../lib/mp4/box.ts";
import { makeEdts, makeFile, makeMoov, patched, walkBoxes } from "../helpers/boxes.ts";
import { indexedFile, inspectBytes } from "../helpers/inspect_bytes.ts";
import { Random } from "../helpers/random.ts";
import { readSample } from "../helpers/sample.ts";

const SEED = 20_240_611;
const ROUNDS = 400;

const test = suite("inspect on damaged input");

/** Reads it or says no, as it does for every input; and what it read can be shown. */
async function tryInspect(bytes: Uint8Array): Promise<void> {
  try {
    const inspection = await inspectBytes(bytes, { maxFragments: 10 });
    for (const line of formatInspection(inspection, 80)) assert.ok(line.length <= 80, line);
    JSON.parse([...formatJson(inspection)].join(""));
  } catch (error) {
    if (!(error instanceof InputError)) throw error;
  }
}

const FILE = indexedFile(undefined, {
  tracks: [{ boxes: [makeEdts([{ duration: 0n, mediaTime: 5n }])] }, { trackId: 2 }],
});

test("survives a file that is cut anywhere", async () => {
  for (let size = 0; size < FILE.length; size += 3) await tryInspect(FILE.subarray(0, size));
});

test("survives every box with another size", async () => {
  for (const { start } of walkBoxes(FILE)) {
    for (const size of [0, 1, 2, 7, 8, 12, 0x7fffffff, 0xffffffff]) {
      await tryInspect(patched(FILE, start, uint32(size)));
    }
  }
});

test("survives bytes that are changed at random", async () => {
  const random = new Random(SEED);
  const text = await readSample("sample_text.ismt");
  for (let round = 0; round < ROUNDS; round++) {
    const bytes = random.pick([FILE, text]).slice();
    for (let n = random.between(1, 8); n > 0; n--) {
      bytes[random.below(bytes.length)] = random.pick([0, 1, 0x7f, 0x80, 0xff, random.below(256)]);
    }
    await tryInspect(bytes);
  }
});

test("survives pieces of files in any order", async () => {
  const random = new Random(SEED);
  const pieces = [FILE, makeFile(), makeMoov()].flatMap((bytes) =>
    walkBoxes(bytes).map(({ start, end }) => bytes.subarray(start, end))
  );
  for (let round = 0; round < ROUNDS; round++) {
    await tryInspect(
      join(Array.from({ length: random.between(1, 12) }, () => random.pick(pieces))),
    );
  }
});

test("survives manifests that are changed at random", async () => {
  const random = new Random(SEED);
  for (const name of ["sample.ism", "sample.ismc"]) {
    const manifest = await readSample(name);
    for (let round = 0; round < ROUNDS / 4; round++) {
      const bytes = manifest.slice();
      for (let n = random.between(1, 3); n > 0; n--) {
        bytes[random.below(bytes.length)] = random.below(256);
      }
      await tryInspect(bytes);
    }
  }
});

test.run();
