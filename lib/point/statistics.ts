import type { Broadcast, BroadcastStream } from "./broadcast.ts";
import type { PointExtension, StreamContext } from "./extension.ts";

/** What comes in of one track, in the words of the REST services of IIS. */
export interface TrackStatistics {
  readonly id: number;
  readonly name: string;
  /** In bits per second, as the encoder says. */
  readonly encodedBitRate: number;
  /** In bits per second, of the last fragment. */
  readonly incomingBitRate: number;
  /** Of the last fragment, in ticks of the track, as a decimal number: it may be past 2^53. */
  readonly incomingFragmentTimeStamp: string;
  /** Of the last fragment, in ticks of the track, as a decimal number. */
  readonly incomingFragmentDuration: string;
  /** Since the last fragment, in milliseconds. */
  readonly incomingFragmentWaitTime: number;
}

/** What comes in of one stream. */
export interface StreamStatistics {
  readonly id: string;
  readonly state: "Started" | "Stopped" | "Disconnected";
  /** Name of the file that it is written to, if there is an archive. */
  readonly archiveFileName: string | undefined;
  /** IP address of the sender, where the server knows it. */
  readonly source: string | undefined;
  readonly tracks: readonly TrackStatistics[];
}

/** What comes in at a point. */
export interface PointStatistics {
  readonly broadcast: number;
  readonly eventId: string | undefined;
  /** Held for clients, in bytes. */
  readonly heldBytes: number;
  readonly streams: readonly StreamStatistics[];
}

/** What the statistics of a point are taken from. */
export interface StatisticsOptions {
  /** Path of the point. */
  point: string;
  broadcast: Broadcast;
  extensions: readonly PointExtension[];
  /** By the clock of the server. */
  nowMs: number;
}

/** Counts what comes in at a point. */
export function statisticsOf(options: StatisticsOptions): PointStatistics {
  const { point, broadcast, extensions, nowMs } = options;
  const { number, eventId, store, streams } = broadcast;
  const fileOf = (stream: string) => {
    const context: StreamContext = { point, stream, event: eventId, broadcast: number };
    return extensions.map((it) => it.archiveFileName?.(context)).find((name) => name);
  };
  return {
    broadcast: number,
    eventId,
    heldBytes: store.bytes,
    streams: [...streams.values()].map((stream) => ({
      id: stream.id,
      state: stream.bodies.size > 0 ? "Started" : stream.hasEnded ? "Stopped" : "Disconnected",
      archiveFileName: fileOf(stream.id),
      source: stream.source,
      tracks: tracksOf(stream, nowMs),
    })),
  };
}

function tracksOf({ tracks, last }: BroadcastStream, nowMs: number): TrackStatistics[] {
  return tracks.map(({ trackId, trackName, systemBitrate, timescale }) => {
    const fragment = last.get(trackId);
    const seconds = Number(fragment?.duration ?? 0n) / timescale;
    return {
      id: trackId,
      name: trackName,
      encodedBitRate: systemBitrate,
      incomingBitRate: fragment && seconds > 0 ? Math.round(fragment.bytes * 8 / seconds) : 0,
      incomingFragmentTimeStamp: String(fragment?.time ?? 0n),
      incomingFragmentDuration: String(fragment?.duration ?? 0n),
      incomingFragmentWaitTime: fragment ? Math.round(nowMs - fragment.arrivalMs) : 0,
    };
  });
}
