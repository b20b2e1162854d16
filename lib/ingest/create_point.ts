import type { Authorization } from "./authorization.ts";
import type { Transport } from "./transport.ts";
import { formatPublishingPointFile } from "../manifest/publishing_point_file.ts";
import { answerError, connectionError, isSuccess } from "./answers.ts";
import { DEFAULT_USER_AGENT } from "./uploader.ts";

/** Options for {@linkcode createPoint}. */
export interface CreatePointOptions {
  /** URL of the publishing point, without credentials. */
  url: string;
  transport: Transport;
  authorization: Authorization;
  headers?: readonly (readonly [name: string, value: string])[];
  /**
   * The document; bytes go out as they are.
   *
   * @default {a push point that starts with the first request}
   */
  isml?: string | Uint8Array | undefined;
  signal?: AbortSignal | undefined;
}

/**
 * Creates a publishing point with a WebDAV PUT of its `.isml` (RFC 4918).
 *
 * @returns The status: 201 where it is new, 200 or 204 where it was replaced.
 * @throws {IngestError} If the server says no, or the connection is lost.
 */
export async function createPoint(options: CreatePointOptions): Promise<number> {
  const { transport, authorization, signal = new AbortController().signal } = options;
  const url = new URL(options.url);
  url.search = "";
  const title = decodeURIComponent(url.pathname.replace(/^.*\//, "").replace(/\.isml$/i, ""));
  const isml = options.isml ?? formatPublishingPointFile({ title });
  const body = typeof isml === "string" ? new TextEncoder().encode(isml) : isml;
  let own: Transport | undefined;
  const send = async () => {
    const value = authorization.header("PUT", url.href);
    const headers = [
      ["User-Agent", DEFAULT_USER_AGENT] as const,
      ["Content-Type", "text/xml; charset=utf-8"] as const,
      ...(options.headers ?? []),
      ...(value === undefined ? [] : [["Authorization", value] as const]),
    ];
    try {
      const way = authorization.needsOneConnection ? own ??= await transport.single() : transport;
      return await way.request({ method: "PUT", url: url.href, headers, body, signal });
    } catch (error) {
      signal.throwIfAborted();
      throw connectionError("create", url.href, error);
    }
  };
  try {
    let answer = await send();
    while (authorization.meet(answer, url.href)) answer = await send();
    if (!isSuccess(answer)) throw answerError("create", url.href, answer);
    return answer.status;
  } finally {
    await own?.close();
  }
}
