import type { StreamPart } from "../../lib/part.ts";
import type { MicroTask } from "./task.ts";
import { concat, writeMdatHeader } from "../../lib/mp4/box.ts";
import { formatLiveServerManifest } from "../../lib/manifest/live_server_manifest.ts";
import { readableFrom } from "../../lib/readable.ts";
import { BoxParseStream } from "../../lib/stages/box_parse_stream.ts";
import { HeaderStream } from "../../lib/stages/header_stream.ts";
import { PaceStream } from "../../lib/stages/pace_stream.ts";
import { RebaseStream } from "../../lib/stages/rebase_stream.ts";
import { SkipStream } from "../../lib/stages/skip_stream.ts";
import { readSampleParts } from "./sample_parts.ts";

/** In one run: enough that what a stream costs to make does not count. */
const FRAGMENTS = 500;

/** Of those that have their payload with them. */
const WHOLE_FRAGMENTS = 50;

/** What a fragment costs in each stage, and in all of them one behind the other. */
export async function stageTasks(): Promise<MicroTask[]> {
  const { timeline, live, header, fragment } = await readSampleParts();
  const parts: StreamPart[] = [
    header,
    ...Array.from({ length: FRAGMENTS }, (_, n) => ({ ...fragment, index: n, sequence: n + 1 })),
    { type: "end", boxes: [] },
  ];
  const manifest = formatLiveServerManifest([live]);
  const { size } = fragment.payload;
  const mdat = concat(writeMdatHeader(size), new Uint8Array(size));
  const whole = Array.from({ length: WHOLE_FRAGMENTS }, () => [fragment.moof, mdat]);
  const bytes = concat(...header.boxes, ...whole.flat());
  type Stages = (stream: ReadableStream<StreamPart>) => ReadableStream<StreamPart>;
  const task = (name: string, stages: Stages): MicroTask => ({
    name,
    count: FRAGMENTS,
    run: () => drain(stages(readableFrom(parts)), FRAGMENTS),
  });
  return [
    task("no stage at all", (stream) => stream),
    task("an empty TransformStream", (stream) => stream.pipeThrough(new TransformStream())),
    task(
      "SkipStream",
      (stream) => stream.pipeThrough(new SkipStream({ first: FRAGMENTS, last: FRAGMENTS })),
    ),
    task("RebaseStream", (stream) => stream.pipeThrough(new RebaseStream({ timeline }))),
    task("HeaderStream", (stream) => stream.pipeThrough(new HeaderStream({ manifest }))),
    task("PaceStream, unpaced", (stream) => stream.pipeThrough(new PaceStream({ rate: "max" }))),
    task("all of these one behind the other", (stream) =>
      stream
        .pipeThrough(new SkipStream({ first: FRAGMENTS, last: FRAGMENTS }))
        .pipeThrough(new RebaseStream({ timeline }))
        .pipeThrough(new HeaderStream({ manifest }))
        .pipeThrough(new PaceStream({ rate: "max" }))),
    {
      name: `BoxParseStream, payloads of ${size} bytes`,
      count: WHOLE_FRAGMENTS,
      run: () => drain(readableFrom([bytes]).pipeThrough(new BoxParseStream()), WHOLE_FRAGMENTS),
    },
  ];
}

/** @throws {Error} If there are not as many fragments as there should be. */
async function drain(stream: ReadableStream<StreamPart>, expected: number): Promise<void> {
  let fragments = 0;
  for await (const part of stream) if (part.type === "fragment") fragments++;
  if (fragments !== expected) throw new Error(`${fragments} fragments came, not ${expected}`);
}
