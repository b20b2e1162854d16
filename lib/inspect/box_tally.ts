import type { BoxSummary } from "./inspection.ts";
import type { BoxHeader } from "../mp4/box.ts";
import type { TopBox } from "../source/box_window.ts";
import { printable } from "../mp4/box.ts";
import { LIVE_SERVER_MANIFEST, STREAM_MANIFESTS } from "../mp4/uuid.ts";

type BoxType = Pick<BoxHeader, "type" | "userType">;

const KNOWN_TYPES = new Set([
  ...["ftyp", "styp", "moov", "moof", "mdat", "mfra", "free", "skip", "wide", "pdin", "sidx"],
  ...["ssix", "prft", "emsg", "meta", "udta", "pssh"],
]);

const MAX_TYPES = 200;

/** How the known `uuid` boxes at the top level are called. */
function userTypeName(userType: string | undefined): string | undefined {
  if (userType === LIVE_SERVER_MANIFEST) return "Live Server Manifest";
  return userType && STREAM_MANIFESTS.includes(userType) ? "Stream Manifest" : undefined;
}

/** Whether a box of this type may stand at the top level of a file. */
export function isTopLevelBox({ type, userType }: BoxType): boolean {
  return KNOWN_TYPES.has(type) || userTypeName(userType) !== undefined;
}

/** A box type as it is shown, with the extended type of a `uuid` box. */
export function shownType({ type, userType }: BoxType): string {
  return userType ? `uuid ${userType}` : printable(type);
}

/** Counts the boxes at the top level of a file by type. */
export class BoxTally {
  readonly #summaries = new Map<string, { -readonly [K in keyof BoxSummary]: BoxSummary[K] }>();

  /** @returns Whether it could be counted: types without end are not. */
  add(box: TopBox): boolean {
    const { type, userType, offset, end } = box;
    const key = shownType(box);
    const known = this.#summaries.get(key);
    if (known) {
      known.count++;
      known.bytes += end - offset;
      return true;
    }
    if (this.#summaries.size === MAX_TYPES) return false;
    const name = userTypeName(userType);
    this.#summaries.set(key, { type, userType, name, count: 1, bytes: end - offset, offset });
    return true;
  }

  /** In order of first appearance. */
  get summaries(): BoxSummary[] {
    return [...this.#summaries.values()];
  }
}
