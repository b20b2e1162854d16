import type { TrafReading } from "./fragment_reader.ts";
import type { FragmentInspection, TrackInspection, TrackSummary } from "./inspection.ts";
import type { OddityKind, OddityLog } from "./oddity_log.ts";
import type { RowBudget } from "./row_budget.ts";
import type { SampleTotals } from "../mp4/moof.ts";
import type { Track } from "../mp4/moov.ts";
import type { TimeSource, TrackTimesOptions } from "../mp4/track_times.ts";
import { knownDuration } from "../mp4/fragment.ts";
import { TrackTimes } from "../mp4/track_times.ts";
import { FragmentTable } from "../source/fragment_table.ts";
import { DEFAULT_TIMESCALE } from "../time.ts";
import { isApart, showTime, Span } from "./span.ts";

/** Where a fragment lies. */
export interface FoundPlace {
  readonly request: number;
  readonly moofOffset: number;
  readonly moofSize: number;
  /** `undefined` where there is none. */
  readonly mdat: FoundMdat | undefined;
  /** Whether the `moof` has several `traf` boxes, which share the `mdat`. */
  readonly isShared: boolean;
}

/** The `mdat` behind a `moof`. */
export interface FoundMdat {
  readonly offset: number;
  readonly end: number;
  readonly payloadOffset: number;
}

/** What a {@linkcode TrackLog} works with. */
export interface TrackLogOptions {
  readonly file: string;
  /** Position of the header that describes the track. */
  readonly header: number | undefined;
  readonly trackId: number;
  /** What `moov` says. */
  readonly track: Track | undefined;
  /** Of a manifest, where `moov` says none. */
  readonly timescale?: number | undefined;
  readonly isSparse: boolean;
  readonly times: TrackTimesOptions;
  readonly rows: RowBudget;
  readonly oddities: OddityLog;
}

/** How many fragments back one is looked for that is sent again. */
const RESEND_REACH = 64;

/** All fragments of one track as they are found: rows, sums, and what is odd about them. */
export class TrackLog {
  readonly isSparse: boolean;
  /** Times and places of all fragments. */
  readonly table: FragmentTable;
  /** How many starts were taken from where. */
  readonly startsFrom: Partial<Record<TimeSource, number>> = {};
  readonly #options: TrackLogOptions;
  readonly #times: TrackTimes;
  readonly #span = new Span();
  readonly #fragments: FragmentInspection[] = [];
  #last: FragmentInspection | undefined;
  #samples = 0;
  #bytes = 0;
  #minBytes = Infinity;
  #maxBytes = 0;
  readonly #tfxdVersions: Record<string, number> = {};
  #tfdtCount = 0;
  #tfrfCount = 0;

  constructor(options: TrackLogOptions) {
    this.#options = options;
    this.isSparse = options.isSparse;
    this.table = new FragmentTable(options.trackId);
    this.#times = new TrackTimes(options.times);
  }

  /** Ticks per second; `undefined` where nothing tells. */
  get timescale(): number | undefined {
    return this.#options.track?.timescale ?? this.#options.timescale;
  }

