import type { Param, TrackKind } from "../../lib/manifest/smil_track.ts";
import type { RuleId } from "../../lib/point/rules.ts";
import {
  formatLiveServerManifest,
  type LiveServerManifestOptions,
} from "../../lib/manifest/live_server_manifest.ts";
import { liveTrack } from "../../lib/manifest/live_track.ts";
import { formatStreamManifest } from "../../lib/manifest/stream_manifest.ts";
import { join, writeBox } from "../../lib/mp4/box.ts";
import { LIVE_FTYP, writeFtyp } from "../../lib/mp4/ftyp.ts";
import { writeLiveServerManifestBox, writeStreamManifestBox } from "../../lib/mp4/manifest_box.ts";
import { writeEndOfStream, writeMfra } from "../../lib/mp4/mfra.ts";
import { type Tfxd, writeTfxd } from "../../lib/mp4/tfxd.ts";
import { makeMoof, makeMoov, mdat, type MoofFields, pattern } from "./boxes.ts";

const SECOND = 10_000_000n;

/** What {@linkcode manifest} says of a track. */
export interface ManifestTrack {
  readonly trackId?: number;
  readonly trackName?: string;
  readonly systemBitrate?: number;
  readonly timescale?: number;
  readonly parentTrackName?: string;
  readonly kind?: TrackKind;
  readonly params?: readonly Param[];
}

/** The text of a Live Server Manifest. */
export const formatManifest = (
  tracks: readonly ManifestTrack[],
  options?: LiveServerManifestOptions,
): string =>
  formatLiveServerManifest(
    tracks.map(({ trackId = 1, systemBitrate = 64000, ...fields }) =>
      liveTrack({
        server: {
          kind: "audio",
          trackId,
          systemBitrate,
          manifestOutput: false,
          params: [],
          ...fields,
        },
      })
    ),
    options,
  );

/** The box of a Live Server Manifest, by default of the one track that {@linkcode moov} has. */
export const manifest = (...tracks: ManifestTrack[]): Uint8Array =>
  writeLiveServerManifestBox(formatManifest(tracks.length > 0 ? tracks : [{}]));
/** The same with a change in its text. */
export const manifestWith = (from: string | RegExp, to: string): Uint8Array =>
  writeLiveServerManifestBox(formatManifest([{}]).replace(from, to));

/** The `ftyp` box of a live stream. */
export const ftyp = writeFtyp(LIVE_FTYP);
/** The `moov` box of one track. */
export const moov = makeMoov();
/** The `moov` box of two tracks. */
export const two = makeMoov({ tracks: [{ trackId: 1 }, { trackId: 2 }] });
/** Header boxes of one track. */
export const header = [ftyp, manifest(), moov];
/** The end of a stream. */
export const end = writeEndOfStream();
/** A box without its last byte. */
export const cut = (box: Uint8Array): Uint8Array => box.subarray(0, -1);

/** A fragment of two seconds at its place in the track, as it must be. */
export function fragment(
  index: number,
  fields: MoofFields & { readonly payload?: Uint8Array } = {},
): Uint8Array {
  const { payload = pattern(100, index), ...moof } = fields;
  const tfxd = { time: BigInt(index) * 2n * SECOND, duration: 2n * SECOND };
  return join([makeMoof({ sequenceNumber: index + 1, tfxd, ...moof }), mdat(payload)]);
}

/** A time and a duration in seconds. */
export const tfxd = (time: bigint, duration: bigint): Tfxd => ({
  time: time * SECOND,
  duration: duration * SECOND,
});
/** The first three fragments. */
export const fragments = [fragment(0), fragment(1), fragment(2)];
const late = 20; // bytes by which a payload is longer than its samples
/** A `moof` box whose data offset is so many bytes too large. */
export const lateMoof = (shift: number): Uint8Array => {
  const samples = [{ duration: 20_000_000, size: 100 }];
  const make = (dataOffset: number) =>
    makeMoof({ truns: [{ version: 0, dataOffset, samples }], tfxd: tfxd(0n, 2n) });
  return make(make(0).length + 8 + shift);
};

