import type { PublishingPointArgument, Taken } from "../programs/publishing_point.ts";
import type { Figure } from "../figure.ts";
import type { Row } from "../row.ts";
import type { Runtime } from "../runtimes.ts";
import type { Fragment, StreamHeader } from "../../lib/part.ts";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { readFile } from "node:fs/promises";
import { type ClientRequest, request } from "node:http";
import { setTimeout as sleep } from "node:timers/promises";
import { formatLiveServerManifest } from "../../lib/manifest/live_server_manifest.ts";
import { mediaTrack } from "../../lib/manifest/media_facts.ts";
import { join, writeMdatHeader } from "../../lib/mp4/box.ts";
import { writeLiveServerManifestBox } from "../../lib/mp4/manifest_box.ts";
import { writeEndOfStream } from "../../lib/mp4/mfra.ts";
import { readMoof, rewriteMoof } from "../../lib/mp4/moof.ts";
import { readMoov } from "../../lib/mp4/moov.ts";
import { PartParser } from "../../lib/mp4/part_parser.ts";
import { median } from "../median.ts";
import { pacedRuntimes } from "../row.ts";

const STREAMS = 50;
const FRAGMENTS_PER_SECOND = 500;
const STEP_MS = 1000 * STREAMS / FRAGMENTS_PER_SECOND;

/** Media seconds that are kept: with fragments of 2 s, the window is full after 2 s and 6 s. */
const dvrSecondsOf = (isQuick: boolean) => isQuick ? 40 : 120;

const SAMPLE = new URL("../../testdata/sample_110.ismv", import.meta.url);

/** What is sent: the header boxes of the sample, and its first fragment again and again. */
interface Source {
  readonly header: StreamHeader;
  readonly fragment: Fragment;
  readonly payload: Uint8Array;
}

async function readSource(): Promise<Source> {
  const parts = [...new PartParser().push(new Uint8Array(await readFile(SAMPLE)))];
  const header = parts.find((part) => part.type === "header")!;
  const fragment = parts.find((part) => part.type === "fragment")!;
  const pieces: Uint8Array[] = [];
  for await (const piece of fragment.payload.read()) pieces.push(piece);
  return { header, fragment, payload: join(pieces) };
}

/** The header boxes of one of the streams: five encodings of each of ten pictures. */
function headerOf({ header: { boxes } }: Source, stream: number): Uint8Array {
  const manifest = formatLiveServerManifest([{
    ...mediaTrack(readMoov(boxes.at(-1)!, 0).tracks[0]!),
    trackName: `video${stream % 10}`,
    systemBitrate: 100_000 * (1 + Math.floor(stream / 10)),
  }]);
  return join([boxes[0]!, writeLiveServerManifestBox(manifest), boxes.at(-1)!]);
}

function fragmentOf({ fragment, payload }: Source, index: number): Uint8Array {
  const { moof, duration } = fragment;
  const tfxd = { time: BigInt(index) * duration, duration };
  const box = rewriteMoof(moof, readMoof(moof, 0), { tfxd, sequenceNumber: index + 1 });
  return join([box, writeMdatHeader(payload.length), payload]);
}

const post = (url: string, stream: number) =>
  request(`${url}/live.isml/Streams(s${stream})`, { method: "POST" });

async function statusOf(sent: ClientRequest): Promise<number> {
  const [response] = await once(sent, "response");
  response.resume();
  return response.statusCode;
}

async function takenAt(url: string): Promise<Taken> {
  return await (await fetch(`${url}/taken`)).json();
}

interface Measured {
  readonly sent: number;
  readonly taken: Taken;
  /** That the sender needed to send all. */
  readonly seconds: number;
  readonly statuses: readonly number[];
  /** Of the server, second by second. */
  readonly residentBytes: readonly number[];
}

