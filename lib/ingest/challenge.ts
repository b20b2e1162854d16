/** One challenge of a `WWW-Authenticate` header (RFC 9110 11.6.1). */
export interface Challenge {
  /** Such as `digest`, in lower case. */
  readonly scheme: string;
  /** What follows the scheme in place of parameters, as with NTLM. */
  readonly token: string | undefined;
  /** By name in lower case; of several of one name the first. */
  readonly params: ReadonlyMap<string, string>;
}

const TOKEN = "[!#$%&'*+\\-.^_`|~0-9A-Za-z]+";
const SPACE = /[ \t]*/y;
const SEPARATOR = /[\s,]*/y;
const SCHEME = new RegExp(
  `(${TOKEN})(?:[ \\t]+([0-9A-Za-z\\-._~+/]+=*)(?=[ \\t]*(?:,|$)))?`,
  "y",
);
const PARAM = new RegExp(
  `(${TOKEN})[ \\t]*=[ \\t]*(?:"((?:[^"\\\\]|\\\\.)*)"?|([^\\s,"]*))`,
  "sy",
);
/** Up to the next comma that is not within quotes. */
const REST = /[^,"]*(?:"(?:[^"\\]|\\.)*"?[^,"]*)*/sy;

/**
 * The challenges of a `WWW-Authenticate` header, in order; several headers are joined by commas, as challenges in one
 * are. What cannot be understood is passed over.
 */
export function parseChallenges(header: string): Challenge[] {
  const text = fromWire(header);
  const challenges: Challenge[] = [];
  let params: Map<string, string> | undefined;
  let at = 0;
  const take = (pattern: RegExp): RegExpExecArray | null => {
    pattern.lastIndex = at;
    const found = pattern.exec(text);
    if (found) at += found[0].length;
    return found;
  };
  for (take(SEPARATOR); at < text.length; take(REST), take(SEPARATOR)) {
    let param = take(PARAM);
    if (!param) {
      const start = take(SCHEME);
      if (!start) continue;
      params = new Map();
      challenges.push({ scheme: start[1]!.toLowerCase(), token: start[2], params });
      take(SPACE);
      param = take(PARAM);
    }
    const name = param?.[1]?.toLowerCase();
    if (!param || !params || name === undefined || params.has(name)) continue;
    params.set(name, param[2]?.replace(/\\(.)/gs, "$1") ?? param[3] ?? "");
  }
  return challenges;
}

/** Clients hand out each byte of a header as a character; bytes that are UTF-8 are read as such. */
function fromWire(header: string): string {
  const codes = Array.from(header, (char) => char.charCodeAt(0));
  if (codes.some((code) => code > 0xff)) return header;
  try {
    return new TextDecoder("utf-8", { fatal: true }).decode(Uint8Array.from(codes));
  } catch {
    return header;
  }
}
