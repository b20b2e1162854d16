/**
 * The URL that a stream is pushed to (MS-SSTR 2.2.7): `<point>[/Events(<event>)]/Streams(<stream>)`.
 *
 * @param point URL of the publishing point; a query stays at the end.
 */
export function ingestUrl(point: string, streamId: string, eventId?: string): string {
  const url = new URL(point);
  const path = url.pathname.replace(/\/+$/, "");
  const event = eventId === undefined ? "" : `/Events(${eventId})`;
  url.pathname = `${path}${event}/Streams(${streamId})`;
  return url.href;
}
