import type { Broadcast } from "../broadcast.ts";
import type { DeliveryTarget, FragmentRequest } from "./delivery_target.ts";
import type { PointHost } from "../exchange.ts";
import type { FragmentStore } from "./fragment_store.ts";
import type { PointState } from "../point_state.ts";
import type { StoredStream } from "./stored_stream.ts";
import type { StoredFragment, StoredTrack } from "./stored_track.ts";
import { formatClientManifest } from "../../manifest/format_client_manifest.ts";
import { writeMdatHeader } from "../../mp4/box.ts";
import { readMoof, rewriteMoof } from "../../mp4/moof.ts";
import { parseDeliveryTarget } from "./delivery_target.ts";
import { refuse } from "../exchange.ts";
import { liveManifest } from "./live_manifest.ts";

/** An answer that may be another one in a moment. */
const NO_STORE = { "cache-control": "no-store" };

/** How long a cache may keep a fragment: as long as it likes where the URL has the event in it. */
const SHORT_LIVED = "public, max-age=60";
const LONG_LIVED = "public, max-age=31536000, immutable";

/**
 * Answers a client (MS-SSTR 2.2.1, 2.2.3): manifests and fragments. 412 says that a fragment is not there yet, 404 that
 * there is none, or none any more (2.2.6).
 *
 * @returns Nothing if the URL is none of a client.
 */
export function deliver(host: PointHost, request: Request, url: URL): Response | undefined {
  const target = parseDeliveryTarget(url);
  if (!target) return undefined;
  const { method } = request;
  if (method !== "GET" && method !== "HEAD") {
    return refuse(405, `${method} is not allowed here`, { allow: "GET, HEAD, OPTIONS" });
  }
  const state = host.find(target.point);
  const broadcast = state?.broadcast;
  if (!broadcast) return refuse(404, "nothing is on here", NO_STORE);
  if (target.eventId !== undefined && target.eventId !== broadcast.eventId) {
    return refuse(404, "this event is not on", NO_STORE);
  }
  const answer = target.fragment
    ? fragmentAnswer(broadcast, target, target.fragment)
    : manifestAnswer(state, broadcast, request);
  if (method !== "HEAD") return answer;
  const headers = new Headers(answer.headers);
  return new Response(null, { status: answer.status, headers });
}

/** The last manifest of a store: it is asked for by every player every few seconds. */
const manifests = new WeakMap<FragmentStore, { tag: string; bytes: Uint8Array<ArrayBuffer> }>();

function manifestAnswer(state: PointState, { store }: Broadcast, request: Request): Response {
  const isWaiting = state.state === "Starting" || !store.isReady;
  if (isWaiting) {
    return refuse(store.isOver ? 404 : 412, "there is nothing to play yet", NO_STORE);
  }
  const tag = `"${store.version}-${state.settings.clientManifestVersion}"`;
  let manifest = manifests.get(store);
  if (manifest?.tag !== tag) {
    const text = formatClientManifest(liveManifest(store, state.settings));
    manifest = { tag, bytes: new TextEncoder().encode(text) };
    manifests.set(store, manifest);
  }
  const headers = { "cache-control": "no-cache", etag: etagOf(state, tag) };
  if (request.headers.get("if-none-match") === headers.etag) {
    return new Response(null, { status: 304, headers });
  }
  return new Response(manifest.bytes, {
    headers: {
      ...headers,
      "content-type": "text/xml; charset=utf-8",
      "content-length": String(manifest.bytes.length),
    },
  });
}

function etagOf({ broadcast }: PointState, tag: string): string {
  return `"${broadcast?.number ?? 0}-${tag.slice(1)}`;
}

function fragmentAnswer(
  { store }: Broadcast,
  { eventId }: DeliveryTarget,
  wanted: FragmentRequest,
): Response {
  const stream = store.stream(wanted.stream);
  const track = stream && findTrack(stream, wanted);
  if (!track) return refuse(404, "there is no such track", NO_STORE);
  const found = store.find(stream, track, wanted.time);
  if (found === "early") return new Response(null, { status: 412, headers: NO_STORE });
  if (found === "gone") return refuse(404, "there is no such fragment", NO_STORE);
  const bytes = bytesOf(found.fragment, found.next, wanted.noun, stream.isSparse);
  const children = childTracks(store, stream, found.fragment);
  return new Response(bytes, {
    headers: {
      "content-type": CONTENT_TYPES[stream.kind],
      "content-length": String(bytes.length),
      "cache-control": eventId === undefined ? SHORT_LIVED : LONG_LIVED,
      ...(children ? { "childtrack": children } : {}),
    },
  });
}

const CONTENT_TYPES = {
  video: "video/mp4",
  audio: "audio/mp4",
  textstream: "application/mp4",
} as const;

function findTrack(
  { tracks }: StoredStream,
  { bitrate, attributes }: FragmentRequest,
): StoredTrack | undefined {
  const isSame = (a: string, b: string) => a.toLowerCase() === b.toLowerCase();
  return tracks.find(({ facts }) =>
    facts.systemBitrate === bitrate &&
    attributes.every(([name, value]) =>
      facts.params.some((param) => isSame(param.name, name) && isSame(param.value, value))
    )
  );
}

function bytesOf(
  { time, duration, moof, payload }: StoredFragment,
  next: readonly StoredFragment[],
  noun: FragmentRequest["noun"],
  isSparse: boolean,
): Uint8Array<ArrayBuffer> {
  if (noun === "RawFragments") return payload as Uint8Array<ArrayBuffer>;
  const tfrf = next.map((it) => ({ time: it.time, duration: it.duration }));
  const box = rewriteMoof(moof, readMoof(moof, 0), {
    tfxd: { time, duration },
    // Those of sparse tracks follow from their parent (MS-SSTR 2.2.4.5).
    ...(isSparse || tfrf.length === 0 ? { dropTfrf: true } : { tfrf }),
  });
  const pieces = noun === "FragmentInfo" ? [box] : [box, writeMdatHeader(payload.length), payload];
  const bytes = new Uint8Array(pieces.reduce((size, piece) => size + piece.length, 0));
  let at = 0;
  for (const piece of pieces) {
    bytes.set(piece, at);
    at += piece.length;
  }
  return bytes;
}

/** The last fragment of each sparse track at or before one of its parent (MS-SSTR 2.2.5): `name=time,…`. */
function childTracks(
  store: FragmentStore,
  parent: StoredStream,
  { time }: StoredFragment,
): string | undefined {
  const found = store.childrenOf(parent).filter((child) => !child.hasManifestOutput)
    .flatMap((child) => {
      const limit = time * BigInt(child.timescale) / BigInt(parent.timescale);
      const last = child.listed.findLast(({ start }) => start <= limit);
      return last ? [`${child.name}=${last.start}`] : [];
    });
  return found.length > 0 ? `"${found.join(",")}"` : undefined;
}
