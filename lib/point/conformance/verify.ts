import type { RandomAccess } from "../../source/random_access.ts";
import type { StreamConformance } from "./conformance.ts";
import type { TakenPart } from "../ingest/ingest_body.ts";
import type { PointLimits } from "../limits.ts";
import type { StreamReport } from "../report.ts";
import type { BodyFile, RecordedStream } from "./verify_folder.ts";
import { InputError, Mp4SyntaxError } from "../../errors.ts";
import { LIVE_SERVER_MANIFEST, STREAM_MANIFESTS } from "../../mp4/uuid.ts";
import { BoxWindow, type TopBox } from "../../source/box_window.ts";
import { BufferLane } from "../../source/buffer_pool.ts";
import { openInput } from "../../source/open.ts";
import { judgeStream } from "./conformance.ts";
import { StreamSightings } from "./conformance_sightings.ts";
import { IngestBody } from "../ingest/ingest_body.ts";
import { completeLimits } from "../limits.ts";
import { StreamState } from "../ingest/stream_state.ts";
import { findBodies } from "./verify_folder.ts";

/** Options for {@linkcode verify}. */
export interface VerifyOptions {
  /**
   * Most bytes of one fragment.
   *
   * @default {268435456}
   */
  maxFragmentBytes?: number | undefined;
  signal?: AbortSignal | undefined;
}

/** A stream that was judged. */
export interface VerifiedStream extends StreamConformance {
  /** Path of the publishing point; empty if it is not known. */
  readonly point: string;
  /** What was in its bodies. */
  readonly report: StreamReport;
}

/** What was found in recorded bodies. */
export interface Verification {
  readonly streams: readonly VerifiedStream[];
  /** What could not be read at all. */
  readonly errors: readonly InputError[];
}

/** A stream that is being judged. */
interface Judging {
  readonly recorded: RecordedStream;
  readonly state: StreamState;
  readonly sightings: StreamSightings;
  readonly limits: PointLimits;
  readonly signal: AbortSignal | undefined;
  /** Whether something of it could be read. */
  hasBody: boolean;
  /** Whether the last body came to its end. */
  isLastWhole: boolean;
}

/**
 * Judges recorded bodies against the rules: those of a recording, with what its list says of the requests; those of a
 * folder of files, as `--output` writes; or a single file. What such a source cannot tell, a probe first of all, is not
 * judged.
 *
 * @param input Path, or `http:` or `https:` URL of a file.
 * @throws {InputError} If there is nothing to be read.
 * @throws {RangeError} If a limit is not a whole number above 0.
 */
export async function verify(input: string, options: VerifyOptions = {}): Promise<Verification> {
  const limits = completeLimits({ fragmentBytes: options.maxFragmentBytes });
  const judged: Judging[] = [];
  const errors: InputError[] = [];
  for (const recorded of await findBodies(input)) {
    const judging = begin(recorded, limits, options.signal);
    for (const file of recorded.files) {
      try {
        await takeFile(judging, file);
      } catch (error) {
        if (!(error instanceof InputError)) throw error;
        errors.push(error);
      }
    }
    if (judging.hasBody) judged.push(judging);
  }
  if (judged.length === 0 && errors.length === 1) throw errors[0]!;
  return { streams: judged.map((judging) => judge(judging, judged)), errors };
}

function begin(
  recorded: RecordedStream,
  limits: PointLimits,
  signal: AbortSignal | undefined,
): Judging {
  const sightings = new StreamSightings();
  const { stream: id, event: eventId, point } = recorded;
  const state = new StreamState({
    id,
    eventId,
    isPointProbed: () => recorded.isProbed ?? true,
    tell: (event) => {
      if (event.event === "broken") sightings.broken({ ...event, point, stream: id });
    },
  });
  return { recorded, state, sightings, limits, signal, hasBody: false, isLastWhole: false };
}

