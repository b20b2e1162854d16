import type { ClientInspection, StreamInspection } from "./inspection.ts";
import type { OddityKind, OddityLog } from "./oddity_log.ts";
import { isApart, showTime } from "./span.ts";

/** Looks for what does not fit together within a client manifest. */
export function checkClient(client: ClientInspection, oddities: OddityLog): void {
  const { location, streams } = client;
  const note = (kind: OddityKind, scope: number, text: string) =>
    oddities.note(kind, { file: location, scope }, text);
  for (const [n, stream] of streams.entries()) {
    checkCounts(stream, (text) => note("declared-count", n, text));
    checkTimeline(client, stream, (kind, text) => note(kind, n, text));
    if (streams.slice(0, n).some(({ name }) => name === stream.name)) {
      note("name-used-twice", n, `Two StreamIndex elements have the name "${stream.name}"`);
    }
    const parent = stream.parentStreamIndex;
    if (parent !== undefined && !streams.some(({ name }) => name === parent)) {
      note(
        "parent-missing",
        n,
        `The parent "${parent}" of "${stream.name}" is not in the manifest`,
      );
    }
  }
}

function checkCounts(stream: StreamInspection, note: (text: string) => void): void {
  const { name, declaredFragments, declaredLevels, levels, span } = stream;
  const fragments = span?.count ?? 0;
  const differs = (declared: number | undefined, found: number) =>
    declared !== undefined && declared > 0 && declared !== found;
  if (differs(declaredFragments, fragments)) {
    note(`"${name}" says Chunks="${declaredFragments}" and lists ${fragments} fragments`);
  }
  if (differs(declaredLevels, levels.length)) {
    note(`"${name}" says QualityLevels="${declaredLevels}" and lists ${levels.length}`);
  }
}

function checkTimeline(
  { timescale: rootTimescale, duration, isLive }: ClientInspection,
  { name, span, timescale, parentStreamIndex }: StreamInspection,
  note: (kind: OddityKind, text: string) => void,
): void {
  if (!span || parentStreamIndex !== undefined) return;
  const hole = span.end - span.start - span.duration;
  if (isApart(hole, 0n, timescale)) {
    const [kind, what] = hole > 0n ? ["gap", "holes"] as const : ["overlap", "overlaps"] as const;
    const shown = showTime(hole > 0n ? hole : -hole, timescale);
    note(kind, `The fragments of "${name}" have ${what} of ${shown} in all`);
  }
  const declared = duration * BigInt(timescale) / BigInt(rootTimescale);
  // Tracks end within a fragment of one another.
  const distance = declared - (span.end - span.start);
  if (isLive || duration === 0n || (distance < 0n ? -distance : distance) <= span.maxDuration) {
    return;
  }
  const shown = showTime(span.end - span.start, timescale);
  note(
    "listed-times",
    `"${name}" lasts ${shown}, the manifest says ${showTime(declared, timescale)}`,
  );
}