  /** Takes the next fragment of the track. */
  add(reading: TrafReading, place: FoundPlace): void {
    const totals = reading.totals(this.#options.track?.defaults);
    const fragment = this.#fragment(reading, totals, place);
    this.#checkOrder(fragment);
    this.#checkTimes(reading, totals, fragment);
    this.#checkData(reading, place, fragment);
    if (place.mdat && !place.isShared) this.#checkSize(totals, place.mdat, fragment);
    this.#count(fragment, totals, place);
  }

  #fragment(reading: TrafReading, totals: SampleTotals, place: FoundPlace): FragmentInspection {
    const { moof, tfrf } = reading;
    const tfxd = moof.tfxd?.value;
    const tfdt = moof.tfdt?.value.baseMediaDecodeTime;
    const track = this.#options.track ?? unknownTrack(this.#options.trackId, this.timescale);
    const { start, source, duration, index } = this.#times.next({
      moof,
      track,
      sampleCount: totals.count,
      duration: totals.duration > 0n ? totals.duration : knownDuration(tfxd),
      samplesSize: totals.size,
      runSizes: totals.runSizes,
      tfxd,
      decodeTime: tfdt === undefined ? undefined : tfdt - track.editShift,
    }, place.moofOffset);
    return {
      index,
      request: place.request,
      start,
      startFrom: source,
      duration,
      samples: totals.count,
      sequence: moof.mfhd.value.sequenceNumber,
      moofOffset: place.moofOffset,
      moofSize: place.moofSize,
      mdatOffset: place.mdat?.offset,
      mdatSize: place.mdat && place.mdat.end - place.mdat.offset,
      ...(tfxd && { tfxd: { version: reading.tfxdVersion!, ...tfxd } }),
      ...(tfdt !== undefined && { tfdt }),
      ...(tfrf && { tfrf }),
    };
  }

  #checkOrder(fragment: FragmentInspection): void {
    const { index, start, sequence } = fragment;
    if (start < 0n) {
      const isSound = this.#options.track?.handler === "soun";
      const why = isSound ? ", as sound does that begins with samples to prime the decoder" : "";
      this.#note("negative-start", fragment, `starts before 0, at ${this.#shown(start)}${why}`);
    }
    const last = this.#last;
    if (!last) return;
    if (this.#isSentAgain(fragment, last)) {
      const text = `has been sent before, at ${this.#shown(start)}: a request begins with it again`;
      this.#note("sent-again", fragment, text);
      return;
    }
    if (sequence <= last.sequence) {
      const text =
        `has the sequence number ${sequence} in mfhd, which must grow: it follows ${last.sequence}`;
      this.#note("sequence", fragment, text);
    }
    // Events of a sparse track come now and then, and one may begin while another lasts.
    const end = this.isSparse ? last.start : this.#span.end;
    if (!isApart(start, end, this.timescale ?? DEFAULT_TIMESCALE)) return;
    if (start < end && this.isSparse) {
      const text = `starts ${this.#shown(end - start)} before fragment ${index - 1} does`;
      this.#note("overlap", fragment, text);
    } else if (start < end) {
      const text = `starts ${this.#shown(end - start)} before the end of fragment ${index - 1}`;
      this.#note("overlap", fragment, text);
    } else if (!this.isSparse) {
      const text = `starts ${this.#shown(start - end)} after the end of fragment ${index - 1}`;
      this.#note("gap", fragment, text);
    }
  }

  /** A new request begins with what the lost one may not have brought over (protocol: the last two fragments). */
  #isSentAgain({ request, start }: FragmentInspection, last: FragmentInspection): boolean {
    if (request === last.request || start >= this.#span.end) return false;
    const { length } = this.table;
    for (let n = length - 1; n >= Math.max(0, length - RESEND_REACH); n--) {
      if (this.table.at(n)!.start === start) return true;
    }
    return false;
  }

  #checkTimes(
    { tfxdCount }: TrafReading,
    totals: SampleTotals,
    fragment: FragmentInspection,
  ): void {
    const { duration, tfxd, tfdt } = fragment;
    if (duration === 0n && !this.isSparse) {
      this.#note("no-duration", fragment, "lasts no time: neither its samples nor its tfxd tell");
    }
    if (tfxdCount > 1) {
      this.#note("several-tfxds", fragment, `has ${tfxdCount} tfxd boxes; the first one counts`);
    }
    if (!tfxd) return;
    const decodeTime = tfdt === undefined
      ? undefined
      : tfdt - (this.#options.track?.editShift ?? 0n);
    if (decodeTime !== undefined && differs(decodeTime, tfxd.time)) {
      const text = `starts at ${tfxd.time} by its tfxd, at ${decodeTime} by its tfdt (ticks)`;
      this.#note("tfxd-tfdt", fragment, text);
    }
    if (totals.duration > 0n && differs(totals.duration, tfxd.duration)) {
      const text = `lasts ${tfxd.duration} by its tfxd, ${totals.duration} by its samples (ticks)`;
      this.#note("tfxd-duration", fragment, text);
    }
  }

  #checkData(reading: TrafReading, { mdat }: FoundPlace, fragment: FragmentInspection): void {
    const { tfhd, truns } = reading.moof;
    const first = truns[0]?.value;
    if (!first) {
      this.#note("no-trun", fragment, "has no trun box, and so no samples");
      return;
    }
    if (truns.length > 1) {
      this.#note("several-truns", fragment, `has ${truns.length} trun boxes`);
    }
    const base = tfhd.value.baseDataOffset;
    if (base !== undefined) {
      const text =
        `has a base-data-offset (${base}) in tfhd, which means nothing outside of its file`;
      this.#note("base-data-offset", fragment, text);
    }
    if (!mdat) return;
    if (first.dataOffset === undefined) {
      this.#note("data-offset", fragment, "has no data_offset in its trun");
      return;
    }
    const at = Number(base ?? BigInt(fragment.moofOffset)) + first.dataOffset;
    const distance = at - mdat.payloadOffset;
    if (distance < 0 || at > mdat.end) {
      const side = distance < 0 ? "in front of" : "behind";
      const bytes = distance < 0 ? -distance : at - mdat.end;
      const text = `has a stale data_offset (${first.dataOffset}): ` +
        `it points ${bytes} bytes ${side} the payload of mdat`;
      this.#note("data-offset", fragment, text);
    }
  }

  #checkSize({ size }: SampleTotals, mdat: FoundMdat, fragment: FragmentInspection): void {
    const payload = mdat.end - mdat.payloadOffset;
    if (size < payload) {
      const text = `has ${payload - size} bytes in its mdat that belong to no sample`;
      this.#note("payload-left-over", fragment, text);
    }
  }

  #count(fragment: FragmentInspection, totals: SampleTotals, place: FoundPlace): void {
    const { start, duration, startFrom, moofOffset, moofSize, tfxd, tfdt } = fragment;
    const { mdat } = place;
    const payload = mdat ? mdat.end - mdat.payloadOffset : 0;
    const bytes = place.isShared ? Math.min(payload, totals.size) : payload;
    this.#span.add(start, duration);
    this.#samples += fragment.samples;
    this.#bytes += bytes;
    this.#minBytes = Math.min(this.#minBytes, bytes);
    this.#maxBytes = Math.max(this.#maxBytes, bytes);
    this.startsFrom[startFrom] = (this.startsFrom[startFrom] ?? 0) + 1;
    if (tfxd) this.#tfxdVersions[tfxd.version] = (this.#tfxdVersions[tfxd.version] ?? 0) + 1;
    if (tfdt !== undefined) this.#tfdtCount++;
    if (fragment.tfrf) this.#tfrfCount++;
    const payloadOffset = mdat?.payloadOffset ?? 0;
    this.table.push({ moofOffset, moofSize, payloadOffset, payloadSize: bytes, start, duration });
    if (this.#options.rows.take(1, this.#fragments.length) > 0) this.#fragments.push(fragment);
    this.#last = fragment;
  }

  #shown(ticks: bigint): string {
    return showTime(ticks, this.timescale);
  }

  #note(kind: OddityKind, { index, moofOffset }: FragmentInspection, text: string): void {
    const { file, trackId, header, oddities } = this.#options;
    const place = { file, offset: moofOffset, scope: `${header} ${trackId}` };
    oddities.note(kind, place, `Fragment ${index} of track ${trackId} ${text}`);
  }

  /** All that was found. */
  inspection(): TrackInspection {
    const { header, trackId, track } = this.#options;
    const isListed = this.#fragments.at(-1)?.index === this.#last?.index;
    return {
      header,
      trackId,
      timescale: this.timescale,
      ...(track && {
        handler: track.handler,
        language: track.language,
        codec: track.codec,
        defaults: track.defaults && { ...track.defaults },
        editShift: track.editShift,
      }),
      summary: this.#summary(),
      fragments: this.#fragments,
      ...(!isListed && { last: this.#last }),
    };
  }

  #summary(): TrackSummary | undefined {
    const { facts } = this.#span;
    if (!facts) return undefined;
    const seconds = this.timescale ? Number(facts.duration) / this.timescale : 0;
    return {
      ...facts,
      samples: this.#samples,
      bytes: this.#bytes,
      minBytes: this.#minBytes,
      averageBytes: Math.round(this.#bytes / facts.count),
      maxBytes: this.#maxBytes,
      bitrate: seconds > 0 ? Math.round(8 * this.#bytes / seconds) : undefined,
      startsFrom: this.startsFrom,
      tfxdVersions: this.#tfxdVersions,
      tfdtCount: this.#tfdtCount,
      tfrfCount: this.#tfrfCount,
    };
  }
}

/** By more than the one tick that rounding makes. */
function differs(a: bigint, b: bigint): boolean {
  return a - b > 1n || b - a > 1n;
}

/** Stands in for a track of which no `moov` box tells. */
export function unknownTrack(trackId: number, timescale = 1): Track {
  return {
    trackId,
    timescale,
    handler: "",
    language: "und",
    codec: undefined,
    defaults: undefined,
    editShift: 0n,
  };
}
