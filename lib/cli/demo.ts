import type { StreamOutcome } from "../push.ts";
import type { Fault, PointReport, StreamReport, TrackReport } from "../point/report.ts";
import type { DemoArguments } from "./args.ts";
import type { Terminal } from "./terminal.ts";
import { existsSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { countWords } from "../count_words.ts";
import { InputError } from "../errors.ts";
import { formatPublishingPointFile } from "../manifest/publishing_point_file.ts";
import { createConformance } from "../point/conformance/conformance_extension.ts";
import { createPage } from "../point/page/page.ts";
import { createPointServer } from "../point/point_server.ts";
import { faultsOf } from "../point/report.ts";
import { servePoint } from "../point/serve_point.ts";
import { push } from "../push.ts";
import { openDisplay, showFailures } from "./display.ts";
import { openBrowser } from "./open_browser.ts";
import { EXIT, exitCodeOf, StopReason } from "./exit_code.ts";
import { formatTable } from "./text_table.ts";
import { showBytes, showTime } from "./units.ts";
import { UsageError } from "./usage_error.ts";

/** Where the sample is, from the source tree and from the compiled one. */
const SAMPLES = ["../../testdata/sample.ism", "../../../testdata/sample.ism"]
  .map((path) => new URL(path, import.meta.url));

/** One stream, as it was sent and as it arrived. */
interface Arrival {
  readonly stream: StreamReport;
  readonly faults: readonly Fault[];
}

/**
 * Pushes the bundled sample in a loop to a publishing point in this process, which has a page to watch it, and says what
 * arrived. Returns the exit code: 1 if something was wrong with it.
 */
export async function runDemo(args: DemoArguments, terminal: Terminal): Promise<number> {
  const { duration, rate, port } = args;
  const { stop, signal } = terminal;
  const presentation = findSample();
  const extensions = [createConformance(), createPage({ hasConformance: true })];
  const point = createPointServer({ autoCreate: true, extensions });
  const defects: unknown[] = [];
  const onError = (error: unknown) => defects.push(error);
  const server = await servePoint(point.fetch, { port, onError }).catch((cause) => {
    const { code, message } = cause as Error & { code?: string };
    throw new UsageError(`Cannot listen on port ${port} as it must be free: ${code ?? message}`);
  });
  const url = `${server.url}/demo.isml`;
  // Who opens the page before the first request comes is to find something.
  const file = formatPublishingPointFile({ title: "demo" });
  await point.fetch(new Request(url, { method: "PUT", body: file }));
  await announce(url, args, terminal);
  const display = openDisplay(args, terminal);
  let outcomes: readonly StreamOutcome[];
  try {
    const onEvent = display.onEvent.bind(display);
    const points = [{ url }];
    const how = { loop: Infinity, duration, rate, id: "demo", stop, signal };
    outcomes = (await push({ points, presentation, ...how, onEvent })).streams;
  } finally {
    display.close();
    await point.close();
    await server.close();
  }
  showFailures(outcomes, args, terminal);
  const arrivals = compare(outcomes, point.report()[0]);
  terminal.stdout.write(args.json ? jsonLines(url, arrivals) : describe(arrivals));
  if (defects.length > 0) throw defects[0];
  if (stop.reason instanceof StopReason) return stop.reason.exitCode;
  const isRight = arrivals.every(({ faults }) => faults.length === 0);
  return isRight ? exitCodeOf(outcomes) : EXIT.defect;
}

/** Says where the point and its page are, and opens the page if it is to be. */
async function announce(url: string, args: DemoArguments, { stderr, env }: Terminal) {
  const page = `${url}/`;
  if (!args.quiet) stderr.write(`Publishing point: ${url}\nWatch it in a browser: ${page}\n`);
  if (!args.open) return;
  const failure = await openBrowser(page, env);
  if (failure) stderr.write(`Cannot open a browser: ${failure}\n`);
}

function findSample(): string {
  const [source] = SAMPLES;
  if (source!.protocol !== "file:") return source!.href;
  const found = SAMPLES.find((url) => existsSync(url));
  if (found) return fileURLToPath(found);
  throw new InputError("Cannot find the sample: there is no such file", fileURLToPath(source!));
}

/** Puts what arrived beside what was sent, in the order of the presentation. */
function compare(
  outcomes: readonly StreamOutcome[],
  report: PointReport | undefined,
): Arrival[] {
  return outcomes.flatMap(({ stream: id, fragments }) => {
    const stream = report?.streams.find((it) => it.id === id);
    if (!stream) return [];
    const faults = faultsOf(stream);
    if (stream.fragments < fragments) {
      const message =
        `All fragments that are sent arrive: current value is ${stream.fragments} of ${fragments}`;
      faults.push({ message, clause: "1.3" });
    }
    return { stream, faults };
  });
}

const sum = (values: readonly number[]) => values.reduce((total, value) => total + value, 0);

/** Seconds from the first fragment of a track to the end of its last one. */
function secondsOf({ start = 0n, end = 0n, timescale }: TrackReport): number {
  return Number(end - start) / timescale;
}

function longest(tracks: readonly TrackReport[]): number {
  return Math.max(0, ...tracks.map(secondsOf));
}

function describe(arrivals: readonly Arrival[]): string {
  const table = formatTable(
    [
      { title: "stream" },
      { title: "tracks", canShrink: true },
      { title: "fragments", align: "right" },
      { title: "bytes", align: "right" },
      { title: "media", align: "right" },
      { title: "gaps", align: "right" },
      { title: "duplicates", align: "right" },
      { title: "faults", align: "right" },
    ],
    arrivals.map(cellsOf),
  );
  const faults = arrivals.flatMap(({ stream, faults }) =>
    faults.map(({ message, clause }) => `${stream.id}: ${message} [${clause}]`)
  );
  return [...table, ...faults, verdict(arrivals)].map((line) => `${line}\n`).join("");
}

function cellsOf({ stream, faults }: Arrival): string[] {
  const { id, tracks, fragments, bytes } = stream;
  return [
    id,
    tracks.map(({ name, trackId }) => `${name} (${trackId})`).join(" + "),
    String(fragments),
    showBytes(bytes),
    showTime(longest(tracks)),
    String(sum(tracks.map(({ gaps }) => gaps))),
    String(sum(tracks.map(({ duplicates }) => duplicates))),
    String(faults.length),
  ];
}

function verdict(arrivals: readonly Arrival[]): string {
  const streams = arrivals.map(({ stream }) => stream);
  const faults = sum(arrivals.map((arrival) => arrival.faults.length));
  const fragments = sum(streams.map((stream) => stream.fragments));
  const bytes = showBytes(sum(streams.map((stream) => stream.bytes)));
  const judgement = faults > 0
    ? `${countWords(faults, "thing is", "things are")} wrong`
    : "all of it is right";
  return `${fragments} fragments of ${streams.length} streams arrived, ${bytes}: ${judgement}`;
}

function jsonLines(point: string, arrivals: readonly Arrival[]): string {
  const time = new Date().toISOString();
  const streams = arrivals.map(({ stream, faults }) => {
    const { id, tracks, breaches: _, ...counts } = stream;
    const arrived = { ...counts, tracks: tracks.map(trackValues), faults };
    return { time, event: "arrived", point, stream: id, ...arrived };
  });
  const faults = sum(arrivals.map((arrival) => arrival.faults.length));
  const last = { time, event: "verdict", point, stream: "", isRight: faults === 0, faults };
  return [...streams, last].map((value) => `${JSON.stringify(value)}\n`).join("");
}

/** A track without what JSON cannot hold: ticks become seconds. */
function trackValues(track: TrackReport) {
  const { start: _start, end: _end, firstGaps, longestHole, ...counts } = track;
  const seconds = (ticks: bigint) => Number(ticks) / track.timescale;
  return {
    ...counts,
    seconds: secondsOf(track),
    longestHoleSeconds: seconds(longestHole),
    firstGaps: firstGaps.map(({ time, size, missing }) => ({
      atSeconds: seconds(time),
      seconds: seconds(size),
      missing,
    })),
  };
}
