import type { TransportAnswer } from "./transport.ts";

/**
 * Where a redirection leads (RFC 9110 15.4). The method stays, as nothing else makes sense for a push.
 *
 * @param asked The URL that was answered so: that of the stream, or of the publishing point that its probe went to.
 * @param url The URL of the stream.
 * @returns The new URL of the stream; `undefined` if the answer is no redirection.
 */
export function redirectTarget(
  asked: string,
  url: string,
  answer: TransportAnswer,
): string | undefined {
  const location = answer.header("location");
  if (![301, 302, 303, 307, 308].includes(answer.status) || !location) return undefined;
  let target: URL;
  try {
    target = new URL(location, asked);
  } catch {
    return undefined;
  }
  if (!/^https?:$/.test(target.protocol)) return undefined;
  target.username = "";
  target.password = "";
  if (asked === url) return target.href;
  const rest = new URL(url).pathname.slice(new URL(asked).pathname.length);
  target.pathname += rest;
  return target.href;
}
