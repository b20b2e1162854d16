import type { Inspection } from "../../lib/inspect/inspection.ts";
import type { OddityKind } from "../../lib/inspect/oddity_log.ts";
import type { FileFragment, MoovFields } from "./boxes.ts";
import { join } from "node:path";
import { inspect, type InspectOptions } from "../../lib/inspect/inspect.ts";
import { concat } from "../../lib/mp4/box.ts";
import { makeFile, makeMoov, startOf, THREE_FRAGMENTS, walkBoxes } from "./boxes.ts";
import { withFolder } from "./temp_folder.ts";

/** Inspects what is not in a file yet. */
export function inspectBytes(
  content: Uint8Array | string,
  options?: InspectOptions,
): Promise<Inspection> {
  return withFolder({ input: content }, (folder) => inspect(join(folder, "input"), options));
}

/** What kinds of oddities were found, in order. */
export function kindsOf({ oddities }: Inspection): OddityKind[] {
  return oddities.map(({ kind }) => kind);
}

/** What is said of the first oddity of a kind. */
export function textOf({ oddities }: Inspection, kind: OddityKind): string | undefined {
  return oddities.find((it) => it.kind === kind)?.text;
}

/** The same file with an index at its end that gives the first fragments these times. */
export function withIndex(bytes: Uint8Array, times: readonly bigint[], trackId = 1): Uint8Array {
  const moofs = walkBoxes(bytes).filter(({ path }) => path === "moof");
  const entries = times.map((time, n) => ({ time, moofOffset: moofs[n]!.start }));
  const file = makeFile({ fragments: [], mfra: { tracks: [{ trackId, entries }] } });
  return concat(bytes, file.subarray(startOf(file, "mfra")));
}

/** A file with an index that is right: what is odd about it is up to the test. */
export function indexedFile(
  fragments: readonly FileFragment[] = THREE_FRAGMENTS,
  moov?: MoovFields,
): Uint8Array {
  const bytes = makeFile({ fragments, ...(moov && { moov: makeMoov(moov) }) });
  const times = fragments.map(({ tfxd, tfdt }, n) =>
    tfxd?.time ?? tfdt?.[0].baseMediaDecodeTime ?? BigInt(n) * 20_000_000n
  );
  return withIndex(bytes, times);
}
