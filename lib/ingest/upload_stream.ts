import type { StreamPart } from "../part.ts";
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
  parts: AsyncIterable<StreamPart>,
  signal?: AbortSignal,
): Promise<void> {
  signal?.throwIfAborted();
  const onAbort = () => uploader.abort(signal!.reason);
  signal?.addEventListener("abort", onAbort, { once: true });
  let inputError: Error | undefined;
  try {
    for await (const part of parts) {
      await uploader.write(part);
      if (part.type === "end") inputError = part.error;
    }
    await uploader.close();
  } catch (error) {
    if (uploader.isBrokenOff) throw error;
    // What failed first counts, also where the source ended because of it.
    uploader.abort(error);
    throw uploader.failed.reason;
  } finally {
    signal?.removeEventListener("abort", onAbort);
  }
  if (inputError) throw inputError;
}
