import type { PartIterator, StreamEnd, StreamPart } from "../part.ts";
import type { UploaderOptions } from "./uploader_options.ts";
import { Uploader } from "./uploader.ts";

/** Options for {@linkcode UploadStream}. */
export interface UploadStreamOptions {
  /**
   * Sends the probe first.
   *
   * @default {true}
   */
  probe?: boolean;
  /** Cuts the connection with its reason. */
  signal?: AbortSignal | undefined;
}

/**
 * The uploader of one stream as the end of a pipeline: probe, one chunked POST, answer. A part counts as written when the
 * HTTP client has taken it; the stream closes with the final answer. It fails at once when the point says no or the
 * connection is lost, also while nothing is being sent, and with the error of an end part once that was sent.
 *
 * @example
 * ```ts
 * const transport = await openTransport();
 * const url = ingestUrl("http://localhost/live.isml", "1-stream0");
 * await stream.pipeTo(new UploadStream({ url, transport }));
 * ```
 */
export class UploadStream extends WritableStream<StreamPart> {
  /** @param target Where the stream goes. */
  constructor(
    target: Uploader | UploaderOptions,
    { probe = true, signal }: UploadStreamOptions = {},
  ) {
    const uploader = target instanceof Uploader ? target : new Uploader(target);
    let inputError: Error | undefined;
    super({
      async start(controller) {
        signal?.throwIfAborted();
        uploader.failed.addEventListener("abort", () => controller.error(uploader.failed.reason));
        signal?.addEventListener("abort", () => uploader.abort(signal.reason), { once: true });
        if (probe) await uploader.probe(signal);
      },
      async write(part) {
        await uploader.write(part);
        if (part.type === "end") inputError = part.error;
      },
      async close() {
        await uploader.close();
        if (inputError) throw inputError;
      },
      abort(reason) {
        uploader.abort(reason);
      },
    });
  }
}

/**
 * What stands behind {@linkcode UploadStream}, for those who have no streams; the probe was sent before.
 *
 * @param signal Cuts the connection with its reason.
 * @throws What the upload failed with, or the error of an end part once that was sent.
 */
export async function uploadParts(
  uploader: Uploader,
  parts: PartIterator,
  signal?: AbortSignal,
): Promise<void> {
  signal?.throwIfAborted();
  const onAbort = () => uploader.abort(signal!.reason);
  signal?.addEventListener("abort", onAbort, { once: true });
  const more = parts.fragmentNow?.bind(parts);
  let last: StreamEnd | undefined;
  try {
    while (!last) {
      const ready = parts.ready?.();
      if (ready) await ready;
      last = await uploadNext(uploader, parts, more);
    }
    await uploader.close();
  } catch (error) {
    if (uploader.isBrokenOff) throw error;
    // What failed first counts, also where the source ended because of it.
    uploader.abort(error);
    throw uploader.failed.reason;
  } finally {
    signal?.removeEventListener("abort", onAbort);
    await parts.return?.();
  }
  if (last.error) throw last.error;
}

/**
 * In a function of its own, as a variable of the loop would keep the last fragment while the next one is waited for.
 *
 * @returns The end of the stream, once it was sent.
 */
async function uploadNext(
  uploader: Uploader,
  parts: PartIterator,
  more: PartIterator["fragmentNow"],
): Promise<StreamEnd | undefined> {
  const { done, value } = await parts.next();
  if (done) return NO_END;
  await uploader.write(value, more);
  return value.type === "end" ? value : undefined;
}

/** Of a stream that just ceases. */
const NO_END: StreamEnd = { type: "end", boxes: [] };
