const PLACEHOLDER = "{channel}";

/** The placeholder as a URL that was parsed has it. */
const ENCODED = /%7Bchannel%7D/gi;

/** A URL with the placeholder as it was written: a pattern that was parsed has it encoded. */
export function showPattern(url: string): string {
  return url.replace(ENCODED, PLACEHOLDER);
}

/** Whether a URL says where the name of the channel goes. */
export function isPattern(url: string): boolean {
  return showPattern(url).includes(PLACEHOLDER);
}

/**
 * The publishing point of a channel.
 *
 * @param url A pattern with `{channel}` in it, or the URL of a point: then the name of the channel goes behind the name of
 * the point, as in `live-7.isml`.
 * @param channel Its name, such as `7`.
 */
export function channelUrl(url: string, channel: string): string {
  if (isPattern(url)) return showPattern(url).replaceAll(PLACEHOLDER, channel);
  const parsed = new URL(url);
  const path = parsed.pathname.replace(/\/+$/, "");
  parsed.pathname = path.replace(/(\.isml)?$/i, `-${channel}$1`);
  return parsed.href;
}
