import { parseFlag, parseOptionalInteger } from "./attribute_value.ts";
import { formatSmil, metaContent, parseSmil, type SmilMeta } from "./smil.ts";

/** What a publishing point file (`.isml`) says of its publishing point. */
export interface PublishingPointFile {
  readonly title: string;
  /** Whether the first encoder starts the publishing point; otherwise someone must start it by hand. */
  readonly startOnFirstRequest: boolean;
  /** Whether an encoder that comes back starts the publishing point again. */
  readonly restartOnEncoderReconnect: boolean;
  /** How many fragments the output trails the input. */
  readonly lookaheadChunks: number;
  /** Length of the DVR window in seconds; 0 is the whole event. */
  readonly manifestWindowLength: number;
  /** Length of one piece of the archive in seconds; 0 is one piece in all. */
  readonly archiveSegmentLength: number;
  /** All other entries, in order. */
  readonly metas: readonly SmilMeta[];
}

/** Options for {@linkcode formatPublishingPointFile}. */
export interface PublishingPointFileOptions {
  title: string;
  /** @default {true} */
  startOnFirstRequest?: boolean;
  /** @default {true} */
  restartOnEncoderReconnect?: boolean;
  /** @default {2} */
  lookaheadChunks?: number;
  /**
   * In seconds.
   * @default {0}
   */
  manifestWindowLength?: number;
  /**
   * In seconds.
   * @default {0}
   */
  archiveSegmentLength?: number;
  /** Further entries; one whose name the file has anyway takes its place. */
  metas?: readonly SmilMeta[];
}

const SUBJECT = "publishing point file (.isml)";

/** The entries that have a field of their own in {@linkcode PublishingPointFile}, in lower case. */
const OWN_METAS = new Set([
  "title",
  "startonfirstrequest",
  "restartonencoderreconnect",
  "lookaheadchunks",
  "manifestwindowlength",
  "archivesegmentlength",
]);

function template(options: PublishingPointFileOptions): SmilMeta[] {
  const { startOnFirstRequest = true, restartOnEncoderReconnect = true } = options;
  const { lookaheadChunks = 2, manifestWindowLength = 0, archiveSegmentLength = 0 } = options;
  return Object.entries({
    title: options.title,
    module: "liveSmoothStreaming",
    sourceType: "Push",
    publishing: "Fragments;Streams;Archives",
    estimatedTime: 0,
    lookaheadChunks,
    manifestWindowLength,
    // The letter case of the original files: one flag in capitals, the other not.
    startOnFirstRequest: startOnFirstRequest ? "True" : "False",
    archiveSegmentLength,
    restartOnEncoderReconnect,
  }).map(([name, content]) => ({ name, content: String(content) }));
}

/**
 * Formats the file that makes a publishing point, to be encoded in UTF-8.
 *
 * @throws {RangeError} If a value has a character that XML 1.0 cannot hold.
 */
export function formatPublishingPointFile(options: PublishingPointFileOptions): string {
  const { metas = [] } = options;
  const entries = template(options);
  const names = new Set(entries.map(({ name }) => name.toLowerCase()));
  const replaced = entries.map(({ name, content }) => ({
    name,
    content: metaContent(metas, name) ?? content,
  }));
  const added = metas.filter(({ name }) => !names.has(name.toLowerCase()));
  return formatSmil([...replaced, ...added], []);
}

/**
 * Parses a publishing point file. Names count in any letter case; a flag that is missing is off, a number that is missing
 * has the value of {@linkcode formatPublishingPointFile}.
 *
 * @throws {ManifestSyntaxError} If it is not well-formed XML, not SMIL, or has a number that is none.
 */
export function parsePublishingPointFile(text: string): PublishingPointFile {
  const { metas } = parseSmil(text, SUBJECT);
  const number = (name: string) => parseOptionalInteger(metaContent(metas, name), name);
  return {
    title: metaContent(metas, "title") ?? "",
    startOnFirstRequest: parseFlag(metaContent(metas, "startOnFirstRequest")),
    restartOnEncoderReconnect: parseFlag(metaContent(metas, "restartOnEncoderReconnect")),
    lookaheadChunks: number("lookaheadChunks") ?? 2,
    manifestWindowLength: number("manifestWindowLength") ?? 0,
    archiveSegmentLength: number("archiveSegmentLength") ?? 0,
    metas: metas.filter(({ name }) => !OWN_METAS.has(name.toLowerCase())),
  };
}
