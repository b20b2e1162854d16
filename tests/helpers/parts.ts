import type { Fragment, Payload, StreamEnd, StreamHeader, StreamPart } from "../../lib/part.ts";
import { join } from "../../lib/mp4/box.ts";
import { LIVE_FTYP, writeFtyp } from "../../lib/mp4/ftyp.ts";
import { makeMoof, makeMoov, type MoofFields, type MoovFields, pattern } from "./boxes.ts";
import { readMoov } from "../../lib/mp4/moov.ts";
import { readableFrom } from "../../lib/readable.ts";

/** A payload in memory that counts how it is used. */
export class TestPayload implements Payload {
  readonly size: number;
  readonly #bytes: Uint8Array;
  /** How many readings have begun. */
  begun = 0;
  /** How many of them have come to their end or were given up. */
  ended = 0;

  constructor(bytes: Uint8Array) {
    this.#bytes = bytes;
    this.size = bytes.length;
  }

  read(signal?: AbortSignal): AsyncIterableIterator<Uint8Array> {
    this.begun++;
    let isOpen = true;
    const close = () => {
      if (isOpen) this.ended++;
      isOpen = false;
    };
    let pieces = [this.#bytes];
    return {
      next: () => {
        if (signal?.aborted) return Promise.reject(signal.reason);
        const value = pieces.pop();
        if (!value) close();
        return Promise.resolve(value ? { done: false, value } : { done: true, value: undefined });
      },
      return: () => {
        pieces = [];
        close();
        return Promise.resolve({ done: true, value: undefined });
      },
      [Symbol.asyncIterator]() {
        return this;
      },
    };
  }
}

/** What {@linkcode fragment} makes; times are those of the part, `moof` says what its own box has. */
export interface FragmentFields extends Partial<Omit<Fragment, "type" | "moof" | "payload">> {
  readonly moof?: Uint8Array | MoofFields;
  readonly payload?: Payload;
}

/** Makes a fragment of two seconds, at its place after those in front of it. */
export function fragment(fields: FragmentFields = {}): Fragment {
  const { index = 0, trackId = 1, timescale = 10_000_000, pass = 0, moof = {} } = fields;
  const duration = fields.duration ?? BigInt(2 * timescale);
  return {
    type: "fragment",
    pass,
    sequence: index + 1,
    decodeTime: BigInt(index) * duration,
    ...fields,
    index,
    trackId,
    timescale,
    duration,
    moof: moof instanceof Uint8Array ? moof : makeMoof({ trackId, ...moof }),
    payload: fields.payload ?? new TestPayload(pattern(100, index)),
  };
}

/** Fragments of one track, one behind the other. */
export function fragments(count: number, fields: FragmentFields = {}): Fragment[] {
  return Array.from({ length: count }, (_, index) => fragment({ ...fields, index }));
}

/** Makes a header of `ftyp` and `moov`. */
export function header(fields: MoovFields = {}): StreamHeader {
  const moov = makeMoov(fields);
  return { type: "header", boxes: [writeFtyp(LIVE_FTYP), moov], tracks: readMoov(moov, 0).tracks };
}

/** Makes an end. */
export function end(error?: Error): StreamEnd {
  return error ? { type: "end", boxes: [], error } : { type: "end", boxes: [] };
}

/** All values of a stream. */
export async function collect<T>(stream: ReadableStream<T>): Promise<T[]> {
  const values: T[] = [];
  const reader = stream.getReader();
  for (let it = await reader.read(); !it.done; it = await reader.read()) values.push(it.value);
  return values;
}

/** Sends parts through a stage. */
export function through<Out>(
  parts: Iterable<StreamPart>,
  stage: TransformStream<StreamPart, Out>,
): Promise<Out[]> {
  return collect(readableFrom(parts).pipeThrough(stage));
}

/** The fragments among parts. */
export function fragmentsOf(parts: readonly StreamPart[]): Fragment[] {
  return parts.filter((part) => part.type === "fragment");
}

/** The bytes of a payload; a copy, as the pieces may be used again. */
export async function bytesOf(payload: Payload, signal?: AbortSignal): Promise<Uint8Array> {
  const pieces: Uint8Array[] = [];
  for await (const piece of payload.read(signal)) pieces.push(piece.slice());
  return join(pieces);
}

/** Waits for what is to fail and returns the error. */
export async function failure(work: Promise<unknown> | (() => unknown)): Promise<Error> {
  try {
    await (typeof work === "function" ? work() : work);
  } catch (error) {
    return error as Error;
  }
  throw new Error("it did not fail");
}