/** Sends to a server for so many seconds, and asks it every second. */
async function load(url: string, seconds: number): Promise<Measured> {
  const source = await readSource();
  const streams = Array.from({ length: STREAMS }, (_, stream) => post(url, stream));
  const answers = streams.map(statusOf);
  streams.forEach((stream, n) => stream.write(headerOf(source, n)));
  const residentBytes: number[] = [];
  const count = Math.round(1000 * seconds / STEP_MS);
  const startMs = performance.now();
  for (let index = 0; index < count; index++) {
    const bytes = fragmentOf(source, index);
    const waits = streams.filter((stream) => !stream.write(bytes))
      .map((stream) => once(stream, "drain"));
    await Promise.all(waits);
    if (index % Math.round(1000 / STEP_MS) === 0) {
      residentBytes.push((await takenAt(url)).residentBytes ?? 0);
    }
    await sleep(Math.max(0, startMs + (index + 1) * STEP_MS - performance.now()));
  }
  const tookMs = performance.now() - startMs;
  streams.forEach((stream) => stream.end(writeEndOfStream()));
  const statuses = await Promise.all(answers);
  const taken = await takenAt(url);
  return { sent: count * STREAMS, taken, seconds: tookMs / 1000, statuses, residentBytes };
}

async function measurePoint(runtime: Runtime, isQuick: boolean): Promise<Measured> {
  const argument: PublishingPointArgument = { dvrSeconds: dvrSecondsOf(isQuick) };
  const { program, args } = runtime.command("publishing_point", argument);
  const child = spawn(program, args, { stdio: ["ignore", "pipe", "inherit"] });
  try {
    const [text] = await once(child.stdout, "data");
    return await load(String(text).trim(), isQuick ? 9 : 100);
  } finally {
    child.kill("SIGKILL");
  }
}

function figuresOf(
  name: string,
  { sent, taken, seconds, statuses, residentBytes }: Measured,
  dvrSeconds: number,
): Figure[] {
  const third = Math.ceil(residentBytes.length / 3);
  // The first third fills the window and compiles the code.
  const [before, after] = [residentBytes.slice(third, 2 * third), residentBytes.slice(-third)]
    .map((values) => median(values)!);
  const megabytes = (bytes: number) => `${Math.round(bytes / 1e6)} MB`;
  const load = `${STREAMS} streams of ${FRAGMENTS_PER_SECOND} fragments/s together`;
  const answered = statuses.filter((status) => status === 200).length;
  const cpuShare = taken.cpuSeconds && taken.cpuSeconds / seconds;
  return [
    {
      name: `Publishing point, ${load}, ${name}: lost`,
      unit: "fragments",
      target: { atMost: 0 },
      measured: sent - taken.fragments + taken.wrong + (STREAMS - answered),
      digits: 0,
      detail: `${sent} sent in ${seconds.toFixed(1)} s, ${answered} streams answered 200`,
    },
    {
      name: "… taken in",
      unit: "fragments/s",
      target: { atLeast: 0.98 * FRAGMENTS_PER_SECOND },
      measured: taken.fragments / seconds,
      digits: 0,
      detail: cpuShare === undefined
        ? "on loopback"
        : `on loopback, ${Math.round(100 * cpuShare)} % of a core`,
    },
    {
      name: "… memory in the last third of the run against the one before",
      unit: "×",
      target: { atMost: 1.15 },
      measured: before ? after! / before : undefined,
      digits: 2,
      detail: `${megabytes(before!)}, then ${megabytes(after!)}; a DVR window of ${dvrSeconds} s`,
    },
  ];
}

/** Does a publishing point keep up with many streams, and does its memory stay flat? */
export const pointIngest: Row = {
  id: "point",
  question: "Does a publishing point keep up with many streams, and does its memory stay flat?",
  async run(conditions) {
    const figures: Figure[] = [];
    const raw: Record<string, Measured> = {};
    const { isQuick } = conditions;
    for (const runtime of pacedRuntimes(conditions)) {
      const measured = await measurePoint(runtime, isQuick);
      raw[runtime.name] = measured;
      figures.push(...figuresOf(runtime.name, measured, dvrSecondsOf(isQuick)));
      if (isQuick) break;
    }
    return { figures, raw };
  },
};
