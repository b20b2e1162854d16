import type { Fragment, PartStep, StreamPart } from "../part.ts";
import type { Timeline } from "../time.ts";
import { knownDuration } from "../mp4/fragment.ts";
import type { MoofForms, ParsedMoofs } from "../mp4/moof_form.ts";
import { readMoof } from "../mp4/moof.ts";
import { rewriteLive } from "../mp4/moof_form.ts";
import { timelineOffset } from "../time.ts";

/** Options for {@linkcode RebaseStream}. */
export interface RebaseStreamOptions {
  /** The one timeline of all streams of a push. */
  timeline: Timeline;
}

/**
 * The timestamp rebaser: moves fragments from the times of a presentation to those of the live stream. Each gets one
 * TfxdBox of version 1 (MS-SSTR 2.2.4.4) with the time of its first sample and the sum of its durations, a `tfdt` moved by
 * the same delta if it has one, the number of its place in the stream, and no TfrfBox. Sample tables and payloads stay.
 *
 * @example
 * ```ts
 * const timeline = await presentation.timeline();
 * const live = parts.pipeThrough(new RebaseStream({ timeline }));
 * ```
 */
export class RebaseStream extends TransformStream<StreamPart, StreamPart> {
  constructor(options: RebaseStreamOptions) {
    const step = rebaseStep(options);
    super({
      transform(part, controller) {
        controller.enqueue(step(part)!);
      },
    });
  }
}

/** Options for {@linkcode rebaseStep}. */
export interface RebaseStepOptions extends RebaseStreamOptions {
  /** Those of a source whose `moof` boxes many streams share. */
  forms?: MoofForms | undefined;
  /** Those that the source has looked into. */
  parsed?: ParsedMoofs | undefined;
}

/** By how much times move, in ticks: the same for all fragments of a track in one pass, and kept for those. */
export function offsetsOf(timeline: Timeline): (pass: number, timescale: number) => bigint {
  let last = { pass: -1, timescale: 0, ticks: 0n };
  return (pass, timescale) => {
    if (last.pass !== pass || last.timescale !== timescale) {
      last = { pass, timescale, ticks: timelineOffset(timeline, pass, timescale) };
    }
    return last.ticks;
  };
}

/** What stands behind {@linkcode RebaseStream}, for those who have no streams; it leaves nothing out. */
export function rebaseStep({ timeline, ...known }: RebaseStepOptions): PartStep {
  const offset = offsetsOf(timeline);
  return (part) =>
    part.type === "fragment" ? rebase(part, offset(part.pass, part.timescale), known) : part;
}

function rebase(
  fragment: Fragment,
  shift: bigint,
  { forms, parsed }: Omit<RebaseStepOptions, "timeline">,
): Fragment {
  const { moof: bytes, sequence: sequenceNumber } = fragment;
  const time = fragment.decodeTime + shift;
  const form = forms?.of(bytes);
  const moof = form?.moof ?? parsed?.take(fragment.trackId, bytes) ?? readMoof(bytes, 0);
  // Without a tfxd box the time is that of tfdt, less what an edit list said, which a live stream does not have.
  const tfdt = moof.tfdt?.value.baseMediaDecodeTime;
  const decodeTimeShift = moof.tfxd || tfdt === undefined ? shift : time - tfdt;
  // Where a tfxd box says how long the fragment is, this is kept; one without a length counts by its samples.
  const duration = knownDuration(moof.tfxd?.value) || fragment.duration;
  const edit = { sequenceNumber, time, duration, decodeTimeShift };
  return {
    ...fragment,
    decodeTime: time,
    moof: form ? form.write(edit) : rewriteLive(bytes, moof, edit),
  };
}
