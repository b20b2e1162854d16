import type { Exit } from "./start_process.ts";
import { runProcess, runWell } from "./start_process.ts";

/** A packet as ffmpeg's demuxer sees it; times in ticks of the track. */
export interface Packet {
  readonly pts: bigint;
  readonly dts: bigint;
  /** Bytes of the sample. */
  readonly size: number;
}

/**
 * Demuxes one track of a file.
 *
 * @param index Of the track, from 0.
 */
export async function readPackets(file: string, index = 0): Promise<Packet[]> {
  const text = await runWell([
    ...["ffprobe", "-v", "fatal", "-select_streams", String(index), "-of", "csv=p=0"],
    ...["-show_entries", "packet=pts,dts,size", file],
  ]);
  return text.trim().split("\n").map((line) => {
    const [pts, dts, size] = line.split(",");
    return { pts: BigInt(pts!), dts: BigInt(dts!), size: Number(size) };
  });
}

/** What decoding gave. */
export interface Decoded {
  /** A checksum of each picture or each block of sound, in order. */
  readonly frames: readonly string[];
  /** What ffmpeg complains of; empty if all is right. */
  readonly complaints: string;
}

/** Decodes one track of a file. */
export async function decode(file: string, index = 0): Promise<Decoded> {
  const exit = await runProcess([
    ...["ffmpeg", "-v", "error", "-i", file, "-map", `0:${index}`],
    ...["-fps_mode", "passthrough", "-f", "framecrc", "-"],
  ]);
  return readFrames(exit);
}

/** Reads what ffmpeg writes with `-f framecrc`. */
export function readFrames({ code, stdout, stderr }: Exit): Decoded {
  const lines = stdout.split("\n").filter((line) => /^\d/.test(line));
  const complaints = code === 0 ? stderr : `${stderr}\nffmpeg ended with ${code}`;
  return { frames: lines.map((line) => line.split(",").at(-1)!.trim()), complaints };
}

/** Runs the demuxer alone, and returns what it complains of; what a decoder would say of the samples is left out. */
export async function demux(file: string): Promise<string> {
  const { code, stderr } = await runProcess([
    ...["ffmpeg", "-v", "error", "-fflags", "+noparse", "-i", file],
    ...["-map", "0", "-c", "copy", "-copy_unknown", "-f", "null", "-"],
  ]);
  const lines = stderr.split("\n").filter((line) => !/^\[(?:h264|aac|NULL) @/.test(line));
  return code === 0 ? lines.join("\n").trim() : `${stderr}\nffmpeg ended with ${code}`;
}
