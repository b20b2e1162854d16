import type { ClientManifest, QualityLevel, StreamIndex } from "../../manifest/client_manifest.ts";
import type { FragmentStore } from "./fragment_store.ts";
import type { PointSettings } from "../point_settings.ts";
import type { StoredStream } from "./stored_stream.ts";
import type { StoredTrack } from "./stored_track.ts";
import { DEFAULT_TIMESCALE } from "../../time.ts";

/** The client manifest of a broadcast as it is now (MS-SSTR 2.2.2): live as long as it goes on, on demand after that. */
export function liveManifest(
  store: FragmentStore,
  { clientManifestVersion }: Pick<PointSettings, "clientManifestVersion">,
): ClientManifest {
  const isLive = !store.isOver;
  // Players cannot do with a track that has nothing in it yet, unless it is one that has little anyway.
  const streams = store.streams.filter(({ listed, isSparse }) => isSparse || listed.length > 0);
  return {
    majorVersion: 2,
    minorVersion: clientManifestVersion === "2.2" ? 2 : 0,
    timescale: DEFAULT_TIMESCALE,
    duration: isLive ? 0n : durationOf(streams),
    isLive,
    ...(isLive
      ? {
        lookaheadCount: store.lookahead,
        dvrWindowLength: BigInt(Math.round(store.windowSeconds * DEFAULT_TIMESCALE)),
      }
      : {}),
    streams: streams.map((stream) => streamIndex(store, stream)),
  };
}

/** From the earliest start to the last end, in ticks of 100 ns. */
function durationOf(streams: readonly StoredStream[]): bigint {
  const scale = (ticks: bigint, { timescale }: StoredStream) =>
    ticks * BigInt(DEFAULT_TIMESCALE) / BigInt(timescale);
  const steady = streams.filter(({ isSparse, listed }) => !isSparse && listed.length > 0);
  if (steady.length === 0) return 0n;
  const starts = steady.map((stream) => scale(stream.listed[0]!.start, stream));
  const ends = steady.map((stream) => {
    const last = stream.listed.at(-1)!;
    return scale(last.start + last.duration, stream);
  });
  return ends.reduce((a, b) => a > b ? a : b) - starts.reduce((a, b) => a < b ? a : b);
}

function streamIndex(store: FragmentStore, stream: StoredStream): StreamIndex {
  const { name, kind, tracks, timescale, listed } = stream;
  const facts = tracks.map((track) => track.facts);
  const largest = (values: readonly (number | undefined)[]) => {
    const known = values.filter((value) => value !== undefined);
    return known.length > 0 ? Math.max(...known) : undefined;
  };
  const bitrates = facts.map(({ systemBitrate }) => systemBitrate);
  const needsAttributes = new Set(bitrates).size < bitrates.length;
  const attributes = needsAttributes ? ",{CustomAttributes}" : "";
  return {
    type: kind === "textstream" ? "text" : kind,
    name,
    subtype: facts[0]!.subtype,
    language: facts.find(({ systemLanguage }) => systemLanguage)?.systemLanguage,
    timescale,
    url: stream.hasManifestOutput
      ? ""
      : `QualityLevels({bitrate}${attributes})/Fragments(${name}={start time})`,
    parentStreamIndex: store.parentOf(stream)?.name ?? stream.parentName,
    manifestOutput: stream.hasManifestOutput,
    maxWidth: largest(facts.map(({ maxWidth }) => maxWidth)),
    maxHeight: largest(facts.map(({ maxHeight }) => maxHeight)),
    displayWidth: largest(facts.map(({ displayWidth }) => displayWidth)),
    displayHeight: largest(facts.map(({ displayHeight }) => displayHeight)),
    levels: tracks.map(qualityLevel),
    fragments: listed,
  };
}

function qualityLevel({ facts }: StoredTrack, index: number): QualityLevel {
  const { scheme } = facts;
  return {
    index,
    bitrate: facts.systemBitrate,
    fourCC: facts.fourCC,
    codecPrivateData: facts.codecPrivateData,
    maxWidth: facts.maxWidth,
    maxHeight: facts.maxHeight,
    samplingRate: facts.samplingRate,
    channels: facts.channels,
    bitsPerSample: facts.bitsPerSample,
    packetSize: facts.packetSize,
    audioTag: facts.audioTag,
    customAttributes: [
      ...facts.params,
      ...(scheme === undefined ? [] : [{ name: "Scheme", value: scheme }]),
    ],
  };
}
