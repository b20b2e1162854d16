import { existsSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { vector } from "../../helpers/vectors.ts";
import { SAMPLE } from "./command_line.ts";

/** One stream that a presentation must become, and where its packets come from. */
export interface ExpectedStream {
  readonly kind: "video" | "audio";
  /** Path of the media file. */
  readonly file: string;
  /** Which track of the file, as ffmpeg counts them: from 0. */
  readonly index: number;
}

/** A sparse stream: when its fragments start, in seconds from the start of a pass. */
export interface ExpectedSparseStream {
  readonly kind: "sparse";
  readonly starts: readonly number[];
}

/** A presentation that can be pushed. */
export interface ExpectedPresentation {
  readonly name: string;
  /** Of the `.ism`. */
  readonly path: string;
  /** Whether what is in the samples can be decoded. */
  readonly isDecodable: boolean;
  /** In the order of their numbers. */
  readonly streams: readonly (ExpectedStream | ExpectedSparseStream)[];
}

const video = (file: string): ExpectedStream => ({ kind: "video", file, index: 0 });
const audio = (file: string, index = 0): ExpectedStream => ({ kind: "audio", file, index });
const sparse = (...starts: number[]): ExpectedSparseStream => ({ kind: "sparse", starts });

function presentation(
  name: string,
  path: string,
  streams: ExpectedPresentation["streams"],
  isDecodable = true,
): ExpectedPresentation {
  const folder = dirname(path);
  const placed = streams.map((stream) =>
    stream.kind === "sparse" ? stream : { ...stream, file: join(folder, stream.file) }
  );
  return { name, path, isDecodable, streams: placed };
}

const shared = (
  path: string,
  streams: ExpectedPresentation["streams"],
  isDecodable?: boolean,
) => presentation(path, fileURLToPath(vector(path)), streams, isDecodable);

const abr = [
  video("video_400.ismv"),
  video("video_200.ismv"),
  video("video_100.ismv"),
  audio("audio_64.isma"),
];

/** The sample of the project, and the presentations among the shared vectors as far as they are there. */
export const presentations: readonly ExpectedPresentation[] = [
  presentation("the sample", SAMPLE, [
    video("sample_560.ismv"),
    video("sample_250.ismv"),
    video("sample_110.ismv"),
    audio("sample_560.ismv", 1),
    sparse(2, 7.5, 14),
  ]),
  shared("ffmpeg-abr/abr.ism", abr),
  shared("ffmpeg-abr/abr_utf16.ism", abr),
  shared("ffmpeg-abr/abr_repeat.ism", abr),
  shared("ffmpeg-abr/abr_ismindex.ism", abr),
  shared("ffmpeg-bframes/bf.ism", [video("bf.ismv")]),
  shared("ffmpeg-livearchive/arch.ism", [video("arch_v.ismv"), audio("arch_a.isma")]),
  shared("ffmpeg-longgop/long.ism", [video("long.ismv")]),
  shared("ffmpeg-muxed/muxed.ism", [
    video("mux_200.ismv"),
    audio("mux_200.ismv", 1),
    video("mux_100.ismv"),
  ]),
  shared("home-text/text.ism", [
    video("video_100.ismv"),
    audio("audio_64.isma"),
    sparse(2, 11.5, 17),
  ]),
  // Its samples are random bytes.
  shared("astool/ee_500.ism", [video("Video_0_org.ismv"), audio("Audio_0_org.isma")], false),
].filter(({ path }) => existsSync(path));
