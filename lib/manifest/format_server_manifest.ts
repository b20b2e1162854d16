import type { ServerManifest, ServerTrack } from "./server_manifest.ts";
import { formatSmil, type SmilMeta } from "./smil.ts";
import type { XmlContent } from "./xml.ts";

/** Options for {@linkcode formatServerManifest}. */
export interface ServerManifestOptions {
  /** Who made the presentation; left out by default. */
  creator?: string | undefined;
}

type Value = string | number | undefined;

function paramsOf(track: ServerTrack): (readonly [name: string, value: Value])[] {
  return [
    ["trackID", track.trackId],
    ["trackName", track.trackName],
    ["timescale", track.timescale],
    ["parentTrackName", track.parentTrackName],
    ["manifestOutput", track.manifestOutput ? "true" : undefined],
    ...track.params.map(({ name, value }) => [name, value] as const),
  ];
}

function trackContent(track: ServerTrack): XmlContent {
  const params = paramsOf(track).filter(([, value]) => value !== undefined);
  return {
    name: track.kind,
    attributes: [
      ["src", track.src],
      ["systemBitrate", String(track.systemBitrate)],
      ["systemLanguage", track.systemLanguage],
    ],
    children: params.map(([name, value]): XmlContent => ({
      name: "param",
      attributes: [["name", name], ["value", String(value)], ["valuetype", "data"]],
    })),
  };
}

/**
 * Formats an on-demand server manifest (`.ism`; IIS Smooth Streaming Server Manifest (On-Demand)), to be encoded in UTF-8.
 *
 * @throws {RangeError} If a value has a character that XML 1.0 cannot hold.
 */
export function formatServerManifest(
  { clientManifestPath, tracks }: ServerManifest,
  { creator }: ServerManifestOptions = {},
): string {
  const metas: SmilMeta[] = [];
  if (creator !== undefined) metas.push({ name: "creator", content: creator });
  if (clientManifestPath !== undefined) {
    metas.push({ name: "clientManifestRelativePath", content: clientManifestPath });
  }
  return formatSmil(metas, [{ name: "switch", children: tracks.map(trackContent) }]);
}
