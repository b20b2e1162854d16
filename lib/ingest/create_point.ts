import type { Authorization } from "./authorization.ts";
import type { Transport } from "./transport.ts";
import { formatPublishingPointFile } from "../manifest/publishing_point_file.ts";
import { answerError, connectionError, isSuccess } from "./answers.ts";
import { AuthorizedRequests } from "./authorized_requests.ts";
import { DEFAULT_USER_AGENT, type Header, withDefaults } from "./default_headers.ts";

/** Options for {@linkcode createPoint}. */
export interface CreatePointOptions {
  /** URL of the publishing point, without credentials. */
  url: string;
  transport: Transport;
  authorization: Authorization;
  headers?: readonly Header[];
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
  const { authorization, signal = new AbortController().signal } = options;
  const url = new URL(options.url);
  url.search = "";
  const title = decodeURIComponent(url.pathname.replace(/^.*\//, "").replace(/\.isml$/i, ""));
  const isml = options.isml ?? formatPublishingPointFile({ title });
  const body = typeof isml === "string" ? new TextEncoder().encode(isml) : isml;
  const requests = new AuthorizedRequests(options.transport);
  // A type that was given speaks of the streams.
  const given = (options.headers ?? []).filter(([name]) => name.toLowerCase() !== "content-type");
  const headers = withDefaults(given, [
    ["User-Agent", DEFAULT_USER_AGENT],
    ["Content-Type", "text/xml; charset=utf-8"],
  ]);
  const request = { method: "PUT", url: url.href, headers, body, signal } as const;
  const send = async () => {
    try {
      return await requests.request(authorization, request);
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
    await requests.close();
  }
}
