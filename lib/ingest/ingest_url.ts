/**
 * The URL that a stream is pushed to (MS-SSTR 2.2.7): `<point>[/Events(<event>)]/Streams(<stream>)`.
 *
 * @param point URL of the publishing point, with a slash at its end or without; a query stays at the end.
 * @param streamId Identifier of the stream: letters, digits, `-`, `.`, `_`, `~` and `%HH`.
 * @param eventId Identifier of the event, of the same characters.
 * @throws {TypeError} If the point is no absolute URL.
 */
export function ingestUrl(point: string, streamId: string, eventId?: string): string {
  const url = new URL(point);
  const path = url.pathname.replace(/\/+$/, "");
  const event = eventId === undefined ? "" : `/Events(${eventId})`;
  url.pathname = `${path}${event}/Streams(${streamId})`;
  return url.href;
}
