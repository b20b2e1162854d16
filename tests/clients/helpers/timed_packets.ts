import { readFile, writeFile } from "node:fs/promises";
import { type Packet, readPackets } from "./ffmpeg.ts";
import { withTfdt } from "./with_tfdt.ts";

/** The packets of a body as ffmpeg sees them, at the times that the `tfxd` boxes say. */
export async function timedPackets(body: string): Promise<Packet[]> {
  const timed = `${body}.tfdt.mp4`;
  await writeFile(timed, withTfdt(await readFile(body)));
  return await readPackets(timed);
}
