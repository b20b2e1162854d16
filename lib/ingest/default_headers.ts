/** A request header. */
export type Header = readonly [name: string, value: string];

/** What servers of this kind know their encoders by. */
export const DEFAULT_USER_AGENT = "NSPlayer/7.0 IIS-LiveStream/7.0";

/** The headers of a request, with each default that none of them replaces in front. */
export function withDefaults(
  headers: readonly Header[],
  defaults: readonly Header[],
): readonly Header[] {
  const names = new Set(headers.map(([name]) => name.toLowerCase()));
  return [...defaults.filter(([name]) => !names.has(name.toLowerCase())), ...headers];
}