const streamManifest = (text = formatStreamManifest([{ id: "s" }])) => writeStreamManifestBox(text);
const subtype = (value: string): Param => ({ name: "Subtype", value });

/** A stream that breaks one rule. */
export interface SpoiltStream {
  readonly rule: RuleId;
  /** What is wrong with it. */
  readonly name: string;
  /** What is sent, one behind the other. */
  readonly bodies: readonly (readonly Uint8Array[])[];
}

/** Streams each of which breaks one rule, once. */
export const SPOILT_STREAMS: readonly SpoiltStream[] = [
  { rule: "ftyp-first", name: "no ftyp", bodies: [[writeBox("free"), ...header, end]] },
  {
    rule: "header-present",
    name: "a second body without one",
    bodies: [[...header, fragment(0)], [fragment(1), end]],
  },
  {
    rule: "header-same",
    name: "another language in the second one",
    bodies: [[...header, fragment(0)], [
      ftyp,
      manifest(),
      makeMoov({ tracks: [{ language: "fra" }] }),
      fragment(1),
      end,
    ]],
  },
  { rule: "manifest-place", name: "none", bodies: [[ftyp, moov, end]] },
  { rule: "manifest-place", name: "two", bodies: [[ftyp, manifest(), manifest(), moov, end]] },
  { rule: "manifest-place", name: "behind moov", bodies: [[ftyp, moov, manifest(), end]] },
  {
    rule: "manifest-syntax",
    name: "no XML",
    bodies: [[ftyp, writeLiveServerManifestBox("<smil"), moov, end]],
  },
  {
    rule: "manifest-syntax",
    name: "no trackID",
    bodies: [[ftyp, manifestWith("trackID", "track"), moov, end]],
  },
  {
    rule: "manifest-syntax",
    name: "a box without a document",
    bodies: [[ftyp, writeBox("a5d40b30e81411ddba2f0800200c9a66"), moov, end]],
  },
  {
    rule: "manifest-tracks",
    name: "one too few",
    bodies: [[ftyp, manifest(), two, end]],
  },
  {
    rule: "manifest-tracks",
    name: "one too many",
    bodies: [[ftyp, manifest({}, { trackId: 2, trackName: "b" }), moov, end]],
  },
  {
    rule: "manifest-tracks",
    name: "one twice",
    bodies: [[ftyp, manifest({}, { trackName: "b" }), moov, end]],
  },
  {
    rule: "manifest-bitrate",
    name: "no attribute",
    bodies: [[ftyp, manifestWith(/ systemBitrate="64000"/, ""), moov, end]],
  },
  {
    rule: "manifest-valuetype",
    name: "none",
    bodies: [[ftyp, manifestWith(/ valuetype="data"/, ""), moov, end]],
  },
  {
    rule: "manifest-valuetype",
    name: "another one",
    bodies: [[ftyp, manifestWith('valuetype="data"', 'valuetype="ref"'), moov, end]],
  },
  {
    rule: "manifest-names",
    name: "two tracks that are called the same",
    bodies: [[ftyp, manifest({}, { trackId: 2 }), two, end]],
  },
  {
    rule: "manifest-timescale",
    name: "another one",
    bodies: [[ftyp, manifest({ timescale: 90000 }), moov, end]],
  },
  {
    rule: "manifest-timescale",
    name: "none, where it is not the usual one",
    bodies: [[
      ftyp,
      manifestWith(/<param name="timescale".*\n/, ""),
      makeMoov({ tracks: [{ timescale: 48000 }] }),
      end,
    ]],
  },
  {
    rule: "manifest-client-path",
    name: "there is one",
    bodies: [[
      ftyp,
      manifestWith("<head>", '<head><meta name="clientManifestRelativePath" content="a.ismc"/>'),
      moov,
      end,
    ]],
  },
  {
    rule: "sparse-alone",
    name: "a sparse track with its parent",
    bodies: [[
      ftyp,
      manifest({}, { trackId: 2, trackName: "ads", parentTrackName: "audio" }),
      two,
      end,
    ]],
  },
  { rule: "boxes", name: "a moof without its mdat", bodies: [[...header, makeMoof(), end]] },
  { rule: "boxes", name: "the middle of a box", bodies: [[...header, cut(fragment(0))]] },
  {
    rule: "boxes",
    name: "samples past the end of mdat",
    bodies: [[...header, fragment(0, { payload: pattern(50) })]],
  },
  {
    rule: "tfxd-once",
    name: "none",
    bodies: [[...header, fragment(0, { tfxd: undefined }), end]],
  },
  {
    rule: "tfxd-once",
    name: "two",
    bodies: [[...header, fragment(0, { boxes: [writeTfxd(tfxd(0n, 2n))] }), end]],
  },
  {
    rule: "tfxd-version",
    name: "version 0",
    bodies: [[
      ...header,
      fragment(0, { tfxd: undefined, boxes: [writeTfxd(tfxd(0n, 2n), 0)] }),
      end,
    ]],
  },
  {
    rule: "tfxd-duration",
    name: "too short",
    bodies: [[...header, fragment(0, { tfxd: { time: 0n, duration: 19_000_000n } }), end]],
  },
  {
    rule: "times-grow",
    name: "a fragment twice in a body",
    bodies: [[...header, fragment(0), fragment(0), fragment(1), end]],
  },
  {
    rule: "times-grow",
    name: "a fragment too late",
    bodies: [[...header, fragment(0), fragment(1), fragment(0), fragment(2), end]],
  },
  {
    rule: "no-overlap",
    name: "half a second",
    bodies: [[
      ...header,
      fragment(0),
      fragment(1, { tfxd: { time: 15_000_000n, duration: 20_000_000n } }),
      end,
    ]],
  },
  {
    rule: "sequence",
    name: "the same number again",
    bodies: [[...header, fragment(0), fragment(1, { sequenceNumber: 1 }), end]],
  },
  {
    rule: "sequence",
    name: "numbers from 1 in each body",
    bodies: [[...header, fragment(0), fragment(1)], [
      ...header,
      fragment(2, { sequenceNumber: 1 }),
      end,
    ]],
  },
  {
    rule: "data-offset",
    name: "some bytes too far",
    bodies: [[...header, lateMoof(late), mdat(pattern(100 + late)), end]],
  },
  {
    rule: "end-empty",
    name: "the index of a file",
    bodies: [[
      ...header,
      ...fragments,
      writeMfra({ tracks: [{ trackId: 1, entries: [{ time: 0n, moofOffset: 9 }] }] }),
    ]],
  },
  { rule: "end-last", name: "a second end", bodies: [[...header, ...fragments, end, end]] },
  { rule: "end-last", name: "a fragment", bodies: [[...header, fragment(0), end, fragment(1)]] },
  {
    rule: "stream-manifest-place",
    name: "behind the Live Server Manifest",
    bodies: [[ftyp, manifest(), streamManifest(), moov, fragment(0), end]],
  },
  {
    rule: "stream-manifest-syntax",
    name: "no XML",
    bodies: [[ftyp, streamManifest("<smil"), manifest(), moov, fragment(0), end]],
  },
  {
    rule: "manifest-src",
    name: "one for each track",
    bodies: [[
      ftyp,
      writeLiveServerManifestBox(
        formatManifest([{}, { trackId: 2, trackName: "b" }]).replace('src="Streams"', 'src="a"'),
      ),
      two,
      end,
    ]],
  },
  {
    rule: "manifest-subtype",
    name: "two characters",
    bodies: [[ftyp, manifest({ kind: "textstream", params: [subtype("XY")] }), moov, end]],
  },
  {
    rule: "sparse-parent",
    name: "a sparse one",
    bodies: [[
      ftyp,
      manifest(
        { trackName: "a", parentTrackName: "b" },
        { trackId: 2, trackName: "b", parentTrackName: "video" },
      ),
      two,
      end,
    ]],
  },
  {
    rule: "contiguous",
    name: "a fragment too few",
    bodies: [[...header, fragment(0), fragment(2), end]],
  },
  {
    rule: "same-times",
    name: "other times after a reconnect",
    bodies: [[...header, ...fragments], [
      ...header,
      fragment(1, { tfxd: { time: 3n * SECOND, duration: 2n * SECOND } }),
      fragment(3),
      end,
    ]],
  },
];
