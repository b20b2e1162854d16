/** The bytes of a payload in order. */
export interface PayloadReading extends AsyncIterable<Uint8Array> {
  /**
   * Puts bytes in front of the first piece, in the same memory and in order, so that all leave together. Before the first
   * piece is asked for, and once.
   *
   * @returns Whether there was room for them.
   */
  putInFront?(...head: readonly Uint8Array[]): boolean;
  /**
   * The next piece without a wait, for readers of many.
   *
   * @returns `undefined` where there is none, or it takes a while: the iterator tells which.
   */
  nextNow?(): Uint8Array | undefined;
  /**
   * Whether the last piece was handed out already; a reading that does not know says it by the end of its iterator. Whoever
   * is done with the last piece asks for what follows all the same: the memory of a piece is free only then.
   */
  readonly isAtEnd?: boolean;
}

/** The iterator of a {@linkcode PayloadReading} that is one itself, or of another one. */
export type PayloadIterator =
  & AsyncIterator<Uint8Array>
  & Pick<PayloadReading, "nextNow" | "isAtEnd">;

/** The payload of one `mdat` box: read when it is sent, and again when it is sent again. */
export interface Payload {
  /** Size in bytes, without the box header. */
  readonly size: number;
  /**
   * Yields the bytes in order. Reading may start at once, so that bytes are at hand when they are asked for: whoever calls
   * this reads to the end or calls `return` of the iterator. A piece stays unchanged until another one is asked for when
   * those behind it have 64 KiB or more in all, not counting the last one, or for as long as the reader of the stream needs
   * it where it has said so; only pieces of 64 KiB and more come from a pool.
   *
   * @param signal Ends the reading with its reason.
   */
  read(signal?: AbortSignal): PayloadReading;
}

/** What a header says of one track. */
export interface HeaderTrack {
  /** `track_ID` of `tkhd` and `tfhd`. */
  readonly trackId: number;
  /** Ticks per second, from `mdhd`. */
  readonly timescale: number;
}

/** The boxes that stand before the first fragment of a stream. */
export interface StreamHeader {
  readonly type: "header";
  /** Whole boxes, in the order in which they go on the wire: `ftyp`, manifest boxes, `moov`. */
  readonly boxes: readonly Uint8Array[];
  /** The tracks that `moov` describes, in its order. */
  readonly tracks: readonly HeaderTrack[];
}

/** One fragment of one track: a `moof` box and its `mdat` box. */
export interface Fragment {
  readonly type: "fragment";
  readonly trackId: number;
  /** Ticks per second. */
  readonly timescale: number;
  /** Decode time of the first sample, in ticks. */
  readonly decodeTime: bigint;
  /** Sum of the sample durations, in ticks. */
  readonly duration: bigint;
  /** Position in its track within the presentation, from 0; the same in every pass of a loop. */
  readonly index: number;
  /** Which pass over the presentation this is, from 0. */
  readonly pass: number;
  /**
   * Position in its stream over all passes, from 1, with fragments that a filter leaves out counted: what `mfhd` says
   * on the wire, so that redundant senders agree.
   */
  readonly sequence: number;
  /** The `moof` box, exactly as it goes on the wire. */
  readonly moof: Uint8Array;
  readonly payload: Payload;
  /** When it is to be sent, by the clock of the push in milliseconds; the pacer says so. */
  readonly dueMs?: number;
  /** How long it was held back beside the clock, as for the answer to a sparse fragment, in milliseconds. */
  readonly heldMs?: number;
}

/** The end of a stream. */
export interface StreamEnd {
  readonly type: "end";
  /** The boxes that say so on the wire: an empty `mfra`, or nothing. */
  readonly boxes: readonly Uint8Array[];
  /**
   * Why the stream ends before its input does: the fragments before this part are whole, what follows them cannot be
   * read. It travels as a value, as an error in a `ReadableStream` would throw away the fragments that are queued.
   */
  readonly error?: Error;
}

/** What flows between two stages. */
export type StreamPart = StreamHeader | Fragment | StreamEnd;

/** Parts one after the other, for those who have no streams: one is asked for when the one before is there. */
export interface PartIterator extends AsyncIterableIterator<StreamPart> {
  /**
   * When the next part is worth asking for, as it would be waited for until then. Nobody has to wait here; but what waits
   * here is one promise, and not one for each stage on the way.
   *
   * @returns Nothing where it is already. It does not fail.
   */
  ready?(): Promise<void> | undefined;
  /** The next part, where it is a fragment and there is nothing to wait for; nothing else is taken. */
  fragmentNow?(): Fragment | undefined;
}

/**
 * What a stage does to a part, without a stream.
 *
 * @returns What takes its place; `undefined` leaves it out. An end that comes early ends the stream.
 */
export type PartStep = (part: StreamPart) => StreamPart | undefined;