function judge({ recorded, state, sightings, isLastWhole }: Judging, all: readonly Judging[]) {
  const report = state.report();
  const { point, isProbed } = recorded;
  const verdict = judgeStream(report, sightings, {
    canSeeProbes: isProbed !== undefined,
    isOver: isLastWhole,
    pointTracks: all.filter((it) => it.recorded.point === point)
      .flatMap((it) => it.sightings.tracks),
  });
  return { ...verdict, point, report };
}

async function takeFile(judging: Judging, file: BodyFile): Promise<void> {
  const { signal } = judging;
  const { location, request, isCut } = file;
  const access = await openInput(location, { signal });
  try {
    if (access.size === 0 && isCut) return;
    if (access.size === 0) {
      throw new InputError("Cannot read it as a body as it must not be empty", access.name);
    }
    const isOne = request !== undefined || isCut;
    const starts = isOne ? [0] : await findStarts(access, signal);
    for (const [n, start] of starts.entries()) {
      await takeBody(judging, { access, start, end: starts[n + 1] ?? access.size, file });
    }
  } finally {
    await access.close();
  }
}

/** One body in a file. */
interface BodyRange {
  readonly access: RandomAccess;
  /** First byte. */
  readonly start: number;
  /** First byte behind it. */
  readonly end: number;
  readonly file: BodyFile;
}

async function takeBody(judging: Judging, range: BodyRange): Promise<void> {
  const { state, sightings, limits, signal } = judging;
  const { access, start, end, file: { request, isCut } } = range;
  const isWhole = request ? request.isWhole : !isCut;
  const body = new IngestBody(state, limits, 1);
  const sighting = sightings.openBody();
  const headers = sightings.headers;
  try {
    for await (const piece of access.stream(start, end - start, new BufferLane(), signal)) {
      // Who demuxes these bytes keeps them: they leave the pool's buffer.
      const bytes = piece.slice();
      sighting.write(bytes);
      await take(judging, body.push(bytes));
      if (body.refusal) break;
    }
    if (request?.lost !== undefined) body.lose(request.lost);
    else if (isWhole) await take(judging, body.end());
  } finally {
    body.close();
    if (request?.isWhole || request?.lost !== undefined) sightings.answered++;
    judging.isLastWhole = !body.refusal && isWhole;
    sighting.end(judging.isLastWhole);
  }
  const isNothing = body.refusal?.status === 400 && sightings.headers === headers;
  if (isNothing && !judging.hasBody) throw new InputError(body.refusal!.message, access.name);
  judging.hasBody = true;
}

async function take({ state, sightings }: Judging, parts: AsyncIterable<TakenPart>): Promise<void> {
  for await (const { part, position } of parts) {
    sightings.part(part, state.described?.tracks ?? [], position);
    if (part.type === "end" && part.boxes.length > 0) sightings.restart();
  }
}

/** Boxes that a body begins with. */
function isHeaderBox({ type, userType }: TopBox): boolean {
  return type === "ftyp" || type === "moov" || userType === LIVE_SERVER_MANIFEST ||
    STREAM_MANIFESTS.includes(userType ?? "");
}

/**
 * Finds where bodies begin in a file of several ones, joined: at each `ftyp`, and at header boxes behind others. What
 * cannot be read belongs to the last one.
 */
async function findStarts(
  access: RandomAccess,
  signal: AbortSignal | undefined,
): Promise<number[]> {
  const window = new BoxWindow(access);
  const starts = [0];
  let hasMedia = false;
  let boxes = 0;
  try {
    for (
      let box = await window.header(0, signal);
      box;
      box = await window.header(box.end, signal)
    ) {
      const isHeader = isHeaderBox(box);
      if (isHeader && boxes > 0 && (hasMedia || box.type === "ftyp")) {
        starts.push(box.offset);
        hasMedia = false;
      } else if (["moof", "mdat", "mfra"].includes(box.type)) hasMedia = true;
      boxes++;
    }
  } catch (error) {
    if (!(error instanceof Mp4SyntaxError)) throw error;
  }
  return starts;
}
