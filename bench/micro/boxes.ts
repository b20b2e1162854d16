import type { MicroTask } from "./task.ts";
import { boxView } from "../../lib/mp4/box.ts";
import { readMfra, writeMfra } from "../../lib/mp4/mfra.ts";
import { readMoof, rewriteMoof } from "../../lib/mp4/moof.ts";
import { cutMoov, readMoov } from "../../lib/mp4/moov.ts";
import { readTrun, readTrunHeader, sumSamples } from "../../lib/mp4/trun.ts";
import { readSampleParts } from "./sample_parts.ts";

/** Of a presentation of an hour, fragments of 2 s. */
const INDEX_ENTRIES = 1800;

/** What is done to boxes once for each fragment, or once for each file. */
export async function boxTasks(): Promise<MicroTask[]> {
  const { fragment: { moof: bytes }, moov, live: { trackId } } = await readSampleParts();
  const moof = readMoof(bytes, 0);
  const trun = boxView(bytes, moof.truns[0]!.box);
  const edit = {
    sequenceNumber: 7,
    tfxd: { time: 17_040_672_001_234_567n, duration: 20_000_000n },
    decodeTimeShift: 17_040_672_001_234_567n,
    dropTfrf: true,
  };
  const rebased = rewriteMoof(bytes, moof, edit);
  const rebasedMoof = readMoof(rebased, 0);
  const entries = Array.from({ length: INDEX_ENTRIES }, (_, n) => ({
    time: BigInt(n) * 20_000_000n,
    moofOffset: n * 1_280_000,
  }));
  const mfra = writeMfra({ tracks: [{ trackId, entries }] });
  return [
    { name: `readMoof, ${bytes.length} bytes`, run: () => void readMoof(bytes, 0) },
    {
      name: "rewriteMoof, tfxd added",
      run: () => void rewriteMoof(bytes, moof, edit),
    },
    {
      name: "rewriteMoof, tfxd replaced",
      run: () => void rewriteMoof(rebased, rebasedMoof, edit),
    },
    { name: "readTrun", run: () => void readTrun(trun) },
    {
      name: "readTrunHeader, sumSamples",
      run: () => void sumSamples(trun, readTrunHeader(trun), "size", 0),
    },
    { name: `readMoov, ${moov.length} bytes`, run: () => void readMoov(moov, 0) },
    { name: "cutMoov to one track", run: () => void cutMoov(moov, [trackId]) },
    { name: `readMfra, ${INDEX_ENTRIES} entries`, run: () => void readMfra(mfra, 0) },
    {
      name: `writeMfra, ${INDEX_ENTRIES} entries`,
      run: () => void writeMfra({ tracks: [{ trackId, entries }] }),
    },
  ];
}
