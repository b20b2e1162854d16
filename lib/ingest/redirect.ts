import type { TransportAnswer } from "./transport.ts";

/**
 * Where a redirection leads (RFC 9110 15.4). The method stays, as nothing else makes sense for a push.
 *
 * @param url The URL that was answered so.
 * @returns The new URL, without credentials; `undefined` if the answer is no redirection to where a push could go.
 */
export function redirectTarget(url: string, answer: TransportAnswer): string | undefined {
  const location = answer.header("location");
  if (![301, 302, 303, 307, 308].includes(answer.status) || !location) return undefined;
  let target: URL;
  try {
    target = new URL(location, url);
  } catch {
    return undefined;
  }
  if (!/^https?:$/.test(target.protocol)) return undefined;
  target.username = "";
  target.password = "";
  return target.href;
}

/**
 * The URL of a stream whose publishing point has moved.
 *
 * @param url The URL of the stream so far.
 * @param from The URL of the point so far.
 * @param to The new URL of the point.
 */
export function movedWith(url: string, from: string, to: string): string {
  const target = new URL(to);
  const rest = new URL(url).pathname.slice(new URL(from).pathname.replace(/\/$/, "").length);
  target.pathname = target.pathname.replace(/\/$/, "") + rest;
  return target.href;
}
