import { type Behaviour, type Recorder, startRecorder } from "../../helpers/recorder.ts";
import { readBody, splitBoxes, type WireFragment } from "../../helpers/wire.ts";

/** When a fragment had arrived whole. */
export interface Arrival {
  /** As the URL has it. */
  readonly stream: string;
  readonly fragment: WireFragment;
  /** Of the clock on the wall. */
  readonly atMs: number;
}

/** A recorder that also looks at the clock. */
export interface TimedRecorder extends Pick<Recorder, "url" | "close"> {
  /** All fragments so far, in no order. */
  arrivals(): Arrival[];
}

/** Bytes so far, and when they were there. */
type Progress = readonly [bytes: number, atMs: number];

/** Starts a recorder that knows when each fragment had arrived. */
export async function startTimedRecorder(): Promise<TimedRecorder> {
  const progress = new Map<unknown, Progress[]>();
  const watch: Behaviour = (request, _, incoming) => {
    const marks: Progress[] = [];
    let bytes = 0;
    progress.set(request, marks);
    incoming.on("data", (piece: Uint8Array) => marks.push([bytes += piece.length, Date.now()]));
  };
  const { url, requests, close } = await startRecorder(watch);
  return {
    url,
    close,
    arrivals: () =>
      requests.flatMap((request) => {
        const stream = /Streams\((.*)\)/.exec(request.url)?.[1] ?? "";
        const body = request.body();
        const ends = fragmentEnds(body);
        return readBody(body).fragments.map((fragment, n) => {
          const mark = progress.get(request)!.find(([bytes]) => bytes >= ends[n]!)!;
          return { stream, fragment, atMs: mark[1] };
        });
      }),
  };
}

function fragmentEnds(body: Uint8Array): number[] {
  let at = 0;
  const ends: number[] = [];
  for (const { type, bytes } of splitBoxes(body)) {
    at += bytes.length;
    if (type === "mdat") ends.push(at);
  }
  return ends;
}
