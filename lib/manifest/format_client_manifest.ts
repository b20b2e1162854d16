import type { ClientManifest, QualityLevel, StreamIndex } from "./client_manifest.ts";
import type { FragmentTime } from "./fragment_times.ts";
import { formatXml, type XmlContent } from "./xml.ts";

const text = (value: number | bigint | undefined) => value === undefined ? value : String(value);

/**
 * The `c` elements of a list of fragments. `t` stands where it does not follow from the fragment in front, `d`
 * everywhere; `r`, which counts the fragment itself, only if it is asked for.
 */
function entries(fragments: readonly FragmentTime[], hasRepeats: boolean): XmlContent[] {
  const found: XmlContent[] = [];
  let end: bigint | undefined;
  for (let n = 0; n < fragments.length;) {
    const { start, duration, data } = fragments[n]!;
    const count = hasRepeats ? repeats(fragments, n) : 1;
    found.push({
      name: "c",
      attributes: [
        ["t", start === end ? undefined : String(start)],
        ["d", String(duration)],
        ["r", count > 1 ? String(count) : undefined],
      ],
      ...(data === undefined
        ? {}
        : { children: [{ name: "f", attributes: [["i", "0"]], text: data }] }),
    });
    end = start + BigInt(count) * duration;
    n += count;
  }
  return found;
}

/** How many fragments from the n-th one on are equally long and follow one another without a hole. */
function repeats(fragments: readonly FragmentTime[], n: number): number {
  const { start, duration, data } = fragments[n]!;
  if (data !== undefined) return 1;
  let count = 1;
  for (let next = fragments[n + 1]; next; next = fragments[n + count]) {
    const follows = next.start === start + BigInt(count) * duration;
    if (!follows || next.duration !== duration || next.data !== undefined) break;
    count++;
  }
  return count;
}

function levelContent(level: QualityLevel): XmlContent {
  const custom = level.customAttributes.map(({ name, value }): XmlContent => ({
    name: "Attribute",
    attributes: [["Name", name], ["Value", value]],
  }));
  return {
    name: "QualityLevel",
    attributes: [
      ["Index", text(level.index)],
      ["Bitrate", text(level.bitrate)],
      ["FourCC", level.fourCC || undefined],
      ["MaxWidth", text(level.maxWidth)],
      ["MaxHeight", text(level.maxHeight)],
      ["SamplingRate", text(level.samplingRate)],
      ["Channels", text(level.channels)],
      ["BitsPerSample", text(level.bitsPerSample)],
      ["PacketSize", text(level.packetSize)],
      ["AudioTag", text(level.audioTag)],
      ["CodecPrivateData", level.codecPrivateData],
    ],
    children: custom.length > 0 ? [{ name: "CustomAttributes", children: custom }] : [],
  };
}

function streamContent(stream: StreamIndex, hasRepeats: boolean): XmlContent {
  return {
    name: "StreamIndex",
    attributes: [
      ["Type", stream.type],
      ["Name", stream.name],
      ["Subtype", stream.subtype || undefined],
      ["Language", stream.language],
      ["TimeScale", text(stream.timescale)],
      ["Chunks", text(stream.fragments.length)],
      ["QualityLevels", text(stream.levels.length)],
      ["MaxWidth", text(stream.maxWidth)],
      ["MaxHeight", text(stream.maxHeight)],
      ["DisplayWidth", text(stream.displayWidth)],
      ["DisplayHeight", text(stream.displayHeight)],
      ["ParentStreamIndex", stream.parentStreamIndex],
      ["ManifestOutput", stream.manifestOutput ? "TRUE" : undefined],
      ["Url", stream.url || undefined],
    ],
    children: [
      ...stream.levels.map(levelContent),
      ...entries(stream.fragments, hasRepeats),
    ],
  };
}

/**
 * Formats a client manifest (MS-SSTR 2.2.2), to be encoded in UTF-8. Lists of fragments are written with `r` where
 * `minorVersion` is 2 or more.
 *
 * @throws {RangeError} If a value has a character that XML 1.0 cannot hold.
 */
export function formatClientManifest(manifest: ClientManifest): string {
  const { majorVersion, minorVersion, isLive, protection = [] } = manifest;
  const headers = protection.map(({ systemId, text }): XmlContent => ({
    name: "ProtectionHeader",
    attributes: [["SystemID", systemId]],
    text,
  }));
  return formatXml({
    name: "SmoothStreamingMedia",
    attributes: [
      ["MajorVersion", text(majorVersion)],
      ["MinorVersion", text(minorVersion)],
      ["TimeScale", text(manifest.timescale)],
      ["Duration", text(manifest.duration)],
      ["IsLive", isLive ? "TRUE" : undefined],
      // The name in MS-SSTR, and the one that IIS writes: GStreamer plays no live stream without the latter.
      ["LookaheadCount", text(manifest.lookaheadCount)],
      ["LookAheadFragmentCount", text(manifest.lookaheadCount)],
      ["DVRWindowLength", text(manifest.dvrWindowLength)],
    ],
    children: [
      ...manifest.streams.map((stream) => streamContent(stream, minorVersion >= 2)),
      ...(headers.length > 0 ? [{ name: "Protection", children: headers }] : []),
    ],
  });
}
