import type { PublishingPointFile } from "../manifest/publishing_point_file.ts";
import { metaContent } from "../manifest/smil.ts";

/** The states of a publishing point, in the words of IIS. */
export type PointStateName =
  | "Idle"
  | "Starting"
  | "Started"
  | "Stopping"
  | "Stopped"
  | "ShuttingDown";

/** What can be set of a publishing point. */
export interface PointSettings {
  readonly title: string;
  /** Whether the first encoder starts it; otherwise someone must start it by hand. */
  readonly startOnFirstRequest: boolean;
  /** Whether what an encoder sends after the end begins a new broadcast. */
  readonly restartOnEncoderReconnect: boolean;
  /** How many fragments of the same track must follow one that is offered. */
  readonly lookaheadChunks: number;
  /** Length of the DVR window in seconds; 0 is the whole broadcast. */
  readonly windowSeconds: number;
  /** Whether lists of fragments in the client manifest are short, which takes version 2.2. */
  readonly clientManifestVersion: "2.0" | "2.2";
  /** How long the broadcast is said to be, in seconds; 0 where nobody knows. It is kept for those who ask, no more. */
  readonly estimatedSeconds: number;
}

/** The settings of a point that nobody has set. */
export const DEFAULT_SETTINGS: PointSettings = {
  title: "",
  startOnFirstRequest: true,
  restartOnEncoderReconnect: true,
  lookaheadChunks: 2,
  windowSeconds: 120,
  clientManifestVersion: "2.0",
  estimatedSeconds: 0,
};

/** What a publishing point file sets; a window of 0 leaves that of the server, as files have it for want of a better. */
export function settingsOf(file: PublishingPointFile, defaults: PointSettings): PointSettings {
  return {
    title: file.title,
    startOnFirstRequest: file.startOnFirstRequest,
    restartOnEncoderReconnect: file.restartOnEncoderReconnect,
    lookaheadChunks: Math.min(file.lookaheadChunks, MAX_LOOKAHEAD),
    windowSeconds: file.manifestWindowLength || defaults.windowSeconds,
    clientManifestVersion: defaults.clientManifestVersion,
    estimatedSeconds: estimateOf(file),
  };
}

/** The entry has no field of its own; one that is no number is none. */
function estimateOf({ metas }: PublishingPointFile): number {
  const text = metaContent(metas, "estimatedTime") ?? "";
  return /^\d{1,15}$/.test(text) ? Number(text) : 0;
}

/** Most fragments that may be held back: a TfrfBox counts them in one byte. */
export const MAX_LOOKAHEAD = 255;
