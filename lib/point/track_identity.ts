import type { LiveTrack } from "../manifest/live_track.ts";

/** What tells a track from others: redundant streams agree in it (Azure 11). */
export function trackIdentity(facts: LiveTrack): string {
  const { kind, trackName, systemBitrate, timescale, params } = facts;
  const own = params.map(({ name, value }) => [name.toLowerCase(), value]).sort();
  return JSON.stringify([kind, trackName.toLowerCase(), systemBitrate, timescale, own]);
}
