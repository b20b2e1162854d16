import type { PointServer } from "../../lib/point/point_server.ts";
import type { TrackKind } from "../../lib/manifest/smil_track.ts";
import { formatLiveServerManifest } from "../../lib/manifest/live_server_manifest.ts";
import { liveTrack } from "../../lib/manifest/live_track.ts";
import { join } from "../../lib/mp4/box.ts";
import { LIVE_FTYP, writeFtyp } from "../../lib/mp4/ftyp.ts";
import { writeLiveServerManifestBox } from "../../lib/mp4/manifest_box.ts";
import { writeEndOfStream } from "../../lib/mp4/mfra.ts";
import { makeMoof, makeMoov, mdat, pattern } from "./boxes.ts";

/** A track that is sent. */
export interface SentTrack {
  readonly trackId?: number;
  readonly kind?: TrackKind;
  readonly trackName?: string;
  readonly systemBitrate?: number;
  readonly timescale?: number;
  readonly parentTrackName?: string;
  readonly manifestOutput?: boolean;
  readonly systemLanguage?: string;
  readonly params?: readonly { readonly name: string; readonly value: string }[];
}

const HANDLERS: Readonly<Record<TrackKind, string>> = {
  video: "vide",
  audio: "soun",
  textstream: "meta",
};

/** The header boxes of a stream; `more` goes in front of the Live Server Manifest. */
export function headerOf(
  tracks: readonly SentTrack[] = [{}],
  more: readonly Uint8Array[] = [],
): Uint8Array {
  const live = tracks.map((
    { trackId = 1, kind = "video", systemBitrate = 64000, manifestOutput = false, ...fields },
  ) =>
    liveTrack({
      server: { params: [], ...fields, trackId, kind, systemBitrate, manifestOutput },
    })
  );
  const moov = makeMoov({
    tracks: tracks.map(({ trackId = 1, kind = "video", timescale = 10_000_000 }) => ({
      trackId,
      timescale,
      handler: HANDLERS[kind],
    })),
  });
  const manifest = writeLiveServerManifestBox(formatLiveServerManifest(live));
  return join([writeFtyp(LIVE_FTYP), ...more, manifest, moov]);
}

/** What {@linkcode fragmentOf} makes. */
export interface SentFragment {
  readonly trackId?: number;
  readonly timescale?: number;
  /** In seconds. */
  readonly seconds?: number;
  /** In ticks; by default it follows from the place and the duration. */
  readonly time?: bigint;
  /** In bytes. */
  readonly size?: number;
  readonly payload?: Uint8Array;
}

/** A fragment at its place in a track, by default of two seconds. */
export function fragmentOf(index: number, fields: SentFragment = {}): Uint8Array {
  const { trackId = 1, timescale = 10_000_000, seconds = 2, size = 100 } = fields;
  const duration = BigInt(Math.round(seconds * timescale));
  const time = fields.time ?? BigInt(index) * duration;
  const payload = fields.payload ?? pattern(size, index);
  const moof = makeMoof({
    trackId,
    sequenceNumber: index + 1,
    tfxd: { time, duration },
    sizes: [payload.length],
    sampleDuration: Number(duration),
  });
  return join([moof, mdat(payload)]);
}

/** Several of them, from `first` on. */
export function fragmentsOf(first: number, count: number, fields?: SentFragment): Uint8Array[] {
  return Array.from({ length: count }, (_, n) => fragmentOf(first + n, fields));
}

/** The end of a stream. */
export const END_OF_STREAM: Uint8Array = writeEndOfStream();

/** Sends a body in one piece. */
export function send(
  server: PointServer,
  path: string,
  ...boxes: readonly Uint8Array[]
): Promise<Response> {
  const body = join(boxes) as Uint8Array<ArrayBuffer>;
  return server.fetch(new Request(`http://server${path}`, { method: "POST", body }));
}

/** Asks for something. */
export function get(
  server: PointServer,
  path: string,
  init: RequestInit = {},
): Promise<Response> {
  return server.fetch(new Request(`http://server${path}`, init));
}

/** A body that goes on as long as one likes. */
export interface OpenSending {
  readonly answer: Promise<Response>;
  /** Sends more, and waits until it was taken. */
  send(...boxes: readonly Uint8Array[]): Promise<void>;
  end(): Promise<void>;
}

/** Begins to send a body. */
export function sendSlowly(server: PointServer, path: string): OpenSending {
  const { readable, writable } = new TransformStream<Uint8Array, Uint8Array>();
  const writer = writable.getWriter();
  writer.closed.catch(() => {});
  const init: RequestInit & { duplex: "half" } = {
    method: "POST",
    body: readable as ReadableStream<Uint8Array<ArrayBuffer>>,
    duplex: "half",
  };
  return {
    answer: server.fetch(new Request(`http://server${path}`, init)),
    send: async (...boxes) => {
      for (const box of boxes) await writer.write(box);
    },
    end: () => writer.close(),
  };
}
